"use strict";
// Runs a program of whole-lattice operations on the graphics card: each pass is a shader written from the program. What
// neighbours read is computed again in each of them where that is cheap, and kept in a texture where it is not.

const FfncaGraphics = (() => {
  const NEIGHBOURING = ["convolve", "neighbour_maximum"];
  const FORMS = {
    add: (a, b) => `${a} + ${b}`,
    subtract: (a, b) => `${a} - ${b}`,
    multiply: (a, b) => `${a} * ${b}`,
    divide: (a, b) => `${a} / ${b}`,
    maximum: (a, b) => `max(${a}, ${b})`,
    minimum: (a, b) => `min(${a}, ${b})`,
    greater: (a, b) => `${a} > ${b} ? 1.0 : 0.0`,
    sqrt: (a) => `sqrt(${a})`,
    exp: (a) => `exp(${a})`,
    log: (a) => `log(${a})`,
    absolute: (a) => `abs(${a})`,
    where: (a, b, c) => `${a} > 0.5 ? ${b} : ${c}`,
  };
  const DEAR = 400; // Operations on a number above which a value is kept in a texture, not computed again.
  const MANY = 300; // Weights of a convolution above which they are read from a texture.
  const WIDE = 32; // Units above which a layer is not written out as an array.
  const ROW = 1024;

  function literal(number) {
    if (!Number.isFinite(number)) return number > 0 ? "3.0e38" : "-3.0e38";
    const text = String(Math.fround(number));
    return /[.e]/.test(text) ? text : `${text}.0`;
  }

  const layersOf = (channels) => Math.ceil(channels / 4);

  // Writes the shaders of a program.
  class Writer {
    constructor(program, height, width) {
      this.operations = program.operations;
      this.boundary = program.boundary;
      this.height = height;
      this.width = width;
      this.weights = []; // Groups of four numbers.
      this.costs = [];
      this.operations.forEach((one, index) => this.costs.push(this.cost(one, index)));
      this.kept = new Set();
      this.operations.forEach((operation) => {
        if (!NEIGHBOURING.includes(operation.kind)) return;
        let input = operation.inputs[0];
        if (this.costs[input] <= DEAR) return;
        while (this.operations[input].kind === "pick") input = this.operations[input].inputs[0];
        if (input > 0) this.kept.add(input);
      });
      const last = this.operations.length - 1;
      this.kept.delete(last);
      this.passes = [...this.kept].sort((a, b) => a - b).concat([last]);
    }

    cost(operation, index) {
      const { kind, inputs, channels, arrays } = operation;
      const before = inputs.reduce((sum, input) => sum + this.costs[input], 0);
      if (kind === "dense") return before + arrays.kernel.values.length;
      if (kind === "convolve") {
        const weights = arrays.weights.values.reduce((sum, weight) => sum + (weight !== 0), 0);
        return before * arrays.weights.shape[2] * arrays.weights.shape[3] + weights;
      }
      return (kind === "neighbour_maximum" ? 9 * before : before) + (index ? channels : 0);
    }

    // Keeps numbers for the shader in fours; gives where they begin.
    keep(numbers) {
      const start = this.weights.length / 4;
      this.weights.push(...numbers, ...new Array((4 - (numbers.length % 4)) % 4).fill(0));
      return start;
    }

    consumers(index) {
      return this.operations.flatMap((one, at) => (one.inputs.includes(index) || one.only === index ? [at] : []));
    }

    // A wide layer, its ReLU and the layer on top, which are computed unit by unit; null for any other operation.
    fused(index) {
      const upper = this.operations[index];
      if (upper.kind !== "dense") return null;
      const relu = this.operations[upper.inputs[0]];
      if (relu.kind !== "maximum" || relu.channels <= WIDE) return null;
      const lower = this.operations[relu.inputs[0]], zero = this.operations[relu.inputs[1]];
      if (lower.kind !== "dense" || zero.kind !== "constant" || zero.arrays.values.values.some((one) => one !== 0)) {
        return null;
      }
      return { input: lower.inputs[0], lower, upper };
    }

    // Every operation that must be computed for one, in order, down to what is kept.
    needed(index, from = new Set()) {
      const found = new Set(), waiting = [index];
      while (waiting.length) {
        const one = waiting.pop();
        if (found.has(one)) continue;
        found.add(one);
        if (from.has(one) || one === 0) continue;
        const operation = this.operations[one], fused = this.fused(one);
        const reads = NEIGHBOURING.includes(operation.kind) ? [] : fused ? [fused.input] : operation.inputs;
        waiting.push(...reads, ...(operation.only === null ? [] : [operation.only]));
      }
      return [...found].sort((a, b) => a - b);
    }

    shader(target, firstLayer, numLayers) {
      const from = new Set([...this.kept].filter((one) => one < target));
      this.functions = new Map();
      const body = this.block(target, from, "v", "cell");
      const outs = Array.from({ length: numLayers }, (_, n) => `layout(location = ${n}) out vec4 out${n};`);
      const { channels } = this.operations[target];
      const writes = outs.map((_, n) => {
        const parts = [0, 1, 2, 3].map((lane) => {
          const channel = 4 * (firstLayer + n) + lane;
          return channel < channels ? `v${target}[${channel}]` : "0.0";
        });
        return `out${n} = vec4(${parts.join(", ")});`;
      });
      const samplers = [0, ...from].map((one) => `uniform highp sampler2DArray t${one};`);
      const wrapped = {
        wrap: "cell = ivec2((cell.x % SIZE.x + SIZE.x) % SIZE.x, (cell.y % SIZE.y + SIZE.y) % SIZE.y); return true;",
        zero: "return cell.x >= 0 && cell.y >= 0 && cell.x < SIZE.x && cell.y < SIZE.y;",
        reflect: "cell = ivec2(fold(cell.x, SIZE.x), fold(cell.y, SIZE.y)); return true;",
      }[this.boundary];
      return [
        "#version 300 es",
        "precision highp float; precision highp int;",
        `const ivec2 SIZE = ivec2(${this.width}, ${this.height});`,
        "uniform highp sampler2D weights; uniform highp sampler2D mask; uniform int masked; uniform uint start;",
        ...samplers,
        ...outs,
        `vec4 weight(int at) { return texelFetch(weights, ivec2(at % ${ROW}, at / ${ROW}), 0); }`,
        "uint mixed(uint n) { n ^= n >> 16; n *= 0x7feb352du; n ^= n >> 15; n *= 0x846ca68bu; return n ^ (n >> 16); }",
        "float draw(ivec2 cell) {",
        "  if (masked == 1) return texelFetch(mask, cell, 0).r > 0.0 ? 0.0 : 1.0;",
        "  return float(mixed(start + uint(cell.y * SIZE.x + cell.x)) >> 8) / 16777216.0;",
        "}",
        "int fold(int i, int n) { if (n == 1) return 0; int p = 2 * (n - 1); i = (i % p + p) % p; return i < n ? i : p - i; }",
        `bool inside(inout ivec2 cell) { ${wrapped} }`,
        ...this.functions.values(),
        "void main() {",
        "ivec2 cell = ivec2(gl_FragCoord.xy);",
        ...body,
        ...writes,
        "}",
      ].join("\n");
    }

    // Statements that compute an operation at a cell, in variables that begin with `name`.
    block(target, from, name, cell) {
      const order = this.needed(target, from), declared = [], lines = [];
      let open = null;
      for (const index of order) {
        const operation = this.operations[index];
        declared.push(`float ${name}${index}[${Math.max(1, operation.channels)}];`);
        if (operation.only !== open) {
          if (open !== null) lines.push("}");
          if (operation.only !== null) lines.push(`if (${name}${operation.only}[0] > 0.5) {`);
          open = operation.only;
        }
        lines.push(...this.statements(index, from, name, cell));
      }
      if (open !== null) lines.push("}");
      return [...declared, ...lines];
    }

    statements(index, from, name, cell) {
      const operation = this.operations[index], { kind, inputs, channels, arrays } = operation;
      const own = `${name}${index}`, other = (n) => `${name}${inputs[n]}`;
      const each = (write) => Array.from({ length: channels }, (_, n) => `${own}[${n}] = ${write(n)};`);
      const lane = (n, wide) => (this.operations[inputs[n]].channels > 1 ? wide : 0);
      if (index === 0 || from.has(index)) {
        const lines = [];
        for (let layer = 0; layer < layersOf(channels); layer++) {
          lines.push(`vec4 ${own}_${layer} = texelFetch(t${index}, ivec3(${cell}, ${layer}), 0);`);
        }
        return [...lines, ...each((n) => `${own}_${n >> 2}[${n & 3}]`)];
      }
      if (kind === "random") return each(() => `draw(${cell})`);
      if (kind === "constant") return this.constant(operation, own, cell, each);
      if (kind in FORMS) return each((n) => FORMS[kind](...inputs.map((_, i) => `${other(i)}[${lane(i, n)}]`)));
      if (kind === "pick") return each((n) => `${other(0)}[${arrays.channels.values[n]}]`);
      if (kind === "concatenate") {
        const all = inputs.flatMap((input) =>
          Array.from({ length: this.operations[input].channels }, (_, n) => `${name}${input}[${n}]`),
        );
        return each((n) => all[n]);
      }
      if (kind === "least") {
        const from0 = this.operations[inputs[0]].channels;
        const rest = Array.from({ length: from0 - 1 }, (_, n) => `${own}[0] = min(${own}[0], ${other(0)}[${n + 1}]);`);
        return [`${own}[0] = ${other(0)}[0];`, ...rest];
      }
      if (kind === "lookup") {
        const { values } = arrays.table, start = this.keep(values);
        return each((n) => {
          const at = `clamp(int(round(${other(0)}[${n}])), 0, ${values.length - 1})`;
          return `weight(${start} + ${at} / 4)[${at} % 4]`;
        });
      }
      if (kind === "dense") return this.product(index, own, name);
      return this.around(index, from, own, cell);
    }

    constant(operation, own, cell, each) {
      const { shape, values } = operation.arrays.values;
      if (shape.length === 1) return each((n) => literal(values[n]));
      const start = this.keep(values), { channels } = operation;
      return each((n) => {
        const at = `((${cell}.y * SIZE.x + ${cell}.x) * ${channels} + ${n})`;
        return `weight(${start} + ${at} / 4)[${at} % 4]`;
      });
    }

    // A vector of fours of the inputs of a layer, with a 1 for the bias at its end.
    fours(name, size, vector) {
      const parts = Array.from({ length: size }, (_, n) => `${name}[${n}]`).concat(["1.0"]);
      while (parts.length % 4) parts.push("0.0");
      const lines = [`vec4 ${vector}[${parts.length / 4}];`];
      for (let at = 0; at < parts.length; at += 4) lines.push(`${vector}[${at / 4}] = vec4(${parts.slice(at, at + 4)});`);
      return lines;
    }

    columns({ kernel, bias }) {
      const [ins, outs] = kernel.shape, numbers = [], length = 4 * Math.ceil((ins + 1) / 4);
      for (let out = 0; out < outs; out++) {
        for (let into = 0; into < length; into++) {
          numbers.push(into < ins ? kernel.values[into * outs + out] : into === ins ? bias.values[out] : 0);
        }
      }
      return { start: this.keep(numbers), fours: length / 4 };
    }

    product(index, own, name) {
      const fused = this.fused(index), operation = this.operations[index], vector = `${own}x`;
      const lower = fused ? fused.lower : operation, input = fused ? fused.input : operation.inputs[0];
      const [ins, outs] = lower.arrays.kernel.shape, { start, fours } = this.columns(lower.arrays);
      const head = this.fours(`${name}${input}`, ins, vector);
      const sum = `float a = 0.0; for (int k = 0; k < ${fours}; k++) a += dot(${vector}[k], weight(${start} + u * ${fours} + k));`;
      if (!fused) return [...head, `for (int u = 0; u < ${outs}; u++) { ${sum} ${own}[u] = a; }`];
      const { kernel, bias } = operation.arrays, [units, last] = kernel.shape, wide = layersOf(last), numbers = [];
      for (let unit = 0; unit < units; unit++) {
        for (let n = 0; n < 4 * wide; n++) numbers.push(n < last ? kernel.values[unit * last + n] : 0);
      }
      const upper = this.keep(numbers), total = `${own}s`;
      return [
        ...head,
        `vec4 ${total}[${wide}]; for (int k = 0; k < ${wide}; k++) ${total}[k] = vec4(0.0);`,
        `for (int u = 0; u < ${units}; u++) { ${sum} a = max(a, 0.0);`,
        `for (int k = 0; k < ${wide}; k++) ${total}[k] += a * weight(${upper} + u * ${wide} + k); }`,
        ...Array.from({ length: last }, (_, n) => `${own}[${n}] = ${total}[${n >> 2}][${n & 3}] + ${literal(bias.values[n])};`),
      ];
    }

    // A function that computes an operation at any cell, for those who read their neighbours; nothing beyond the edge.
    reader(index, from) {
      const name = `read${index}`;
      if (!this.functions.has(name)) {
        this.functions.set(name, "");
        const { channels } = this.operations[index];
        const body = this.block(index, from, "w", "cell");
        const give = Array.from({ length: channels }, (_, n) => `r[${n}] = w${index}[${n}];`);
        const none = `for (int n = 0; n < ${channels}; n++) r[n] = 0.0;`;
        const lines = [`void ${name}(ivec2 cell, out float r[${channels}]) {`, none, "if (!inside(cell)) return;"];
        // Set last, so that what it calls stands before it.
        this.functions.delete(name);
        this.functions.set(name, [...lines, ...body, ...give, "}"].join("\n"));
      }
      return name;
    }

    around(index, from, own, cell) {
      const operation = this.operations[index], { channels, kind, arrays } = operation, [input] = operation.inputs;
      const size = this.operations[input].channels, read = this.reader(input, from);
      const lines = [`float ${own}n[${size}];`, `for (int n = 0; n < ${channels}; n++) ${own}[n] = 0.0;`];
      if (kind === "neighbour_maximum") {
        lines.push(`for (int n = 0; n < ${channels}; n++) ${own}[n] = -3.0e38;`);
        lines.push("for (int y = -1; y <= 1; y++) for (int x = -1; x <= 1; x++) {");
        lines.push(`${read}(${cell} + ivec2(x, y), ${own}n);`);
        return [...lines, `for (int n = 0; n < ${size}; n++) ${own}[n] = max(${own}[n], ${own}n[n]); }`];
      }
      const { shape, values } = arrays.weights, [outs, ins, tall, wide] = shape, many = [];
      let count = 0;
      for (const value of values) count += value !== 0;
      for (let row = 0; row < tall; row++) {
        for (let column = 0; column < wide; column++) {
          const y = row - (tall >> 1), x = column - (wide >> 1), sums = [];
          for (let out = 0; out < outs; out++) {
            for (let into = 0; into < ins; into++) {
              const value = values[((out * ins + into) * tall + row) * wide + column];
              if (value === 0) continue;
              sums.push(`${own}[${out}] += ${literal(value)} * ${own}n[${into}];`);
              many.push(x, y, value, out * ins + into);
            }
          }
          if (sums.length && count <= MANY) lines.push(`${read}(${cell} + ivec2(${x}, ${y}), ${own}n);`, ...sums);
        }
      }
      if (count <= MANY) return lines;
      const start = this.keep(many);
      return [
        ...lines,
        `for (int k = 0; k < ${count}; k++) { vec4 one = weight(${start} + k); int at = int(one.w);`,
        `${read}(${cell} + ivec2(int(one.x), int(one.y)), ${own}n); ${own}[at / ${ins}] += one.z * ${own}n[at % ${ins}]; }`,
      ];
    }
  }

  function compiled(gl, kind, source) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) || "no shader");
    return shader;
  }

  // A rule on its lattice, step after step, on the graphics card. Throws where there is none that can.
  class GraphicsEngine {
    constructor(program, height, width) {
      const canvas = document.createElement("canvas");
      const gl = canvas.getContext("webgl2", { antialias: false, depth: false });
      if (!gl || !gl.getExtension("EXT_color_buffer_float")) throw new Error("no WebGL2 with float textures");
      Object.assign(this, { gl, height, width, channels: program.operations[0].channels });
      const writer = new Writer(program, height, width), most = gl.getParameter(gl.MAX_DRAW_BUFFERS);
      const vertex = compiled(
        gl, gl.VERTEX_SHADER,
        "#version 300 es\nvoid main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }",
      );
      this.textures = new Map([[0, this.lattice(this.channels)]]);
      this.passes = writer.passes.map((target) => {
        const { channels } = program.operations[target], draws = [];
        this.textures.set(target, this.lattice(channels));
        for (let first = 0; first < layersOf(channels); first += most) {
          const layers = Math.min(most, layersOf(channels) - first);
          draws.push(this.draw(vertex, writer.shader(target, first, layers), target, first, layers));
        }
        return draws;
      });
      const rows = Math.max(1, Math.ceil(writer.weights.length / (4 * ROW)));
      if (rows > gl.getParameter(gl.MAX_TEXTURE_SIZE)) throw new Error("too many weights for one texture");
      const numbers = new Float32Array(rows * ROW * 4);
      numbers.set(writer.weights);
      this.weights = this.flat(gl.RGBA32F, ROW, rows, gl.RGBA, gl.FLOAT, numbers);
      this.mask = this.flat(gl.R8, width, height, gl.RED, gl.UNSIGNED_BYTE, new Uint8Array(width * height));
      this.reading = gl.createFramebuffer();
      this.result = writer.passes[writer.passes.length - 1];
      this.bytes = new Float32Array(height * width * 4);
      this.numbers = new Float32Array(height * width * this.channels);
    }

    get name() {
      return "WebGL2";
    }

    lattice(channels) {
      const { gl, width, height } = this, texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
      gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, gl.RGBA32F, width, height, layersOf(channels));
      gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      return texture;
    }

    flat(inner, width, height, format, type, data) {
      const { gl } = this, texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
      gl.texImage2D(gl.TEXTURE_2D, 0, inner, width, height, 0, format, type, data);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      return texture;
    }

    draw(vertex, source, target, first, layers) {
      const { gl } = this, program = gl.createProgram();
      gl.attachShader(program, vertex);
      gl.attachShader(program, compiled(gl, gl.FRAGMENT_SHADER, source));
      gl.linkProgram(program);
      if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) || "no link");
      const place = (name) => gl.getUniformLocation(program, name);
      const reads = [...this.textures.keys()].filter((index) => index !== target && place(`t${index}`) !== null);
      const uniforms = Object.fromEntries(
        ["weights", "mask", "masked", "start", ...reads.map((index) => `t${index}`)].map((name) => [name, place(name)]),
      );
      return { program, target, first, layers, reads, uniforms, frame: gl.createFramebuffer() };
    }

    write(state) {
      const { gl, channels, width, height, bytes } = this;
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.textures.get(0));
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
      for (let layer = 0; layer < layersOf(channels); layer++) {
        for (let cell = 0; cell < width * height; cell++) {
          for (let lane = 0; lane < 4; lane++) {
            const channel = 4 * layer + lane;
            bytes[4 * cell + lane] = channel < channels ? state[cell * channels + channel] : 0;
          }
        }
        gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, layer, width, height, 1, gl.RGBA, gl.FLOAT, bytes);
      }
    }

    step(seed, step, mask) {
      const { gl, width, height } = this;
      gl.viewport(0, 0, width, height);
      gl.activeTexture(gl.TEXTURE1);
      gl.bindTexture(gl.TEXTURE_2D, this.mask);
      if (mask) {
        gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
        const bytes = Uint8Array.from(mask, (one) => (one ? 255 : 0));
        gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RED, gl.UNSIGNED_BYTE, bytes);
      }
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, this.weights);
      for (const pass of this.passes) for (const draw of pass) this.drawn(draw, mask, FfncaLattice.stepSeed(seed, step));
      const before = this.textures.get(0);
      this.textures.set(0, this.textures.get(this.result));
      this.textures.set(this.result, before);
    }

    drawn({ program, target, first, layers, reads, uniforms, frame }, mask, start) {
      const { gl } = this, attachments = [];
      gl.useProgram(program);
      gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
      for (let n = 0; n < layers; n++) {
        attachments.push(gl.COLOR_ATTACHMENT0 + n);
        gl.framebufferTextureLayer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + n, this.textures.get(target), 0, first + n);
      }
      gl.drawBuffers(attachments);
      gl.uniform1i(uniforms.weights, 0);
      gl.uniform1i(uniforms.mask, 1);
      gl.uniform1i(uniforms.masked, mask ? 1 : 0);
      gl.uniform1ui(uniforms.start, start);
      reads.forEach((index, n) => {
        gl.activeTexture(gl.TEXTURE2 + n);
        gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.textures.get(index));
        gl.uniform1i(uniforms[`t${index}`], 2 + n);
      });
      gl.drawArrays(gl.TRIANGLES, 0, 3);
      gl.activeTexture(gl.TEXTURE0);
    }

    read() {
      const { gl, channels, width, height, bytes, numbers } = this;
      gl.bindFramebuffer(gl.FRAMEBUFFER, this.reading);
      for (let layer = 0; layer < layersOf(channels); layer++) {
        gl.framebufferTextureLayer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, this.textures.get(0), 0, layer);
        gl.readPixels(0, 0, width, height, gl.RGBA, gl.FLOAT, bytes);
        const lanes = Math.min(4, channels - 4 * layer);
        for (let cell = 0; cell < width * height; cell++) {
          for (let lane = 0; lane < lanes; lane++) numbers[cell * channels + 4 * layer + lane] = bytes[4 * cell + lane];
        }
      }
      return numbers;
    }

    release() {
      this.gl.getExtension("WEBGL_lose_context")?.loseContext();
    }
  }

  return { GraphicsEngine, Writer };
})();
