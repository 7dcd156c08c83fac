/* The ballot: one press marks all six headings of a person "good" (each can be changed), and a count of marks that are missing. */
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
  form.addEventListener("change", update);
  update();
})();
