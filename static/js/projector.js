/* The code on the projector: fetched anew when its seconds are over, and every few seconds for the count. */
(() => {
  "use strict";
  const board = document.getElementById("projector");
  if (!board || board.dataset.open !== "yes") return;
  const EVERY_SECONDS = 3;
  const part = (name) => board.querySelector(`[data-${name}]`);
  let left = Number(board.dataset.seconds) || 0;
  let untilFetch = Math.min(EVERY_SECONDS, left);
  let busy = false;

  function show(found) {
    if (!found.is_open) {
      window.location.reload();
      return;
    }
    const picture = new DOMParser().parseFromString(found.svg, "text/html").querySelector("svg");
    if (picture) part("code").replaceChildren(picture);
    part("present").textContent = String(found.present);
    part("expected").textContent = String(found.expected);
    left = found.seconds;
  }

  async function fetchCode() {
    if (busy) return;
    busy = true;
    try {
      const answer = await fetch(board.dataset.url, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.json());
      part("offline").hidden = true;
    } catch {
      part("offline").hidden = false;
    } finally {
      busy = false;
    }
  }

  window.setInterval(() => {
    left -= 1;
    untilFetch -= 1;
    part("left").textContent = String(Math.max(0, left));
    if (untilFetch > 0 && left > 0) return;
    untilFetch = EVERY_SECONDS;
    fetchCode();
  }, 1000);
})();
