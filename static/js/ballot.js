/* The ballot: one press marks all six headings of a person "good" (each can be changed), and a count of marks that are missing.
   A ballot with holes is not sent and nothing is asked: the page goes to the first hole, and people with holes are outlined. */
(() => {
  "use strict";
  const form = document.querySelector("[data-ballot]");
  if (!form) return;
  const left = form.querySelector("[data-ballot-left]");
  const names = new Set(Array.from(form.querySelectorAll("input[type=radio]"), (input) => input.name));
  const update = () => {
    const marked = new Set(Array.from(form.querySelectorAll("input[type=radio]:checked"), (input) => input.name));
    const missing = names.size - marked.size;
    left.textContent = missing ? `${left.dataset.words} ${missing}` : "";
  };
  form.querySelectorAll("[data-ballot-all]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const person = button.closest("[data-ballot-person]");
      person.querySelectorAll(`.ballot-items input[value="${button.dataset.ballotAll}"]`).forEach((input) => { input.checked = true; });
      update();
    });
  });
  const holes = () => Array.from(form.querySelectorAll(".ballot-line")).filter((line) => !line.querySelector("input:checked"));
  const outline = () => {
    form.querySelectorAll("[data-ballot-person]").forEach((person) => {
      const isWhole = Array.from(person.querySelectorAll(".ballot-line")).every((line) => line.querySelector("input:checked"));
      person.classList.toggle("has-holes", !isWhole);
    });
  };
  // On the window: the question of data-confirm listens on the document and comes after it.
  window.addEventListener("submit", (event) => {
    const [first] = event.target === form ? holes() : [];
    if (!first) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    outline();
    first.scrollIntoView({ block: "center" });
    first.querySelector("input").focus({ preventScroll: true });
  }, true);
  form.addEventListener("change", () => { update(); if (form.querySelector(".has-holes")) outline(); });
  update();
})();
