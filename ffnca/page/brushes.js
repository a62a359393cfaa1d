"use strict";
// What a touch does to the cells under it (see ffnca/brushes.py).

const FfncaBrushes = (() => {
  // Changes a state in place; `random` is what the random numbers of this touch start from, `colour` is in 0..1.
  function touched(state, data, brush, { row, column, radius, random = 0, colour = [0, 0, 0] }) {
    const { height, width, channels } = data, touching = brush.channels || channels;
    let drawn = 0;
    const uniform = () => FfncaLattice.cellRandom(random, drawn++);
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    const cells = [];
    for (let y = Math.ceil(row - radius); y <= row + radius; y++) {
      for (let x = Math.ceil(column - radius); x <= column + radius; x++) {
        if ((y - row) ** 2 + (x - column) ** 2 > radius ** 2 && !(radius < 1)) continue;
        if (y >= 0 && x >= 0 && y < height && x < width) cells.push(y * width + x);
      }
    }
    const middle = Math.max(0, Math.min(height - 1, Math.round(row))) * width + Math.max(0, Math.min(width - 1, Math.round(column)));
    const under = brush.single || cells.length === 0 ? [middle] : cells;
    for (const cell of under) {
      const at = cell * channels;
      if (brush.kind === "set") {
        for (let n = 0; n < touching; n++) state[at + n] = brush.values[n % brush.values.length];
      } else if (brush.kind === "paint") {
        state.set([...colour, 1], at);
      } else if (brush.kind === "flip") {
        if (uniform() < brush.share) state[at] = 1 - state[at];
      } else if (brush.kind === "noise") {
        if ("above" in brush && !(state[at + 3] > brush.above)) continue;
        for (let n = 0; n < touching; n++) {
          const value = state[at + n] + brush.deviation * normal();
          state[at + n] = "lowest" in brush ? Math.max(brush.lowest, Math.min(brush.highest, value)) : value;
        }
      } else if (brush.kind === "stamp") {
        const [tall, wide, deep] = brush.shape, y = Math.floor(cell / width), x = cell % width;
        for (let n = 0; n < brush.values.length; n++) {
          const r = (y - (tall >> 1) + Math.floor(n / (wide * deep)) + height * tall) % height;
          const c = (x - (wide >> 1) + (Math.floor(n / deep) % wide) + width * wide) % width;
          state[(r * width + c) * channels + (n % deep)] = brush.values[n];
        }
      }
    }
  }

  return { touched };
})();
