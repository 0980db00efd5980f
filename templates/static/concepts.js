// One concept of one list, named in the address as #list/concept, and how every model places it.
(function () {
  "use strict";
  const { element, spoken } = isogloss;
  const byId = (id) => document.getElementById(id);
  const lists = new Map(JSON.parse(byId("concepts").dataset.catalogue).map((list) => [list.slug, list]));
  const SVG = document.querySelector("svg").namespaceURI;
  const SITE = document.title;
  const MAPS = 6;
  const MOST_MATCHES = 60;
  let turn = 0;

  // A value may be null, and a whole column empty.
  const number = (thousandths) => (Number.isFinite(thousandths) ? (thousandths / 1000).toFixed(3) : "–");
  const percent = (thousandths) => (Number.isFinite(thousandths) ? `${Math.round(thousandths / 10)} %` : "–");
  const address = (slug, id) => `#${slug}/${encodeURIComponent(id)}`;

  function svg(name, attributes, ...content) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...content);
    return made;
  }

  /** Elements with something between them. */
  const joined = (elements, between) => elements.flatMap((each, i) => (i ? [between, each] : [each]));

  function link(slug, concept) {
    const { text, language } = concept.name;
    return element("a", { href: address(slug, concept.id), lang: language.tag, dir: language.direction }, text);
  }

  // What the address asks for

  function asked() {
    const [slug, ...id] = location.hash.slice(1).split("/");
    const list = lists.get(slug) ?? lists.values().next().value;
    try {
      return { list, id: id.length ? decodeURIComponent(id.join("/")) : null };
    } catch {
      return { list, id: id.join("/") };
    }
  }

  /** What went wrong while files were loaded. */
  const complain = (error) => (byId("concept-status").textContent = error.message);

  /** Where the same is looked for in all lists. */
  const searchPage = (query) => `search.html${query ? `#q=${encodeURIComponent(query)}` : ""}`;

  async function show() {
    const own = (turn += 1);
    const { list, id } = asked();
    byId("concept-list").value = list.slug;
    byId("concept-query").value = "";
    byId("search-all").href = searchPage("");
    byId("concept-status").textContent = "";
    const [words, values] = await Promise.all([`words/${list.slug}`, `concepts/${list.slug}`].map(isogloss.load));
    if (own !== turn) return;
    const i = words.ids.indexOf(id);
    byId("concept").hidden = i < 0;
    byId("concept-index").hidden = i >= 0;
    if (i >= 0) return showConcept(list, words, values, i, own);
    document.title = SITE;
    if (id !== null) byId("concept-status").textContent = `${list.name} has no concept “${id}”.`;
    showIndex(list, words);
  }

  // The index of a list, and what is found in it

  function showIndex(list, words) {
    const byCategory = new Map();
    words.categories.forEach((category, i) => {
      if (!byCategory.has(category)) byCategory.set(category, []);
      byCategory.get(category).push(element("li", {}, link(list.slug, isogloss.concept(words, i))));
    });
    const parts = [...byCategory].flatMap(([category, items]) => [
      ...(category ? [element("h3", {}, category)] : []),
      element("ul", { class: "concept-names" }, ...items),
    ]);
    byId("concept-index").replaceChildren(element("h2", {}, list.name), ...parts);
  }

  function match(list, words, { i, words: found }) {
    const concept = isogloss.concept(words, i);
    const others = found.filter((word) => word !== concept.name).slice(0, 3);
    return element("li", {}, link(list.slug, concept), ...others.flatMap((word) => [" ", spoken(word)]));
  }

  async function find() {
    const own = (turn += 1);
    const { list } = asked();
    const query = byId("concept-query").value.trim();
    byId("search-all").href = searchPage(query);
    if (!query) return show();
    const words = await isogloss.load(`words/${list.slug}`);
    if (own !== turn) return;
    const found = isogloss.find(words, query);
    const items = found.slice(0, MOST_MATCHES).map((each) => match(list, words, each));
    byId("concept").hidden = true;
    byId("concept-index").hidden = false;
    byId("concept-index").replaceChildren(element("ul", { class: "concept-names" }, ...items));
    const rest = found.length > MOST_MATCHES ? `, the first ${MOST_MATCHES} are shown` : "";
    byId("concept-status").textContent = `${found.length || "Nothing"} found in ${list.name}${rest}.`;
  }

  // One concept

  function showConcept(list, words, values, i, own) {
    const concept = isogloss.concept(words, i);
    document.title = `${concept.name.text} · ${SITE}`;
    byId("concept-of").replaceChildren(
      element("a", { href: list.page }, list.name),
      ...(concept.category ? [` · ${concept.category}`] : []),
      ` · ${concept.id}`,
    );
    byId("concept-name").replaceChildren(spoken(concept.name));
    byId("concept-steps").replaceChildren(...steps(list, words, i));
    byId("concept-told").textContent = told(values, i);
    byId("renderings").replaceChildren(...concept.words.flatMap(renderings));
    byId("concept-models").hidden = !list.scored || !values.models.length;
    byId("placed").replaceChildren(...values.models.map((model) => row(model, concept, i)));
    byId("small-maps").replaceChildren();
    showMaps(list, words, values.models, i, 0, own).catch(complain);
  }

  function steps(list, words, i) {
    const beside = [["Previous", i - 1], ["Next", i + 1]].filter(([, at]) => words.ids[at] !== undefined);
    const made = beside.map(([told, at]) => {
      const concept = isogloss.concept(words, at);
      return element("a", { href: address(list.slug, concept.id) }, `${told}: `, spoken(concept.name));
    });
    return [...made, element("a", { href: `#${list.slug}` }, "All")];
  }

  function told(values, i) {
    const [difficulty, disagreement] = [values.difficulty[i], values.disagreement[i]];
    if (!Number.isFinite(difficulty)) return "";
    const apart = !Number.isFinite(disagreement) ? "" : ` Two models place it ${percent(disagreement)} of the list apart on average.`;
    return `Harder than ${percent(difficulty)} of the list for the ranked models on average.${apart}`;
  }

  const mark = (language) =>
    svg("svg", { class: "mark", viewBox: "-1.3 -1.3 2.6 2.6", width: 14, height: 14, "aria-hidden": "true" },
      svg("path", { d: language.shape, fill: language.colour }));

  function renderings([language, words]) {
    const spans = joined(words.map((word) => spoken(word)), " · ");
    return [element("div", {}, element("dt", {}, mark(language), " ", language.name), element("dd", {}, ...spans))];
  }

  const pairLink = (model, concept) =>
    element("a", { href: `${model.page}#concept=${encodeURIComponent(concept.id)}` }, model.name);

  function row(model, concept, i) {
    const cells = [number(model.median), percent(model.share[i]), percent(model.retrieved[i])];
    return element(
      "tr",
      model.ranked ? {} : { class: "unranked" },
      element("th", { scope: "row" }, pairLink(model, concept)),
      element("td", {}, element("strong", {}, number(model.sa[i])), dot(model.sa[i], model.median)),
      ...cells.map((cell) => element("td", { class: "number" }, cell)),
    );
  }

  /** SA on a line from 0 to 1, with the model's median; shares of the width, so that the dot stays round. */
  function dot(sa, median) {
    const at = (thousandths) => `${thousandths / 10}%`;
    const line = svg("line", { class: "bar-axis", x1: 0, x2: "100%", y1: 9, y2: 9 });
    const drawn = svg("svg", { class: "concept-dot", height: 18, "aria-hidden": "true" }, line);
    if (Number.isFinite(median))
      drawn.append(svg("line", { class: "concept-median", x1: at(median), x2: at(median), y1: 0, y2: 18 }));
    if (Number.isFinite(sa)) drawn.append(svg("circle", { class: "bar-value", cx: at(sa), cy: 9, r: 4.5 }));
    return drawn;
  }

  // Maps, a few at a time

  async function showMaps(list, words, models, i, first, own) {
    const shown = models.slice(first, first + MAPS);
    const pairs = await Promise.all(shown.map((model) => isogloss.load(`pairs/${model.slug}--${list.slug}`)));
    if (own !== turn) return;
    byId("small-maps").append(...shown.map((model, k) => card(list.slug, words, model, pairs[k], i)));
    const rest = models.length - first - MAPS;
    const more = byId("more-maps");
    more.hidden = rest <= 0;
    more.textContent = `Show ${Math.min(rest, MAPS)} of ${rest} more`;
    more.onclick = async () => {
      await showMaps(list, words, models, i, first + MAPS, own);
      byId("small-maps").children[first + MAPS]?.querySelector("a").focus();
    };
  }

  function card(slug, words, model, pair, i) {
    const concept = isogloss.concept(words, i);
    const none = element("p", { class: "small" }, `No map: ${pair.noMap}.`);
    const drawn = pair.places.length ? map(words, model, pair.places, i) : [none];
    const rivals = pair.rivals[i].map((rival) => element("li", {}, ...rivalled(slug, words, rival)));
    return element(
      "li",
      {},
      element("h4", {}, pairLink(model, concept)),
      ...drawn,
      ...(rivals.length ? [element("p", { class: "small" }, "Nearer than a translation:"), element("ul", {}, ...rivals)] : []),
    );
  }

  const cosine = (value) => value.toFixed(2).replace("-", "−");

  /** A wrong concept that is nearer than the translation, in the languages where it is so by most. */
  function rivalled(slug, words, [i, wins, a, b, similarity, right]) {
    const rival = isogloss.concept(words, i);
    const [from, to] = [words.languages[a], words.languages[b]];
    const named = rival.words.find(([language]) => language === to)[1].map((word) => spoken(word));
    const times = wins === 1 ? "one direction" : `${wins} directions`;
    const how = ` ${from.name} to ${to.name}, cosine ${cosine(similarity)} against ${cosine(right)}; nearest in ${times}`;
    return [
      element("a", { href: address(slug, rival.id) }, ...joined(named, " · ")),
      element("span", { class: "small" }, how),
    ];
  }

  /** A map as a drawing, and what is to be said of it. */
  function map(words, model, places, i) {
    const { every } = isogloss.index(words);
    const known = places.map((place, k) => [place, words.drawn[k]]).filter(([place]) => place);
    const [left, right] = ends(known.map(([[x]]) => x));
    const [bottom, top] = ends(known.map(([[, y]]) => y));
    const reach = Math.max(right - left, top - bottom) || 1;
    // The longer side is 100 long; y grows downwards in a drawing and upwards on a map.
    const x = (place) => round((100 * (place[0] - (left + right) / 2)) / reach);
    const y = (place) => round((-100 * (place[1] - (bottom + top) / 2)) / reach);
    const own = new Set(words.concepts[i]);
    const mine = known.filter(([, at]) => own.has(at));
    const name = `Map of ${model.name}: ${mine.length} words of this concept among ${known.length}`;
    const drawn = svg(
      "svg",
      { class: "small-map", viewBox: "-56 -56 112 112", role: "img", "aria-label": name },
      svg("path", { class: "all-words", d: known.map(([place]) => `M${x(place)} ${y(place)}h0`).join("") }),
      ...mine.map(([place, at]) =>
        svg("path", { d: every[at].language.shape, fill: every[at].language.colour, transform: `translate(${x(place)} ${y(place)})scale(3)` },
          svg("title", {}, every[at].text))),
    );
    const missing = element("p", { class: "small" }, "This large map shows other concepts only.");
    return mine.length ? [drawn] : [drawn, missing];
  }

  const round = (value) => Math.round(10 * value) / 10;

  const ends = (values) =>
    values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);

  for (const list of lists.values()) byId("concept-list").append(element("option", { value: list.slug }, list.name));
  byId("concept-list").addEventListener("change", (event) => (location.hash = event.target.value));
  byId("concept-query").addEventListener("input", () => find().catch(complain));
  byId("concept-index").addEventListener("click", (event) => {
    // The address says so already, so that it will not change.
    if (event.target.closest("a")?.hash === location.hash) show().catch(complain);
  });
  window.addEventListener("hashchange", async () => {
    await show().catch(complain);
    if (!byId("concept").hidden) byId("concept-name").focus();
  });
  if (lists.size) show().catch(complain);
})();
