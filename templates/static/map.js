// The map of a pair: legend, search, and the translations of a word, over the Bokeh figure in #map-data.
// Bokeh's own models are changed from outside, so that no code has to be built from text.
(async function () {
  "use strict";
  const root = document.documentElement;
  const MOST_MATCHES = 12;
  const FADED = 0.12;
  const PLAIN = 0.8;

  let roots;
  try {
    const item = JSON.parse(document.getElementById("map-data").textContent);
    roots = (await Bokeh.embed.embed_item(item)).roots ?? [];
  } catch (error) {
    root.classList.add("no-map");
    throw error;
  }
  const figure = Bokeh.documents.at(-1).roots()[0];
  const renderers = new Map(figure.renderers.map((renderer) => [renderer.name, renderer]));
  const links = renderers.get("links");
  const picked = renderers.get("picked");
  const entries = [...document.querySelectorAll(".legend-entry")].map(asButton);
  const languages = entries.map((entry) => entry.dataset.language);
  const entryOf = new Map(entries.map((entry) => [entry.dataset.language, entry]));
  const panel = document.getElementById("map-picked");
  const search = document.getElementById("map-search");
  const matches = document.getElementById("map-matches");

  /** Every word with its place: language, text, coordinates, its first concept and the others that it renders. */
  const words = languages.flatMap((language) => {
    const data = renderers.get(language).data_source.data;
    const column = (name) => [...(data[name] ?? data.get?.(name))];
    const [x, y, text, concept, label, also] = ["x", "y", "text", "concept", "label", "also"].map(column);
    return text.map((t, i) => {
      return { language, text: t, concept: concept[i], label: label[i], also: also[i], x: x[i], y: y[i] };
    });
  });

  /** The legend serves the drawing too, so its entries become buttons only here. */
  function asButton(entry) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = entry.className;
    button.setAttribute("aria-pressed", "true");
    Object.assign(button.dataset, entry.dataset);
    button.append(...entry.childNodes);
    entry.replaceWith(button);
    return button;
  }

  function paintTheme() {
    const ink = getComputedStyle(root).color;
    links.glyph.line_color = { value: ink };
    links.glyph.line_alpha = { value: 0.55 };
    picked.glyph.text_color = { value: ink };
  }

  function setAlpha(alpha) {
    for (const language of languages) {
      const glyph = renderers.get(language).glyph;
      glyph.fill_alpha = { value: alpha };
      glyph.line_alpha = { value: alpha };
    }
  }

  function clear() {
    links.data_source.data = { x0: [], y0: [], x1: [], y1: [] };
    picked.data_source.data = { x: [], y: [], text: [] };
    setAlpha(PLAIN);
    panel.replaceChildren();
  }

  /** Draw a concept's translations: lines from their middle to each word, and the words themselves. */
  function show(concept) {
    const group = words.filter((word) => word.concept === concept || word.also.includes(concept));
    if (group.length === 0) return;
    const mean = (key) => group.reduce((sum, word) => sum + word[key], 0) / group.length;
    const middle = { x: mean("x"), y: mean("y") };
    setAlpha(FADED);
    links.data_source.data = {
      x0: group.map(() => middle.x),
      y0: group.map(() => middle.y),
      x1: group.map((word) => word.x),
      y1: group.map((word) => word.y),
    };
    picked.data_source.data = {
      x: group.map((word) => word.x),
      y: group.map((word) => word.y),
      text: group.map((word) => word.text),
    };
    list(group, words.find((word) => word.concept === concept)?.label ?? concept);
  }

  function list(group, label) {
    const heading = document.createElement("h3");
    heading.textContent = label;
    const table = document.createElement("table");
    for (const word of group) {
      const row = table.insertRow();
      const name = document.createElement("th");
      name.scope = "row";
      name.textContent = entryOf.get(word.language).dataset.languageName;
      const cell = document.createElement("td");
      cell.lang = word.language;
      cell.dir = entryOf.get(word.language).dataset.direction;
      cell.textContent = word.text;
      row.append(name, cell);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "match";
    close.textContent = "Clear";
    close.addEventListener("click", clear);
    panel.replaceChildren(heading, table, close);
  }

  for (const language of languages) {
    const { selected, data } = renderers.get(language).data_source;
    selected.properties.indices.change.connect(() => {
      if (selected.indices.length === 0) return;
      const concepts = data.concept ?? data.get("concept");
      show(concepts[selected.indices[0]]);
      selected.indices = [];
    });
  }

  for (const entry of entries) {
    entry.addEventListener("click", () => {
      const shown = entry.getAttribute("aria-pressed") !== "true";
      entry.setAttribute("aria-pressed", String(shown));
      renderers.get(entry.dataset.language).muted = !shown;
    });
  }

  const fold = (text) => text.normalize("NFC").toLocaleLowerCase();
  search.addEventListener("input", () => {
    const wanted = fold(search.value.trim());
    matches.replaceChildren();
    if (wanted === "") {
      clear();
      return;
    }
    const begins = (word) => fold(word.text).startsWith(wanted);
    const found = words.filter((word) => fold(word.text).includes(wanted));
    found.sort((a, b) => Number(begins(b)) - Number(begins(a)) || a.text.length - b.text.length);
    for (const word of found.slice(0, MOST_MATCHES)) {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "match";
      const text = document.createElement("span");
      text.lang = word.language;
      text.dir = entryOf.get(word.language).dataset.direction;
      text.textContent = word.text;
      button.append(text, ` · ${entryOf.get(word.language).dataset.languageName}`);
      button.addEventListener("click", () => show(word.concept));
      item.append(button);
      matches.append(item);
    }
    if (found.length === 0) matches.textContent = "No such word on this map.";
    else show(found[0].concept);
  });

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-concept]") : null;
    if (!button) return;
    show(button.dataset.concept);
    document.getElementById("map-heading").scrollIntoView();
  });

  function showFromAddress() {
    const wanted = new URLSearchParams(location.hash.slice(1)).get("concept");
    if (wanted) show(wanted);
  }

  paintTheme();
  root.addEventListener("themechange", paintTheme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintTheme);
  addEventListener("hashchange", showFromAddress);
  showFromAddress();
  root.dataset.map = "ready";
})();
