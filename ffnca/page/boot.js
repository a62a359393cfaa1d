"use strict";
// Unpacks the scripts of the page and starts them. What is offered to others is there at once: `ffnca.ready`.

window.ffnca = { pristine: `<!doctype html>\n${document.documentElement.outerHTML}` };
ffnca.ready = (async () => {
  const packed = Uint8Array.from(atob(document.getElementById("packed").textContent), (one) => one.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const { page, learner } = JSON.parse(await new Response(stream).text());
  const script = document.createElement("script");
  script.textContent = page;
  ffnca.learner = learner;
  document.head.append(script);
  await ffnca.begun;
})();
