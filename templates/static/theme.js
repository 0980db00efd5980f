// Runs before the page is painted: marks that scripts run, and applies the colours and the contrast that a reader chose.
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const key = { theme: "isogloss-theme", contrast: "isogloss-contrast" };
  const values = { theme: ["light", "dark"], contrast: ["more", "usual"] };

  /** Apply a choice; without one the system's serves. */
  function apply(what, chosen) {
    if (values[what].includes(chosen)) root.dataset[what] = chosen;
    else delete root.dataset[what];
  }

  function keep(what, chosen) {
    apply(what, chosen);
    try {
      if (what in root.dataset) localStorage.setItem(key[what], chosen);
      else localStorage.removeItem(key[what]);
    } catch {
      // Storage may be refused; the choice then lasts as long as the page.
    }
    tell();
  }

  /** Tell the page's other scripts that its colours are other ones now. */
  function tell() {
    root.dispatchEvent(new CustomEvent("themechange"));
  }

  const highContrast = matchMedia("(prefers-contrast: more)");
  for (const what of Object.keys(key)) {
    try {
      apply(what, localStorage.getItem(key[what]));
    } catch {
      // As above.
    }
  }
  for (const query of [highContrast, matchMedia("(prefers-color-scheme: dark)")]) query.addEventListener("change", tell);

  document.addEventListener("DOMContentLoaded", () => {
    const menu = document.querySelector(".theme-menu");
    if (!menu) return; // a benchmark's own templates may leave it out
    const contrast = menu.querySelector("[name=contrast]");
    const show = () => {
      menu.querySelector(`[name=theme][value=${root.dataset.theme ?? "system"}]`).checked = true;
      contrast.checked = root.dataset.contrast ? root.dataset.contrast === "more" : highContrast.matches;
    };
    show();
    root.addEventListener("themechange", show);
    menu.addEventListener("change", ({ target }) => {
      if (target !== contrast) keep("theme", target.value);
      else keep("contrast", target.checked === highContrast.matches ? "" : target.checked ? "more" : "usual");
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    for (const left of ["pointerdown", "focusin"])
      document.addEventListener(left, ({ target }) => {
        if (!menu.contains(target)) menu.open = false;
      });
  });
})();
