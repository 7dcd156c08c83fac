/* What pages do beyond links and forms. No inline handlers: behaviour hangs on data attributes.
   data-confirm on a form or button asks first (its answer is the button's verb, or data-confirm-action); data-toast hides itself;
   data-again on a form allows sending it again at once (downloads); data-focus takes the focus; data-print prints;
   data-select-all ticks every data-select of its form, data-bulk shows itself while one of them is ticked. */
(() => {
  "use strict";
  const words = document.currentScript.dataset;
  const TOAST_SECONDS = 10;

  // --- Nothing personal stays on the device after signing out ----------------------------------
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-sign-out]")) return;
    try {
      Object.keys(localStorage).filter((key) => key.startsWith("log-draft-")).forEach((key) => localStorage.removeItem(key));
    } catch {
      // No storage, nothing kept.
    }
  });

  // --- Asking before something happens -------------------------------------------------------
  function ask(question, verb) {
    const dialog = document.getElementById("ask");
    if (!dialog || !dialog.showModal) return Promise.resolve(window.confirm(question));
    const yes = dialog.querySelector("[value=yes]");
    dialog.querySelector("#ask-text").textContent = question;
    yes.textContent = verb || yes.dataset.label;
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }

  // --- Sending once ---------------------------------------------------------------------------
  function setBusy(form, submitter) {
    form.dataset.sending = "yes";
    const button = submitter || form.querySelector("button[type=submit], button:not([type])");
    if (button) button.setAttribute("aria-busy", "true");
  }

  function setIdle(form) {
    delete form.dataset.sending;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog") return;
    if (form.dataset.sending) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    const source = event.submitter && event.submitter.dataset.confirm ? event.submitter : form;
    if (source.dataset.confirm && !form.dataset.confirmed) {
      event.preventDefault();
      event.stopImmediatePropagation();
      const submitter = event.submitter;
      const verb = source.dataset.confirmAction || (submitter ? submitter.textContent.trim() : "");
      ask(source.dataset.confirm, verb).then((agreed) => {
        if (!agreed) return;
        form.dataset.confirmed = "yes";
        form.requestSubmit(submitter);
        delete form.dataset.confirmed;
      });
      return;
    }
    // A download leaves the page where it is: such forms say data-again.
    if (form.method === "post" && !("again" in form.dataset)) setBusy(form, event.submitter);
  }, true);

  // Coming back through the browser's history: nothing is being sent any more.
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(setIdle));

  // --- htmx -----------------------------------------------------------------------------------
  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, event.target.dataset.confirmAction).then((agreed) => {
      if (agreed) event.detail.issueRequest(true);
    });
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest("form");
    if (form) setIdle(form);
  });
  document.addEventListener("htmx:sendError", () => say(words.failed));
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) say(words.refused);
  });

  // --- Toasts ---------------------------------------------------------------------------------
  function hideToast(toast) {
    toast.classList.add("is-leaving");
    window.setTimeout(() => toast.remove(), 300);
  }

  function startToast(toast) {
    if (toast.dataset.started || toast.dataset.toast === "error" || toast.dataset.toast === "warning") return;
    toast.dataset.started = "yes";
    let timer = 0;
    const start = () => { timer = window.setTimeout(() => hideToast(toast), TOAST_SECONDS * 1000); };
    const stop = () => window.clearTimeout(timer);
    toast.addEventListener("pointerenter", stop);
    toast.addEventListener("pointerleave", start);
    toast.addEventListener("focusin", stop);
    toast.addEventListener("focusout", start);
    start();
  }

  function say(text) {
    const toast = document.createElement("div");
    toast.className = "note note-error";
    const body = document.createElement("div");
    const word = document.createElement("span");
    word.className = "note-word";
    word.textContent = words.errorWord;
    const close = document.createElement("button");
    close.className = "btn-close";
    close.type = "button";
    close.setAttribute("data-close-toast", "");
    close.setAttribute("aria-label", words.close);
    body.append(word, text);
    toast.append(body, close);
    document.getElementById("toasts").append(toast);
  }

  // --- Small things by data attribute ---------------------------------------------------------
  function updateBulk(scope) {
    const bar = scope.querySelector("[data-bulk]");
    const every = scope.querySelectorAll("[data-select]:not(:disabled)").length;
    const chosen = scope.querySelectorAll("[data-select]:checked").length;
    scope.querySelectorAll("[data-select-all]").forEach((all) => {
      all.checked = chosen > 0 && chosen === every;
      all.indeterminate = chosen > 0 && chosen < every;
    });
    if (!bar) return;
    bar.hidden = chosen === 0;
    bar.querySelectorAll("[data-bulk-count]").forEach((node) => { node.textContent = String(chosen); });
  }

  document.addEventListener("change", (event) => {
    const box = event.target;
    const scope = box.form || document;
    if (box.matches("[data-select-all]")) {
      scope.querySelectorAll("[data-select]:not(:disabled)").forEach((one) => { one.checked = box.checked; });
      updateBulk(scope);
    } else if (box.matches("[data-select]")) {
      updateBulk(scope);
    } else if (box.matches("[data-submit-on-change]")) {
      box.form.requestSubmit();
    }
  });

  document.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-close-toast]");
    if (closer) hideToast(closer.closest(".note"));
    if (event.target.closest("[data-print]")) window.print();
    // Phones have no hover: a tap shows the exact time, another one the words.
    const time = event.target.closest("time[title]");
    if (time && window.matchMedia("(hover: none)").matches && !time.closest("a, button")) {
      [time.title, time.textContent] = [time.textContent, time.title];
    }
  });

  document.querySelectorAll("[data-toast]").forEach(startToast);
  // Parts of a page bring their own messages.
  ["htmx:oobAfterSwap", "portal:toast"].forEach((name) => {
    document.addEventListener(name, () => document.querySelectorAll("[data-toast]").forEach(startToast));
  });
  document.querySelectorAll("form:has([data-select])").forEach(updateBulk);
  const focus = document.querySelector("[data-focus]");
  if (focus) focus.focus();
})();
