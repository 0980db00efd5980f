// The map of a pair: words from the data files in an empty Bokeh figure, and what a reader can do with them.
// Bokeh's own models are changed from outside, so that no code has to be built from text.
(async function () {
  "use strict";
  const MOST_MATCHES = 12;
  const MOST_LISTED = 40;
  const MOST_LANGUAGES = 16;
  const MOST_LABELLED = 500;
  const CLASSES = 5;
  const PLAIN = 0.8;
  const FADED = 0.12;
  const MARGIN = 0.06;
  const LEAST_ASPECT = 0.55;
  const MOST_ASPECT = 1.1;
  const MOST_OF_SCREEN = 0.85;
  const SVG = "http://www.w3.org/2000/svg";

  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const box = byId("map");

  let shell, list, pair, figure;
  try {
    const named = ["map", box.dataset.words, box.dataset.pair];
    [shell, list, pair] = await Promise.all(named.map((name) => isogloss.load(name)));
    figure = await embedded();
  } catch (error) {
    root.classList.add("no-map");
    throw error;
  }

  async function embedded() {
    await Bokeh.embed.embed_item(shell.figure, "map");
    return Bokeh.documents.at(-1).roots()[0];
  }

  const renderers = Object.fromEntries(figure.renderers.map((renderer) => [renderer.name, renderer]));
  const tools = Object.fromEntries(figure.toolbar.tools.map((tool) => [tool.name, tool]));

  // The words, as the data files count them, and the points of those that are on this map.

  const words = list.languages.flatMap((language) =>
    language.words.map((text, order) => ({ text, order, language, concepts: [], point: null })),
  );
  list.concepts.forEach((places, concept) => places.forEach((place) => words[place].concepts.push(concept)));
  const points = list.drawn.flatMap((place, i) =>
    pair.places[i] ? [{ word: words[place], x: pair.places[i][0], y: pair.places[i][1] }] : [],
  );
  points.forEach((point, i) => (point.word.point = i));
  const wordsOf = (concept) => list.concepts[concept].map((place) => words[place]);
  const isWhole = (concept) => wordsOf(concept).every((word) => word.point !== null);
  for (const { word } of points) word.concept = word.concepts.find(isWhole) ?? word.concepts[0];
  const labelOf = (concept) => wordsOf(concept)[0]?.text ?? list.ids[concept];
  // The same words get their labels first wherever the map is moved, those of all languages in turn.
  const ranked = points.map((_, i) => i).sort((a, b) => points[a].word.order - points[b].word.order);

  // What the reader has chosen; everything shown follows from it.

  const state = { concept: null, found: null, chosen: null, colour: "language", muted: new Set() };

  const isShown = (i) => !state.muted.has(points[i].word.language.tag);

  /** The points in the light, null when all are alike. */
  function lit() {
    const picked = state.concept === null ? null : pointsOf(state.concept);
    const groups = [picked, state.found, state.chosen].filter(Boolean);
    return groups.length === 0 ? null : new Set(groups.flat());
  }

  function pointsOf(concept) {
    return wordsOf(concept).map((word) => word.point).filter((i) => i !== null && isShown(i));
  }

  // Elements

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const inLanguage = (tag, { text, language }) => make(tag, { lang: language.tag, dir: language.direction }, text);

  function button(name, act, className = "match") {
    const element = make("button", { type: "button", class: className }, name);
    element.addEventListener("click", act);
    return element;
  }

  function tell(text) {
    byId("map-status").textContent = text;
  }

  // Colours: tokens are resolved by an element that has them, as only the browser knows the theme.

  const probe = byId("map-status");

  function token(name) {
    probe.style.color = `var(--${name})`;
    const colour = getComputedStyle(probe).color;
    probe.style.color = "";
    return colour;
  }

  /** The style sheet knows which letters a language needs. */
  const families = new Map();
  function family({ tag }) {
    if (!families.has(tag)) {
      const sample = box.appendChild(make("span", { lang: tag }));
      families.set(tag, getComputedStyle(sample).fontFamily);
      sample.remove();
    }
    return families.get(tag);
  }

  /** Each way to colour: what colour a point has, and what the colours mean. */
  const colourings = {
    language: () => ({ of: (point) => point.word.language.colour, key: [] }),

    category() {
      const counts = new Map();
      for (const category of list.categories) counts.set(category, (counts.get(category) ?? 0) + 1);
      const names = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
      const colours = new Map(shell.hues.slice(0, names.length).map((hue, i) => [names[i], hue]));
      const key = [...colours].map(([name, hue]) => [name || "none", hue]);
      if (colours.size < names.length) key.push([`${names.length - colours.size} more`, shell.grey]);
      return { of: (point) => colours.get(list.categories[point.word.concept]) ?? shell.grey, key };
    },

    sa() {
      const known = pair.concepts.filter((value) => value !== null).sort((a, b) => a - b);
      const share = (i) => known[Math.floor((i * known.length) / CLASSES)];
      const cuts = [...new Set(Array.from({ length: CLASSES - 1 }, (_, i) => share(i + 1)))];
      const shades = Array.from({ length: CLASSES }, (_, i) => token(`scale-${i}`));
      const names = cuts.map((cut, i) => (i ? `${cuts[i - 1].toFixed(3)} to ${cut.toFixed(3)}` : `below ${cut.toFixed(3)}`));
      const key = [...names, `${cuts.at(-1).toFixed(3)} and above`].map((name, i) => [name, shades[i]]);
      if (known.length < pair.concepts.length) key.push(["no value", shell.grey]);
      const shade = (value) => (value === null ? shell.grey : shades[cuts.filter((cut) => cut <= value).length]);
      return { of: (point) => shade(pair.concepts[point.word.concept]), key };
    },
  };

  // Painting

  const fixed = {
    x: points.map((point) => point.x),
    y: points.map((point) => point.y),
    text: points.map(({ word }) => word.text),
    tag: points.map(({ word }) => word.language.tag),
    direction: points.map(({ word }) => word.language.direction),
    language: points.map(({ word }) => word.language.name),
    label: points.map(({ word }) => labelOf(word.concept)),
    marker: points.map(({ word }) => word.language.marker),
  };

  function paint() {
    const light = lit();
    const { of, key } = colourings[state.colour]();
    const shown = points.map((_, i) => isShown(i));
    renderers.words.view.filter.booleans = shown;
    renderers.context.view.filter.booleans = shown.map((is) => !is);
    renderers.words.data_source.data = {
      ...fixed,
      colour: points.map(of),
      alpha: points.map((_, i) => (!light || light.has(i) ? PLAIN : FADED)),
    };
    paintTheme();
    paintLinks();
    paintLabels();
    paintKey(key);
    toAddress();
  }

  function paintTheme() {
    const [ink, quiet, raised] = ["ink", "quiet", "raised"].map(token);
    Object.assign(renderers.context.glyph, { fill_color: { value: quiet }, line_color: { value: quiet } });
    renderers.links.glyph.line_color = { value: ink };
    Object.assign(renderers.labels.glyph, {
      text_color: { value: ink },
      background_fill_color: { value: raised },
      background_fill_alpha: { value: 0.75 },
    });
  }

  /** Lines from the middle of the picked concept's words to each of them. */
  function rays() {
    const ends = state.concept === null ? [] : pointsOf(state.concept).map((i) => points[i]);
    const mean = (axis) => ends.reduce((sum, point) => sum + point[axis], 0) / ends.length;
    const middle = ends.length ? { x: mean("x"), y: mean("y") } : null;
    return ends.map((end) => [middle, end]);
  }

  function paintLinks() {
    const drawn = rays();
    renderers.links.data_source.data = {
      x0: drawn.map(([from]) => from.x),
      y0: drawn.map(([from]) => from.y),
      x1: drawn.map(([, to]) => to.x),
      y1: drawn.map(([, to]) => to.y),
    };
  }

  function paintKey(key) {
    const frame = byId("map-key");
    frame.hidden = key.length === 0;
    frame.querySelector("h3").textContent = byId("map-colour").selectedOptions[0]?.textContent ?? "";
    frame.querySelector("ul").replaceChildren(
      ...key.map(([name, colour]) => {
        const mark = make("span", { class: "swatch", "aria-hidden": "true" });
        mark.style.background = colour;
        return make("li", { class: "legend-entry" }, mark, make("span", {}, name));
      }),
    );
    document.querySelector(".map-side > .legend").classList.toggle("plain", key.length > 0);
  }

  // Labels: as many words as fit without overlapping, once few enough are in view.

  const ruler = document.createElement("canvas").getContext("2d");
  const widths = new Map();

  function widthOf(word) {
    if (!widths.has(word)) {
      ruler.font = `13px ${family(word.language)}`;
      widths.set(word, ruler.measureText(word.text).width);
    }
    return widths.get(word);
  }

  /** Where a point is on the screen, from the frame's upper left corner. */
  function place({ x, y }) {
    const { x_range: across, y_range: up } = figure;
    return {
      x: ((x - across.start) / (across.end - across.start)) * figure.inner_width,
      y: ((up.end - y) / (up.end - up.start)) * figure.inner_height,
    };
  }

  /** The words to write, and on which side of their points. */
  function labels() {
    const light = lit();
    const picked = new Set(state.concept === null ? [] : pointsOf(state.concept));
    const inView = ranked.filter((i) => {
      const { x, y } = place(points[i]);
      return isShown(i) && (!light || light.has(i)) && x >= 0 && y >= 0 && x <= figure.inner_width && y <= figure.inner_height;
    });
    const wanted = inView.length > MOST_LABELLED ? inView.filter((i) => picked.has(i)) : inView;
    wanted.sort((a, b) => picked.has(b) - picked.has(a));
    const taken = [];
    return wanted.flatMap((i) => {
      const { x, y } = place(points[i]);
      const width = widthOf(points[i].word);
      for (const align of ["left", "right"]) {
        const left = align === "left" ? x + 6 : x - 6 - width;
        const area = { left: left - 2, right: left + width + 2, top: y - 9, bottom: y + 9 };
        if (area.left < 0 || area.right > figure.inner_width) continue;
        if (taken.some((t) => t.left < area.right && area.left < t.right && t.top < area.bottom && area.top < t.bottom))
          continue;
        taken.push(area);
        return [{ i, align }];
      }
      return [];
    });
  }

  function paintLabels() {
    const drawn = labels();
    renderers.labels.data_source.data = {
      x: drawn.map(({ i }) => points[i].x),
      y: drawn.map(({ i }) => points[i].y),
      text: drawn.map(({ i }) => points[i].word.text),
      font: drawn.map(({ i }) => family(points[i].word.language)),
      offset: drawn.map(({ align }) => (align === "left" ? 6 : -6)),
      align: drawn.map(({ align }) => align),
    };
  }

  let waiting = 0;
  function paintLabelsSoon() {
    clearTimeout(waiting);
    waiting = setTimeout(paintLabels, 80);
  }

  // Moving

  const spans = ["x", "y"].map((axis) => {
    const values = points.map((point) => point[axis]);
    return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  });
  const pad = MARGIN * Math.max(...spans.map(([low, high]) => high - low), 1e-6);
  const [across, up] = spans.map(([low, high]) => high - low + 2 * pad);
  /** Height over width: near the cloud's own, but all of the map is in view at once. */
  const tallest = Math.min(MOST_ASPECT, (MOST_OF_SCREEN * innerHeight) / box.clientWidth);
  const aspect = Math.max(LEAST_ASPECT, Math.min(tallest, up / across));
  const sizes = [Math.max(across, up / aspect), Math.max(up, across * aspect)];
  const whole = spans.map(([low, high], i) => ({
    start: (low + high - sizes[i]) / 2,
    end: (low + high + sizes[i]) / 2,
  }));

  function showWhole() {
    figure.x_range.setv(whole[0]);
    figure.y_range.setv(whole[1]);
  }

  function moved(change) {
    for (const [i, range] of [figure.x_range, figure.y_range].entries()) {
      const [middle, half] = [(range.start + range.end) / 2, (range.end - range.start) / 2];
      const [to, scaled] = change(middle, half, i);
      range.setv({ start: to - scaled, end: to + scaled });
    }
  }

  const zoom = (factor) => moved((middle, half) => [middle, half * factor]);
  const pan = (right, up) => moved((middle, half, i) => [middle + half * (i ? up : right) * 0.3, half]);

  // Picking

  function clear() {
    Object.assign(state, { concept: null, found: null, chosen: null });
    byId("map-search").value = "";
    byId("map-matches").replaceChildren();
    tell("Nothing is picked.");
    refresh();
  }

  function refresh() {
    listPicked();
    listChosen();
    paint();
  }

  function pick(concept) {
    state.concept = concept;
    tell(`${labelOf(concept)}: ${wordsOf(concept).length} words.`);
    refresh();
  }

  function listPicked() {
    const panel = byId("map-picked");
    panel.replaceChildren();
    if (state.concept === null) return;
    const table = make("table");
    for (const word of wordsOf(state.concept))
      table.append(make("tr", {}, make("th", { scope: "row" }, word.language.name), inLanguage("td", word)));
    panel.append(make("h3", {}, labelOf(state.concept)), ...figures(), table, ...rivals(), button("Clear", clear));
  }

  function figures() {
    const [sa, found] = [pair.concepts[state.concept], pair.retrieved[state.concept]];
    const parts = [];
    if (sa !== null) parts.push(`SA ${sa.toFixed(3)}`);
    if (found !== null) parts.push(`found in ${Math.round(100 * found)} % of the directions between languages`);
    return parts.length ? [make("p", { class: "small" }, parts.join(" · "))] : [];
  }

  /** The wrong concepts that lie nearer than the translation does, in the vectors and not on the map. */
  function rivals() {
    const beaten = pair.rivals[state.concept].map(([concept, wins, a, b, similarity, right]) => {
      const [from, to] = [list.languages[a], list.languages[b]];
      const rival = wordsOf(concept).find((word) => word.language === to);
      const told = ` ${wins} ${wins === 1 ? "time" : "times"}; ${from.name} to ${to.name}: cosine ${similarity.toFixed(2)} against ${right.toFixed(2)}`;
      const name = rival ? inLanguage("span", rival) : labelOf(concept);
      return make("li", {}, button(name, () => pick(concept)), make("span", { class: "small" }, told));
    });
    if (beaten.length === 0) return [];
    return [make("h4", {}, "Nearer than the translation"), make("ul", {}, ...beaten)];
  }

  // Searching

  const fold = (text) => text.normalize("NFC").toLocaleLowerCase();

  function search() {
    const wanted = fold(byId("map-search").value.trim());
    const matches = byId("map-matches");
    matches.replaceChildren();
    if (wanted === "") {
      clear();
      return;
    }
    const begins = ({ word }) => fold(word.text).startsWith(wanted);
    const found = points.filter(({ word }) => fold(word.text).includes(wanted));
    found.sort((a, b) => begins(b) - begins(a) || a.word.text.length - b.word.text.length);
    for (const { word } of found.slice(0, MOST_MATCHES)) {
      const match = button(inLanguage("span", word), () => pick(word.concept));
      match.append(` · ${word.language.name}`);
      matches.append(make("li", {}, match));
    }
    if (found.length === 0) matches.append(make("li", {}, "No such word on this map."));
    Object.assign(state, {
      concept: found[0]?.word.concept ?? null,
      found: found.map(({ word }) => word.point),
      chosen: null,
    });
    tell(found.length ? `${found.length} words found, ${labelOf(state.concept)} is shown.` : "No such word on this map.");
    refresh();
  }

  // Selecting several concepts

  function choose(chosen) {
    Object.assign(state, { concept: null, found: null, chosen: chosen.length ? chosen : null });
    refresh();
    tell(state.chosen ? byId("map-selected").querySelector("h3").textContent : "Nothing is selected.");
  }

  const chosenConcepts = () => [...new Set(state.chosen.map((i) => points[i].word.concept))].sort((a, b) => a - b);

  function listChosen() {
    const frame = byId("map-selected");
    frame.hidden = !state.chosen;
    frame.replaceChildren();
    if (!state.chosen) return;
    const concepts = chosenConcepts();
    const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
    const heading = `Selected: ${count(concepts.length, "concept")}, ${count(state.chosen.length, "word")}`;
    const columns = list.translated ? list.languages.slice(0, MOST_LANGUAGES) : [{ name: "Sign" }];
    const head = make("tr", {}, make("th", { scope: "col" }, "Concept"));
    head.append(...columns.map((language) => make("th", { scope: "col" }, language.name)));
    const body = make("tbody", {}, ...concepts.slice(0, MOST_LISTED).map((concept) => rowOf(concept, columns)));
    const table = make("table", { class: "words" }, make("thead", {}, head), body);
    const frameOf = make("div", { class: "table-frame tall", role: "region", "aria-label": heading, tabindex: "0" }, table);
    const copy = button("Copy CSV", async () => tell((await copied(csv(concepts))) ? "Copied." : "Could not be copied."));
    const save = button("Download CSV", () => download("csv", csv(concepts), "text/csv"));
    const tools = make("p", { class: "map-buttons" }, copy, save, button("Clear", clear));
    const more = concepts.length - MOST_LISTED;
    frame.append(make("h3", {}, heading), tools, frameOf);
    if (more > 0) frame.append(make("p", { class: "small" }, `and ${count(more, "more concept")}; the CSV has all`));
  }

  /** The concept's words, those that are selected strongly. */
  function rowOf(concept, columns) {
    const inside = new Set(state.chosen.map((i) => points[i].word));
    const pickIt = button(labelOf(concept), () => pick(concept));
    const cells = columns.map((column) => {
      const mine = wordsOf(concept).filter(({ language }) => !list.translated || language === column);
      const told = mine.map((word) => inLanguage(inside.has(word) ? "strong" : "span", word));
      return make("td", {}, ...told.flatMap((each, i) => (i ? [" · ", each] : [each])));
    });
    return make("tr", {}, make("th", { scope: "row" }, pickIt), ...cells);
  }

  /** The selected concepts as CSV; what a spreadsheet would take for a formula is marked as text. */
  function csv(concepts) {
    const cell = (value) => {
      const text = String(value ?? "");
      const formula = /^'*[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^[+-]?\d+([.,]\d+)?(e[+-]?\d+)?$/i.test(text);
      const safe = formula ? `'${text}` : text;
      return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    const rows = concepts.map((concept) => [
      list.ids[concept],
      list.categories[concept],
      pair.concepts[concept],
      ...list.languages.map((l) =>
        wordsOf(concept)
          .filter(({ language }) => language === l)
          .map(({ text }) => text)
          .join("|"),
      ),
    ]);
    const head = ["id", "category", "sa", ...list.languages.map((language) => language.tag)];
    return [head, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
  }

  /** Put a text on the clipboard, by way of a field where pages of a folder may not write to it. */
  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = document.body.appendChild(make("textarea", { "aria-hidden": "true", class: "visually-hidden" }));
      const before = document.activeElement;
      field.value = text;
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      before?.focus();
      return done;
    }
  }

  // Saving

  function download(ending, content, type) {
    const blob = content instanceof Blob ? content : new Blob([content], { type: `${type};charset=utf-8` });
    const link = make("a", { href: URL.createObjectURL(blob), download: `${box.dataset.pair.split("/").at(-1)}.${ending}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  function draw(tag, attributes, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  /** What is in view with its title and legend, as a drawing of its own. */
  function drawing() {
    const [width, height, head] = [figure.inner_width, figure.inner_height, 34];
    const [ink, raised, quiet] = ["ink", "raised", "quiet"].map(token);
    const { of, key } = colourings[state.colour]();
    const light = lit();
    const at = (point) => Object.fromEntries(Object.entries(place(point)).map(([axis, value]) => [axis, value.toFixed(1)]));
    const languages = list.languages.filter((_, l) => points.some(({ word }) => word.language === list.languages[l]));
    const ids = new Map(languages.map((language, i) => [language, `shape${i}`]));
    const shapes = languages.map((language) =>
      draw("path", { id: ids.get(language), transform: "scale(3.6)", d: language.shape }),
    );
    const marks = points.flatMap((point, i) => {
      const { x, y } = at(point);
      const shape = `#${ids.get(point.word.language)}`;
      const opacity = !light || light.has(i) ? PLAIN : FADED;
      return isShown(i) ? [draw("use", { href: shape, x, y, fill: of(point), "fill-opacity": opacity })] : [];
    });
    const lines = rays().map((ends) => {
      const [from, to] = ends.map(at);
      return draw("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y, stroke: ink, "stroke-opacity": 0.55 });
    });
    const names = labels().map(({ i, align }) => {
      const { word } = points[i];
      const { x, y } = place(points[i]);
      const [anchor, offset] = align === "left" ? ["start", 6] : ["end", -6];
      const look = { "text-anchor": anchor, "font-family": family(word.language), lang: word.language.tag };
      const halo = { stroke: raised, "stroke-width": 3, "stroke-linejoin": "round", "paint-order": "stroke" };
      return draw("text", { x: (x + offset).toFixed(1), y: (y + 4.5).toFixed(1), fill: ink, ...look, ...halo }, word.text);
    });
    const legend = languages.map((language) => [language.name, key.length ? quiet : language.colour, ids.get(language)]);
    const dot = draw("circle", { id: "swatch", r: 4 });
    const { entries, end } = legendRows([...legend, ...key.map((row) => [...row, "swatch"])], width, head + height + 22, ink);
    const title = document.querySelector("h1").textContent;
    const picture = draw(
      "svg",
      { xmlns: SVG, width, height: end, viewBox: `0 0 ${width} ${end}`, "font-size": 13, "font-family": family({ tag: "en" }) },
      draw("title", {}, title),
      draw("defs", {}, ...shapes, dot),
      draw("rect", { width: "100%", height: "100%", fill: raised }),
      draw("text", { x: 12, y: 22, fill: ink, "font-size": 15, "font-weight": 600 }, title),
      draw("svg", { y: head, width, height }, ...marks, ...lines, ...names),
      ...entries,
    );
    return { text: new XMLSerializer().serializeToString(picture), width, height: end };
  }

  function legendRows(legend, width, top, ink) {
    ruler.font = `13px ${family({ tag: "en" })}`;
    let [x, y] = [18, top];
    const entries = legend.flatMap(([name, fill, shape]) => {
      const wide = 12 + ruler.measureText(name).width + 18;
      if (x + wide > width) [x, y] = [18, y + 20];
      const mark = draw("use", { href: `#${shape}`, x, y: y - 4.5, fill });
      const text = draw("text", { x: x + 10, y, fill: ink }, name);
      x += wide;
      return [mark, text];
    });
    return { entries, end: y + 16 };
  }

  async function savePng() {
    const { text, width, height } = drawing();
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = make("canvas", { width: 2 * width, height: 2 * height });
    canvas.getContext("2d").drawImage(image, 0, 0, 2 * width, 2 * height);
    canvas.toBlob((blob) => download("png", blob));
  }

  // The address says what is picked, so that it can be kept and shared.

  function toAddress() {
    const told = new URLSearchParams();
    if (state.concept !== null) told.set("concept", list.ids[state.concept]);
    if (state.colour !== "language") told.set("colour", state.colour);
    if (state.muted.size) told.set("muted", [...state.muted].join(" "));
    const mine = told.size ? `#${told}` : "";
    const isOther = location.hash && !isMine(new URLSearchParams(location.hash.slice(1)));
    if (mine !== location.hash && (mine || !isOther)) history.replaceState(null, "", mine || location.pathname + location.search);
  }

  const isMine = (told) => ["concept", "colour", "muted"].some((name) => told.has(name));

  function fromAddress() {
    const told = new URLSearchParams(location.hash.slice(1));
    if (isMine(told)) {
      const concept = list.ids.indexOf(told.get("concept"));
      const select = byId("map-colour");
      const offered = [...select.options].map((option) => option.value);
      const tags = list.languages.map((language) => language.tag);
      Object.assign(state, {
        concept: concept === -1 ? null : concept,
        colour: offered.includes(told.get("colour")) ? told.get("colour") : "language",
        muted: new Set((told.get("muted") ?? "").split(" ").filter((tag) => tags.includes(tag))),
      });
      select.value = state.colour;
      for (const entry of entries) entry.setAttribute("aria-pressed", String(!state.muted.has(entry.dataset.language)));
    }
    refresh();
  }

  // What the reader does

  /** The legend serves the drawing too, so its entries become buttons only here. */
  function asButton(entry) {
    const pressed = button("", () => mute(entry.dataset.language, pressed), entry.className);
    pressed.setAttribute("aria-pressed", "true");
    pressed.dataset.language = entry.dataset.language;
    pressed.replaceChildren(...entry.childNodes);
    entry.replaceWith(pressed);
    return pressed;
  }

  function mute(tag, pressed) {
    if (!state.muted.delete(tag)) state.muted.add(tag);
    pressed.setAttribute("aria-pressed", String(!state.muted.has(tag)));
    paint();
  }

  function selected({ geometry }) {
    const { selected: selection } = renderers.words.data_source;
    const indices = [...selection.indices];
    selection.indices = [];
    if (geometry.type !== "point") choose(indices);
    else if (indices.length) pick(points[indices[0]].word.concept);
    else if (lit()) clear();
  }

  function onKey(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (step) pan(...step);
    else if (event.key === "+" || event.key === "=") zoom(1 / 1.5);
    else if (event.key === "-") zoom(1.5);
    else if (event.key === "0") showWhole();
    else return;
    event.preventDefault();
  }

  const entries = [...document.querySelectorAll("span.legend-entry")].map(asButton);
  for (const row of document.querySelectorAll("#words tr[data-concept]")) {
    const concept = list.ids.indexOf(row.dataset.concept);
    const show = button("map", () => {
      pick(concept);
      byId("map-heading").scrollIntoView();
    }, "show");
    show.setAttribute("aria-label", `Show ${labelOf(concept)} on the map`);
    row.querySelector("td.js-only").append(show);
  }
  for (const choice of document.querySelectorAll("[name=map-drag]"))
    choice.addEventListener("change", () => (tools[choice.value].active = true));
  for (const [id, act] of [
    ["map-in", () => zoom(1 / 1.5)],
    ["map-out", () => zoom(1.5)],
    ["map-whole", showWhole],
    ["map-svg", () => download("svg", drawing().text, "image/svg+xml")],
    ["map-png", savePng],
  ])
    byId(id).addEventListener("click", act);
  byId("map-search").addEventListener("input", search);
  byId("map-colour").addEventListener("change", ({ target }) => {
    state.colour = target.value;
    paint();
  });
  box.addEventListener("keydown", onKey);
  // The wheel belongs to the page until the map is in use.
  box.addEventListener("focusin", () => (tools["wheel-zoom"].active = true));
  box.addEventListener("focusout", () => (tools["wheel-zoom"].active = false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && lit()) clear();
  });
  figure.js_event_callbacks = { selectiongeometry: [selected] };
  for (const range of [figure.x_range, figure.y_range]) range.change.connect(paintLabelsSoon);
  figure.properties.inner_width.change.connect(paintLabelsSoon);
  root.addEventListener("themechange", paint);
  addEventListener("hashchange", fromAddress);

  figure.height = Math.round(figure.width * aspect);
  showWhole();
  tools.pan.active = true;
  fromAddress();
  root.dataset.map = "ready";
})();
