// Two to four models side by side, picked in the page and kept in its address. The statistics are those of
// generator/ranks.py on the same resamples; the sentences are the builder's.
(function () {
  "use strict";
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const catalogue = JSON.parse(byId("compare").dataset.catalogue);
  const models = new Map(catalogue.models.map((model) => [model.slug, model]));
  const datasets = new Map(catalogue.datasets.map((dataset) => [dataset.slug, dataset]));
  const counting = catalogue.datasets.filter((dataset) => dataset.counts).map((dataset) => dataset.slug);
  const SVG = document.querySelector("svg").namespaceURI;
  const DISPUTED = 10;
  const MOST_MATCHES = 12;
  const REACH = 18;
  const MARGIN = 0.06;
  const LABEL = 15;
  const LABEL_WIDTH = 80;

  /** A dataset's words, or a model on a dataset with its scores. */
  async function load(stem) {
    const names = datasets.has(stem) ? [`words/${stem}`] : [`pairs/${stem}`, `scores/${stem}`];
    return Object.assign({}, ...(await Promise.all(names.map(isogloss.load))));
  }

  // Statistics

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

  /** NumPy's quantile: linear between order statistics. */
  function quantile(values, share) {
    const sorted = Float64Array.from(values).sort();
    const place = share * (sorted.length - 1);
    const low = Math.floor(place);
    const high = Math.min(low + 1, sorted.length - 1);
    return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
  }

  function decoded(draws) {
    return draws && new Float32Array(Uint8Array.from(atob(draws), (byte) => byte.charCodeAt(0)).buffer);
  }

  const pairsOf = (items) => items.flatMap((_, i) => items.slice(i + 1).map((__, k) => [i, i + 1 + k]));

  /** A critical value for differences of so many resampled concepts; see generator/ranks.py, for_small_lists. */
  function forSmallLists(c, concepts) {
    if (concepts < 2) return c;
    const df = concepts - 1;
    const student =
      c +
      (c ** 3 + c) / 4 / df +
      (5 * c ** 5 + 16 * c ** 3 + 3 * c) / 96 / df ** 2 +
      (3 * c ** 7 + 19 * c ** 5 + 17 * c ** 3 - 15 * c) / 384 / df ** 3;
    return student * Math.sqrt(concepts / df);
  }

  /** Every model less every later one, with intervals that hold for all at once; without them where draws are null. */
  function contrasts(values, draws, concepts) {
    const plain = pairsOf(values).map(([i, j]) => ({ i, j, value: values[i] - values[j] }));
    if (!draws || draws.some((row) => !row || row.length !== draws[0].length)) return plain;
    const known = Array.from(draws[0].keys()).filter((b) => draws.every((row) => Number.isFinite(row[b])));
    if (known.length < catalogue.leastDraws) return plain;
    const largest = new Float64Array(known.length);
    for (const contrast of plain) {
      const drawn = known.map((b) => draws[contrast.i][b] - draws[contrast.j][b]);
      const middle = mean(drawn);
      const squares = drawn.reduce((sum, d) => sum + (d - middle) ** 2, 0);
      contrast.deviation = Math.sqrt(squares / (drawn.length - 1));
      if (contrast.deviation <= catalogue.leastDeviation) continue;
      drawn.forEach((d, b) => {
        largest[b] = Math.max(largest[b], Math.abs(d - middle) / contrast.deviation);
      });
    }
    const critical = forSmallLists(quantile(largest, catalogue.confidence), concepts);
    for (const contrast of plain) {
      contrast.low = contrast.value - critical * contrast.deviation;
      contrast.high = contrast.value + critical * contrast.deviation;
      contrast.resolution = (critical + catalogue.powerQuantile) * contrast.deviation;
    }
    return plain;
  }

  function verdict({ low, high }) {
    if (low === undefined) return "no interval";
    if (low > 0 || high < 0) return "differ";
    return low > -catalogue.equivalent && high < catalogue.equivalent ? "equivalent" : "cannot tell";
  }

  /**
   * The similarity of the plane that lays points on others with the least squares: [x, y] or null each, paired by
   * place. Gives the moved points, and the disparity: the share of the squares that is left, from 0 to 1.
   */
  function aligned(points, onto) {
    const shared = points.map((_, i) => i).filter((i) => points[i] && onto[i]);
    const standard = (all) => {
      const centre = [0, 1].map((k) => mean(shared.map((i) => all[i][k])));
      const size = Math.hypot(...shared.flatMap((i) => [all[i][0] - centre[0], all[i][1] - centre[1]]));
      return { centre, size, at: (p) => [(p[0] - centre[0]) / size, (p[1] - centre[1]) / size] };
    };
    const [from, to] = [standard(points), standard(onto)];
    if (!(from.size > 0 && to.size > 0)) return null;
    let [xx, xy, yx, yy] = [0, 0, 0, 0];
    for (const i of shared) {
      const [p, q] = [from.at(points[i]), to.at(onto[i])];
      xx += p[0] * q[0];
      xy += p[0] * q[1];
      yx += p[1] * q[0];
      yy += p[1] * q[1];
    }
    const mirror = xx * yy - xy * yx < 0 ? -1 : 1;
    const [across, along] = [xy - mirror * yx, xx + mirror * yy];
    const scale = Math.hypot(across, along);
    const [sine, cosine] = [across / scale, along / scale];
    const moved = (point) => {
      const [x, y] = from.at(point);
      const turned = [cosine * x - mirror * sine * y, sine * x + mirror * cosine * y];
      return turned.map((value, k) => to.centre[k] + to.size * scale * value);
    };
    return { disparity: Math.max(0, 1 - scale ** 2), points: points.map((point) => point && moved(point)) };
  }

  // Words and numbers

  const minus = (text) => text.replace("-", "−");
  const decimal = (value) => (value === null ? "–" : minus(value.toFixed(3).replace(/^-(0\.0*)$/, "$1")));
  const signed = (value) => (decimal(value).startsWith("−") ? "" : "+") + decimal(value);

  /** The builder's sentence on two models, the better one first. */
  function sentence(contrast, state, scores) {
    const turned = contrast.value < 0;
    const [better, worse] = turned ? [contrast.j, contrast.i] : [contrast.i, contrast.j];
    let kind = verdict(contrast);
    const [low, high] = turned ? [-contrast.high, -contrast.low] : [contrast.low, contrast.high];
    if (kind === "differ" && high < catalogue.equivalent) kind = "hardly";
    const lifts = [scores.lifts[better], scores.lifts[worse]];
    const opposed = !lifts.includes(null) && lifts[1] - lifts[0] > catalogue.leastLift;
    const told = {
      better: models.get(state.models[better]).name,
      worse: models.get(state.models[worse]).name,
      gap: signed(Math.abs(contrast.value)),
      margin: String(catalogue.equivalent),
      better_lift: decimal(lifts[0] ?? 0),
      worse_lift: decimal(lifts[1] ?? 0),
      low: decimal(low ?? 0),
      high: decimal(high ?? 0),
      resolution: decimal(contrast.resolution ?? 0),
    };
    const settled = kind === "equivalent" || kind === "cannot tell";
    const phrase = catalogue.phrases[kind] + (opposed && !settled ? catalogue.phrases.opposed : "");
    return `${phrase.replace(/\{(\w+)\}/g, (_, name) => told[name])}.`;
  }

  // Elements

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function draw(tag, attributes = {}, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const heading = (text, attributes = {}) => make("th", { scope: "row", ...attributes }, text);
  const number = (text) => make("td", { class: "number" }, text);
  const small = (text) => make("span", { class: "small" }, text);

  function button(attributes, act, ...children) {
    const element = make("button", { type: "button", class: "match", ...attributes }, ...children);
    element.addEventListener("click", act);
    return element;
  }

  // What is picked: the address says it, and everything follows the address.

  let current = null;

  function fromAddress() {
    const told = new URLSearchParams(location.hash.slice(1));
    const named = [...new Set((told.get("models") ?? "").split(",").filter(Boolean))];
    const known = named.filter((slug) => models.has(slug)).slice(0, catalogue.most);
    const others = [...models.keys()].filter((slug) => !known.includes(slug));
    const chosen = known.length < 2 ? [...known, ...others].slice(0, 2) : known;
    const shared = [...datasets.keys()].filter((slug) => chosen.every((model) => !models.get(model).missing[slug]));
    const dataset = shared.includes(told.get("dataset")) ? told.get("dataset") : shared[0];
    const pair = (told.get("pair") ?? "").split(",").map((slug) => chosen.indexOf(slug));
    const unknown = named.filter((slug) => !models.has(slug));
    const inOrder = pair.length === 2 && 0 <= pair[0] && pair[0] < pair[1];
    return { models: chosen, dataset, pair: inOrder ? pair : [0, 1], shared, unknown };
  }

  function go(state) {
    const pair = state.pair?.join() === "0,1" ? undefined : state.pair?.map((i) => state.models[i]);
    const parts = [`models=${state.models}`, state.dataset && `dataset=${state.dataset}`, pair && `pair=${pair}`];
    location.hash = parts.filter(Boolean).join("&");
  }

  // Picking

  const pickers = ["First model", "Second model", "Third model", "Fourth model"].slice(0, catalogue.most).map((name, i) => {
    const select = make("select", { "data-place": i });
    if (i > 1) select.append(make("option", { value: "" }, "none"));
    for (const [label, ranked] of [["Models", true], ["Controls", false]]) {
      const group = catalogue.models.filter((model) => model.ranked === ranked);
      if (group.length === 0) continue;
      select.append(make("optgroup", { label }, ...group.map((m) => make("option", { value: m.slug }, m.name))));
    }
    select.addEventListener("change", () => {
      const chosen = pickers.map((each) => each.value).filter(Boolean);
      go({ models: [...new Set(chosen)], dataset: current.dataset });
    });
    byId("pick-models").append(make("label", {}, `${name} `, select));
    return select;
  });

  const pickDataset = byId("pick-dataset");
  for (const { slug, name } of catalogue.datasets) pickDataset.append(make("option", { value: slug }, name));
  pickDataset.addEventListener("change", () => go({ ...current, dataset: pickDataset.value }));

  const pickPair = byId("pick-pair");
  pickPair.addEventListener("change", () => go({ ...current, pair: pickPair.value.split(",").map(Number) }));

  function showPicked(state) {
    pickers.forEach((select, i) => {
      select.value = state.models[i] ?? "";
      for (const option of select.querySelectorAll("option"))
        option.disabled = option.value !== "" && option.value !== select.value && state.models.includes(option.value);
    });
    for (const option of pickDataset.options) option.disabled = !state.shared.includes(option.value);
    pickDataset.value = state.dataset ?? "";
    const names = state.models.map((slug) => models.get(slug).name);
    const options = pairsOf(names).map(([i, j]) => make("option", { value: `${i},${j}` }, `${names[i]} and ${names[j]}`));
    pickPair.replaceChildren(...options);
    pickPair.value = state.pair.join();
    byId("pick-pair-tools").hidden = state.models.length < 3;
    byId("compare-status").replaceChildren(...notes(state).map((note) => make("span", { class: "reason" }, note)));
  }

  /** What the reader should know of the choice: unknown models, and lists that cannot be compared on. */
  function notes(state) {
    const found = state.unknown.map((slug) => `There are no results of ${slug}.`);
    for (const { slug, name } of catalogue.datasets)
      for (const model of state.models) {
        const reason = models.get(model).missing[slug];
        if (reason) found.push(`Left out: ${name}; ${models.get(model).name} ${reason}.`);
      }
    if (state.shared.length === 0) found.push("These models share no word list, so there is nothing to compare.");
    return found;
  }

  // Verdict and differences

  function scoresOf(state, data) {
    const scores = new Map();
    for (const slug of state.shared) {
      const of = state.models.map((model) => data.get(`${model}--${slug}`));
      const values = of.map((each) => each.sa);
      const draws = of.map((each) => decoded(each.draws));
      const [nulls, lifts, centred, offsets] = ["null", "lift", "centred", "offset"].map((key) => of.map((each) => each[key]));
      const { name, concepts } = datasets.get(slug);
      const found = contrasts(values, draws, concepts);
      scores.set(slug, { name, values, draws, nulls, lifts, centred, offsets, found });
    }
    if (counting.length < 2 || !counting.every((slug) => scores.has(slug))) return scores;
    const parts = counting.map((slug) => scores.get(slug));
    const over = (name) =>
      state.models.map((_, i) => (parts.some((p) => p[name][i] === null) ? null : mean(parts.map((p) => p[name][i]))));
    const [values, nulls, lifts, centred, offsets] = ["values", "nulls", "lifts", "centred", "offsets"].map(over);
    const lengths = new Set(parts.flatMap((part) => part.draws.map((row) => row?.length)));
    // Lists are resampled independently, so draw b of the mean is the mean of the draws b.
    const draws =
      lengths.size === 1 && !lengths.has(undefined)
        ? state.models.map((_, i) => averaged(parts.map((part) => part.draws[i])))
        : null;
    const name = `Mean of ${counting.length} lists`;
    const shortest = Math.min(...counting.map((slug) => datasets.get(slug).concepts));
    const found = contrasts(values, draws, shortest);
    return new Map([["", { name, values, nulls, lifts, centred, offsets, found }], ...scores]);
  }

  const averaged = (rows) => Float64Array.from(rows[0], (_, b) => mean(rows.map((row) => row[b])));

  function showVerdict(state, scores) {
    const told = ["", state.dataset].filter((slug) => scores.has(slug));
    byId("verdict").replaceChildren(
      ...told.map((slug) => {
        const { name, found } = scores.get(slug);
        const sentences = found.map((contrast) => make("li", {}, sentence(contrast, state, scores.get(slug))));
        return make("div", {}, make("h3", {}, name), make("ul", {}, ...sentences));
      }),
    );
    const bodies = [...scores].map(([slug, { name, values, nulls, lifts, centred, offsets }]) =>
      make(
        "tbody",
        { "data-dataset": slug },
        ...state.models.map((model, i) =>
          make(
            "tr",
            {},
            ...(i === 0 ? [heading(name, { rowspan: state.models.length, scope: "rowgroup" })] : []),
            heading(models.get(model).name),
            ...[values, nulls, lifts, centred, offsets].map((row) => number(decimal(row[i]))),
          ),
        ),
      ),
    );
    fill(byId("scores"), bodies);
  }

  function fill(table, bodies) {
    for (const body of [...table.tBodies]) body.remove();
    table.append(...bodies);
  }

  function showDifferences(state, scores) {
    const ends = [...scores.values()].flatMap(({ found }) => found.flatMap((c) => [c.value, c.low ?? 0, c.high ?? 0]));
    const reach = 1.05 * Math.max(2 * catalogue.equivalent, ...ends.map(Math.abs));
    const bodies = [...scores].map(([slug, { name, found }]) =>
      make(
        "tbody",
        { "data-dataset": slug },
        ...found.map((contrast, k) => {
          const [a, b] = [contrast.i, contrast.j].map((i) => models.get(state.models[i]).name);
          const kind = verdict(contrast);
          const interval = kind === "no interval" ? "–" : `${signed(contrast.low)} to ${signed(contrast.high)}`;
          return make(
            "tr",
            {},
            ...(k === 0 ? [heading(name, { rowspan: found.length, scope: "rowgroup" })] : []),
            heading(`${a} − ${b}`),
            make("td", { class: "number" }, make("strong", {}, signed(contrast.value))),
            make("td", { class: "contrast-drawn" }, interval, intervalBar(contrast, reach)),
            make("td", {}, make("span", { class: `contrast contrast-${kind.replace(" ", "-")}` }, kind)),
          );
        }),
      ),
    );
    fill(byId("differences"), bodies);
    byId("overall-warning").hidden = !scores.has("");
  }

  /** A difference about nought, with its interval and the band in which it would be too small to matter. */
  function intervalBar({ value, low, high }, reach) {
    const x = (d) => (50 + (50 * d) / reach).toFixed(2);
    const margin = catalogue.equivalent;
    const bar = draw("svg", { class: "bar", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" });
    bar.append(
      draw("rect", { class: "contrast-band", x: x(-margin), width: x(2 * margin - reach), y: 0, height: 12 }),
      draw("line", { class: "bar-axis", x1: 50, x2: 50, y1: 0, y2: 12 }),
    );
    if (low !== undefined)
      bar.append(draw("line", { class: "contrast-interval", x1: x(low), x2: x(high), y1: 6, y2: 6 }));
    bar.append(draw("rect", { class: "bar-value", x: x(value) - 0.8, width: 1.6, y: 1.5, height: 9 }));
    return bar;
  }

  // Words

  /** A dataset's words in one row, each with its language and the concepts that it renders. */
  function lexicon(data) {
    const words = data.languages.flatMap((language) => language.words.map((text) => ({ text, language, concepts: [] })));
    data.concepts.forEach((members, concept) => members.forEach((i) => words[i].concepts.push(concept)));
    return { ...data, all: words };
  }

  const word = ({ text, language }) => make("span", { lang: language.tag, dir: language.direction }, text);

  function label(lexemes, concept) {
    return word(lexemes.all[lexemes.concepts[concept][0]]);
  }

  function renderings(lexemes, concept) {
    const members = lexemes.concepts[concept].map((i) => word(lexemes.all[i]));
    const between = () => make("span", { class: "or", "aria-hidden": "true" }, " · ");
    return members.flatMap((member, i) => (i === 0 ? [member] : [between(), member]));
  }

  // Disputed concepts and pairs of languages

  function showDisputed(state, data, lexemes, maps) {
    const [a, b] = state.pair.map((i) => ({
      name: models.get(state.models[i]).name,
      sa: data.get(`${state.models[i]}--${state.dataset}`).concepts,
    }));
    const disputes = a.sa.flatMap((ours, concept) =>
      ours === null || b.sa[concept] === null ? [] : [{ concept, difference: ours - b.sa[concept] }],
    );
    const lists = [
      [a, b, 1],
      [b, a, -1],
    ].map(([better, worse, sign]) => {
      const found = disputes.filter(({ difference }) => sign * difference > 0);
      found.sort((one, other) => sign * (other.difference - one.difference));
      const items = found.slice(0, DISPUTED).map(({ concept, difference }) =>
        make(
          "li",
          { "data-concept": concept },
          make("span", { class: "concept-sa" }, signed(Math.abs(difference))),
          button({}, () => maps.show(concept, true), label(lexemes, concept)),
          make("span", { class: "renderings" }, ...renderings(lexemes, concept)),
        ),
      );
      const list = items.length ? make("ol", { class: "concepts" }, ...items) : make("p", { class: "note" }, "None.");
      return make("div", {}, make("h3", {}, `${better.name} ahead of ${worse.name}`), list);
    });
    byId("disputed").replaceChildren(...lists);
  }

  function showLanguagePairs(state, data, lexemes) {
    const scores = state.models.map((model) => data.get(`${model}--${state.dataset}`).pairs);
    const [i, j] = state.pair;
    const rows = pairsOf(lexemes.languages).map((pair, k) => {
      const values = scores.map((pairs) => pairs[k]);
      const known = values[i] !== null && values[j] !== null;
      return { pair, values, difference: known ? values[i] - values[j] : null };
    });
    const largest = Math.max(1e-9, ...rows.map(({ difference }) => Math.abs(difference ?? 0)));
    rows.sort((one, other) => (other.difference ?? -9) - (one.difference ?? -9));
    const names = state.models.map((model) => models.get(model).name);
    const columns = ["Languages", ...names, `${names[i]} − ${names[j]}`];
    const head = columns.map((name, k) => make("th", { scope: "col", class: k ? "number" : "" }, name));
    byId("language-pairs").tHead.replaceChildren(make("tr", {}, ...head));
    const body = rows.map(({ pair, values, difference }) => {
      const [a, b] = pair.map((k) => lexemes.languages[k]);
      const cell = make("td", { class: `number ${difference < 0 ? "heat-behind" : "heat-cell"}` }, signed0(difference));
      cell.style.setProperty("--shade", `${((100 * Math.abs(difference ?? 0)) / largest).toFixed(0)}%`);
      const row = make("tr", { "data-pair": `${a.tag},${b.tag}` }, heading(`${a.name} – ${b.name}`));
      row.append(...values.map((value) => number(decimal(value))), cell);
      return row;
    });
    fill(byId("language-pairs"), [make("tbody", {}, ...body)]);
  }

  const signed0 = (difference) => (difference === null ? "–" : signed(difference));

  // Maps

  /** The maps of the picked models, all in the frame of the first, with one selection for all. */
  function showMaps(state, data, lexemes) {
    const drawn = lexemes.drawn.map((i) => lexemes.all[i]);
    const placeOf = new Map(lexemes.drawn.map((i, k) => [i, k]));
    const frames = state.models.map((model) => {
      const { places, noMap } = data.get(`${model}--${state.dataset}`);
      return { name: models.get(model).name, points: places.length ? places : null, noMap };
    });
    const first = frames.find((frame) => frame.points);
    for (const frame of frames.filter((each) => each.points && each !== first)) {
      const laid = aligned(frame.points, first.points);
      frame.points = laid?.points ?? null;
      frame.noMap = "it has too few words in common with the first map";
      frame.disparity = laid?.disparity;
    }
    const views = frames.filter((frame) => frame.points).map((frame) => mapView(frame, drawn, { hover, tap }));
    const extent = extentOf(views.flatMap((view) => view.points));
    byId("compare-frames").replaceChildren(...frames.map((frame) => figureOf(frame, first)));
    byId("compare-legend").replaceChildren(
      ...lexemes.languages.map((language) => {
        const shape = draw("path", { d: language.shape, fill: language.colour });
        const size = { class: "mark", viewBox: "-1.3 -1.3 2.6 2.6", width: 14, height: 14, "aria-hidden": "true" };
        return make("li", {}, draw("svg", size, shape), ` ${language.name}`);
      }),
    );
    let chosen = null;

    function hover(k) {
      const members = chosen === null ? [] : membersOf(chosen);
      for (const view of views) view.mark(members, k);
    }

    function tap(k) {
      if (k === null) clear();
      else show(drawn[k].concepts[0], false);
    }

    const membersOf = (concept) => lexemes.concepts[concept].map((i) => placeOf.get(i)).filter((k) => k !== undefined);

    function show(concept, scroll) {
      chosen = concept;
      for (const view of views) view.fade(true);
      hover(null);
      listPicked(state, data, lexemes, concept, clear);
      if (scroll) byId("compare-maps").scrollIntoView();
    }

    function clear() {
      chosen = null;
      for (const view of views) view.fade(false);
      hover(null);
      byId("compare-picked").replaceChildren(make("p", { class: "note" }, "No concept is chosen yet."));
    }

    function paint() {
      for (const view of views) view.paint(extent);
      hover(null);
    }

    clear();
    paint();
    return { show, clear, paint };
  }

  function figureOf(frame, first) {
    const caption = make("figcaption", {}, make("strong", {}, frame.name));
    if (frame === first) caption.append(small("the others are laid on this one"));
    else if (frame.disparity !== undefined) {
      caption.append(small(`Procrustes disparity ${decimal(frame.disparity)}`));
    }
    if (!frame.points) return make("figure", {}, caption, make("p", { class: "note" }, `There is no map: ${frame.noMap}.`));
    return make("figure", {}, caption, frame.box);
  }

  function listPicked(state, data, lexemes, concept, clear) {
    const scores = state.models.map((model) => {
      const value = data.get(`${model}--${state.dataset}`).concepts[concept];
      return `${models.get(model).name} ${decimal(value)}`;
    });
    const words = lexemes.concepts[concept].map((i) => {
      const { language } = lexemes.all[i];
      return make("li", {}, small(language.name), " ", word(lexemes.all[i]));
    });
    byId("compare-picked").replaceChildren(
      make("h3", {}, label(lexemes, concept)),
      make("p", { class: "small" }, `SA of this concept: ${scores.join(", ")}`),
      make("ul", { class: "picked-words" }, ...words),
      button({}, clear, "Clear"),
    );
  }

  function extentOf(points) {
    const [xs, ys] = [0, 1].map((k) => points.filter(Boolean).map((point) => point[k]));
    const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
    const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
    const [x0, x1, y0, y1] = [least(xs), most(xs), least(ys), most(ys)];
    const pad = MARGIN * Math.max(x1 - x0, y1 - y0, 1e-6);
    return { x0: x0 - pad, x1: x1 + pad, y0: y0 - pad, y1: y1 + pad };
  }

  /** One map: points on a canvas, and over it what is chosen, as text that knows its language. */
  function mapView(frame, words, { hover, tap }) {
    const canvas = make("canvas", { role: "img", "aria-label": `Map of ${frame.name}. The lists hold the same words.` });
    const over = draw("svg", { "aria-hidden": "true" });
    const box = make("div", { class: "compare-map" }, canvas, over);
    const { points } = frame;
    const shapes = new Map(words.map(({ language }) => [language, new Path2D(language.shape)]));
    let placed = [];
    let faded = false;
    let extent = null;
    frame.box = box;

    function paint(within) {
      extent = within ?? extent;
      const spanX = extent.x1 - extent.x0;
      const spanY = extent.y1 - extent.y0;
      box.style.aspectRatio = String(1 / Math.min(1.1, Math.max(0.55, spanY / spanX)));
      const { width, height } = box.getBoundingClientRect();
      if (width === 0) return;
      const scale = Math.min(width / spanX, height / spanY);
      const left = (width - spanX * scale) / 2;
      const top = (height - spanY * scale) / 2;
      placed = points.map((p) => p && [left + (p[0] - extent.x0) * scale, top + (extent.y1 - p[1]) * scale]);
      const density = window.devicePixelRatio || 1;
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
      over.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const context = canvas.getContext("2d");
      const size = density * (words.length > 1000 ? 2.8 : 3.6);
      context.globalAlpha = faded ? 0.14 : 0.75;
      placed.forEach((place, k) => {
        if (!place) return;
        context.fillStyle = words[k].language.colour;
        context.setTransform(size, 0, 0, size, place[0] * density, place[1] * density);
        context.fill(shapes.get(words[k].language));
      });
    }

    /** Mark the words of a concept, and the one under the pointer. */
    function mark(members, pointed) {
      const shown = members.filter((k) => placed[k]);
      const width = over.viewBox.baseVal.width;
      const height = over.viewBox.baseVal.height;
      const middle = shown.length ? [0, 1].map((axis) => mean(shown.map((k) => placed[k][axis]))) : null;
      const rays = shown.map((k) =>
        draw("line", { x1: middle[0], y1: middle[1], x2: placed[k][0], y2: placed[k][1], class: "ray" }),
      );
      const labelled = pointed !== null && placed[pointed] && !shown.includes(pointed) ? [...shown, pointed] : shown;
      over.replaceChildren(...rays, ...labelled.map(spot), ...labels(labelled, width, height));
    }

    function spot(k) {
      const { language } = words[k];
      const at = `translate(${placed[k][0]} ${placed[k][1]})`;
      const shape = draw("path", { d: language.shape, fill: language.colour, transform: "scale(5.5)" });
      return draw("g", { transform: at, class: "spot", "data-language": language.tag, "data-word": k }, shape);
    }

    /** Labels beside their points, pushed down where they would lie on each other. */
    function labels(members, width, height) {
      const taken = [];
      const sorted = [...members].sort((a, b) => placed[a][1] - placed[b][1]);
      return sorted.map((k) => {
        const { text, language } = words[k];
        const right = placed[k][0] < width / 2;
        const x = placed[k][0] + (right ? 9 : -9);
        let y = placed[k][1] + 4;
        for (const other of taken)
          if (Math.abs(other.x - x) < LABEL_WIDTH && Math.abs(other.y - y) < LABEL) y = other.y + LABEL;
        y = Math.min(y, height - 4);
        taken.push({ x, y });
        const anchor = right === (language.direction === "ltr") ? "start" : "end";
        const attributes = { x, y, lang: language.tag, direction: language.direction, "text-anchor": anchor };
        return draw("text", attributes, shortened(text));
      });
    }

    function nearest(event) {
      const frame = box.getBoundingClientRect();
      const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
      let [found, distance] = [null, REACH];
      placed.forEach((place, k) => {
        const away = place ? Math.hypot(place[0] - x, place[1] - y) : Infinity;
        if (away < distance) [found, distance] = [k, away];
      });
      return found;
    }

    box.addEventListener("pointermove", (event) => hover(nearest(event)));
    box.addEventListener("pointerleave", () => hover(null));
    box.addEventListener("click", (event) => tap(nearest(event)));
    return {
      points,
      mark,
      paint,
      fade(wanted) {
        if (faded === wanted) return;
        faded = wanted;
        paint();
      },
    };
  }

  function shortened(text) {
    const letters = Array.from(text);
    return letters.length > 24 ? `${letters.slice(0, 23).join("")}…` : text;
  }

  // Search

  const fold = (text) => text.normalize("NFC").toLocaleLowerCase();
  const search = byId("compare-search");

  function find(lexemes, maps) {
    const wanted = fold(search.value.trim());
    const matches = byId("compare-matches");
    matches.replaceChildren();
    if (wanted === "") {
      maps.clear();
      return;
    }
    const begins = (each) => Number(fold(each.text).startsWith(wanted));
    const found = lexemes.all.filter((each) => fold(each.text).includes(wanted));
    found.sort((a, b) => begins(b) - begins(a) || a.text.length - b.text.length);
    for (const each of found.slice(0, MOST_MATCHES)) {
      const show = () => maps.show(each.concepts[0], false);
      matches.append(make("li", {}, button({}, show, word(each), ` · ${each.language.name}`)));
    }
    if (found.length === 0) matches.textContent = "No such word in this list.";
    else maps.show(found[0].concepts[0], false);
  }

  // Putting it together

  let shown = { paint() {} };

  async function follow() {
    // Other anchors of the page, such as the skip link's, pick nothing.
    if (current && location.hash && !new URLSearchParams(location.hash.slice(1)).has("models")) return;
    const state = fromAddress();
    current = state;
    root.dataset.compare = "loading";
    const panel = byId("comparison");
    panel.setAttribute("aria-busy", "true");
    showPicked(state);
    panel.hidden = state.shared.length === 0;
    if (!panel.hidden) {
      const stems = state.shared.flatMap((slug) => state.models.map((model) => `${model}--${slug}`));
      let files;
      try {
        files = await Promise.all([state.dataset, ...stems].map(load));
      } catch (error) {
        if (current !== state) return;
        panel.hidden = true;
        byId("compare-status").textContent = error.message;
        throw error;
      }
      if (current !== state) return;
      const data = new Map(stems.map((stem, i) => [stem, files[i + 1]]));
      const lexemes = lexicon(files[0]);
      const scores = scoresOf(state, data);
      showVerdict(state, scores);
      showDifferences(state, scores);
      shown = showMaps(state, data, lexemes);
      showDisputed(state, data, lexemes, shown);
      showLanguagePairs(state, data, lexemes);
      search.oninput = () => find(lexemes, shown);
      search.value = "";
      byId("compare-matches").replaceChildren();
    }
    panel.setAttribute("aria-busy", "false");
    root.dataset.compare = "ready";
  }

  addEventListener("hashchange", follow);
  addEventListener("resize", () => shown.paint());
  follow();
})();
