/* Photos of a form, where the browser can: made smaller on the phone before they are sent, shown small, taken away again.
   On the file input: data-photos says how many at most, data-photo-side the long side in dots. In the same form
   [data-photos-shown] holds the small pictures, [data-photos-clear] takes all away, [data-photos-many] says that some were
   left out. Choosing again adds. Without this file the originals are sent, and the server makes them smaller. */
(() => {
  "use strict";
  const QUALITY = 0.85;
  // Already small enough to be sent as it is.
  const SMALL = 400 * 1024;
  const busy = new Map();

  async function smaller(file, side) {
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, side / Math.max(picture.width, picture.height));
      if (scale === 1 && file.size <= SMALL) return file;
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      const pen = canvas.getContext("2d");
      // What is transparent would turn black.
      pen.fillStyle = "#ffffff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      picture.close();
      const made = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", QUALITY); });
      if (!made || made.size >= file.size) return file;
      return new File([made], `${file.name.replace(/\.[^.]*$/, "")}.jpg`, { type: "image/jpeg" });
    } catch {
      // This browser cannot, or it is no picture: the server says so.
      return file;
    }
  }

  function put(input, files) {
    const bag = new DataTransfer();
    files.forEach((file) => bag.items.add(file));
    input.files = bag.files;
  }

  function start(input) {
    const form = input.form;
    const most = Number(input.dataset.photos);
    const side = Number(input.dataset.photoSide);
    const shown = form.querySelector("[data-photos-shown]");
    const clear = form.querySelector("[data-photos-clear]");
    const many = form.querySelector("[data-photos-many]");
    let chosen = [];

    function show() {
      shown.querySelectorAll("img").forEach((image) => URL.revokeObjectURL(image.src));
      shown.replaceChildren(...chosen.map((file) => {
        const image = document.createElement("img");
        image.src = URL.createObjectURL(file);
        image.alt = file.name;
        return image;
      }));
      clear.hidden = chosen.length === 0;
    }

    async function take(added) {
      const made = await Promise.all(added.map((file) => smaller(file, side)));
      many.hidden = chosen.length + made.length <= most;
      chosen = [...chosen, ...made].slice(0, most);
      put(input, chosen);
      show();
    }

    input.addEventListener("change", () => {
      const added = [...input.files];
      if (!added.length) return put(input, chosen);
      const work = (busy.get(form) || Promise.resolve()).then(() => take(added));
      busy.set(form, work);
      work.finally(() => { if (busy.get(form) === work) busy.delete(form); });
    });
    clear.addEventListener("click", () => {
      chosen = [];
      many.hidden = true;
      put(input, chosen);
      show();
    });
  }

  // Pressed before the pictures are ready: sent as soon as they are. On the window, so that nobody else has marked the form.
  window.addEventListener("submit", (event) => {
    const work = busy.get(event.target);
    if (!work) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = event.submitter;
    work.finally(() => event.target.requestSubmit(submitter));
  }, true);

  if (!window.createImageBitmap || !window.DataTransfer) return;
  document.querySelectorAll("input[type=file][data-photos]").forEach(start);
})();
