"use strict";
// Draws the living cells of a state finer than their lattice, as ffnca/systems/growth/detail.py does: each cell again only
// where something near it has changed, and as many at a time as there is time for.

const FfncaDecoder = (() => {
  const COLOURS = 4, EDGE = 0.25, EPSILON = 1e-6, FAINTEST = 1e-4;
  const MOVED = 0.002; // Less than half a level of 255 in a colour.
  const STEPS = [-1, 0, 1].flatMap((row) => [-1, 0, 1].map((column) => [row, column]));

  // A matrix product and a bias, unit by unit.
  class Layer {
    constructor({ shape: [ins, outs], values }, bias) {
      Object.assign(this, { ins, outs, bias });
      this.kernel = new Float32Array(ins * outs);
      for (let into = 0; into < ins; into++) for (let out = 0; out < outs; out++) this.kernel[out * ins + into] = values[into * outs + out];
    }

    drive(inputs, out) {
      const { kernel, ins } = this, first = out * ins;
      let sum = this.bias[out];
      for (let into = 0; into < ins; into++) sum += inputs[into] * kernel[first + into];
      return sum;
    }
  }

  class Decoder {
    constructor(data) {
      const { detail, waves, identity, threshold, arrays, layers } = data.decoder;
      const array = (name) => ({ shape: data.arrays[arrays[name]].shape, values: FfncaLattice.numbers(data.arrays, arrays[name]) });
      Object.assign(this, { detail, waves, threshold, height: data.height, width: data.width, channels: data.channels });
      this.count = waves.length;
      this.plain = [0, 1, 2, 3, ...Array.from({ length: identity }, (_, n) => data.channels - identity + n)];
      this.mean = array("mean").values;
      this.scale = array("scale").values;
      this.layers = Array.from({ length: layers }, (_, n) => new Layer(array(`layers.${n}.kernel`), array(`layers.${n}.bias`).values));
      // The head reads the last activity, and what the last layer read besides: both are one product.
      const kernel = array("head.kernel"), skip = array("head.skip"), both = new Float32Array(kernel.values.length + skip.values.length);
      both.set(kernel.values);
      both.set(skip.values, kernel.values.length);
      this.head = new Layer({ shape: [kernel.shape[0] + skip.shape[0], COLOURS], values: both }, array("head.bias").values);
      this.rows = FfncaLattice.neighbours(3, this.height, data.program.boundary);
      this.columns = FfncaLattice.neighbours(3, this.width, data.program.boundary);
      const cells = this.height * this.width;
      this.seen = new Float32Array(cells * this.channels); // The state of each cell when it was last looked at.
      this.waiting = new Uint8Array(cells); // Whether a cell is to be drawn again.
      this.queue = [];
      this.colours = new Float32Array(cells * detail * detail * COLOURS); // Premultiplied, cell by cell.
      this.near = new Float64Array(9 * this.wide());
      this.mixed = new Float64Array(this.wide());
      this.known = new Float64Array(this.mean.length);
      this.read = this.layers.map(({ ins }) => new Float64Array(ins));
      this.last = new Float64Array(this.head.ins);
      this.turn(0);
    }

    // Numbers that are mixed for a point: the share that lives, colours, identity, and the two parts of each wave.
    wide() {
      return 1 + this.plain.length + 4 * this.count;
    }

    // The angle of the body, in degrees clockwise.
    turn(angle) {
      if (angle === this.angle) return;
      this.angle = angle;
      const exact = (one) => Math.round(one * 1e12) / 1e12;
      this.cosine = exact(Math.cos((angle * Math.PI) / 180));
      this.sine = exact(Math.sin((angle * Math.PI) / 180));
      this.back = STEPS.map(([row, column]) => this.shifts(-row, -column));
      const middle = (at) => (at + 0.5) / this.detail - 0.5;
      this.points = Array.from({ length: this.detail ** 2 }, (_, n) => {
        const down = middle(Math.floor(n / this.detail)), across = middle(n % this.detail), nearness = [];
        STEPS.forEach(([row, column], k) => {
          const near = Math.max(0, 1 - Math.abs(down - row)) * Math.max(0, 1 - Math.abs(across - column));
          if (near > 0) nearness.push([k, near]);
        });
        return { nearness, shift: this.shifts(down, across) };
      });
      for (let cell = 0; cell < this.waiting.length; cell++) this.wait(cell);
    }

    // How far each wave goes on over so many rows and columns: cosine and sine along x and y of the body.
    shifts(down, across) {
      const way = [this.cosine * across + this.sine * down, this.cosine * down - this.sine * across];
      return Float64Array.from(this.waves.flatMap((wave) => way.flatMap((one) => [Math.cos(wave * one), Math.sin(wave * one)])));
    }

    wait(cell) {
      if (this.waiting[cell]) return;
      this.waiting[cell] = 1;
      this.queue.push(cell);
    }

    // Notes where a state has changed since it was last looked at.
    look(state) {
      const { seen, channels, height, width, rows, columns } = this;
      for (let cell = 0; cell < height * width; cell++) {
        const first = cell * channels, end = first + channels;
        let at = first;
        while (at < end && Math.abs(state[at] - seen[at]) <= MOVED) at++;
        if (at === end) continue;
        for (at = first; at < end; at++) seen[at] = state[at];
        const row = (cell / width) | 0, column = cell - row * width;
        for (const there of rows) for (const beside of columns) if (there[row] >= 0 && beside[column] >= 0) this.wait(there[row] * width + beside[column]);
      }
    }

    // Draws waiting cells until the time is over; gives those that were drawn.
    draw(state, milliseconds) {
      this.look(state);
      const end = performance.now() + milliseconds, done = [];
      while (done.length < this.queue.length && (done.length === 0 || performance.now() < end)) {
        const cell = this.queue[done.length];
        this.waiting[cell] = 0;
        this.cell(state, cell);
        done.push(cell);
      }
      this.queue.splice(0, done.length);
      return done;
    }

    // The points of a cell.
    cell(state, cell) {
      const { detail, colours } = this, size = detail * detail * COLOURS, at = cell * size;
      if (!this.around(state, cell)) {
        colours.fill(0, at, at + size);
        return;
      }
      this.points.forEach((point, n) => this.point(point, at + n * COLOURS));
    }

    // What each of the 3x3 cells says of a point in the middle; whether any of them lives.
    around(state, cell) {
      const { near, plain, channels, count, width } = this, wide = this.wide(), row = (cell / width) | 0, column = cell - row * width;
      let lives = false;
      near.fill(0);
      for (let k = 0; k < 9; k++) {
        const r = this.rows[(k / 3) | 0][row], c = this.columns[k % 3][column];
        if (r < 0 || c < 0) continue;
        const from = (r * width + c) * channels, to = k * wide;
        if (!(state[from + 3] > this.threshold)) continue;
        lives = true;
        near[to] = 1;
        for (let n = 0; n < plain.length; n++) near[to + 1 + n] = state[from + plain[n]];
        const back = this.back[k];
        for (let n = 0, at = to + 1 + plain.length; n < 2 * count; n++, at += 2) {
          const sine = state[from + COLOURS + 2 * n], cosine = state[from + COLOURS + 2 * n + 1];
          near[at] = cosine * back[2 * n] - sine * back[2 * n + 1];
          near[at + 1] = cosine * back[2 * n + 1] + sine * back[2 * n];
        }
      }
      return lives;
    }

    // The colour of one point.
    point({ nearness, shift }, to) {
      const { near, mixed, colours } = this, wide = this.wide();
      mixed.fill(0);
      for (const [k, share] of nearness) for (let n = 0, at = k * wide; n < wide; n++, at++) mixed[n] += share * near[at];
      const lives = mixed[0], most = Math.max(lives, EPSILON);
      if (lives === 0) {
        colours.fill(0, to, to + COLOURS);
        return;
      }
      for (let n = 1; n < wide; n++) mixed[n] /= most;
      this.understood(shift);
      const drawn = this.decoded(), fade = Math.min(1, lives / EDGE), alpha = Math.max(0, Math.min(1, drawn[3]));
      for (let n = 0; n < 3; n++) colours[to + n] = fade * Math.max(0, Math.min(alpha, drawn[n]));
      colours[to + 3] = fade * alpha;
    }

    // What is known of a point, standardised: of each wave, and of some harmonics and products, two parts.
    understood(shift) {
      const { mixed, known, count } = this, plain = this.plain.length, real = [], imaginary = [];
      for (let n = 0, at = 1 + plain; n < 2 * count; n++, at += 2) {
        const a = mixed[at] * shift[2 * n] - mixed[at + 1] * shift[2 * n + 1], b = mixed[at] * shift[2 * n + 1] + mixed[at + 1] * shift[2 * n];
        const length = Math.sqrt(a * a + b * b + FAINTEST);
        real.push(a / length);
        imaginary.push(b / length);
      }
      const add = (a, b) => (real.push(a), imaginary.push(b));
      const squared = (a, b) => [a * a - b * b, 2 * a * b];
      for (let n = Math.max(0, 2 * count - 4); n < 2 * count; n++) add(...squared(real[n], imaginary[n]));
      const x = 2 * count - 2, y = x + 1;
      for (const n of [x, y]) add(...squared(...squared(real[n], imaginary[n])));
      for (const sign of [1, -1]) {
        add(real[x] * real[y] - sign * imaginary[x] * imaginary[y], sign * real[x] * imaginary[y] + imaginary[x] * real[y]);
      }
      const put = (n, value) => (known[n] = (value - this.mean[n]) / this.scale[n]);
      for (let n = 0; n < plain; n++) put(n, mixed[1 + n]);
      real.forEach((value, n) => put(plain + n, value));
      imaginary.forEach((value, n) => put(plain + real.length + n, value));
    }

    decoded() {
      const { layers, read, known, last, head } = this;
      read[0].set(known);
      layers.forEach((layer, n) => {
        const to = n + 1 < layers.length ? read[n + 1] : last;
        for (let out = 0; out < layer.outs; out++) to[out] = Math.max(0, layer.drive(read[n], out));
        to.set(n + 1 < layers.length ? known : read[n], layer.outs);
      });
      return [0, 1, 2, 3].map((out) => head.drive(last, out));
    }
  }

  return { Decoder };
})();
if (typeof module !== "undefined") module.exports = FfncaDecoder;
