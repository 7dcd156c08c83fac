/* The quick log keeps what is typed on this phone until the server has it: typed text outlives a lost page, and an entry sent
   without a network goes off once the network is back. The form's key makes it one entry however often it is sent; the page
   names the keys that arrived (data-arrived), so only the server says that a draft is done. Without this file the form works.
   data-draft: a name for the account's drafts that says nothing about the account. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const PREFIX = "log-draft-";
  const name = PREFIX + form.dataset.draft;
  const note = form.querySelector("[data-draft-note]");
  const discard = form.querySelector("[data-draft-discard]");
  let sending = false;

  function read() {
    try {
      return JSON.parse(localStorage.getItem(name)) || null;
    } catch {
      return null;
    }
  }

  function write(draft) {
    try {
      if (draft) localStorage.setItem(name, JSON.stringify(draft));
      else localStorage.removeItem(name);
    } catch {
      // No storage in this browser: the form still works while the page is open.
    }
  }

  function say(words) {
    note.querySelector("[data-draft-words]").textContent = words;
    note.hidden = !words;
  }

  // Photos are in the page and not in the draft: that is said while they are.
  function waitingWords() {
    const photos = form.elements.namedItem("photos");
    return photos && photos.files.length ? form.dataset.waitingPhotos : form.dataset.waiting;
  }

  function typed(isWaiting) {
    const values = {};
    new FormData(form).forEach((value, key) => {
      if (key !== "csrfmiddlewaretoken" && typeof value === "string") values[key] = value;
    });
    return { values, isWaiting };
  }

  // False when a choice of the draft is not offered any more: then nobody may send it unseen.
  function restore(values) {
    let isWhole = true;
    Object.entries(values).forEach(([key, value]) => {
      const field = form.elements.namedItem(key);
      if (!field) return;
      if (field instanceof RadioNodeList) {
        field.value = value;
        if (field.value !== value) isWhole = false;
      } else {
        field.value = value;
      }
    });
    return isWhole;
  }

  function send() {
    if (sending) return;
    sending = true;
    say(form.dataset.sendingWords);
    HTMLFormElement.prototype.submit.call(form);
  }

  function start() {
    const draft = read();
    if (!draft) return;
    if (form.dataset.arrived.split(" ").includes(draft.values.idempotency_key)) return write(null);
    // The server has just answered with what is wrong: what stands on the page is the newest.
    if ("refused" in form.dataset) return write(typed(false));
    if (!(draft.values.summary || "").trim()) return;
    const isWhole = restore(draft.values);
    if (draft.isWaiting && isWhole && navigator.onLine) return send();
    say(draft.isWaiting && !navigator.onLine ? form.dataset.waiting : form.dataset.kept);
  }

  form.addEventListener("input", () => write(typed(false)));
  form.addEventListener("submit", (event) => {
    write(typed(true));
    if (navigator.onLine) {
      sending = true;
      return;
    }
    event.preventDefault();
    // portal.js has marked the form as being sent; it is not.
    delete form.dataset.sending;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
    say(waitingWords());
    note.scrollIntoView({ block: "center" });
  });
  window.addEventListener("online", () => {
    const draft = read();
    if (draft && draft.isWaiting) send();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) sending = false;
  });
  discard.addEventListener("click", () => {
    write(null);
    window.location.assign(form.dataset.fresh);
  });
  start();
})();
