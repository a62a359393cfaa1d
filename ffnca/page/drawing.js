"use strict";
// Draws a state on a canvas, one pixel a cell.

const FfncaDrawing = (() => {
  class Picture {
    constructor(canvas, data) {
      [canvas.width, canvas.height] = [data.width, data.height];
      canvas.style.aspectRatio = `${data.width} / ${data.height}`;
      Object.assign(this, { canvas, data, pen: canvas.getContext("2d"), machines: new Map() });
      this.image = this.pen.createImageData(data.width, data.height);
    }

    // What lies under clear cells.
    paper() {
      return getComputedStyle(this.canvas).backgroundColor.match(/\d+/g).slice(0, 3).map(Number);
    }

    levels(name, state) {
      const { views, arrays, height, width } = this.data;
      if (!this.machines.has(name)) {
        this.machines.set(name, new FfncaLattice.Machine(FfncaLattice.decoded(views[name].program, arrays), height, width));
      }
      return this.machines.get(name).run(state);
    }

    // `show` is `colour`, another view, or `channel:N`.
    draw(state, show = "colour") {
      const { channels, views, signed, top } = this.data, pixels = this.image.data, cells = pixels.length / 4;
      const [name, channel] = show.split(":"), ground = this.paper();
      const put = (cell, colour) => pixels.set([colour[0], colour[1], colour[2], 255], 4 * cell);
      if (name === "channel") {
        const last = signed.length - 1;
        for (let cell = 0; cell < cells; cell++) {
          const level = (Math.max(-1, Math.min(1, state[cell * channels + Number(channel)] / top)) + 1) / 2;
          put(cell, signed[Math.round(level * last)]);
        }
      } else if (name in views) {
        const levels = this.levels(name, state), { colours } = views[name], last = colours.length - 1;
        for (let cell = 0; cell < cells; cell++) {
          const level = levels[cell];
          put(cell, level < 0 || Number.isNaN(level) ? ground : colours[Math.round(Math.min(1, level) * last)]);
        }
      } else {
        for (let cell = 0; cell < cells; cell++) {
          const at = cell * channels, clear = 1 - Math.max(0, Math.min(1, state[at + 3]));
          for (let k = 0; k < 3; k++) pixels[4 * cell + k] = 255 * state[at + k] + ground[k] * clear;
          pixels[4 * cell + 3] = 255;
        }
      }
      this.pen.putImageData(this.image, 0, 0);
    }
  }

  return { Picture };
})();
