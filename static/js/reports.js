/* After an export was asked for, the list of one's exports shows it: a download leaves the page where it is. */
(() => {
  "use strict";
  const AFTER_MS = [1500, 4000, 9000];

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-export]")) return;
    AFTER_MS.forEach((delay) => window.setTimeout(() => {
      const list = document.getElementById("exports");
      // Whoever is about to press a button in the list keeps it.
      if (list && window.htmx && !list.contains(document.activeElement)) window.htmx.trigger(list, "exports:changed");
    }, delay));
  });

  // An address with the name of a report opens it.
  const wanted = window.location.hash && document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  if (wanted && wanted.matches("details")) wanted.open = true;
})();
