"use strict";
// Runs a program of whole-lattice operations (see ffnca/lattice.py) on arrays of 32-bit floats, one operation after
// another; values that are needed in some cells alone are computed there alone.

const FfncaLattice = (() => {
  const ELEMENTWISE = {
    add: (a, b) => a + b,
    subtract: (a, b) => a - b,
    multiply: (a, b) => a * b,
    divide: (a, b) => a / b,
    maximum: (a, b) => (a > b ? a : b),
    minimum: (a, b) => (a < b ? a : b),
    greater: (a, b) => (a > b ? 1 : 0),
    sqrt: (a) => Math.sqrt(a),
    exp: (a) => Math.exp(a),
    log: (a) => Math.log(a),
    absolute: (a) => Math.abs(a),
    where: (a, b, c) => (a > 0.5 ? b : c),
  };

  // A well mixed 32-bit number of a 32-bit number.
  function mixed(number) {
    number = Math.imul(number ^ (number >>> 16), 0x7feb352d);
    number = Math.imul(number ^ (number >>> 15), 0x846ca68b);
    return (number ^ (number >>> 16)) >>> 0;
  }

  // What the random numbers of one step start from; the graphics card computes the same ones.
  function stepSeed(seed, step) {
    return mixed(mixed(seed >>> 0) ^ mixed((step + 0x9e3779b9) >>> 0));
  }

  function cellRandom(start, cell) {
    return (mixed((start + cell) >>> 0) >>> 8) / 16777216;
  }

  // Where a row or column lies, -1 for nowhere.
  function placed(index, size, boundary) {
    if (index >= 0 && index < size) return index;
    if (boundary === "zero") return -1;
    if (boundary === "wrap" || size === 1) return ((index % size) + size) % size;
    const period = 2 * (size - 1);
    const folded = ((index % period) + period) % period;
    return folded < size ? folded : period - folded;
  }

  // For each place of a kernel along one axis, where every row (or column) finds its neighbour.
  function neighbours(side, size, boundary) {
    const half = side >> 1;
    return Array.from({ length: side }, (_, at) =>
      Int32Array.from({ length: size }, (_, index) => placed(index + at - half, size, boundary)),
    );
  }

  function convolution(operation, source, target, height, width, boundary) {
    const { shape, values } = operation.arrays.weights;
    const [outs, ins, tall, wide] = shape;
    const rows = neighbours(tall, height, boundary);
    const columns = neighbours(wide, width, boundary);
    const places = [], from = [], to = [], by = [];
    for (let row = 0; row < tall; row++) {
      for (let column = 0; column < wide; column++) {
        const first = by.length;
        for (let out = 0; out < outs; out++) {
          for (let into = 0; into < ins; into++) {
            const weight = values[((out * ins + into) * tall + row) * wide + column];
            if (weight !== 0) {
              from.push(into);
              to.push(out);
              by.push(weight);
            }
          }
        }
        if (by.length > first) places.push({ rows: rows[row], columns: columns[column], first, last: by.length });
      }
    }
    const reads = Int32Array.from(from), writes = Int32Array.from(to), weights = Float64Array.from(by);
    if (outs === 1 && ins === 1 && places.length > 9) return () => wideSum(places, weights, source, target, height, width);
    const sums = new Float64Array(outs), number = places.length;
    return (cells, count) => {
      for (let k = 0; k < count; k++) {
        const cell = cells[k], row = (cell / width) | 0, column = cell - row * width, at = cell * outs;
        for (let out = 0; out < outs; out++) sums[out] = 0;
        for (let p = 0; p < number; p++) {
          const place = places[p], r = place.rows[row], c = place.columns[column];
          if (r < 0 || c < 0) continue;
          const there = (r * width + c) * ins, last = place.last;
          for (let t = place.first; t < last; t++) sums[writes[t]] += weights[t] * source[there + reads[t]];
        }
        for (let out = 0; out < outs; out++) target[at + out] = sums[out];
      }
    };
  }

  // One channel by a large kernel: a row at a time, so that the inner loop is one run of numbers.
  function wideSum(places, weights, source, target, height, width) {
    target.fill(0);
    for (const { rows, columns, first } of places) {
      const weight = weights[first];
      for (let row = 0; row < height; row++) {
        const there = rows[row] * width, here = row * width;
        if (there < 0) continue;
        for (let column = 0; column < width; column++) {
          const c = columns[column];
          if (c >= 0) target[here + column] += weight * source[there + c];
        }
      }
    }
  }

  function product(operation, source, target) {
    const { kernel, bias } = operation.arrays;
    const [ins, outs] = kernel.shape, weights = kernel.values, start = bias.values;
    return (cells, count) => {
      for (let k = 0; k < count; k++) {
        const from = cells[k] * ins, at = cells[k] * outs;
        for (let out = 0; out < outs; out++) target[at + out] = start[out];
        for (let into = 0; into < ins; into++) {
          const value = source[from + into];
          if (value === 0) continue;
          for (let out = 0, w = into * outs; out < outs; out++, w++) target[at + out] += value * weights[w];
        }
      }
    };
  }

  // A wide layer, its ReLU and the layer on top, unit by unit: nothing of the wide layer is stored.
  function twoLayers({ lower, upper }, source, target) {
    const [ins, units] = lower.kernel.shape, outs = upper.kernel.shape[1];
    const below = new Float64Array(units * ins), above = Float64Array.from(upper.kernel.values);
    for (let into = 0; into < ins; into++) {
      for (let unit = 0; unit < units; unit++) below[unit * ins + into] = lower.kernel.values[into * units + unit];
    }
    const start = Float64Array.from(lower.bias.values), end = Float64Array.from(upper.bias.values);
    const seen = new Float64Array(ins), sums = new Float64Array(outs);
    return (cells, count) => {
      for (let k = 0; k < count; k++) {
        const from = cells[k] * ins, at = cells[k] * outs;
        for (let into = 0; into < ins; into++) seen[into] = source[from + into];
        for (let out = 0; out < outs; out++) sums[out] = end[out];
        for (let unit = 0, w = 0; unit < units; unit++) {
          let drive = start[unit];
          for (let into = 0; into < ins; into++) drive += seen[into] * below[w++];
          if (drive > 0) for (let out = 0, v = unit * outs; out < outs; out++) sums[out] += drive * above[v++];
        }
        for (let out = 0; out < outs; out++) target[at + out] = sums[out];
      }
    };
  }

  // For each layer on top of a wide layer and its ReLU, all of the three; and what then need not be computed.
  function pairs({ operations }) {
    const found = new Map(), unneeded = new Set();
    const readers = (index) => operations.filter((one) => one.inputs.includes(index) || one.only === index).length;
    operations.forEach((upper, index) => {
      const relu = operations[upper.inputs[0]], lower = operations[relu?.inputs[0]], zero = operations[relu?.inputs[1]];
      if (upper.kind !== "dense" || relu.kind !== "maximum" || lower.kind !== "dense" || zero.kind !== "constant") return;
      if (zero.arrays.values.values.some((one) => one !== 0) || readers(upper.inputs[0]) > 1 || readers(relu.inputs[0]) > 1) {
        return;
      }
      found.set(index, { input: lower.inputs[0], lower: lower.arrays, upper: upper.arrays });
      unneeded.add(upper.inputs[0]).add(relu.inputs[0]);
    });
    return { found, unneeded };
  }

  function elementwise(operation, sources, widths, target) {
    const channels = operation.channels, apply = ELEMENTWISE[operation.kind];
    const [a, b, c] = sources, [na, nb, nc] = widths;
    const step = (n) => (n > 1 ? 1 : 0);
    const [sa, sb, sc] = [step(na), step(nb), step(nc)];
    const loop = (run) => (cells, count) => {
      for (let k = 0; k < count; k++) run(cells[k]);
    };
    if (sources.length === 1) {
      return loop((cell) => {
        for (let n = 0, i = cell * na, o = cell * channels; n < channels; n++, i += sa) target[o + n] = apply(a[i]);
      });
    }
    // A constant has one cell for all.
    const [wa, wb, wc] = sources.map((source, n) => (source.constant ? 0 : widths[n]));
    const [va, vb, vc] = sources.map((source) => source.given || source);
    if (sources.length === 2) {
      return loop((cell) => {
        let i = cell * wa, j = cell * wb;
        for (let n = 0, o = cell * channels; n < channels; n++, i += sa, j += sb) target[o + n] = apply(va[i], vb[j]);
      });
    }
    return loop((cell) => {
      let i = cell * wa, j = cell * wb, l = cell * wc;
      for (let n = 0, o = cell * channels; n < channels; n++, i += sa, j += sb, l += sc) {
        target[o + n] = apply(va[i], vb[j], vc[l]);
      }
    });
  }

  function neighbourMaximum(source, target, channels, height, width, boundary) {
    const rows = neighbours(3, height, boundary), columns = neighbours(3, width, boundary);
    return (cells, count) => {
      for (let k = 0; k < count; k++) {
        const cell = cells[k], row = (cell / width) | 0, column = cell - row * width;
        for (let n = 0; n < channels; n++) {
          let most = -Infinity;
          for (let down = 0; down < 3; down++) {
            for (let across = 0; across < 3; across++) {
              const r = rows[down][row], c = columns[across][column];
              const value = r < 0 || c < 0 ? 0 : source[(r * width + c) * channels + n];
              if (value > most) most = value;
            }
          }
          target[cell * channels + n] = most;
        }
      }
    };
  }

  // Turns a program into a function of a state and of the random numbers of its cells.
  class Machine {
    constructor(program, height, width) {
      this.height = height;
      this.width = width;
      this.channels = program.operations[0].channels;
      const cells = height * width, every = Int32Array.from({ length: cells }, (_, index) => index);
      this.random = new Float32Array(cells);
      this.values = [];
      this.work = [];
      const chosen = new Map(), { found, unneeded } = pairs(program);
      program.operations.forEach((operation, index) => {
        const { kind, inputs, channels, only } = operation;
        const inner = inputs.map((input) => this.values[input]);
        const widths = inputs.map((input) => program.operations[input].channels);
        if (kind === "constant") {
          const { shape, values } = operation.arrays.values;
          this.values.push({ constant: shape.length === 1, given: values });
          return;
        }
        const target = index === 0 || unneeded.has(index) ? null : kind === "random" ? this.random : new Float32Array(cells * channels);
        this.values.push(target);
        if (index === 0 || kind === "random" || unneeded.has(index)) return;
        const pair = found.get(index), input = pair && (pair.input === 0 ? this.own() : this.values[pair.input]);
        const work = pair ? twoLayers(pair, input, target) : this.written(operation, inner, widths, target, program.boundary);
        if (only === null) {
          this.work.push(() => work(every, cells));
          return;
        }
        if (!chosen.has(only)) {
          const list = { cells: new Int32Array(cells), count: 0 };
          chosen.set(only, list);
          this.work.push(() => {
            const mask = this.values[only];
            list.count = 0;
            for (let cell = 0; cell < cells; cell++) if (mask[cell] > 0.5) list.cells[list.count++] = cell;
          });
        }
        const list = chosen.get(only);
        this.work.push(() => work(list.cells, list.count));
      });
    }

    written(operation, inner, widths, target, boundary) {
      const { kind, channels, arrays, inputs } = operation, { height, width } = this;
      // The state is another array at every step: it is read through a copy that stays.
      const plain = (value, n) => (value.given && !(kind in ELEMENTWISE) ? this.spread(value, widths[n]) : value);
      const source = inner.map((value, n) => (inputs[n] === 0 ? this.own() : plain(value, n)));
      const [first] = source;
      if (kind in ELEMENTWISE) return elementwise(operation, source, widths, target);
      if (kind === "dense") return product(operation, first, target);
      if (kind === "convolve") return convolution(operation, first, target, height, width, boundary);
      if (kind === "neighbour_maximum") return neighbourMaximum(first, target, channels, height, width, boundary);
      if (kind === "pick") {
        const picked = arrays.channels.values, from = widths[0];
        return (cells, count) => {
          for (let k = 0; k < count; k++) {
            for (let n = 0, i = cells[k] * from, o = cells[k] * channels; n < channels; n++) {
              target[o + n] = first[i + picked[n]];
            }
          }
        };
      }
      if (kind === "concatenate") {
        return (cells, count) => {
          for (let k = 0; k < count; k++) {
            let o = cells[k] * channels;
            for (let s = 0; s < source.length; s++) {
              const from = source[s], n = widths[s];
              for (let i = cells[k] * n, end = i + n; i < end; i++) target[o++] = from[i];
            }
          }
        };
      }
      if (kind === "least") {
        const from = widths[0];
        return (cells, count) => {
          for (let k = 0; k < count; k++) {
            let least = Infinity;
            for (let i = cells[k] * from, end = i + from; i < end; i++) if (first[i] < least) least = first[i];
            target[cells[k]] = least;
          }
        };
      }
      if (kind === "lookup") {
        const table = arrays.table.values;
        return (cells, count) => {
          for (let k = 0; k < count; k++) {
            for (let n = 0, i = cells[k] * channels; n < channels; n++, i++) {
              target[i] = table[Math.max(0, Math.min(table.length - 1, Math.round(first[i])))];
            }
          }
        };
      }
      throw new Error("unknown operation");
    }

    // A constant in every cell.
    spread({ constant, given }, channels) {
      if (!constant) return given;
      const count = this.height * this.width * channels;
      return Float32Array.from({ length: count }, (_, index) => given[index % channels]);
    }

    own() {
      this.state ??= new Float32Array(this.height * this.width * this.channels);
      return this.state;
    }

    // The result for a state, and for the numbers in `random` where the program reads them.
    run(state) {
      this.own().set(state);
      for (const work of this.work) work();
      const last = this.values[this.values.length - 1];
      return last === null ? this.state : last;
    }
  }

  // A rule on its lattice, step after step, on the processor.
  class ProcessorEngine {
    constructor(program, height, width) {
      this.machine = new Machine(program, height, width);
      this.state = new Float32Array(height * width * this.machine.channels);
      this.random = this.machine.random; // filled where it is read
    }

    get name() {
      return "JavaScript";
    }

    write(state) {
      this.state.set(state);
    }

    // `mask` says which cells update in place of the random numbers of this seed and step.
    step(seed, step, mask) {
      if (mask) {
        for (let cell = 0; cell < this.random.length; cell++) this.random[cell] = mask[cell] ? 0 : 1;
      } else {
        const start = stepSeed(seed, step);
        for (let cell = 0; cell < this.random.length; cell++) this.random[cell] = cellRandom(start, cell);
      }
      this.state.set(this.machine.run(this.state));
    }

    read() {
      return this.state;
    }
  }

  const TYPES = { float32: Float32Array, int32: Int32Array, uint32: Uint32Array, uint8: Uint8Array, uint16: Uint16Array };

  function halves(bits) {
    return Float32Array.from(bits, (half) => {
      const exponent = (half >> 10) & 31, fraction = half & 1023, sign = half & 0x8000 ? -1 : 1;
      if (exponent === 0) return sign * fraction * 2 ** -24;
      return exponent === 31 ? (fraction ? NaN : sign * Infinity) : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
    });
  }

  // An array of a list, as ffnca/page/encoding.py writes them.
  function numbers(list, number) {
    const { shape, type, data, places, values } = list[number];
    if (!type) {
      const whole = new Float32Array(shape.reduce((a, b) => a * b, 1));
      const given = numbers(list, values);
      numbers(list, places).forEach((place, index) => (whole[place] = given[index]));
      return whole;
    }
    const text = atob(data), bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    return type === "float16" ? halves(new Uint16Array(bytes.buffer)) : new TYPES[type](bytes.buffer);
  }

  // A program whose arrays are given by their numbers in a list.
  function decoded({ boundary, operations }, list) {
    const values = new Map();
    const found = (number) => {
      if (!values.has(number)) values.set(number, { shape: list[number].shape, values: numbers(list, number) });
      return values.get(number);
    };
    const all = (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, number]) => [name, found(number)]));
    return { boundary, operations: operations.map((one) => ({ ...one, arrays: all(one.arrays) })) };
  }

  return { numbers, decoded, Machine, ProcessorEngine, stepSeed, cellRandom, mixed, neighbours };
})();
if (typeof module !== "undefined") module.exports = FfncaLattice;
