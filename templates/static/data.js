// Data files are scripts, which a page opened from a folder may load; each hands its data to isogloss.receive.
window.isogloss = (function () {
  "use strict";
  const folder = document.currentScript.dataset.folder;
  const received = new Map();
  const asked = new Map();

  /** Called by a data file with its name and its content. */
  function receive(name, data) {
    received.set(name, data);
  }

  /** The content of a data file such as "words/modern-concepts", asked for once. */
  function load(name) {
    if (!asked.has(name)) {
      asked.set(
        name,
        new Promise((resolve, reject) => {
          const script = document.createElement("script");
          script.src = `${folder}/${name}.js`;
          script.onload = () => resolve(received.get(name));
          script.onerror = () => {
            asked.delete(name);
            reject(new Error(`${script.src} could not be loaded`));
          };
          document.head.append(script);
        }),
      );
    }
    return asked.get(name);
  }

  return { receive, load };
})();
