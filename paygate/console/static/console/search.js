// In the command palette, Enter without a chosen hit opens the search page: it goes straight to what an id names.
document.addEventListener(
  "keydown",
  (event) => {
    const field = event.target;
    if (event.key !== "Enter" || field.id !== "search-input-command") return;
    if (document.querySelector("#command-results-list li.active")) return;
    event.preventDefault();
    event.stopPropagation();
    const page = field.getAttribute("hx-get").split("?")[0];
    if (field.value.trim()) window.location.assign(`${page}?q=${encodeURIComponent(field.value.trim())}`);
  },
  true,
);
