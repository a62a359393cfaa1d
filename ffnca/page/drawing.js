"use strict";
// Draws a state on a canvas: one pixel a cell, or as many as its decoder draws.

const FfncaDrawing = (() => {
  const DRAWING_TIME = 20; // Milliseconds of a frame that a decoder may take.

  class Picture {
    constructor(canvas, data) {
      canvas.style.aspectRatio = `${data.width} / ${data.height}`;
      Object.assign(this, { canvas, data, pen: canvas.getContext("2d"), machines: new Map() });
      this.decoder = data.decoder ? new FfncaDecoder.Decoder(data) : null;
      this.sized(1);
    }

    // Pixels a cell of what is drawn next.
    sized(scale) {
      if (scale === this.scale) return;
      const { canvas, data } = this;
      [canvas.width, canvas.height] = [data.width * scale, data.height * scale];
      canvas.style.imageRendering = scale > 1 ? "auto" : "";
      this.image = this.pen.createImageData(canvas.width, canvas.height);
      this.scale = scale;
      this.ground = null;
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

    // `show` is `colour`, another view, or `channel:N`; `angle` is that of the body. Whether nothing is left to be drawn.
    draw(state, show = "colour", angle = 0, milliseconds = DRAWING_TIME) {
      if (this.decoder && show === "colour") return this.decoded(state, angle, milliseconds);
      this.sized(1);
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
      return true;
    }

    decoded(state, angle, milliseconds) {
      const { decoder, data } = this, { detail } = decoder, ground = this.paper();
      this.sized(detail);
      decoder.turn(angle);
      const drawn = decoder.draw(state, milliseconds), every = String(ground) !== String(this.ground);
      if (every) for (let cell = 0; cell < data.height * data.width; cell++) this.laid(cell, ground);
      else for (const cell of drawn) this.laid(cell, ground);
      this.ground = ground;
      this.pen.putImageData(this.image, 0, 0);
      return decoder.queue.length === 0;
    }

    // The pixels of a cell, over the ground.
    laid(cell, ground) {
      const { decoder: { detail, colours }, data: { width }, image: { data: pixels } } = this;
      const row = Math.floor(cell / width) * detail, column = (cell % width) * detail;
      for (let n = 0, from = cell * detail * detail * 4; n < detail * detail; n++, from += 4) {
        const to = 4 * ((row + Math.floor(n / detail)) * width * detail + column + (n % detail)), clear = 1 - colours[from + 3];
        for (let k = 0; k < 3; k++) pixels[to + k] = 255 * colours[from + k] + ground[k] * clear;
        pixels[to + 3] = 255;
      }
    }
  }

  return { Picture };
})();
