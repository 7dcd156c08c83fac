/* The board of a pairing: search, dragging one card onto another, and choosing from the list of partners.
   Everything it does is a press of a button that stands in the form anyway, so the board works without it. */
(() => {
  "use strict";
  const board = () => document.querySelector("[data-board]");
  let dragged = null;
  let typed = "";
  let onlyFree = false;

  function filter() {
    const words = typed.trim().toLowerCase();
    const shows = (card) => !words || card.dataset.search.toLowerCase().includes(words);
    let shown = 0;
    board().querySelectorAll("[data-card][data-free]").forEach((card) => {
      card.hidden = !shows(card);
      shown += card.hidden ? 0 : 1;
    });
    board().querySelectorAll("[data-couple]").forEach((couple) => {
      couple.hidden = onlyFree || ![...couple.querySelectorAll("[data-card]")].some(shows);
      shown += couple.hidden ? 0 : 1;
    });
    const none = board().querySelector("[data-board-none]");
    if (none) none.hidden = shown > 0;
  }

  function choose(side, person) {
    const radio = board().querySelector(`input[name="${side}"][value="${person}"]`);
    if (radio) radio.checked = true;
    return radio;
  }

  function pair() {
    const button = board().querySelector("[data-board-pair]");
    if (button) button.click();
  }

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-board-search]")) return;
    typed = event.target.value;
    filter();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-board-free]")) {
      onlyFree = event.target.checked;
      filter();
    }
  });

  // Enter in the search box filters; on a chosen card it pairs when both sides have one.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !board()) return;
    if (event.target.matches("[data-board-search]")) event.preventDefault();
    if (event.target.matches("[data-card] input[type=radio]")) {
      event.preventDefault();
      event.target.checked = true;
      const both = ["helper", "partner"].every((side) => board().querySelector(`input[name="${side}"]:checked`));
      if (both) pair();
      else event.target.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });

  function closeOptions() {
    const panel = document.getElementById("options");
    if (panel) panel.replaceChildren();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeOptions();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-board-close]")) closeOptions();
    const option = event.target.closest("[data-board-choose]");
    if (option && choose(option.dataset.side, option.dataset.boardChoose)) pair();
  });

  // --- Dragging ---------------------------------------------------------------------------------
  const other = (card) => card && dragged && card.dataset.side !== dragged.dataset.side ? card : null;
  function mark(target) {
    document.querySelectorAll(".is-target").forEach((node) => node.classList.remove("is-target"));
    if (target) target.classList.add("is-target");
  }

  document.addEventListener("dragstart", (event) => {
    const card = event.target.closest && event.target.closest("[data-card][draggable]");
    if (!card) return;
    dragged = card;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.dataset.person);
    card.classList.add("is-dragged");
  });

  document.addEventListener("dragover", (event) => {
    if (!dragged) return;
    const onto = other(event.target.closest("[data-card]"));
    const out = dragged.closest("[data-couple]") && event.target.closest("[data-board-out]");
    if (!onto && !out) return mark(null);
    event.preventDefault();
    mark(onto || out);
  });

  document.addEventListener("drop", (event) => {
    if (!dragged) return;
    const onto = other(event.target.closest("[data-card]"));
    const couple = dragged.closest("[data-couple]");
    if (onto) {
      event.preventDefault();
      choose(dragged.dataset.side, dragged.dataset.person);
      choose(onto.dataset.side, onto.dataset.person);
      pair();
    } else if (couple && event.target.closest("[data-board-out]")) {
      event.preventDefault();
      const drop = couple.querySelector("[data-board-drop]");
      if (drop) drop.click();
    }
  });

  document.addEventListener("dragend", () => {
    if (dragged) dragged.classList.remove("is-dragged");
    dragged = null;
    mark(null);
  });

  // A fresh board keeps what was typed.
  document.addEventListener("htmx:afterSwap", () => {
    const search = board() && board().querySelector("[data-board-search]");
    if (!search) return;
    search.value = typed;
    board().querySelector("[data-board-free]").checked = onlyFree;
    filter();
  });
})();
