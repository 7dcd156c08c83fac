/* The number present follows the ticks of the class list and the number of others beside it. */
(() => {
  "use strict";
  document.querySelectorAll("[data-attendance]").forEach((form) => {
    const shown = form.querySelector("[data-attendance-count]");
    if (!shown) return;
    const update = () => {
      const others = form.querySelector("[name=others]");
      const more = others ? Math.max(0, Number.parseInt(others.value, 10) || 0) : 0;
      shown.textContent = String(form.querySelectorAll("[name=listeners]:checked").length + more);
    };
    form.addEventListener("input", update);
    update();
  });
})();
