"use strict";
// The page around a rule: it draws, takes strokes and keys, and offers window.ffnca.

(() => {
  const MOST_SEED = 2147483647, LONGEST_FRAGMENT = 400000;
  let data, height, width, channels, bodies, CELLS;
  const SPEEDS = [1, 2, 5, 10, 20, 30, 60, 120, 240, Infinity];
  const HINTS = { growth: "It grows from one cell. Wound it, and it heals.", life: "Cells are born and die by counting.", lenia: "A smooth world. Draw in it." };
  const element = (id) => document.getElementById(id);
  const whole = (value, least, most, otherwise) => {
    const number = Number(value);
    return value !== null && value !== "" && Number.isInteger(number) && number >= least && number <= most ? number : otherwise;
  };

  // What is seen, and how; all of it goes into a link.
  const settings = {
    seed: 0, which: "", angle: 0, show: "colour", speed: 6, brush: 4, tool: "erase", engine: "auto", paused: false,
  };
  let step = 0, engine = null, masks = null, masksUsed = 0, program = null, dirty = true, target = null;
  let rate = 0, cursor = null, world = null, several = false;
  const main = document.querySelector("main"); // Hidden where none of several worlds is open.

  const numbers = (number) => FfncaLattice.numbers(data.arrays, number);
  const names = { body: () => (settings.which in bodies ? settings.which : Object.keys(bodies)[0]) };

  // ---- the rule ----

  function turnedProgram() {
    const operations = data.program.operations.slice();
    for (const [index, name, number] of data.turns[settings.angle]?.arrays ?? []) {
      operations[index] = { ...operations[index], arrays: { ...operations[index].arrays, [name]: number } };
    }
    return FfncaLattice.decoded({ ...data.program, operations }, data.arrays);
  }

  // Another rule, or another world altogether; `keep` leaves the cells as they are.
  function load(next, keep = false) {
    const state = keep ? engine.read().slice() : null;
    data = next;
    ({ height, width, channels, bodies } = data);
    CELLS = height * width;
    if (!keep) {
      Object.assign(settings, { seed: data.seed, which: data.which ?? "", angle: 0, show: "colour", tool: "erase" });
      settings.brush = Math.max(1, Math.round(Math.min(height, width) / 14));
    }
    picture = new FfncaDrawing.Picture(canvas, data);
    masks = null;
    engine?.release?.();
    engine = null;
    rebuilt();
    if (state) engine.write(state);
    else restarted();
    filled();
    refreshed();
  }

  function rebuilt() {
    const state = engine ? Float32Array.from(engine.read()) : null;
    program = turnedProgram();
    engine?.release?.();
    engine = made(settings.engine === "webgl" ? "webgl" : "js");
    if (state) engine.write(state);
    timing.begin();
    target = laidOut();
    element("engine").textContent = engine.name;
  }

  function made(kind) {
    if (kind === "webgl") {
      try {
        return new FfncaGraphics.GraphicsEngine(program, height, width);
      } catch (error) {
        timing.refused = true;
        said(`WebGL2 cannot be used here: ${error.message}`);
      }
    }
    return new FfncaLattice.ProcessorEngine(program, height, width);
  }

  // Times the processor while it runs, then tries the graphics card for as long, and keeps what is faster.
  const timing = {
    refused: false, steps: 0, spent: 0, done: false,
    begin() {
      this.steps = this.spent = 0;
      this.done = settings.engine !== "auto" || this.refused;
    },
    took(steps, milliseconds) {
      if (this.done) return;
      this.steps += steps;
      this.spent += milliseconds;
      if (this.steps < 150 || masks) return;
      this.done = true;
      const other = made("webgl");
      if (other.name !== "WebGL2") return;
      const state = Float32Array.from(engine.read()), each = this.spent / this.steps;
      other.write(state);
      for (let n = 0; n < 2; n++) other.step(settings.seed, step);
      other.read();
      const before = performance.now();
      for (let n = 0; n < 10; n++) other.step(settings.seed, step);
      other.read();
      if ((performance.now() - before) / 10 < each) {
        other.write(state);
        engine = other;
      } else {
        other.release();
      }
      element("engine").textContent = engine.name;
    },
  };

  function startState() {
    const body = bodies[names.body()], turned = data.turns[settings.angle]?.starts[names.body()];
    const start = numbers(turned ?? body.start);
    return data.shuffled && settings.seed !== data.seed ? shuffled(start) : start;
  }

  // As many cells of each kind in other places, within the part of the grid where there are any.
  function shuffled(start) {
    let [top, left, bottom, right] = [height, width, -1, -1];
    for (let cell = 0; cell < CELLS; cell++) {
      if (!start.subarray(cell * channels, (cell + 1) * channels).some((one) => one !== 0)) continue;
      const row = Math.floor(cell / width), column = cell % width;
      [top, left, bottom, right] = [Math.min(top, row), Math.min(left, column), Math.max(bottom, row), Math.max(right, column)];
    }
    const places = [];
    for (let row = top; row <= bottom; row++) for (let column = left; column <= right; column++) places.push(row * width + column);
    const random = FfncaLattice.stepSeed(settings.seed, 0), order = places.slice();
    for (let n = order.length - 1; n > 0; n--) {
      const other = Math.floor(FfncaLattice.cellRandom(random, n) * (n + 1));
      [order[n], order[other]] = [order[other], order[n]];
    }
    const result = new Float32Array(start.length);
    places.forEach((from, n) => result.set(start.subarray(from * channels, (from + 1) * channels), order[n] * channels));
    return result;
  }

  function advanced(count) {
    for (let n = 0; n < count; n++) {
      let mask = null;
      if (masks && masksUsed + CELLS <= masks.length) {
        mask = masks.subarray(masksUsed, masksUsed + CELLS);
        masksUsed += CELLS;
      }
      engine.step(settings.seed, step, mask);
      step += 1;
    }
    dirty = true;
  }

  function restarted(seed = settings.seed) {
    settings.seed = seed;
    element("seed").value = seed;
    step = 0;
    engine.write(startState());
    dirty = true;
  }

  // ---- the target ----

  // As scipy.ndimage.rotate does by order 1: bilinear, nothing outside; right angles are exact.
  function turnedPicture({ shape, values }, angle) {
    const [h, w, n] = shape, sample = (y, x, k) => values[(y * w + x) * n + k];
    if (angle % 360 === 0) return { shape, values };
    const radians = (-angle * Math.PI) / 180, exact = (one) => Math.round(one * 1e12) / 1e12;
    const c = exact(Math.cos(radians)), s = exact(Math.sin(radians));
    const ends = [[0, 0], [0, w], [h, 0], [h, w]].map(([y, x]) => [c * y + s * x, -s * y + c * x]);
    const span = (k) => Math.floor(Math.max(...ends.map((one) => one[k])) - Math.min(...ends.map((one) => one[k])) + 0.5);
    const [tall, wide] = [span(0), span(1)], result = new Float32Array(tall * wide * n);
    const middle = [c * ((tall - 1) / 2) + s * ((wide - 1) / 2), -s * ((tall - 1) / 2) + c * ((wide - 1) / 2)];
    const nearly = (one) => (Math.abs(one - Math.round(one)) < 1e-9 ? Math.round(one) : one);
    for (let row = 0; row < tall; row++) {
      for (let column = 0; column < wide; column++) {
        const y = nearly(c * row + s * column + (h - 1) / 2 - middle[0]), x = nearly(-s * row + c * column + (w - 1) / 2 - middle[1]);
        if (y < 0 || x < 0 || y > h - 1 || x > w - 1) continue;
        const y0 = Math.min(Math.floor(y), h - 2), x0 = Math.min(Math.floor(x), w - 2), dy = y - y0, dx = x - x0;
        for (let k = 0; k < n; k++) {
          const upper = sample(y0, x0, k) * (1 - dx) + sample(y0, x0 + 1, k) * dx;
          const lower = sample(y0 + 1, x0, k) * (1 - dx) + sample(y0 + 1, x0 + 1, k) * dx;
          result[(row * wide + column) * n + k] = upper * (1 - dy) + lower * dy;
        }
      }
    }
    return { shape: [tall, wide, n], values: result };
  }

  function laidOut() {
    const { target: picture } = bodies[names.body()];
    if (picture === null) return null;
    const { shape, values } = turnedPicture({ shape: data.arrays[picture].shape, values: numbers(picture) }, settings.angle);
    const [tall, wide] = shape, whole = new Float32Array(CELLS * 4);
    const top = Math.floor((height - tall) / 2), left = Math.floor((width - wide) / 2);
    for (let row = 0; row < tall; row++) {
      const to = top + row;
      if (to < 0 || to >= height) continue;
      for (let column = 0; column < wide; column++) {
        for (let k = 0; k < 4; k++) whole[(to * width + left + column) * 4 + k] = values[(row * wide + column) * 4 + k];
      }
    }
    return { whole, empty: whole.reduce((sum, one) => sum + one * one, 0) };
  }

  function relativeMse() {
    if (!target) return null;
    const state = engine.read();
    let sum = 0;
    for (let cell = 0; cell < CELLS; cell++) {
      for (let k = 0; k < 4; k++) {
        const off = state[cell * channels + k] - target.whole[cell * 4 + k];
        sum += off * off;
      }
    }
    return sum / target.empty;
  }

  // ---- drawing ----

  const canvas = element("view");
  let picture = null;

  const angleShown = () => (settings.angle in data.turns ? settings.angle : data.angle);

  function drawn() {
    const whole_ = picture.draw(engine.read(), settings.show, angleShown());
    if (cursor && document.activeElement === canvas) {
      const { pen, scale } = picture, side = 2 * settings.brush * scale;
      pen.lineWidth = scale;
      pen.strokeStyle = "#14614f";
      pen.strokeRect((cursor[1] + 0.5 - settings.brush) * scale, (cursor[0] + 0.5 - settings.brush) * scale, side, side);
    }
    element("step").textContent = step.toLocaleString("en");
    element("rate").textContent = rate >= 100 ? Math.round(rate).toLocaleString("en") : rate.toFixed(1);
    const mse = relativeMse();
    if (mse !== null) element("mse").textContent = mse < 0.001 ? mse.toExponential(1) : mse.toFixed(3);
    dirty = !whole_;
  }

  let last = performance.now(), due = 0, window_ = { steps: 0, since: last };

  function frame(now) {
    const passed = Math.min(200, now - last);
    last = now;
    if (!settings.paused && !main.hidden) {
      const speed = SPEEDS[settings.speed], begun = performance.now();
      due = speed === Infinity ? Infinity : Math.min(due + (passed / 1000) * speed, 60);
      let count = 0;
      while (due >= 1 && (count === 0 || performance.now() - begun < (speed === Infinity ? 30 : 14))) {
        advanced(1);
        due -= 1;
        count += 1;
      }
      if (count) timing.took(count, performance.now() - begun);
      window_.steps += count;
    }
    if (now - window_.since > 500) {
      rate = (1000 * window_.steps) / (now - window_.since);
      window_ = { steps: 0, since: now };
      dirty = true;
    }
    if (dirty && !main.hidden) drawn();
    requestAnimationFrame(frame);
  }

  // ---- strokes ----

  let strokes = 0;

  function touched(row, column, radius) {
    const brush = data.brushes[settings.tool];
    if (!brush) return;
    changed(brush, row, column, radius);
  }

  function changed(brush, row, column, radius) {
    const state = Float32Array.from(engine.read()), random = FfncaLattice.stepSeed(settings.seed ^ 0x5bd1e995, strokes++);
    const colour = element("colour").value.match(/[0-9a-f]{2}/gi).map((pair) => parseInt(pair, 16) / 255);
    FfncaBrushes.touched(state, data, brush, { row, column, radius, random, colour });
    engine.write(state);
    dirty = true;
  }

  let dragging = null;
  function placeOf(event) {
    const box = canvas.getBoundingClientRect(), scale = Math.min(box.width / width, box.height / height);
    const left = box.left + (box.width - scale * width) / 2, top = box.top + (box.height - scale * height) / 2;
    return [(event.clientY - top) / scale - 0.5, (event.clientX - left) / scale - 0.5];
  }
  function stroke(event) {
    const place = placeOf(event), from = dragging ?? place;
    const length = Math.hypot(place[0] - from[0], place[1] - from[1]), parts = Math.max(1, Math.ceil(length / Math.max(1, settings.brush)));
    for (let n = 1; n <= parts; n++) {
      touched(from[0] + ((place[0] - from[0]) * n) / parts, from[1] + ((place[1] - from[1]) * n) / parts, settings.brush);
    }
    dragging = place;
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    stroke(event);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => dragging && stroke(event));
  for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => (dragging = null));

  // ---- controls ----

  function said(text) {
    element("said").textContent = text;
  }

  function shownNames() {
    const made = ["colour", ...Object.keys(data.views).filter((one) => one !== "colour")];
    return made.concat(channels > 1 ? Array.from({ length: channels }, (_, n) => `channel:${n}`) : []);
  }

  function options(select, names_) {
    select.replaceChildren(...names_.map((name) => {
      const one = document.createElement("option");
      one.value = name;
      one.textContent = name.replace("channel:", "channel ");
      return one;
    }));
  }

  function refreshed() {
    element("play").textContent = settings.paused ? "Play" : "Pause";
    element("brush").value = settings.brush;
    element("brush-shown").textContent = settings.brush;
    element("speed").value = settings.speed;
    const speed = SPEEDS[settings.speed];
    element("speed-shown").textContent = speed === Infinity ? "fastest" : `${speed}/s`;
    element("angle").value = settings.angle;
    element("angle-shown").textContent = `${settings.angle}\u00b0`;
    element("show").value = settings.show;
    element("which").value = settings.which;
    element("seed").value = settings.seed;
    element("colour-part").hidden = data.brushes[settings.tool]?.kind !== "paint";
    for (const button of element("tools").children) button.setAttribute("aria-pressed", String(button.dataset.tool === settings.tool));
    dirty = true;
  }

  const change = {
    tool: (name) => (settings.tool = name),
    speed: (value) => ((settings.speed = value), (due = 0)),
    angle(value) {
      settings.angle = value;
      rebuilt();
      restarted();
    },
    which(value) {
      settings.which = value;
      target = laidOut();
      restarted();
    },
    show(value) {
      settings.show = value;
    },
  };

  // What depends on the world that is shown.
  function filled() {
    document.title = data.title;
    element("title").textContent = data.title;
    element("hint").textContent = HINTS[data.kind] ?? "";
    element("tools").replaceChildren(...Object.keys(data.brushes).map((name) => {
      const button = document.createElement("button");
      button.textContent = name[0].toUpperCase() + name.slice(1);
      button.dataset.tool = name;
      button.addEventListener("click", () => (change.tool(name), refreshed()));
      return button;
    }));
    options(element("show"), shownNames());
    options(element("which"), Object.keys(bodies));
    element("which-part").hidden = Object.keys(bodies).length < 2;
    element("angle-part").hidden = Object.keys(data.turns).length === 0;
    element("link").hidden = location.protocol === "about:"; // within another document it has no address of its own
    element("mse-part").hidden = !Object.values(bodies).some((one) => one.target !== null);
  }

  function wire() {
    element("play").addEventListener("click", () => ((settings.paused = !settings.paused), refreshed()));
    element("once").addEventListener("click", () => ((settings.paused = true), advanced(1), refreshed()));
    element("restart").addEventListener("click", () => (restarted(), refreshed()));
    element("brush").addEventListener("input", (event) => ((settings.brush = whole(event.target.value, 0, 20, 3)), refreshed()));
    element("speed").addEventListener("input", (event) => (change.speed(whole(event.target.value, 0, SPEEDS.length - 1, 6)), refreshed()));
    element("show").addEventListener("change", (event) => (change.show(event.target.value), refreshed()));
    element("which").addEventListener("change", (event) => (change.which(event.target.value), refreshed()));
    element("angle").addEventListener("change", (event) => (change.angle(whole(event.target.value, 0, 345, 0)), refreshed()));
    element("angle").addEventListener("input", (event) => (element("angle-shown").textContent = `${event.target.value}\u00b0`));
    element("seed").addEventListener("change", (event) => {
      restarted(whole(event.target.value, 0, MOST_SEED, settings.seed));
      refreshed();
    });
    element("link").addEventListener("click", copied);
    element("picture").addEventListener("click", saved);
    document.addEventListener("keydown", keyed);
    canvas.addEventListener("blur", () => ((cursor = null), (dirty = true)));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (dirty = true));
  }

  function cycled(list, now, by) {
    return list[(list.indexOf(now) + by + list.length) % list.length];
  }

  function keyed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || main.hidden) return;
    const typing = event.target.matches?.("input, select"), onButton = event.target.matches?.("button, summary");
    const key = event.key.toLowerCase();
    if (event.target === canvas && (key.startsWith("arrow") || key === "enter")) {
      cursor ??= [height >> 1, width >> 1];
      const by = { arrowup: [-1, 0], arrowdown: [1, 0], arrowleft: [0, -1], arrowright: [0, 1] }[key];
      if (by) cursor = [Math.max(0, Math.min(height - 1, cursor[0] + by[0])), Math.max(0, Math.min(width - 1, cursor[1] + by[1]))];
      else touched(cursor[0], cursor[1], settings.brush);
      dirty = true;
      event.preventDefault();
      return;
    }
    if (typing || (onButton && (key === " " || key === "enter"))) return;
    const tool = { e: "erase", s: "seed", n: "noise", p: "paint" }[key];
    if (key === " ") settings.paused = !settings.paused;
    else if (key === ".") ((settings.paused = true), advanced(1));
    else if (key === "r") restarted();
    else if (tool && tool in data.brushes) change.tool(tool);
    else if (key === "[" || key === "]") settings.brush = Math.max(0, Math.min(20, settings.brush + (key === "]" ? 1 : -1)));
    else if (key === "+" || key === "=") change.speed(Math.min(SPEEDS.length - 1, settings.speed + 1));
    else if (key === "-") change.speed(Math.max(0, settings.speed - 1));
    else if (key === "v") change.show(cycled(shownNames(), settings.show, event.shiftKey ? -1 : 1));
    else return;
    event.preventDefault();
    refreshed();
  }

  function saved() {
    const large = document.createElement("canvas");
    picture.draw(engine.read(), settings.show, angleShown(), Infinity);
    const scale = Math.max(1, Math.round(720 / Math.max(canvas.height, canvas.width)));
    large.width = canvas.width * scale;
    large.height = canvas.height * scale;
    const brush = large.getContext("2d");
    brush.imageSmoothingEnabled = false;
    brush.drawImage(canvas, 0, 0, large.width, large.height);
    offered(large.toDataURL("image/png"), `${data.name}-${step}.png`);
  }

  function offered(url, name) {
    const link = document.createElement("a");
    link.href = url;
    link.download = name.replace(/[^\w.-]+/g, "_");
    link.click();
  }

  // ---- links: settings and state in the fragment ----

  async function packed(bytes, stream) {
    const through = new Blob([bytes]).stream().pipeThrough(stream), parts = [];
    let size = 0;
    for await (const part of through) {
      size += part.length;
      if (size > CELLS * channels) throw new Error("too long");
      parts.push(part);
    }
    const whole_ = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      whole_.set(part, at);
      at += part.length;
    }
    return whole_;
  }

  async function fragment() {
    const state = engine.read(), query = new URLSearchParams(several ? { creature: world.name } : {}), top = Math.max(1e-6, state.reduce((most, one) => Math.max(most, Math.abs(one)), 0));
    for (const name of ["seed", "which", "angle", "show", "speed", "brush", "tool", "engine"]) query.set(name, settings[name]);
    query.set("step", step);
    if (settings.paused) query.set("paused", "1");
    query.set("top", top.toPrecision(6));
    const levels = Uint8Array.from(state, (one) => Math.round((127 * one) / top) & 255);
    // Channel after channel: neighbours are alike, and pack well.
    const planes = new Uint8Array(levels.length);
    for (let cell = 0; cell < CELLS; cell++) for (let n = 0; n < channels; n++) planes[n * CELLS + cell] = levels[cell * channels + n];
    const bytes = await packed(planes, new CompressionStream("deflate-raw"));
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    query.set("state", btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
    return `#${query}`;
  }

  async function copied() {
    const hash = await fragment();
    history.replaceState(null, "", hash);
    try {
      await navigator.clipboard.writeText(location.href);
      said("The link is copied: it opens what is seen now.");
    } catch {
      said("The link is in the address bar: it opens what is seen now.");
    }
  }

  async function opened() {
    const of = data;
    if (location.hash.length < 2 || location.hash.length > LONGEST_FRAGMENT) return;
    const query = new URLSearchParams(location.hash.slice(1)), given = (name) => query.get(name);
    const among = (name, list) => (list.includes(given(name)) ? given(name) : settings[name]);
    settings.seed = whole(given("seed"), 0, MOST_SEED, settings.seed);
    settings.speed = whole(given("speed"), 0, SPEEDS.length - 1, settings.speed);
    settings.brush = whole(given("brush"), 0, 20, settings.brush);
    settings.angle = given("angle") in data.turns ? Number(given("angle")) : 0;
    settings.which = among("which", Object.keys(bodies));
    settings.show = among("show", shownNames());
    settings.tool = among("tool", Object.keys(data.brushes));
    settings.engine = among("engine", ["auto", "webgl", "js"]);
    settings.paused = given("paused") === "1";
    rebuilt();
    restarted();
    const top = Number(given("top"));
    if (!given("state") || !(top > 0 && top < 1e6)) return;
    try {
      const text = atob(given("state").replaceAll("-", "+").replaceAll("_", "/"));
      const planes = await packed(Uint8Array.from(text, (one) => one.charCodeAt(0)), new DecompressionStream("deflate-raw"));
      if (planes.length !== CELLS * channels) throw new Error("another size");
      if (data !== of) return; // Another one was opened meanwhile.
      const state = new Float32Array(planes.length), signed = new Int8Array(planes.buffer);
      for (let cell = 0; cell < CELLS; cell++) for (let n = 0; n < channels; n++) state[cell * channels + n] = (signed[n * CELLS + cell] * top) / 127;
      engine.write(state);
      step = whole(given("step"), 0, MOST_SEED, 0);
      dirty = true;
    } catch {
      said("The state in the link cannot be read; it starts anew.");
    }
  }

  // ---- for others ----

  let teacher = null;

  // Opens a world of this page in full, as the address says; null where none is open.
  async function show(one) {
    world = one;
    teacher.about(world);
    if (!world) return;
    load(world);
    await opened();
    refreshed();
  }

  ffnca.begun = (async () => {
    const given = JSON.parse(element("data").textContent);
    teacher = FfncaTeaching.begin({ load, offered, ...ffnca });
    wire();
    if (given.worlds) {
      several = true;
      load(given.worlds[0]);
      await FfncaGallery.begin(given, show);
    } else {
      main.hidden = false;
      await show(given);
    }
    if (!main.hidden) drawn(); // what is said of the page is true as soon as it is ready
    requestAnimationFrame(frame);
  })();

  Object.assign(ffnca, {
    step(count = 1) {
      advanced(whole(count, 0, 1e6, 0));
      drawn();
    },
    restart(seed = settings.seed) {
      restarted(whole(seed, 0, MOST_SEED, settings.seed));
      drawn();
    },
    erase(row, column, radius) {
      changed(data.brushes.erase, row, column, radius);
    },
    relativeMse,
    read: () => Float32Array.from(engine.read()),
    write(state) {
      if (state.length !== CELLS * channels) throw new RangeError(`a state has ${CELLS * channels} numbers`);
      engine.write(Float32Array.from(state));
      dirty = true;
    },
    useMasks(bytes) {
      if (bytes && bytes.length % CELLS) throw new RangeError(`masks have ${CELLS} bytes a step`);
      [masks, masksUsed] = [bytes, 0];
    },
    stepsPerSecond: () => rate,
    // Whether what is shown is drawn whole: a decoder takes a few frames where much has changed.
    drawnWhole: () => !dirty,
    pause(paused = true) {
      settings.paused = paused;
      refreshed();
    },
    use(kind) {
      settings.engine = ["auto", "webgl", "js"].includes(kind) ? kind : "auto";
      rebuilt();
      return engine.name;
    },
    link: fragment,
    // Learns the drawing, or premultiplied or straight RGBA that is given; resolves to what was reached.
    learn: (seconds = 60, drawing = null) => teacher.learn(seconds, drawing),
  });
})();
