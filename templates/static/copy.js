// Copies a text of the page; where a browser forbids that, the text is selected for its reader to copy.
(function () {
  "use strict";
  const status = document.getElementById("copied");

  function select(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  async function copy(button) {
    const element = document.getElementById(button.dataset.copy);
    const name = element.getAttribute("aria-label");
    // Said anew each time: a screen reader stays silent about a text that is already there.
    status.textContent = "";
    try {
      await navigator.clipboard.writeText(element.textContent);
      status.textContent = `${name} copied.`;
    } catch {
      select(element);
      status.textContent = `${name} selected: copy it with your keyboard or menu.`;
    }
  }

  for (const button of document.querySelectorAll("button[data-copy]"))
    button.addEventListener("click", () => copy(button));
})();
