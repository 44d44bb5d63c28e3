// A button with data-copy puts that into the clipboard, and says so for a moment.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const icon = button.firstElementChild;
  icon.textContent = "check";
  button.title = "Copied";
  setTimeout(() => {
    icon.textContent = "content_copy";
    button.title = "Copy";
  }, 1500);
});
