/* The result of a contest on the projector: fetched anew every five seconds, at rest while nobody looks. */
(() => {
  "use strict";
  const board = document.getElementById("contest-live");
  if (!board) return;
  const EVERY_MILLISECONDS = 5000;
  const offline = document.getElementById("contest-offline");
  let busy = false;
  let last = "";

  async function fetchRows() {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const answer = await fetch(board.dataset.url, { signal: AbortSignal.timeout(4500) });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const text = await answer.text();
      if (text !== last) {
        board.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
        last = text;
      }
      offline.hidden = true;
    } catch {
      offline.hidden = false;
    } finally {
      busy = false;
    }
  }

  window.setInterval(fetchRows, EVERY_MILLISECONDS);
})();
