"use strict";
/**
 * Learns in the page: trains a growing rule with exact transport by local Hebbian updates, as `ffnca grow` does.
 *
 * What is computed is what ffnca/systems/growth/local_trainer.py computes with objective "ascent", number for number
 * where the random draws are the same; ffnca/systems/growth/README.md says what it means. The file stands alone: it is
 * a plain script in a page, a worker as soon as it runs in one, and a module of Node.
 *
 * Weights and what is computed of them are in double precision, because engines convert every single number that they
 * load; states, of which there are many, are in single precision.
 */
const FfncaLearner = (() => {
  const CHANNELS = 16; // 4 of colour and alpha, then the code
  const CODE = 12;
  const LEARNED = 4;
  const SEEN = CODE + 1 + 4; // transported code, agreement, alive
  const ROW = SEEN + 1; // and a 1, which the bias weighs
  const ALIVE_THRESHOLD = 0.1;
  const FIRE_RATE = 0.5;
  const STATE_LIMIT = 2;
  const SHORTEST = 0.05;
  const DEVIATION_FLOOR = 0.05;
  const CORNER = 0.5;
  const RING_WEIGHT = 6;
  const OUTSIDE = 1e9;
  const MIN_SIDE = 8;
  const MAX_SIDE = 32;
  const MAX_UNITS = 370;
  const MAX_SECONDS = 86400;
  const ROUNDING = 1 / 255;
  const GROWN_AT = 200;
  const ROUNDS_PER_SNAPSHOT = 25;
  const GRID_MARGIN = 16; // of the grid that a saved rule asks for
  const BRIDGE_ALPHA = 0.2; // of the faint cells that join separate parts
  const CELLS_PER_CYCLE = 4.8; // of the finest wave of the code
  const LOWEST_FREQUENCY = 0.5;

  /** The recipe and the [train] table of Python, by their names there; `help(ffnca.Recipe)` says what each does. */
  const RECIPE = Object.freeze({
    pool_size: 256,
    pool_batch: 16,
    teacher_batch: 8,
    max_rollout: 12,
    cells: 2048,
    updates_per_round: 4,
    learning_rate: 0.02,
    noise: 0.4,
    biases_rate: 0.15,
    average: 0.995,
    final_rate_share: 0.01,
    robust_scale: 0.02,
    ascent_steps: 3,
    ascent_rate: 1.0,
    own_state_bound: 0.45,
    state_step: 0.3,
    context_step: 3.0,
    unwanted_alpha: -0.3,
    code_amplitude: 1.8,
    margin: 8,
    front_weight: 0.75,
    standardised_on: 32,
    renewed_share: 0.08,
    damaged_share: 0.08,
    wounded_share: 0.4,
    displaced_share: 0.3,
    largest_offset: 0.5,
    shared_noise: 0.5,
    least_noise: 0.5,
  });
  /** What differs here, where a body is small and seconds are few: more updates, each from fewer cells. */
  const QUICK = Object.freeze({ pool_size: 64, pool_batch: 4, teacher_batch: 4, cells: 256, average: 0.98 });
  const TRAIN_KEYS = ["learning_rate", "noise", "pool_size"]; // in the world's [train] table, not in the recipe

  /** The largest of those numbers of the recipe that are whole: they bound memory and the length of a round. */
  const MOST = Object.freeze({
    pool_size: 256,
    pool_batch: 64,
    teacher_batch: 64,
    max_rollout: 64,
    cells: 16384,
    updates_per_round: 64,
    ascent_steps: 16,
    margin: 16,
    standardised_on: 256,
  });

  class InputError extends Error {
    constructor(message) {
      super(message);
      this.name = "InputError";
    }
  }

  const shown = (value) => String(typeof value === "symbol" ? "a symbol" : value).slice(0, 40);

  function wholeNumber(value, name, low, high) {
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new InputError(`${name} = ${shown(value)}; allowed: a whole number from ${low} to ${high}`);
    }
    return value;
  }

  function numberUpTo(value, name, high) {
    if (typeof value !== "number" || !(value > 0 && value <= high)) {
      throw new InputError(`${name} = ${shown(value)}; allowed: a number above 0 up to ${high}`);
    }
    return value;
  }

  /** The recipe with these changes. */
  function checkedRecipe(changes) {
    for (const [name, value] of Object.entries(changes)) {
      if (!(name in RECIPE)) throw new InputError(`recipe: ${shown(name)}; allowed: ${Object.keys(RECIPE).join(", ")}`);
      if (name in MOST) {
        wholeNumber(value, `recipe: ${name}`, 1, MOST[name]);
      } else if (typeof value !== "number" || !(value >= (name === "unwanted_alpha" ? -1 : 0) && value <= 10)) {
        throw new InputError(`recipe: ${name} = ${shown(value)}; allowed: a number, as ${RECIPE[name]}`);
      }
    }
    const recipe = { ...RECIPE, ...QUICK, ...changes };
    recipe.pool_batch = Math.min(recipe.pool_batch, recipe.pool_size);
    return recipe;
  }

  /** Random numbers from a seed: xoshiro128**, Blackman and Vigna (2018), seeded by splitmix32. */
  class Random {
    constructor(seed) {
      this.words = new Int32Array(4);
      this.spare = 0;
      this.hasSpare = false;
      let state = seed >>> 0;
      for (let i = 0; i < 4; i++) {
        state = (state + 0x9e3779b9) | 0;
        let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
        word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
        this.words[i] = word ^ (word >>> 15);
      }
    }

    bits() {
      const words = this.words;
      const scrambled = Math.imul(words[1], 5);
      const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
      const shifted = words[1] << 9;
      words[2] ^= words[0];
      words[3] ^= words[1];
      words[1] ^= words[2];
      words[0] ^= words[3];
      words[2] ^= shifted;
      words[3] = (words[3] << 11) | (words[3] >>> 21);
      return result;
    }

    /** From 0 up to, not including, 1. */
    uniform() {
      return (this.bits() >>> 0) * 2 ** -32;
    }

    below(count) {
      return Math.floor(this.uniform() * count);
    }

    logUniform(low, high) {
      return low * (high / low) ** this.uniform();
    }

    /** Standard normal: Box and Muller (1958), the second number kept for the next call. */
    normal() {
      if (this.hasSpare) {
        this.hasSpare = false;
        return this.spare;
      }
      const length = Math.sqrt(-2 * Math.log(1 - this.uniform()));
      const angle = 2 * Math.PI * this.uniform();
      this.spare = length * Math.sin(angle);
      this.hasSpare = true;
      return length * Math.cos(angle);
    }
  }

  // The body to grow: see body.py and position_code.py.

  /** The drawing, checked and copied: premultiplied, and empty where a cell could not live. */
  function checkedTarget({ target, height, width, straight = false }) {
    wholeNumber(height, "height", 1, MAX_SIDE);
    wholeNumber(width, "width", 1, MAX_SIDE);
    if (Math.max(height, width) < MIN_SIDE) {
      throw new InputError(`the drawing is ${height}x${width}; allowed: a longer side of ${MIN_SIDE} to ${MAX_SIDE}`);
    }
    const isNumbers = Array.isArray(target) || (ArrayBuffer.isView(target) && !(target instanceof DataView));
    const numbers = 4 * height * width;
    if (!isNumbers || target.length !== numbers) {
      const given = isNumbers ? `${target.length} numbers` : typeof target;
      throw new InputError(`the drawing has ${given}; allowed: ${numbers}, red, green, blue and alpha of each cell`);
    }
    const picture = new Float32Array(numbers);
    let living = 0;
    for (let i = 0; i < numbers; i += 4) {
      for (let c = 0; c < 4; c++) {
        const value = target[i + c];
        if (typeof value !== "number" || !(value >= -ROUNDING && value <= 1 + ROUNDING)) {
          throw new InputError(`the drawing has a number ${shown(value)}; allowed: 0 to 1`);
        }
        if (c < 3 && !straight && value > target[i + 3] + ROUNDING) {
          throw new InputError("the drawing has a colour above its alpha; allowed: premultiplied, or straight: true");
        }
      }
      const alpha = Math.min(Math.max(target[i + 3], 0), 1);
      if (alpha < ALIVE_THRESHOLD) continue;
      for (let c = 0; c < 3; c++) {
        const value = Math.max(target[i + c], 0);
        picture[i + c] = straight ? Math.min(value, 1) * alpha : Math.min(value, alpha);
      }
      picture[i + 3] = alpha;
      if (alpha > ALIVE_THRESHOLD) living++;
    }
    if (!living) throw new InputError(`the drawing is empty; allowed: a cell with alpha above ${ALIVE_THRESHOLD}`);
    return picture;
  }

  /** Wave numbers of the code in radians a cell, from coarse to fine. */
  function waveNumbers(halfWidth) {
    const ratio = Math.max((2 * halfWidth) / CELLS_PER_CYCLE / LOWEST_FREQUENCY, 1);
    const frequencies = [0, 0.5, 1].map((share) => LOWEST_FREQUENCY * ratio ** share); // geometrically spaced
    return frequencies.map((frequency) => (Math.PI * frequency) / halfWidth);
  }

  /** Half to even, as NumPy rounds. */
  function rounded(value) {
    const nearest = Math.round(value);
    return Math.abs(value % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
  }

  const AROUND = [
    [-1, 0], [1, 0], [0, -1], [0, 1], [-1, -1], [-1, 1], [1, -1], [1, 1],
  ]; // prettier-ignore

  /** Cell by cell, the eight neighbours of every cell on a torus: above, below, left, right, then the corners. */
  function neighbours(height, width) {
    const table = new Int32Array(8 * height * width);
    for (let cell = 0; cell < height * width; cell++) {
      AROUND.forEach(([down, right], i) => {
        const row = (Math.floor(cell / width) + down + height) % height;
        table[8 * cell + i] = row * width + (((cell % width) + right + width) % width);
      });
    }
    return table;
  }

  /** The number of each cell's part, 1 for the largest, 0 where nothing lives; and how many parts there are. */
  function parts(alive, near) {
    const label = new Int32Array(alive.length);
    let count = 0;
    let largest = 0;
    let largestSize = 0;
    for (let first = 0; first < alive.length; first++) {
      if (!alive[first] || label[first]) continue;
      label[first] = ++count;
      const queue = [first];
      for (let i = 0; i < queue.length; i++) {
        for (let n = 0; n < 8; n++) {
          const next = near[8 * queue[i] + n];
          if (alive[next] && !label[next]) {
            label[next] = count;
            queue.push(next);
          }
        }
      }
      if (queue.length > largestSize) [largest, largestSize] = [count, queue.length];
    }
    return { label, count, largest };
  }

  /** Join separate parts to the largest by straight bridges of faint cells. */
  function join(colours, near, width) {
    const cells = colours.length / 4;
    const alive = new Uint8Array(cells);
    for (;;) {
      for (let i = 0; i < cells; i++) alive[i] = colours[4 * i + 3] > ALIVE_THRESHOLD ? 1 : 0;
      const { label, count, largest } = parts(alive, near);
      if (count <= 1) return;
      let [best, from, to] = [Infinity, 0, 0];
      for (let other = 0; other < cells; other++) {
        if (!label[other] || label[other] === largest) continue;
        for (let inside = 0; inside < cells; inside++) {
          if (label[inside] !== largest) continue;
          const down = Math.floor(inside / width) - Math.floor(other / width);
          const right = (inside % width) - (other % width);
          const gap = down * down + right * right;
          if (gap < best) [best, from, to] = [gap, inside, other];
        }
      }
      const [row, column] = [Math.floor(from / width), from % width];
      const [down, right] = [Math.floor(to / width) - row, (to % width) - column];
      const steps = Math.max(Math.abs(down), Math.abs(right));
      for (let i = 0; i <= steps; i++) {
        const place = rounded(row + (down * i) / steps) * width + rounded(column + (right * i) / steps);
        colours[4 * place + 3] = Math.max(colours[4 * place + 3], BRIDGE_ALPHA);
      }
    }
  }

  /** A drawing laid out in the middle of a grid, and what each cell should be. */
  class Body {
    constructor(drawing, height, width, recipe) {
      const margin = recipe.margin;
      this.height = height + 2 * margin;
      this.width = width + 2 * margin;
      this.cells = this.height * this.width;
      this.halfWidth = Math.max(height, width) / 2;
      this.waves = waveNumbers(this.halfWidth);
      this.near = neighbours(this.height, this.width);
      this.picture = new Float32Array(4 * this.cells);
      for (let row = 0; row < height; row++) {
        const line = drawing.subarray(4 * row * width, 4 * (row + 1) * width);
        this.picture.set(line, 4 * ((row + margin) * this.width + margin));
      }
      const colours = this.picture.slice();
      join(colours, this.near, this.width);
      this.alive = new Uint8Array(this.cells);
      for (let i = 0; i < this.cells; i++) this.alive[i] = colours[4 * i + 3] > ALIVE_THRESHOLD ? 1 : 0;
      this.goal = this.coded(colours, margin + height / 2, margin + width / 2, recipe.code_amplitude);
      this.seedAt = this.nearestTo(margin + height / 2, margin + width / 2);
      const touching = this.grown(this.alive);
      const beyond = this.grown(touching);
      this.target = this.goal.slice();
      this.wanted = new Float64Array(LEARNED * this.cells);
      for (let i = 0; i < this.cells; i++) {
        if (!touching[i]) this.target.fill(0, CHANNELS * i, CHANNELS * (i + 1));
        for (let c = 0; c < LEARNED; c++) this.wanted[LEARNED * i + c] = this.goal[CHANNELS * i + c];
        if (!touching[i]) this.wanted[LEARNED * i + 3] = recipe.unwanted_alpha * (beyond[i] ? 0.5 : 1);
      }
      this.start = new Float32Array(CHANNELS * this.cells);
      this.seedCell = this.goal.slice(CHANNELS * this.seedAt, CHANNELS * (this.seedAt + 1));
      this.start.set(this.seedCell, CHANNELS * this.seedAt);
      this.measureDistance(touching);
      this.emptySum = this.picture.reduce((sum, value) => sum + value * value, 0);
    }

    coded(colours, middleRow, middleColumn, amplitude) {
      const goal = new Float32Array(CHANNELS * this.cells);
      for (let i = 0; i < this.cells; i++) {
        const places = [(i % this.width) - middleColumn, Math.floor(i / this.width) - middleRow];
        if (this.alive[i]) goal.set(colours.subarray(4 * i, 4 * i + 4), CHANNELS * i);
        this.waves.forEach((wave, w) =>
          places.forEach((place, axis) => {
            goal[CHANNELS * i + LEARNED + 4 * w + 2 * axis] = amplitude * Math.sin(wave * place);
            goal[CHANNELS * i + LEARNED + 4 * w + 2 * axis + 1] = amplitude * Math.cos(wave * place);
          }),
        );
      }
      return goal;
    }

    nearestTo(row, column) {
      let [best, found] = [Infinity, 0];
      for (let i = 0; i < this.cells; i++) {
        const distance = (Math.floor(i / this.width) - row) ** 2 + ((i % this.width) - column) ** 2;
        if (this.alive[i] && distance < best) [best, found] = [distance, i];
      }
      return found;
    }

    /** These cells and their neighbours. */
    grown(cells) {
      const wider = cells.slice();
      for (let i = 0; i < this.cells; i++) {
        if (cells[i]) for (let n = 0; n < 8; n++) wider[this.near[8 * i + n]] = 1;
      }
      return wider;
    }

    /** King's moves from the first cell along living cells; one more in cells that touch them. */
    measureDistance(touching) {
      this.distance = new Float64Array(this.cells).fill(OUTSIDE);
      this.distance[this.seedAt] = 0;
      const queue = [this.seedAt];
      for (let i = 0; i < queue.length; i++) {
        for (let n = 0; n < 8; n++) {
          const next = this.near[8 * queue[i] + n];
          if (this.alive[next] && this.distance[next] === OUTSIDE) {
            this.distance[next] = this.distance[queue[i]] + 1;
            queue.push(next);
          }
        }
      }
      this.reach = this.distance[queue[queue.length - 1]];
      const along = this.distance.slice();
      for (let i = 0; i < this.cells; i++) {
        if (!touching[i] || this.alive[i]) continue;
        let nearest = OUTSIDE;
        for (let n = 0; n < 8; n++) nearest = Math.min(nearest, along[this.near[8 * i + n]]);
        this.distance[i] = nearest + 1;
      }
    }

    /** Mean squared error over premultiplied RGBA, divided by that of an empty grid. */
    relativeMse(states, offset) {
      let sum = 0;
      for (let i = 0, s = offset, p = 0; i < this.cells; i++, s += CHANNELS, p += 4) {
        for (let c = 0; c < 4; c++) {
          const off = states[s + c] - this.picture[p + c];
          sum += off * off;
        }
      }
      return sum / this.emptySum;
    }
  }

  // Corruption: the states from which the teacher teaches; see corruption.py and pool.py, which say what these are.

  const FINEST = 0.7;
  const LOWEST = -0.7;
  const HIGHEST = 1.5;
  const SHARPEST = 0.05;
  const SOFTEST = 1;
  const SMALLEST_OFFSET = 0.5;
  const JITTER = 1.5;
  const BEYOND = 1.3;
  const STAGED_SHARE = 0.6;
  const HOPELESS_MSE = 1;
  const HOPELESS_SHARE = 0.6;

  class Teacher {
    constructor(body, recipe, random) {
      Object.assign(this, { body, recipe, random });
      this.field = new Float64Array(body.cells); // the last region: above 0 is in it
      this.other = new Float64Array(body.cells);
      this.kernel = new Float64Array(Math.max(body.height, body.width));
      this.shared = new Float64Array(CHANNELS);
    }

    /** Kernel of a Gaussian blur around a ring of so many cells, whose transform is exactly Gaussian. */
    blurAround(size, scale) {
      for (let j = 0; j < size; j++) {
        let sum = 0;
        for (let m = 0; m < size; m++) {
          const rate = (2 * Math.PI * Math.min(m, size - m)) / size;
          const kept = Math.exp(-0.5 * (rate * scale) ** 2);
          if (kept > 1e-12) sum += kept * Math.cos((2 * Math.PI * ((m * j) % size)) / size);
        }
        this.kernel[j] = sum / size;
      }
    }

    blur(from, to, size, along, lines, across) {
      for (let line = 0; line < lines; line++) {
        const first = line * across;
        for (let i = 0; i < size; i++) {
          let sum = 0;
          for (let j = 0; j < size; j++) sum += this.kernel[i < j ? i - j + size : i - j] * from[first + j * along];
          to[first + i * along] = sum;
        }
      }
    }

    /** Fill `field` with by how much a smooth random field is above a random level, in its deviations. */
    region() {
      const { body, random, field, other } = this;
      const scale = random.logUniform(FINEST, body.halfWidth);
      for (let i = 0; i < body.cells; i++) field[i] = random.normal();
      this.blurAround(body.width, scale);
      this.blur(field, other, body.width, 1, body.height, body.width);
      this.blurAround(body.height, scale);
      this.blur(other, field, body.height, body.width, body.width, 1);
      let [sum, squares] = [0, 0];
      for (let i = 0; i < body.cells; i++) sum += field[i];
      const mean = sum / body.cells;
      for (let i = 0; i < body.cells; i++) squares += (field[i] - mean) ** 2;
      const deviation = Math.max(Math.sqrt(squares / body.cells), 1e-9);
      const level = LOWEST + (HIGHEST - LOWEST) * random.uniform();
      for (let i = 0; i < body.cells; i++) field[i] = (field[i] - mean) / deviation - level;
    }

    /** Nothing left in a random region. */
    wound(states, offset) {
      this.region();
      for (let i = 0; i < this.body.cells; i++) {
        if (this.field[i] > 0) states.fill(0, offset + CHANNELS * i, offset + CHANNELS * (i + 1));
      }
    }

    /** A partially grown body without noise, perhaps with a part displaced, perhaps wounded. */
    teach(states, offset) {
      const { body, recipe, random, field } = this;
      const { height, width, target, goal, distance } = body;
      const isDisplaced = random.uniform() < recipe.displaced_share;
      const far = isDisplaced ? random.logUniform(SMALLEST_OFFSET, recipe.largest_offset * body.halfWidth) : 0;
      const way = 2 * Math.PI * random.uniform();
      const [right, down] = [far * Math.cos(way), far * Math.sin(way)];
      const softness = random.logUniform(SHARPEST, SOFTEST);
      const front = BEYOND * body.reach * random.uniform();
      if (isDisplaced) this.region();
      for (let row = 0, i = 0; row < height; row++) {
        for (let column = 0; column < width; column++, i++) {
          const here = offset + CHANNELS * i;
          const above = isDisplaced ? field[i] : 0;
          const isThere = distance[i] - JITTER * random.uniform() <= front || distance[i] === 0 || above > 0;
          if (!isThere) {
            states.fill(0, here, here + CHANNELS);
            continue;
          }
          const part = Math.min(Math.max(above / softness, 0), 1);
          const fromRow = (((row + rounded(part * down)) % height) + height) % height;
          const fromColumn = (((column + rounded(part * right)) % width) + width) % width;
          const from = CHANNELS * (fromRow * width + fromColumn);
          let isBody = false;
          for (let c = 0; c < CHANNELS; c++) isBody ||= target[from + c] !== 0;
          for (let c = 0; c < LEARNED; c++) states[here + c] = target[from + c];
          for (let c = LEARNED; c < CHANNELS; c++) states[here + c] = isBody ? goal[CHANNELS * i + c] : 0;
        }
      }
      if (random.uniform() < recipe.wounded_share) this.wound(states, offset);
    }

    /** Gaussian noise on every channel of the living cells, some of it alike in the whole state. */
    addNoise(states, offset, share) {
      const { body, recipe, random, shared } = this;
      const scale = share * recipe.noise * random.uniform();
      for (let c = 0; c < CHANNELS; c++) shared[c] = recipe.shared_noise * random.normal();
      for (let i = 0, s = offset; i < body.cells; i++, s += CHANNELS) {
        if (!(states[s + 3] > ALIVE_THRESHOLD)) continue;
        for (let c = 0; c < CHANNELS; c++) states[s + c] += scale * (random.normal() + shared[c]);
      }
    }
  }

  // Steps: see exact_transport.py, transport.py and nca.py.

  /** Mark the living cells of a state, and these with their neighbours. */
  function markAlive(states, offset, body, living, livingAt, near) {
    const table = body.near;
    near.fill(0);
    for (let i = 0, alpha = offset + 3; i < body.cells; i++, alpha += CHANNELS) {
      const lives = states[alpha] > ALIVE_THRESHOLD ? 1 : 0;
      living[livingAt + i] = lives;
      if (lives) {
        near[i] = 1;
        for (let n = 8 * i, end = n + 8; n < end; n++) near[table[n]] = 1;
      }
    }
  }

  /** What cells see. */
  class Perceiver {
    constructor(body, amplitude) {
      this.body = body;
      this.amplitude = amplitude;
      this.cosines = Float64Array.from(body.waves, Math.cos);
      this.sines = Float64Array.from(body.waves, Math.sin);
      this.votes = new Float64Array(CODE);
      this.lengths = new Float64Array(CODE / 2);
    }

    /**
     * Write what one cell sees, then a 1.
     *
     * `living` says of each cell, from `livingAt` on, whether it lives; `seen` is written from `at` on, every `stride`.
     */
    see(states, offset, cell, living, livingAt, seen, at, stride) {
      const { votes, lengths, amplitude, cosines, sines } = this;
      const table = this.body.near;
      const n = 8 * cell;
      const f0 = living[livingAt + table[n]];
      const f1 = living[livingAt + table[n + 1]];
      const f2 = living[livingAt + table[n + 2]];
      const f3 = living[livingAt + table[n + 3]];
      const f4 = CORNER * living[livingAt + table[n + 4]];
      const f5 = CORNER * living[livingAt + table[n + 5]];
      const f6 = CORNER * living[livingAt + table[n + 6]];
      const f7 = CORNER * living[livingAt + table[n + 7]];
      const first = offset + LEARNED;
      const up = first + CHANNELS * table[n];
      const down = first + CHANNELS * table[n + 1];
      const left = first + CHANNELS * table[n + 2];
      const right = first + CHANNELS * table[n + 3];
      const upLeft = first + CHANNELS * table[n + 4];
      const upRight = first + CHANNELS * table[n + 5];
      const downLeft = first + CHANNELS * table[n + 6];
      const downRight = first + CHANNELS * table[n + 7];
      const ring = f0 + f1 + f2 + f3 + f4 + f5 + f6 + f7;
      const number = 1 / Math.max(ring, CORNER);
      let shortest = Infinity;
      let isSaid = false;
      for (let pair = 0, s = 0, c = 1; pair < CODE / 2; pair++, s += 2, c += 2) {
        const alongX = (pair & 1) === 0;
        const cosine = cosines[pair >> 1];
        const sine = sines[pair >> 1];
        const su = f0 * states[up + s];
        const sd = f1 * states[down + s];
        const sl = f2 * states[left + s];
        const sr = f3 * states[right + s];
        const cu = f0 * states[up + c];
        const cd = f1 * states[down + c];
        const cl = f2 * states[left + c];
        const cr = f3 * states[right + c];
        const sul = f4 * states[upLeft + s];
        const sur = f5 * states[upRight + s];
        const sdl = f6 * states[downLeft + s];
        const sdr = f7 * states[downRight + s];
        const cul = f4 * states[upLeft + c];
        const cur = f5 * states[upRight + c];
        const cdl = f6 * states[downLeft + c];
        const cdr = f7 * states[downRight + c];
        const sBefore = alongX ? sl + sul + sdl : su + sul + sur;
        const sAfter = alongX ? sr + sur + sdr : sd + sdl + sdr;
        const sStill = alongX ? su + sd : sl + sr;
        const cBefore = alongX ? cl + cul + cdl : cu + cul + cur;
        const cAfter = alongX ? cr + cur + cdr : cd + cdl + cdr;
        const cStill = alongX ? cu + cd : cl + cr;
        const votedSine = number * (cosine * (sAfter + sBefore) - sine * (cAfter - cBefore) + sStill);
        const votedCosine = number * (cosine * (cAfter + cBefore) + sine * (sAfter - sBefore) + cStill);
        const length = Math.sqrt(Math.max(votedSine * votedSine + votedCosine * votedCosine, 1e-12));
        votes[s] = votedSine;
        votes[c] = votedCosine;
        lengths[pair] = length;
        if (length < shortest) shortest = length;
        if (votedSine !== 0 || votedCosine !== 0) isSaid = true;
      }
      let to = at;
      for (let k = 0; k < CODE; k++, to += stride) {
        const length = lengths[k >> 1];
        const full = (votes[k] * amplitude) / (length > SHORTEST ? length : SHORTEST);
        seen[to] = isSaid ? full : states[offset + CHANNELS * cell + LEARNED + k];
      }
      seen[to] = shortest / amplitude;
      seen[to + stride] = living[livingAt + cell];
      seen[to + 2 * stride] = ring / RING_WEIGHT;
      seen[to + 3 * stride] = f3 - f2;
      seen[to + 4 * stride] = f1 - f0;
      seen[to + 5 * stride] = 1;
    }
  }

  /**
   * One ascent layer's weights, of so many hidden units; see ascent.py. Also a gradient or a momentum of its shape.
   *
   * `context` has a row a unit: a weight for each number seen, then the bias. `own` has the unit's weights of the
   * cell's own state. `linear` has a row a channel: a weight for each number seen, then the offset.
   */
  class Layer {
    constructor(units) {
      this.units = units;
      this.context = new Float64Array(ROW * units);
      this.own = new Float64Array(LEARNED * units);
      this.linear = new Float64Array(ROW * LEARNED);
    }

    get arrays() {
      return [this.context, this.own, this.linear];
    }

    static drawn(units, random) {
      const layer = new Layer(units);
      for (let u = 0; u < units; u++) {
        for (let p = 0; p < SEEN; p++) layer.context[ROW * u + p] = (0.7 * random.normal()) / Math.sqrt(SEEN);
        layer.context[ROW * u + SEEN] = 0.1 * random.normal();
        for (let c = 0; c < LEARNED; c++) layer.own[LEARNED * u + c] = (0.5 * random.normal()) / Math.sqrt(units);
      }
      return layer;
    }

    copy(other) {
      this.arrays.forEach((array, i) => array.set(other.arrays[i]));
    }

    clear() {
      for (const array of this.arrays) array.fill(0);
    }

    /** The same on raw numbers as `layer` on standardised ones. */
    readRaw(layer, mean, scale) {
      this.own.set(layer.own);
      for (const [to, from] of [[this.context, layer.context], [this.linear, layer.linear]]) {
        for (let row = 0; row < from.length; row += ROW) {
          let bias = from[row + SEEN];
          for (let p = 0; p < SEEN; p++) {
            to[row + p] = from[row + p] / scale[p];
            bias -= mean[p] * to[row + p];
          }
          to[row + SEEN] = bias;
        }
      }
    }
  }

  /** What the context gives to the hidden units, for a row of `seen` that begins at `at` with so wide a stride. */
  function driveUnits(context, units, seen, at, stride, drive, to) {
    const z0 = seen[at];
    const z1 = seen[at + stride];
    const z2 = seen[at + 2 * stride];
    const z3 = seen[at + 3 * stride];
    const z4 = seen[at + 4 * stride];
    const z5 = seen[at + 5 * stride];
    const z6 = seen[at + 6 * stride];
    const z7 = seen[at + 7 * stride];
    const z8 = seen[at + 8 * stride];
    const z9 = seen[at + 9 * stride];
    const z10 = seen[at + 10 * stride];
    const z11 = seen[at + 11 * stride];
    const z12 = seen[at + 12 * stride];
    const z13 = seen[at + 13 * stride];
    const z14 = seen[at + 14 * stride];
    const z15 = seen[at + 15 * stride];
    const z16 = seen[at + 16 * stride];
    for (let u = 0, w = 0; u < units; u++, w += ROW) {
      drive[to + u] =
        z0 * context[w] + z1 * context[w + 1] + (z2 * context[w + 2] + z3 * context[w + 3]) +
        (z4 * context[w + 4] + z5 * context[w + 5] + (z6 * context[w + 6] + z7 * context[w + 7])) +
        (z8 * context[w + 8] + z9 * context[w + 9] + (z10 * context[w + 10] + z11 * context[w + 11])) +
        (z12 * context[w + 12] + z13 * context[w + 13] + (z14 * context[w + 14] + z15 * context[w + 15])) +
        (z16 * context[w + 16] + context[w + 17]); // prettier-ignore
    }
  }

  /** A rule that steps states of a body's grid. */
  class Automaton {
    constructor(body, perceiver, units) {
      Object.assign(this, { body, perceiver });
      this.layer = new Layer(units); // on raw perceptions
      this.living = new Uint8Array(body.cells);
      this.before = new Uint8Array(body.cells);
      this.after = new Uint8Array(body.cells);
      this.next = new Float32Array(CHANNELS * body.cells);
      this.seen = new Float64Array(ROW);
      this.drive = new Float64Array(units);
      this.moved = new Float64Array(LEARNED);
    }

    /** Fill `moved` with the colour and alpha that a cell takes, without limits: V'h + A z + c. */
    move(states, at) {
      const { seen, drive, moved } = this;
      const { units, context, own, linear } = this.layer;
      driveUnits(context, units, seen, 0, 1, drive, 0);
      const t0 = states[at];
      const t1 = states[at + 1];
      const t2 = states[at + 2];
      const t3 = states[at + 3];
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      for (let p = 0; p < ROW; p++) {
        a0 += seen[p] * linear[p];
        a1 += seen[p] * linear[ROW + p];
        a2 += seen[p] * linear[2 * ROW + p];
        a3 += seen[p] * linear[3 * ROW + p];
      }
      for (let u = 0, v = 0; u < units; u++, v += LEARNED) {
        const v0 = own[v];
        const v1 = own[v + 1];
        const v2 = own[v + 2];
        const v3 = own[v + 3];
        const x = drive[u] + (t0 * v0 + t1 * v1 + (t2 * v2 + t3 * v3));
        const h = 0.5 * (x + Math.abs(x)); // relu without a branch
        a0 += h * v0;
        a1 += h * v1;
        a2 += h * v2;
        a3 += h * v3;
      }
      moved[0] = a0;
      moved[1] = a1;
      moved[2] = a2;
      moved[3] = a3;
    }

    /** One step of one state, in place; `fires`, from `firesAt` on, says which cells update. */
    step(states, offset, fires, firesAt) {
      const { body, living, before, after, next, seen, moved } = this;
      markAlive(states, offset, body, living, 0, before);
      for (let cell = 0, to = 0; cell < body.cells; cell++, to += CHANNELS) {
        if (!before[cell] || !fires[firesAt + cell]) continue;
        this.perceiver.see(states, offset, cell, living, 0, seen, 0, 1);
        this.move(states, offset + to);
        for (let c = 0; c < LEARNED; c++) next[to + c] = Math.min(Math.max(moved[c], -STATE_LIMIT), STATE_LIMIT);
        for (let k = 0; k < CODE; k++) next[to + LEARNED + k] = Math.min(Math.max(seen[k], -STATE_LIMIT), STATE_LIMIT);
      }
      for (let cell = 0, to = 0; cell < body.cells; cell++, to += CHANNELS) {
        if (!before[cell] || !fires[firesAt + cell]) continue;
        for (let c = to; c < to + CHANNELS; c++) states[offset + c] = next[c];
      }
      markAlive(states, offset, body, living, 0, after);
      for (let cell = 0, to = offset; cell < body.cells; cell++, to += CHANNELS) {
        if (before[cell] & after[cell]) continue;
        for (let c = to; c < to + CHANNELS; c++) states[c] = 0;
      }
    }
  }

  // Learning: see layer_learning.py, ascent.py and local_trainer.py.

  /** The two Hebbian terms of a batch of cells. */
  class Ascent {
    constructor(body, perceiver, units, recipe) {
      Object.assign(this, { body, perceiver, units, recipe });
      this.gradient = new Layer(units);
      this.mean = new Float64Array(SEEN);
      this.scale = new Float64Array(SEEN).fill(1);
      this.seen = new Float64Array(4 * ROW); // of four cells at once, number by number
      this.drive = new Float64Array(4 * units);
      this.good = new Float64Array(4 * units);
      this.bad = new Float64Array(4 * units);
      this.stateDrive = new Float64Array(LEARNED);
      this.positive = new Float64Array(4 * LEARNED);
      this.negative = new Float64Array(4 * LEARNED);
      this.share = new Float64Array(4);
    }

    standardise(k) {
      const { seen, mean, scale } = this;
      for (let p = 0; p < SEEN; p++) seen[4 * p + k] = (seen[4 * p + k] - mean[p]) / scale[p];
    }

    /** Climb from the present state of the cell in slot k to its negative. */
    settle(layer, k) {
      const { units, drive, stateDrive, negative, recipe } = this;
      const { own } = layer;
      const first = k * units;
      const rate = recipe.ascent_rate;
      const n = LEARNED * k;
      let t0 = negative[n];
      let t1 = negative[n + 1];
      let t2 = negative[n + 2];
      let t3 = negative[n + 3];
      for (let step = 0; step < recipe.ascent_steps; step++) {
        let a0 = stateDrive[0];
        let a1 = stateDrive[1];
        let a2 = stateDrive[2];
        let a3 = stateDrive[3];
        for (let u = 0, v = 0; u < units; u++, v += LEARNED) {
          const v0 = own[v];
          const v1 = own[v + 1];
          const v2 = own[v + 2];
          const v3 = own[v + 3];
          const x = drive[first + u] + (t0 * v0 + t1 * v1 + (t2 * v2 + t3 * v3));
          const h = 0.5 * (x + Math.abs(x));
          a0 += h * v0;
          a1 += h * v1;
          a2 += h * v2;
          a3 += h * v3;
        }
        t0 = Math.min(Math.max(t0 + rate * (a0 - t0), -STATE_LIMIT), STATE_LIMIT);
        t1 = Math.min(Math.max(t1 + rate * (a1 - t1), -STATE_LIMIT), STATE_LIMIT);
        t2 = Math.min(Math.max(t2 + rate * (a2 - t2), -STATE_LIMIT), STATE_LIMIT);
        t3 = Math.min(Math.max(t3 + rate * (a3 - t3), -STATE_LIMIT), STATE_LIMIT);
      }
      negative[n] = t0;
      negative[n + 1] = t1;
      negative[n + 2] = t2;
      negative[n + 3] = t3;
    }

    /** Keep the activity of slot k for a state, and give the goodness of that state. */
    goodness(layer, k, state, activity) {
      const { units, drive, stateDrive } = this;
      const { own } = layer;
      const first = k * units;
      const n = LEARNED * k;
      const t0 = state[n];
      const t1 = state[n + 1];
      const t2 = state[n + 2];
      const t3 = state[n + 3];
      let squares = 0;
      for (let u = 0, v = 0; u < units; u++, v += LEARNED) {
        const x = drive[first + u] + (t0 * own[v] + t1 * own[v + 1] + (t2 * own[v + 2] + t3 * own[v + 3]));
        const h = 0.5 * (x + Math.abs(x));
        activity[first + u] = h;
        squares += h * h;
      }
      const context = t0 * stateDrive[0] + t1 * stateDrive[1] + t2 * stateDrive[2] + t3 * stateDrive[3];
      return 0.5 * (squares - (t0 * t0 + t1 * t1 + t2 * t2 + t3 * t3)) + context;
    }

    /** Add the terms of the four slots to the gradient. */
    addTerms() {
      const { units, seen, good, bad, positive, negative, share, gradient } = this;
      const { context, own, linear } = gradient;
      const s0 = share[0];
      const s1 = share[1];
      const s2 = share[2];
      const s3 = share[3];
      for (let u = 0, g = 0; u < units; u++) {
        const g0 = good[u];
        const g1 = good[units + u];
        const g2 = good[2 * units + u];
        const g3 = good[3 * units + u];
        const b0 = bad[u];
        const b1 = bad[units + u];
        const b2 = bad[2 * units + u];
        const b3 = bad[3 * units + u];
        const h0 = s0 * (b0 - g0);
        const h1 = s1 * (b1 - g1);
        const h2 = s2 * (b2 - g2);
        const h3 = s3 * (b3 - g3);
        for (let z = 0; z < 4 * ROW; z += 4, g++) {
          context[g] += h0 * seen[z] + h1 * seen[z + 1] + (h2 * seen[z + 2] + h3 * seen[z + 3]);
        }
        for (let c = 0, v = LEARNED * u; c < LEARNED; c++, v++) {
          own[v] +=
            s0 * (negative[c] * b0 - positive[c] * g0) +
            s1 * (negative[4 + c] * b1 - positive[4 + c] * g1) +
            (s2 * (negative[8 + c] * b2 - positive[8 + c] * g2) +
              s3 * (negative[12 + c] * b3 - positive[12 + c] * g3));
        }
      }
      for (let c = 0, g = 0; c < LEARNED; c++) {
        const d0 = s0 * (negative[c] - positive[c]);
        const d1 = s1 * (negative[4 + c] - positive[4 + c]);
        const d2 = s2 * (negative[8 + c] - positive[8 + c]);
        const d3 = s3 * (negative[12 + c] - positive[12 + c]);
        for (let z = 0; z < 4 * ROW; z += 4, g++) {
          linear[g] += d0 * seen[z] + d1 * seen[z + 1] + (d2 * seen[z + 2] + d3 * seen[z + 3]);
        }
      }
    }

    /**
     * Fill `gradient` from these cells of these states, and give the mean goodness gap.
     *
     * A cell is numbered through all states; their number is a multiple of four. `living` is of every cell. A gap above
     * the robust scale counts by its square root.
     */
    learn(layer, states, living, chosen, robustScale) {
      const { body, perceiver, seen, stateDrive, positive, negative } = this;
      const { wanted, cells } = body;
      this.gradient.clear();
      let sum = 0;
      for (let first = 0; first < chosen.length; first += 4) {
        for (let k = 0; k < 4; k++) {
          const cell = chosen[first + k] % cells;
          const livingAt = chosen[first + k] - cell;
          const at = CHANNELS * chosen[first + k];
          perceiver.see(states, CHANNELS * livingAt, cell, living, livingAt, seen, k, 4);
          this.standardise(k);
          driveUnits(layer.context, layer.units, seen, k, 4, this.drive, k * layer.units);
          for (let c = 0; c < LEARNED; c++) {
            let drive = 0;
            for (let p = 0; p < ROW; p++) drive += seen[4 * p + k] * layer.linear[ROW * c + p];
            stateDrive[c] = drive;
            negative[LEARNED * k + c] = states[at + c];
            positive[LEARNED * k + c] = wanted[LEARNED * cell + c];
          }
          this.settle(layer, k);
          const gap = this.goodness(layer, k, negative, this.bad) - this.goodness(layer, k, positive, this.good);
          this.share[k] = 1 / Math.sqrt(1 + Math.max(gap, 0) / robustScale) / chosen.length;
          sum += gap;
        }
        this.addTerms();
      }
      return sum / chosen.length;
    }
  }

  /** Momentum made orthogonal for matrices, Adam with Nesterov momentum for biases: optax.contrib.muon. */
  class Optimiser {
    constructor(units, recipe) {
      this.recipe = recipe;
      this.momentum = new Layer(units);
      this.squares = new Layer(units); // of biases and offset only
      this.change = new Layer(units);
      this.count = 0;
      this.matrix = new Float64Array(SEEN * Math.max(units, SEEN));
      this.row = new Float64Array(SEEN);
      this.gram = new Float64Array(SEEN * SEEN);
      this.polynomial = new Float64Array(SEEN * SEEN);
    }

    /** Fill `change` with the step that a gradient asks for, at a learning rate of 1. */
    step(gradient) {
      const { change, recipe } = this;
      this.count++;
      this.moveMatrix(0, gradient, SEEN, ROW);
      this.moveMatrix(1, gradient, LEARNED, LEARNED);
      this.moveMatrix(2, gradient, SEEN, ROW);
      this.moveBiases(0, gradient);
      this.moveBiases(2, gradient);
      // Steps that fit the size of the weights, as layer_learning.py says.
      for (let i = 0; i < change.context.length; i++) if (i % ROW < SEEN) change.context[i] *= recipe.context_step;
      for (let i = 0; i < change.own.length; i++) change.own[i] *= recipe.state_step;
    }

    moveMatrix(index, gradient, columns, stride) {
      const [from, mu, to] = [gradient, this.momentum, this.change].map((layer) => layer.arrays[index]);
      const rows = from.length / stride;
      const decay = 0.95;
      const corrected = decay / (1 - decay ** (this.count + 1));
      const fresh = (1 - decay) / (1 - decay ** this.count);
      const transposed = rows < columns; // the shorter side is that of the products
      const [short, long] = transposed ? [rows, columns] : [columns, rows];
      const { matrix } = this;
      let norm = 0;
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const i = r * stride + c;
          mu[i] = decay * mu[i] + (1 - decay) * from[i];
          const value = corrected * mu[i] + fresh * from[i];
          matrix[transposed ? c * short + r : r * short + c] = value;
          norm += value * value;
        }
      }
      norm = 1 / (Math.sqrt(norm) + 1e-8);
      for (let i = 0; i < rows * columns; i++) matrix[i] *= norm;
      for (let i = 0; i < 5; i++) this.orthogonalise(short, long);
      // In Python weights have a row an input and a column an output, so that `rows` is the number of outputs.
      const scale = -Math.sqrt(Math.max(1, rows / columns));
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          to[r * stride + c] = scale * matrix[transposed ? c * short + r : r * short + c];
        }
      }
    }

    /** One Newton-Schulz iteration on `matrix`, long x short: X <- X (a + b X'X + c (X'X)^2). */
    orthogonalise(short, long) {
      const { matrix, gram, polynomial, row } = this;
      gram.fill(0);
      for (let r = 0; r < long; r++) {
        const at = r * short;
        for (let i = 0; i < short; i++) {
          const value = matrix[at + i];
          for (let j = 0; j <= i; j++) gram[i * short + j] += value * matrix[at + j];
        }
      }
      for (let i = 0; i < short; i++) for (let j = 0; j < i; j++) gram[j * short + i] = gram[i * short + j];
      for (let i = 0; i < short; i++) {
        for (let j = 0; j < short; j++) {
          let sum = 0;
          for (let k = 0; k < short; k++) sum += gram[i * short + k] * gram[k * short + j];
          polynomial[i * short + j] = -4.775 * gram[i * short + j] + 2.0315 * sum + (i === j ? 3.4445 : 0);
        }
      }
      for (let r = 0; r < long; r++) {
        const at = r * short;
        for (let j = 0; j < short; j++) row[j] = 0;
        for (let i = 0; i < short; i++) {
          const value = matrix[at + i];
          for (let j = 0; j < short; j++) row[j] += value * polynomial[i * short + j];
        }
        for (let j = 0; j < short; j++) matrix[at + j] = row[j];
      }
    }

    moveBiases(index, gradient) {
      const layers = [gradient, this.momentum, this.squares, this.change];
      const [from, mu, nu, to] = layers.map((layer) => layer.arrays[index]);
      const [first, second] = [0.9, 0.999];
      const corrected = first / (1 - first ** (this.count + 1));
      const fresh = (1 - first) / (1 - first ** this.count);
      for (let i = SEEN; i < from.length; i += ROW) {
        mu[i] = first * mu[i] + (1 - first) * from[i];
        nu[i] = second * nu[i] + (1 - second) * from[i] * from[i];
        const deviation = Math.sqrt(nu[i] / (1 - second ** this.count)) + 1e-8;
        to[i] = (-this.recipe.biases_rate * (corrected * mu[i] + fresh * from[i])) / deviation;
      }
    }
  }

  /** Keep the singular values of V at most `largest`: eigenvalues of V V' by Jacobi rotations. */
  function bound(own, units, largest) {
    const n = LEARNED;
    const square = new Float64Array(n * n);
    const vectors = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      vectors[i * n + i] = 1;
      for (let j = 0; j < n; j++) {
        for (let u = 0; u < units; u++) square[i * n + j] += own[u * n + i] * own[u * n + j];
      }
    }
    for (let sweep = 0; sweep < 12; sweep++) {
      for (let p = 0; p < n; p++) {
        for (let q = p + 1; q < n; q++) {
          const off = square[p * n + q];
          if (Math.abs(off) < 1e-300) continue;
          const theta = (square[q * n + q] - square[p * n + p]) / (2 * off);
          const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
          const cosine = 1 / Math.sqrt(tangent * tangent + 1);
          const sine = tangent * cosine;
          for (let k = 0; k < n; k++) {
            const [a, b] = [square[k * n + p], square[k * n + q]];
            square[k * n + p] = cosine * a - sine * b;
            square[k * n + q] = sine * a + cosine * b;
          }
          for (let k = 0; k < n; k++) {
            const [a, b] = [square[p * n + k], square[q * n + k]];
            square[p * n + k] = cosine * a - sine * b;
            square[q * n + k] = sine * a + cosine * b;
            const [v, w] = [vectors[k * n + p], vectors[k * n + q]];
            vectors[k * n + p] = cosine * v - sine * w;
            vectors[k * n + q] = sine * v + cosine * w;
          }
        }
      }
    }
    const shrunk = new Float64Array(n * n);
    for (let e = 0; e < n; e++) {
      const shrink = Math.min(1, largest / Math.sqrt(Math.max(square[e * n + e], 1e-9)));
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) shrunk[i * n + j] += shrink * vectors[i * n + e] * vectors[j * n + e];
      }
    }
    for (let u = 0; u < units; u++) {
      const a = own[u * n];
      const b = own[u * n + 1];
      const c = own[u * n + 2];
      const d = own[u * n + 3];
      for (let i = 0; i < n; i++) {
        own[u * n + i] = shrunk[i * n] * a + shrunk[i * n + 1] * b + shrunk[i * n + 2] * c + shrunk[i * n + 3] * d;
      }
    }
  }

  const now = () => performance.now() / 1000;

  /** A rule that is learning to grow one drawing. */
  class Learner {
    constructor(options) {
      const drawing = checkedTarget(options);
      const { height, width, units = 96, seed = 0, seconds = 60, updates = null, title = "drawing" } = options;
      this.units = wholeNumber(units, "units", 8, MAX_UNITS);
      this.seed = wholeNumber(seed, "seed", 0, 2 ** 31 - 1);
      this.byUpdates = updates !== null;
      this.budget = this.byUpdates
        ? wholeNumber(updates, "updates", 1, 1e9)
        : numberUpTo(seconds, "seconds", MAX_SECONDS);
      this.title = checkedTitle(title);
      this.clock = options.clock ?? now;
      this.recipe = checkedRecipe(options.recipe ?? {});
      this.drawing = { picture: drawing, height, width };
      this.random = new Random(this.seed);
      this.body = new Body(drawing, height, width, this.recipe);
      this.teacher = new Teacher(this.body, this.recipe, this.random);
      const perceiver = new Perceiver(this.body, this.recipe.code_amplitude);
      this.automaton = new Automaton(this.body, perceiver, units);
      this.ascent = new Ascent(this.body, perceiver, units, this.recipe);
      this.optimiser = new Optimiser(units, this.recipe);
      this.layer = Layer.drawn(units, this.random);
      bound(this.layer.own, units, this.recipe.own_state_bound);
      this.averaged = new Layer(units);
      this.averaged.copy(this.layer);
      this.reserve();
      this.standardise();
      Object.assign(this, { rounds: 0, updates: 0, seconds: 0, rateScale: 1, gap: NaN, poolMse: NaN, measured: null });
    }

    reserve() {
      const { recipe, body } = this;
      const size = CHANNELS * body.cells;
      const inRound = recipe.teacher_batch + recipe.pool_batch;
      this.size = size;
      this.pool = new Float32Array(recipe.pool_size * size);
      for (let i = 0; i < recipe.pool_size; i++) this.pool.set(body.start, i * size);
      this.states = new Float32Array(inRound * size); // the teacher's, then those from the pool
      this.grownState = new Float32Array(size);
      this.places = Int32Array.from({ length: recipe.pool_size }, (_, i) => i);
      this.fires = new Uint8Array(body.cells);
      this.living = new Uint8Array(inRound * body.cells);
      this.near = new Uint8Array(body.cells);
      this.upTo = new Float64Array(inRound * body.cells); // chances, summed up to each cell that has any
      this.candidates = new Int32Array(inRound * body.cells);
      this.numCandidates = 0;
      this.chosen = new Int32Array(4 * Math.ceil(recipe.cells / 4));
      this.errors = new Float64Array(recipe.pool_batch);
      this.kept = [new Layer(this.units), new Layer(this.units), new Layer(this.units), new Layer(this.units)];
      this.keptCount = 0;
    }

    /** Measure mean and deviation of what cells see in noisy states of the teacher. */
    standardise() {
      const { body, teacher, recipe, grownState } = this;
      const { mean, scale } = this.ascent;
      const seen = new Float64Array(ROW);
      const squares = new Float64Array(SEEN);
      let count = 0;
      for (let i = 0; i < recipe.standardised_on; i++) {
        teacher.teach(grownState, 0);
        teacher.addNoise(grownState, 0, 1);
        markAlive(grownState, 0, body, this.living, 0, this.near);
        for (let cell = 0; cell < body.cells; cell++) {
          if (!this.near[cell]) continue;
          this.ascent.perceiver.see(grownState, 0, cell, this.living, 0, seen, 0, 1);
          count++;
          for (let p = 0; p < SEEN; p++) {
            const off = seen[p] - mean[p];
            mean[p] += off / count;
            squares[p] += off * (seen[p] - mean[p]);
          }
        }
      }
      for (let p = 0; p < SEEN; p++) scale[p] = Math.sqrt(squares[p] / count) + DEVIATION_FLOOR;
    }

    /** Share of the budget that is used, 0 to 1. */
    get fraction() {
      return Math.min((this.byUpdates ? this.updates : this.seconds) / this.budget, 1);
    }

    get rate() {
      const { learning_rate: rate, final_rate_share: least } = this.recipe;
      return this.rateScale * rate * (least + (1 - least) * 0.5 * (1 + Math.cos(Math.PI * this.fraction)));
    }

    /** What is left of a disturbance at a learning rate: it goes from 1 to the least as the rate falls. */
    left(least, rate) {
      return least + ((1 - least) * rate) / this.recipe.learning_rate;
    }

    fireCells() {
      const { fires, random } = this;
      for (let i = 0; i < fires.length; i += 32) {
        const bits = random.bits(); // FIRE_RATE is a half
        for (let j = i, end = Math.min(i + 32, fires.length); j < end; j++) fires[j] = (bits >>> (j - i)) & 1;
      }
    }

    /** Draw states from the pool, without replacement, renew some and wound some: see pool.py. */
    drawFromPool() {
      const { recipe, body, teacher, random, places, pool, states, size, errors } = this;
      for (let i = 0; i < recipe.pool_batch; i++) {
        const other = i + random.below(recipe.pool_size - i);
        [places[i], places[other]] = [places[other], places[i]];
        const at = (recipe.teacher_batch + i) * size;
        states.set(pool.subarray(places[i] * size, (places[i] + 1) * size), at);
        const fate = random.uniform();
        const isHopeless = body.relativeMse(states, at) > HOPELESS_MSE;
        if (fate < recipe.renewed_share || (isHopeless && fate < HOPELESS_SHARE)) {
          if (random.uniform() < STAGED_SHARE) {
            teacher.teach(states, at);
            teacher.addNoise(states, at, 1);
          } else {
            states.set(body.start, at);
          }
        }
        if (fate > 1 - recipe.damaged_share) teacher.wound(states, at);
        errors[i] = body.relativeMse(states, at);
      }
    }

    putBack() {
      const { recipe, places, pool, states, size } = this;
      for (let i = 0; i < recipe.pool_batch; i++) {
        const from = (recipe.teacher_batch + i) * size;
        const to = places[i] * size;
        for (let j = 0; j < size; j++) {
          const value = states[from + j];
          pool[to + j] = Number.isFinite(value) ? value : 0;
        }
      }
    }

    /** Find how likely each cell of `states` is to be learned from: a state counts by the root of its living cells. */
    findChances() {
      const { recipe, body, states, size, living, near, upTo, candidates } = this;
      const table = body.near;
      let sum = 0;
      let found = 0;
      for (let state = 0, first = 0; first < living.length; state++, first += body.cells) {
        markAlive(states, state * size, body, living, first, near);
        let count = 0;
        for (let cell = 0; cell < body.cells; cell++) count += near[cell];
        const share = 1 / Math.sqrt(Math.max(count, 1));
        for (let cell = 0; cell < body.cells; cell++) {
          if (!near[cell]) continue;
          let isFront = false;
          for (let n = 8 * cell, end = n + 8; n < end; n++) isFront ||= body.alive[table[n]] > near[table[n]];
          sum += isFront ? (1 + recipe.front_weight) * share : share;
          upTo[found] = sum;
          candidates[found++] = first + cell;
        }
      }
      this.numCandidates = found;
    }

    chooseCells() {
      const { random, upTo, candidates, chosen, numCandidates } = this;
      const total = upTo[numCandidates - 1];
      for (let i = 0; i < chosen.length; i++) {
        const sought = random.uniform() * total;
        let low = 0;
        let high = numCandidates - 1;
        while (low < high) {
          const middle = (low + high) >> 1;
          if (upTo[middle] < sought) low = middle + 1;
          else high = middle;
        }
        chosen[i] = candidates[low];
      }
    }

    /** One update of the layer from the chosen cells of `states`; gives the mean goodness gap. */
    update(chosen, rate, robustScale) {
      const { layer, averaged, recipe, optimiser, ascent } = this;
      const gap = ascent.learn(layer, this.states, this.living, chosen, robustScale);
      optimiser.step(ascent.gradient);
      layer.arrays.forEach((array, i) => addScaled(array, optimiser.change.arrays[i], rate));
      bound(layer.own, layer.units, recipe.own_state_bound);
      averaged.arrays.forEach((array, i) => average(array, layer.arrays[i], recipe.average));
      this.updates++;
      return gap;
    }

    /** One round: states of the teacher, others from the pool rolled forward, then several updates. */
    round() {
      const begun = this.clock();
      const { recipe, teacher, states, size, automaton } = this;
      const rate = this.rate;
      if (this.rounds % ROUNDS_PER_SNAPSHOT === 0) this.keep();
      this.drawFromPool();
      const noise = this.left(recipe.least_noise, rate);
      for (let i = 0; i < recipe.teacher_batch; i++) {
        teacher.teach(states, i * size);
        teacher.addNoise(states, i * size, noise);
      }
      this.readAveraged();
      const numSteps = 1 + this.random.below(recipe.max_rollout);
      for (let i = 0; i < recipe.pool_batch; i++) {
        for (let step = 0; step < numSteps; step++) {
          this.fireCells();
          automaton.step(states, (recipe.teacher_batch + i) * size, this.fires, 0);
        }
      }
      this.findChances();
      const robustScale = this.left(recipe.robust_scale, rate);
      let gap = 0;
      for (let i = 0; i < recipe.updates_per_round; i++) {
        this.chooseCells();
        gap += this.update(this.chosen, rate, robustScale) / recipe.updates_per_round;
      }
      this.putBack();
      this.gap = gap;
      this.poolMse = this.errors.slice().sort()[recipe.pool_batch >> 1];
      this.rounds++;
      if (!Number.isFinite(gap)) this.goBack();
      this.seconds += this.clock() - begun;
      return this.figures();
    }

    figures() {
      const { rounds, updates, seconds, gap, poolMse, rate, fraction } = this;
      return { rounds, updates, seconds, gap, poolMse, rate, fraction };
    }

    keep() {
      const now = [this.layer, this.averaged, this.optimiser.momentum, this.optimiser.squares];
      now.forEach((layer, i) => this.kept[i].copy(layer));
      this.keptCount = this.optimiser.count;
    }

    /** After a gap that is not finite: the last weights that were kept, at half the rate. */
    goBack() {
      const now = [this.layer, this.averaged, this.optimiser.momentum, this.optimiser.squares];
      now.forEach((layer, i) => layer.copy(this.kept[i]));
      this.optimiser.count = this.keptCount;
      this.rateScale /= 2;
      if (this.rateScale < 2 ** -10) throw new Error("the loss is not finite however small the learning rate");
    }

    /** Let the automaton step by the averaged weights. */
    readAveraged() {
      this.automaton.layer.readRaw(this.averaged, this.ascent.mean, this.ascent.scale);
    }

    /** The state that one cell has grown into after so many steps, (height, width, 16); valid until the next call. */
    grow(steps = GROWN_AT) {
      this.readAveraged();
      this.grownState.set(this.body.start);
      for (let i = 0; i < steps; i++) {
        this.fireCells();
        this.automaton.step(this.grownState, 0, this.fires, 0);
      }
      return this.grownState;
    }

    /** Relative MSE of a body grown from one cell, at step 200. */
    relativeMse() {
      this.measured = this.body.relativeMse(this.grow(), 0);
      return this.measured;
    }

    /** The averaged rule on raw perceptions, with all that its file holds; a copy. */
    rule() {
      this.readAveraged();
      const { units, title, body, recipe, drawing } = this;
      const { context, own, linear } = this.automaton.layer;
      const longest = Math.max(drawing.height, drawing.width);
      const grid = [longest + 2 * GRID_MARGIN, longest + 2 * GRID_MARGIN];
      const tensor = (shape, from, stride, weight) => {
        const values = new Float32Array(shape[0] * shape[1]);
        for (let i = 0; i < values.length; i++) {
          const [input, output] = [Math.floor(i / shape[1]), i % shape[1]];
          values[i] = from[stride * output + weight + input];
        }
        return { shape, values };
      };
      const row = Math.floor(body.seedAt / body.width) - recipe.margin;
      const column = (body.seedAt % body.width) - recipe.margin;
      const tensors = {
        "rule.colour.bias": { ...tensor([1, units], context, ROW, SEEN), shape: [units] },
        "rule.colour.context_weight": tensor([SEEN, units], context, ROW, 0),
        "rule.colour.linear": tensor([SEEN, LEARNED], linear, ROW, 0),
        "rule.colour.offset": { ...tensor([1, LEARNED], linear, ROW, SEEN), shape: [LEARNED] },
        "rule.colour.state_weight": tensor([LEARNED, units], own, LEARNED, 0),
        seed_at: { shape: [2], values: Int32Array.of(row, column) },
        seed_cell: { shape: [CHANNELS], values: body.seedCell.slice() },
        target: { shape: [drawing.height, drawing.width, 4], values: drawing.picture.slice() },
      };
      const [waves, amplitude] = [body.waves.slice(), recipe.code_amplitude];
      const model = modelOf({ title, grid, units, waves, amplitude });
      return { tensors, waves, amplitude, grid, model, provenance: this.provenance(longest) };
    }

    provenance(longest) {
      const { recipe, updates, seconds, seed, budget, byUpdates, measured } = this;
      const differs = Object.keys(RECIPE).filter((name) => recipe[name] !== RECIPE[name]);
      const table = (names) => Object.fromEntries(names.map((name) => [name, recipe[name]]));
      const record = {
        budget: byUpdates ? `${budget} updates` : `${budget} seconds`,
        objective: "ascent",
        seconds: Math.round(10 * seconds) / 10,
        seed,
        updates,
        where: "page",
      };
      if (Number.isFinite(measured)) record[`rel_mse_${GROWN_AT}`] = measured;
      return {
        record,
        recipe: table(differs.filter((name) => !TRAIN_KEYS.includes(name))),
        world: {
          target: { image: "picture.png", size: longest },
          train: table(differs.filter((name) => TRAIN_KEYS.includes(name))),
        },
      };
    }
  }

  function addScaled(to, change, rate) {
    for (let i = 0; i < to.length; i++) to[i] += rate * change[i];
  }

  function average(to, from, decay) {
    for (let i = 0; i < to.length; i++) to[i] = decay * to[i] + (1 - decay) * from[i];
  }

  // Saving: see ffnca/rule_file.py.

  const ONE_LINE = /^[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,200}$/u; // the last are halves of characters

  function checkedTitle(title) {
    if (typeof title !== "string" || !ONE_LINE.test(title)) {
      throw new InputError(`title = ${shown(title)}; allowed: one line of 1 to 200 characters`);
    }
    return title;
  }

  function modelOf({ title, grid, units, waves, amplitude }) {
    return {
      code_amplitude: amplitude,
      grid: { boundary: "wrap", size: grid },
      rule: {
        alive_threshold: ALIVE_THRESHOLD,
        channels: CHANNELS,
        code: { amplitude, waves },
        fire_rate: FIRE_RATE,
        hidden: [units],
        perception: ["transported", "agreement", "alive"],
        state_limit: STATE_LIMIT,
        transport: "exact",
        type: "ascent",
      },
      targets: [""],
      title,
    };
  }

  /** JSON with the keys of every table in order. */
  function canonical(value) {
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
  }

  /** A rule as the bytes of a `.safetensors` file of format 2, which `ffnca run`, `eval` and `view` take. */
  function save(rule) {
    const names = Object.keys(rule.tensors).sort();
    const header = {
      __metadata__: {
        format: "ffnca-rule",
        format_version: "2",
        kind: "growth",
        model: canonical(rule.model),
        provenance: canonical(rule.provenance),
      },
    };
    let end = 0;
    for (const name of names) {
      const { shape, values } = rule.tensors[name];
      if (!values.every(Number.isFinite)) throw new InputError(`${name} has numbers that are not finite`);
      header[name] = {
        dtype: values instanceof Int32Array ? "I32" : "F32",
        shape,
        data_offsets: [end, (end += values.byteLength)],
      };
    }
    const text = new TextEncoder().encode(canonical(header));
    const padded = 8 * Math.ceil(text.length / 8);
    const bytes = new Uint8Array(8 + padded + end).fill(0x20, 8, 8 + padded);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, padded, true);
    bytes.set(text, 8);
    let at = 8 + padded;
    for (const name of names) {
      const { values } = rule.tensors[name];
      for (const value of values) {
        if (values instanceof Int32Array) view.setInt32(at, value, true);
        else view.setFloat32(at, value, true);
        at += 4;
      }
    }
    return bytes;
  }

  const SECONDS_PER_PROGRESS = 0.5;
  const TIMES_A_MEASUREMENT = 10; // training goes on this many times as long as the last measurement took

  /**
   * Learn in a worker, as its messages say, and post what is learned.
   *
   * It is told {type: "start", ...} with the options of `create`, {type: "pause"}, {type: "resume"} and {type: "stop"}.
   * It posts {type: "progress", rule, relativeMse, rounds, updates, seconds, fraction, gap, poolMse, rate} about every
   * half second, the same as "paused" when it pauses and as "done" when the budget is used up or it is stopped, and
   * {type: "error", message} if what it is told cannot be done. `relativeMse` is null before it is first measured.
   */
  function serve(scope) {
    let learner = null;
    let isPaused = false;
    let timer = null;
    let posted = 0;
    let measuredAt = 0;
    let measuring = 0;

    const measure = () => {
      const begun = now();
      learner.relativeMse();
      measuredAt = now();
      measuring = measuredAt - begun;
    };
    const post = (type) => {
      posted = now();
      scope.postMessage({ type, rule: learner.rule(), relativeMse: learner.measured, ...learner.figures() });
    };
    const finish = () => {
      measure();
      post("done");
      learner = null;
    };
    const fail = (error) => {
      learner = null;
      scope.postMessage({ type: "error", message: String(error.message) });
    };
    const run = () => {
      timer = null;
      try {
        learner.round();
        if (now() - posted >= SECONDS_PER_PROGRESS) {
          if (now() - measuredAt >= TIMES_A_MEASUREMENT * measuring) measure();
          post("progress");
        }
        if (learner.fraction >= 1) finish();
        else timer = setTimeout(run, 0); // messages come in between
      } catch (error) {
        fail(error);
      }
    };
    const orders = {
      start: (options) => {
        learner = create(options);
        [isPaused, posted, measuredAt, measuring] = [false, now(), 0, 0];
      },
      pause: () => {
        isPaused = true;
        if (learner) post("paused");
      },
      resume: () => {
        isPaused = false;
      },
      stop: () => {
        if (learner) finish();
      },
    };
    scope.onmessage = ({ data }) => {
      clearTimeout(timer);
      try {
        if (!Object.hasOwn(orders, data?.type)) {
          throw new InputError(`type = ${shown(data?.type)}; allowed: ${Object.keys(orders).join(", ")}`);
        }
        orders[data.type](data);
      } catch (error) {
        fail(error);
      }
      if (learner && !isPaused) timer = setTimeout(run, 0);
    };
  }

  const create = (options) => new Learner(options ?? {});
  return { create, save, serve, InputError, RECIPE, QUICK };
})();

if (typeof module !== "undefined" && module.exports) module.exports = FfncaLearner;
if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) FfncaLearner.serve(self);
