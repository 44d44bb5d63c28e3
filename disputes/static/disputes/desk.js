// The desk: what is known goes into its field at a click, and a page that waits for the PSP looks again.
for (const button of document.querySelectorAll("[data-use]")) {
  button.addEventListener("click", () => {
    const field = document.querySelector(`[data-offer="${button.dataset.use}"]`);
    field.value = document.getElementById(`offer-${button.dataset.use}`).textContent;
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

// The theme's script draws file fields of its own over the browser's, and must leave these alone.
for (const input of document.querySelectorAll(".desk-file input[type=file]")) {
  input.hasChangeListener = true;
}

// What was typed and not saved is not left by mistake.
const form = document.querySelector("form.desk-form[enctype]");
if (form) {
  let touched = false;
  form.addEventListener("input", () => { touched = true; });
  form.addEventListener("submit", () => { touched = false; });
  window.addEventListener("beforeunload", (event) => {
    if (touched) event.preventDefault();
  });
}

// Nothing can be typed on a page that waits, so nothing is lost by loading it anew.
const EVERY = 4000; // Milliseconds.
if (document.querySelector("[data-look-again]")) {
  setInterval(() => {
    if (document.visibilityState === "visible") location.reload();
  }, EVERY);
}
