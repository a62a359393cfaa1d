"use strict";
// Teaching: a drawing desk, a worker that trains a rule, and the page's data with what was learned in it.

const FfncaTeaching = (() => {
  const COLOURS = ["#1d1f24", "#ffffff", "#d9482b", "#f2a33a", "#f7d84b", "#5aa64a", "#2f7d6d", "#3d7dca", "#7a4fb5", "#e58fb1", "#8a5a3b"];
  const CLOSING = "<" + "/script>";
  const SIDES = [16, 24, 32], MOST_BYTES = 10e6, LEAST_ALPHA = 26;
  const element = (id) => document.getElementById(id);

  // ---- a rule of a learner as the data of a page ----

  function array(shape, values, type = "float32") {
    const bytes = new Uint8Array((type === "float32" ? Float32Array : Uint32Array).from(values).buffer);
    let text = "";
    for (const one of bytes) text += String.fromCharCode(one);
    return { shape, type, data: btoa(text) };
  }

  function joined(first, second) {
    const values = new Float32Array(first.values.length + second.values.length);
    values.set(first.values);
    values.set(second.values, first.values.length);
    return { shape: [first.shape[0] + second.shape[0], first.shape[1]], values };
  }

  function across({ shape: [rows, columns], values }) {
    const turned = Float32Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)]);
    return { shape: [columns, rows], values: turned };
  }

  // What the neighbours say of a cell's code: each pair turned by its wave times the way between them.
  function votes(waves) {
    const size = 4 * waves.length, values = new Float32Array(size * size * 9);
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 3; column++) {
        const weight = row === 1 && column === 1 ? 0 : row === 1 || column === 1 ? 1 : 0.5;
        for (let pair = 0; pair < 2 * waves.length; pair++) {
          const angle = waves[pair >> 1] * (pair % 2 ? 1 - row : 1 - column), c = weight * Math.cos(angle), s = weight * Math.sin(angle);
          const put = (out, into, value) => (values[((2 * pair + out) * size + 2 * pair + into) * 9 + 3 * row + column] = value);
          put(0, 0, c);
          put(0, 1, s);
          put(1, 0, -s);
          put(1, 1, c);
        }
      }
    }
    return { shape: [size, size, 3, 3], values };
  }

  // The data of a page whose rule has the same form, with another rule, body and grid.
  function learnedData(data, rule, title) {
    const of = (name) => rule.tensors[`rule.colour.${name}`], arrays = data.arrays.slice();
    const [seen, units] = of("context_weight").shape, own = of("state_weight").shape[0];
    const kept = new Map();
    const keep = (name, make) => {
      if (!kept.has(name)) {
        const { shape, values } = make();
        kept.set(name, arrays.push(array(shape, values)) - 1);
      }
      return kept.get(name);
    };
    const ones = (count) => ({ shape: [count, 1], values: new Float32Array(count).fill(1) });
    const zeros = (count) => ({ shape: [count], values: new Float32Array(count) });
    const lower = data.program.operations.find((one) => one.kind === "dense" && shapeOf(data, one)[0] === seen + own);
    const before = shapeOf(data, lower)[1];
    const replaced = (operation) => {
      const channels = operation.channels === before ? units : operation.channels;
      if (operation.kind === "convolve" && data.arrays[operation.arrays.weights].shape[0] === 4 * rule.waves.length) {
        return { ...operation, arrays: { weights: keep("votes", () => votes(rule.waves)) } };
      }
      if (operation.kind !== "dense") return { ...operation, channels };
      const [ins, outs] = shapeOf(data, operation), form = `${ins === before ? "units" : ins},${outs === before ? "units" : outs}`;
      const weights = {
        [`${seen},${own}`]: () => [keep("linear", () => of("linear")), keep("offset", () => of("offset"))],
        [`${seen + own},units`]: () => [keep("lower", () => joined(of("context_weight"), of("state_weight"))), keep("bias", () => of("bias"))],
        [`units,${own}`]: () => [keep("upper", () => across(of("state_weight"))), keep("none", () => zeros(own))],
        "units,1": () => [keep("ones", () => ones(units)), keep("no", () => zeros(1))],
      }[form];
      if (!weights) return operation;
      const [kernel, bias] = weights();
      return { ...operation, channels, arrays: { kernel, bias } };
    };
    const written = ({ boundary, operations }) => ({ boundary, operations: operations.map(replaced) });
    const program = written(data.program);
    const views = Object.fromEntries(
      Object.entries(data.views).map(([name, view]) => [name, { ...view, program: written(view.program) }]),
    );
    const [height, width] = rule.grid, { target, seed_at: at, seed_cell: cell } = rule.tensors;
    const [tall, wide] = target.shape, first = at.values[0] + Math.floor((height - tall) / 2), second = at.values[1] + Math.floor((width - wide) / 2);
    const places = Array.from(cell.values, (_, n) => (first * width + second) * data.channels + n);
    const start = arrays.push({
      shape: [height, width, data.channels],
      places: arrays.push(array([places.length], places, "uint32")) - 1,
      values: arrays.push(array([places.length], cell.values)) - 1,
    }) - 1;
    const picture = arrays.push(array(target.shape, target.values)) - 1;
    const brushes = { ...data.brushes, seed: { kind: "set", values: Array.from(cell.values), single: true } };
    const bodies = { "": { start, target: picture } };
    return { ...data, name: "learned", title, height, width, which: null, seed: 0, turns: {}, decoder: null, program, views, bodies, brushes, arrays };
  }

  const shapeOf = (data, operation) => data.arrays[operation.arrays.kernel].shape;

  // Without the arrays that nothing names any more.
  function lean(data) {
    const order = new Map(), arrays = [];
    const moved = (number) => {
      if (!order.has(number)) {
        const { places, values, ...rest } = data.arrays[number];
        const one = places === undefined ? rest : { ...rest, places: moved(places), values: moved(values) };
        order.set(number, arrays.push(one) - 1);
      }
      return order.get(number);
    };
    const named = (arrays_) => Object.fromEntries(Object.entries(arrays_).map(([name, number]) => [name, moved(number)]));
    const written = (program) => ({ ...program, operations: program.operations.map((one) => ({ ...one, arrays: named(one.arrays) })) });
    const views = Object.fromEntries(Object.entries(data.views).map(([name, view]) => [name, { ...view, program: written(view.program) }]));
    const bodies = Object.fromEntries(
      Object.entries(data.bodies).map(([name, { start, target }]) => [name, { start: moved(start), target: moved(target) }]),
    );
    const decoder = data.decoder && { ...data.decoder, arrays: named(data.decoder.arrays) };
    return { ...data, program: written(data.program), views, bodies, decoder, arrays };
  }

  // The page's own text with other data, which is only ever data there.
  function pageText(pristine, data) {
    const text = JSON.stringify(lean(data)).replace(/[<>&\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
    const opening = 'type="application/json" id="data">', from = pristine.indexOf(opening) + opening.length;
    return pristine.slice(0, from) + text + pristine.slice(pristine.indexOf(CLOSING, from));
  }

  // ---- the desk ----

  function begin({ load, offered, pristine, learner }) {
    const desk = element("drawing"), pen = desk.getContext("2d", { willReadFrequently: true });
    let ink = COLOURS[2], last = null, worker = null, stop = null, rule = null, source = null, original = null, left = null;

    // The world whose form of rule is taught, null for none; what learns for another ends, and resolves to null.
    function about(data) {
      left?.();
      [original, rule] = [data, null];
      element("teach").hidden = !(data?.teachable && learner);
      for (const id of ["save-rule", "save-page"]) element(id).disabled = true;
      tell("");
    }

    function face(side) {
      const at = (part) => Math.round(part * side);
      pen.clearRect(0, 0, side, side);
      pen.fillStyle = "#f7d84b";
      const middle = side / 2 - 0.5, radius = 0.42 * side;
      for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) if (Math.hypot(x - middle, y - middle) < radius) pen.fillRect(x, y, 1, 1);
      pen.fillStyle = "#1d1f24";
      const eye = Math.max(2, at(0.12));
      pen.fillRect(at(0.3), at(0.32), eye, eye);
      pen.fillRect(side - at(0.3) - eye, at(0.32), eye, eye);
      pen.fillStyle = "#d9482b";
      pen.fillRect(at(0.32), at(0.62), side - 2 * at(0.32), Math.max(2, at(0.1)));
    }

    function sized(side, picture) {
      [desk.width, desk.height] = [side, side];
      if (picture) {
        const scale = Math.min(side / picture.width, side / picture.height), [w, h] = [picture.width * scale, picture.height * scale];
        pen.clearRect(0, 0, side, side);
        pen.imageSmoothingQuality = "high";
        pen.drawImage(picture, (side - w) / 2, (side - h) / 2, w, h);
      } else {
        face(side);
      }
    }

    // The drawing as straight RGBA from 0 to 1, without what is too faint to live.
    function drawing() {
      const { width, height } = desk, pixels = pen.getImageData(0, 0, width, height).data, target = new Float32Array(pixels.length);
      for (let at = 0; at < pixels.length; at += 4) {
        if (pixels[at + 3] >= LEAST_ALPHA) for (let k = 0; k < 4; k++) target[at + k] = pixels[at + k] / 255;
      }
      return { target, width, height, straight: true };
    }

    const tell = (text) => (element("learned").textContent = text);

    function started(seconds, given) {
      if (!original?.teachable || !learner) return Promise.reject(new Error("a rule of this form is not learned in a page"));
      const wanted = given ?? drawing(), title = element("emoji").value.trim().slice(0, 16) || "Learned";
      if (!Array.prototype.some.call(wanted.target, (one, at) => at % 4 === 3 && one > 0)) {
        return Promise.reject(new Error("the drawing is empty: draw something first"));
      }
      stop?.();
      return new Promise((resolve, reject) => {
        const open = (url) => {
          worker = new Worker(url);
          let first = true;
          const end = () => {
            worker?.terminate();
            [worker, stop, left] = [null, null, null];
            element("learn").textContent = "Learn";
          };
          stop = () => worker?.postMessage({ type: "stop" });
          left = () => (end(), resolve(null));
          worker.onmessage = ({ data: told }) => {
            if (told.type === "error") {
              end();
              reject(new Error(told.message));
              return;
            }
            rule = told.rule;
            load(learnedData(original, rule, title), !first);
            first = false;
            for (const id of ["save-rule", "save-page"]) element(id).disabled = false;
            const reached = told.relativeMse === null ? "growing" : `relative MSE ${told.relativeMse.toPrecision(2)}`;
            tell(`${reached} after ${told.seconds.toFixed(0)} of ${seconds} s, ${told.updates} updates`);
            if (told.type !== "done") return;
            end();
            resolve({ relativeMse: told.relativeMse, seconds: told.seconds, updates: told.updates });
          };
          worker.onerror = (error) => {
            end();
            reject(new Error(error.message || "the worker failed"));
          };
          element("learn").textContent = "Stop";
          tell("It learns ...");
          worker.postMessage({ type: "start", seconds, title, ...wanted });
        };
        source ??= URL.createObjectURL(new Blob([learner], { type: "text/javascript" }));
        open(source);
      });
    }

    // The learner itself, which writes rule files, on this side of the worker.
    function library() {
      if (typeof FfncaLearner === "undefined") {
        const script = document.createElement("script");
        script.textContent = learner;
        document.head.append(script);
      }
      return FfncaLearner;
    }

    async function pictured(file) {
      if (!file) return;
      if (file.size > MOST_BYTES) return void tell(`The picture has ${(file.size / 1e6).toFixed(0)} MB; at most ${MOST_BYTES / 1e6} are taken.`);
      try {
        const picture = await createImageBitmap(file, { resizeWidth: 4 * SIDES[2], resizeQuality: "high" });
        sized(desk.width, picture);
        picture.close();
        tell("");
      } catch {
        tell("That is no picture that can be read.");
      }
    }

    function emoji() {
      const text = element("emoji").value.trim();
      if (!text) return;
      const large = document.createElement("canvas"), brush = large.getContext("2d");
      [large.width, large.height] = [128, 128];
      brush.font = '100px "Noto Color Emoji", "Apple Color Emoji", "Segoe UI Emoji", sans-serif';
      [brush.textAlign, brush.textBaseline] = ["center", "middle"];
      brush.fillText(text, 64, 70, 126);
      sized(desk.width, large);
    }

    function dot(event) {
      const box = desk.getBoundingClientRect(), scale = desk.width / box.width;
      const place = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale], from = last ?? place;
      const parts = Math.max(1, Math.ceil(Math.hypot(place[0] - from[0], place[1] - from[1])));
      for (let n = 1; n <= parts; n++) {
        const [x, y] = [0, 1].map((k) => Math.floor(from[k] + ((place[k] - from[k]) * n) / parts));
        pen.clearRect(x, y, 1, 1);
        if (!ink) continue;
        pen.fillStyle = ink;
        pen.fillRect(x, y, 1, 1);
      }
      last = place;
    }

    function inked(colour) {
      ink = colour;
      for (const one of element("colours").children) one.setAttribute("aria-pressed", String(one.dataset.colour === (colour ?? "")));
    }

    for (const colour of [...COLOURS, ""]) {
      const button = document.createElement("button");
      Object.assign(button.dataset, { colour });
      button.style.background = colour || "transparent";
      button.textContent = colour ? "" : "\u2715";
      button.setAttribute("aria-label", colour ? `Colour ${colour}` : "Rubber");
      button.addEventListener("click", () => inked(colour || null));
      element("colours").append(button);
    }
    inked(ink);
    sized(SIDES[0]);
    desk.addEventListener("pointerdown", (event) => {
      desk.setPointerCapture(event.pointerId);
      last = null;
      dot(event);
      event.preventDefault();
    });
    desk.addEventListener("pointermove", (event) => desk.hasPointerCapture(event.pointerId) && dot(event));
    element("ink").addEventListener("input", (event) => inked(event.target.value));
    element("side").addEventListener("change", (event) => SIDES.includes(Number(event.target.value)) && sized(Number(event.target.value)));
    element("emoji").addEventListener("change", emoji);
    element("file").addEventListener("change", (event) => pictured(event.target.files[0]));
    element("clear").addEventListener("click", () => pen.clearRect(0, 0, desk.width, desk.height));
    element("back").addEventListener("click", () => (stop?.(), load(original)));
    element("learn").addEventListener("click", () => (stop ? stop() : started(60).catch((error) => tell(`${error.message}.`))));
    element("teach").addEventListener("dragover", (event) => event.preventDefault());
    element("teach").addEventListener("drop", (event) => {
      event.preventDefault();
      pictured(event.dataTransfer.files[0]);
    });
    element("save-rule").addEventListener("click", () => {
      const bytes = library().save(rule);
      offered(URL.createObjectURL(new Blob([bytes])), "learned.safetensors");
    });
    element("save-page").addEventListener("click", () => {
      const title = element("emoji").value.trim().slice(0, 16) || "Learned";
      const text = pageText(pristine, learnedData(original, rule, title));
      offered(URL.createObjectURL(new Blob([text], { type: "text/html" })), "learned.html");
    });
    return { about, learn: (seconds, given) => started(Math.max(1, Math.min(3600, Number(seconds) || 60)), given) };
  }

  return { begin, learnedData, pageText };
})();
