/* Lights up the chain of the person pointed at: everybody above and below, and the lines between. Pointing and focus show it,
   a click or Enter keeps it and says it in words, Escape lets go. Without this file each box is a link to its row. */
(() => {
  "use strict";
  const room = document.querySelector("[data-chain]");
  const picture = room && room.querySelector(".chain-picture");
  if (!picture) return;
  const lines = [...picture.querySelectorAll("[data-line]")];
  const nodes = new Map([...picture.querySelectorAll("[data-node]")].map((node) => [node.dataset.node, node]));
  const said = room.querySelector("[data-chain-said]");
  let kept = null;

  function walk(start, here, there, found) {
    const waiting = [start];
    const seen = new Set(waiting);
    while (waiting.length) {
      const key = waiting.pop();
      for (const line of lines) {
        if (line.dataset[here] !== key) continue;
        found.add(line);
        const next = line.dataset[there];
        if (!seen.has(next)) {
          seen.add(next);
          waiting.push(next);
        }
      }
    }
    return seen;
  }

  function light(key) {
    const lit = new Set();
    const people = new Set([...walk(key, "to", "from", lit), ...walk(key, "from", "to", lit)]);
    lines.forEach((line) => line.classList.toggle("is-lit", lit.has(line)));
    nodes.forEach((node, name) => node.classList.toggle("is-lit", people.has(name)));
    picture.classList.add("has-lit");
  }

  function restore() {
    if (kept) light(kept);
    else {
      picture.classList.remove("has-lit");
      picture.querySelectorAll(".is-lit").forEach((one) => one.classList.remove("is-lit"));
    }
  }

  function keep(key) {
    kept = key;
    said.hidden = !key;
    restore();
    if (!key) return;
    const node = nodes.get(key);
    said.querySelector("[data-chain-words]").textContent = node.getAttribute("aria-label");
    said.querySelector("[data-chain-row]").setAttribute("href", node.getAttribute("href"));
  }

  const keyOf = (event) => {
    const node = event.target.closest("[data-node]");
    return node && !node.classList.contains("is-fold") ? node.dataset.node : null;
  };
  picture.addEventListener("pointerover", (event) => { const key = keyOf(event); if (key) light(key); });
  picture.addEventListener("pointerout", (event) => { if (keyOf(event)) restore(); });
  picture.addEventListener("focusin", (event) => { const key = keyOf(event); if (key) light(key); });
  picture.addEventListener("focusout", restore);
  picture.addEventListener("click", (event) => {
    const key = keyOf(event);
    if (!key) return;
    event.preventDefault();
    keep(key === kept ? null : key);
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && kept) keep(null); });
})();
