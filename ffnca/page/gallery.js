"use strict";
// Many worlds on one screen, each alive on a card; the address names the one that is open in full.

const FfncaGallery = (() => {
  const BUDGET = 11; // Milliseconds of a frame for the steps of all cards together.
  const GROWN = 150, LEAST_LIFE = 340, MORE_LIFE = 160; // Steps.
  const STEPS_A_SECOND = { growth: 40, life: 12 }, OTHERWISE = 30;
  const element = (id) => document.getElementById(id);
  const whole = (below) => Math.floor(below * Math.random());

  function made(tag, attributes, ...children) {
    const one = Object.assign(document.createElement(tag), attributes);
    one.append(...children);
    return one;
  }

  // A world that runs on a small canvas, from its start to its end and anew, with a wound between where it heals.
  class Card {
    constructor(data) {
      this.data = data;
      this.heals = Object.values(data.bodies).some((one) => one.target !== null);
      this.canvas = made("canvas", {});
      const frame = made("div", { className: this.heals ? "grows" : "" }, this.canvas);
      this.link = made("a", { href: `#creature=${encodeURIComponent(data.name)}` }, frame, made("span", { textContent: data.title }));
      this.interval = 1000 / (STEPS_A_SECOND[data.kind] ?? OTHERWISE);
      this.steps = this.lives = this.due = 0;
      this.engine = null;
    }

    // Only when it is seen first: most of the work of a card that stands still.
    begin() {
      const { program, arrays, height, width } = this.data;
      this.engine = new FfncaLattice.ProcessorEngine(FfncaLattice.decoded(program, arrays), height, width);
      this.picture = new FfncaDrawing.Picture(this.canvas, this.data);
      this.restart();
    }

    restart() {
      const bodies = Object.values(this.data.bodies);
      this.engine.write(FfncaLattice.numbers(this.data.arrays, bodies[this.lives % bodies.length].start));
      this.lives += 1;
      this.age = 0;
      this.seed = whole(2 ** 31);
      this.end = LEAST_LIFE + whole(MORE_LIFE);
      this.woundAt = this.heals ? GROWN + whole(GROWN / 3) : Infinity;
    }

    wound() {
      const { height, width, brushes } = this.data, side = Math.min(height, width), state = this.engine.read().slice();
      const off = () => (Math.random() - 0.5) * 0.35 * side;
      FfncaBrushes.touched(state, this.data, brushes.erase, { row: height / 2 + off(), column: width / 2 + off(), radius: side / 7 });
      this.engine.write(state);
    }

    step(now) {
      if (!this.engine) this.begin();
      if (this.age >= this.end) this.restart();
      if (this.age === this.woundAt) this.wound();
      this.engine.step(this.seed, this.age);
      this.age += 1;
      this.steps += 1;
      this.due = Math.max(this.due + this.interval, now);
      this.picture.draw(this.engine.read());
    }
  }

  // `show` opens a world in full.
  function begin({ worlds, title, hint, credits }, show) {
    const cards = worlds.map((data) => new Card(data)), seen = new Set(), still = matchMedia("(prefers-reduced-motion: reduce)");
    const stage = document.querySelector("main");
    const back = made("a", { id: "back-to-all", href: "#", textContent: "\u2190 All creatures" });
    const rest = made("button", { id: "rest", textContent: "Pause" });
    const list = made("ul", { id: "creatures" }, ...cards.map((card) => made("li", {}, card.link)));
    const screen = made("section", { id: "gallery" }, list, made("p", { id: "credits", textContent: credits }));
    screen.setAttribute("aria-label", "Creatures");
    element("title").before(back);
    element("hint").after(rest);
    stage.before(screen);
    let open = null, paused = false, turn = 0;

    const watcher = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const card = cards.find((one) => one.link === target);
        if (isIntersecting) seen.add(card);
        else seen.delete(card);
      }
    });
    for (const card of cards) watcher.observe(card.link);

    // Each card in turn, from where the frame before ended, until the time of this frame is spent.
    function frame(now) {
      const begun = performance.now();
      for (let tried = 0; tried < cards.length && performance.now() - begun < BUDGET; tried++) {
        const card = cards[turn++ % cards.length];
        if (seen.has(card) && now >= card.due && !(still.matches && card.age >= GROWN)) card.step(now);
      }
      next();
    }

    let waiting = 0;
    function next() {
      cancelAnimationFrame(waiting);
      if (!open && !paused) waiting = requestAnimationFrame(frame);
    }

    function named() {
      const wanted = new URLSearchParams(location.hash.slice(1)).get("creature");
      return cards.find((card) => card.data.name === wanted) ?? null;
    }

    async function turned() {
      const before = open;
      open = named();
      for (const one of [screen, rest]) one.hidden = open !== null;
      for (const one of [stage, back]) one.hidden = open === null;
      if (open) {
        await show(open.data);
        scrollTo(0, 0);
        if (!before) back.focus({ preventScroll: true });
        return;
      }
      [document.title, element("title").textContent, element("hint").textContent] = [title, title, hint];
      await show(null);
      before?.link.focus();
      next();
    }

    rest.addEventListener("click", () => {
      paused = !paused;
      rest.textContent = paused ? "Play" : "Pause";
      next();
    });
    addEventListener("hashchange", turned);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && open && !event.target.matches?.("input, select")) location.hash = "";
    });
    ffnca.cards = () => Object.fromEntries(cards.map(({ data, steps }) => [data.name, steps]));
    return turned();
  }

  return { begin, Card };
})();
