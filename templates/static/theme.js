// Runs before the page is painted: marks that scripts run, and applies a theme the reader chose earlier.
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const key = "isogloss-theme";
  let chosen = null;
  try {
    chosen = localStorage.getItem(key);
  } catch {
    // Storage may be refused; the system's theme serves.
  }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest("[data-theme-switch]")) return;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (root.dataset.theme || system) === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    try {
      localStorage.setItem(key, next);
    } catch {
      // As above.
    }
    root.dispatchEvent(new CustomEvent("themechange"));
  });
})();
