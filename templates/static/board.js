// The leaderboard: sorted, searched, filtered, cut down to columns and languages. All of it stands in the address.
(function () {
  "use strict";
  const { addButtons, sortRows, matcher } = window.isogloss.tables;
  const table = document.getElementById("board");
  const tools = document.getElementById("board-tools");
  const search = document.getElementById("board-search");
  const count = document.getElementById("board-count");
  const told = document.getElementById("board-picked");
  const menus = [...tools.querySelectorAll(".menu")];
  const boxes = [...tools.querySelectorAll("input[type=checkbox]")];
  const headers = [...table.tHead.rows[0].cells];
  const rows = [...table.querySelectorAll("tr[data-kind]")];
  const filters = menus.map((menu) => menu.dataset.menu).filter((key) => key !== "columns" && key !== "languages");
  const datasets = headers.filter((header) => header.dataset.dataset);
  const textOf = new Map(
    rows.map((row) => [row, [row.cells[1].textContent, row.dataset.objective, row.dataset.licence].join("\n")]),
  );
  const shownAtFirst = boxes.filter((box) => box.name === "columns" && box.defaultChecked).map((box) => box.value);
  const borders = [["strong", Number(table.dataset.strong)], ["moderate", Number(table.dataset.moderate)], ["none", 0]];
  /** Columns that say nothing of a choice of languages. */
  const WHOLE_LISTS = ["domains", "retrieval_p1"];

  let sorting = { key: "rank", direction: "ascending" };
  /** The tier of each row for the chosen languages; none while scores are as measured. */
  let picked = null;

  const keyed = (key) => headers.find((header) => header.dataset.column === key);
  const checked = (name) => boxes.filter((box) => box.name === name && box.checked).map((box) => box.value);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const decimal = (value, places = 3) => (value === null ? "–" : (Number(value.toFixed(places)) + 0).toFixed(places).replace("-", "−"));

  function element(name, className, ...content) {
    const made = document.createElement(name);
    made.className = className;
    made.append(...content);
    return made;
  }

  // The choice in the address

  function written() {
    const parts = new URLSearchParams();
    if (sorting.key !== "rank" || sorting.direction !== "ascending") parts.set("sort", `${sorting.key}.${sorting.direction}`);
    if (search.value.trim()) parts.set("find", search.value.trim());
    for (const key of filters) for (const value of checked(key)) parts.append(key, value);
    if (String(checked("columns")) !== String(shownAtFirst)) parts.set("columns", checked("columns"));
    if (checked("language").length > 1) parts.set("languages", checked("language"));
    return String(parts);
  }

  /** Set every control to what the address says; what is not known here is left out. */
  function read() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const [key, direction] = parts.get("sort")?.split(".") ?? [];
    sorting = keyed(key) && direction ? { key, direction } : { key: "rank", direction: "ascending" };
    search.value = parts.get("find") ?? "";
    const listed = (name, otherwise) => parts.get(name)?.split(",") ?? otherwise;
    const values = { columns: listed("columns", shownAtFirst), language: listed("languages", []) };
    for (const box of boxes) box.checked = (values[box.name] ?? parts.getAll(box.name)).includes(box.value);
  }

  /** Put the choice into the address: as a step to go back by, or while typing in place of the last one. */
  function note(typing = false) {
    const hash = written();
    if (hash === location.hash.slice(1)) return;
    const address = location.href.split("#")[0] + (hash && `#${hash}`);
    if (typing) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
  }

  // Columns and rows

  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);

  function showColumns() {
    const chosen = checked("columns");
    const hidden = new Set();
    for (const [i, header] of headers.entries()) {
      const key = header.dataset.column;
      if (i > 1 && (!chosen.includes(key) || (picked && WHOLE_LISTS.includes(key)))) hidden.add(i);
    }
    sheet.replaceSync([...hidden].map((i) => `#board tr > :nth-child(${i + 1}):not([colspan]) { display: none; }`).join(" "));
    for (const cell of table.querySelectorAll("tbody [colspan]"))
      cell.colSpan = headers.length - hidden.size - [...cell.parentElement.cells].filter((c, i) => c !== cell && !hidden.has(i)).length;
    table.classList.toggle("details", chosen.includes("details"));
  }

  function filterRows() {
    const matches = matcher(search.value);
    const wanted = filters.map((key) => [key, new Set(checked(key))]).filter(([, values]) => values.size);
    const value = (row, key) => (key === "tier" && picked ? picked.get(row) : row.dataset[key]) ?? "";
    let n = 0;
    for (const row of rows) {
      row.hidden = !matches(textOf.get(row)) || !wanted.every(([key, values]) => values.has(value(row, key)));
      n += !row.hidden;
    }
    for (const body of table.tBodies)
      for (const divider of body.querySelectorAll("tr.divider"))
        divider.hidden = Boolean(body.querySelector("tr[data-kind]")) && !body.querySelector("tr[data-kind]:not([hidden])");
    count.textContent = `${n} of ${rows.length} models`;
    for (const menu of menus) {
      const chosen = checked(menu.dataset.menu === "languages" ? "language" : menu.dataset.menu);
      menu.querySelector(".menu-count").textContent = menu.dataset.menu !== "columns" && chosen.length ? ` (${chosen.length})` : "";
    }
  }

  let settling = 0;

  /** Leave rows far down to the frame after next: laying out hundreds at once takes longer than a reader waits. */
  function settleLater() {
    const frame = table.parentElement;
    const { scrollTop } = frame;
    const mine = (settling += 1);
    table.classList.add("settling");
    requestAnimationFrame(() =>
      setTimeout(() => {
        if (mine !== settling) return;
        table.classList.remove("settling");
        frame.scrollTop = scrollTop;
      }),
    );
  }

  function sort() {
    settleLater();
    sortRows(table, keyed(sorting.key), sorting.direction);
    table.classList.toggle("by-rank", sorting.key === "rank" && sorting.direction === "ascending" && !picked);
  }

  // Scores of chosen languages, as generator/subset.py has them

  /** Spreads below this are none; see LEAST_SPREAD in generator/measures/affinity.py. */
  const LEAST_SPREAD = 1e-9;

  /** What any model's score of some languages is made of: which spreads of which kinds of concepts, how often. */
  function planOf({ languages, kinds }, tags) {
    const n = languages.length;
    const places = languages.flatMap((tag, i) => (tags.includes(tag) ? [i] : []));
    const pairs = (held) => held.flatMap((a, i) => held.slice(i + 1).map((b) => [a, b]));
    const inside = ([a, b]) => places.includes(a) && places.includes(b);
    const parts = kinds.flatMap(([held, concepts], kind) => {
      const within = pairs(held).flatMap((pair, i) => (inside(pair) ? [i] : []));
      return within.length ? [{ kind, concepts, within, whole: places.every((place) => held.includes(place)) }] : [];
    });
    return { places, parts, pairs: pairs(places).map(([a, b]) => a * n - (a * (a + 1)) / 2 + b - a - 1) };
  }

  /** SA, null SA and what lies above chance of a model; null where the score is not defined. */
  function scoreOf(plan, { h, v, v0, spreads }) {
    const known = (values) => plan.pairs.map((i) => values[i]).filter((value) => value !== null);
    const intra = mean(plan.places.map((i) => h[i]));
    if (!plan.parts.length || intra < LEAST_SPREAD) return null;
    if (!spreads.length && (!known(v).length || !plan.parts.every((part) => part.whole))) return null;
    const n = plan.parts.reduce((sum, part) => sum + part.concepts, 0);
    const inter = spreads.length
      ? plan.parts.reduce((sum, part) => sum + part.concepts * mean(part.within.map((i) => spreads[part.kind][i])), 0) / n
      : mean(known(v));
    const chance = known(v0).length ? mean(known(v0)) : null;
    return {
      value: 1 / (1 + inter / intra),
      chance: chance === null ? null : 1 / (1 + chance / intra),
      lift: chance === null || chance < LEAST_SPREAD ? null : 1 - inter / chance,
    };
  }

  // Scores put into cells, and the cells as they were

  const asMeasured = new Map();

  function put(cell, value, ...content) {
    if (!asMeasured.has(cell)) asMeasured.set(cell, [cell.dataset.sort, [...cell.childNodes]]);
    cell.replaceChildren(...content);
    if (value === null) delete cell.dataset.sort;
    else cell.dataset.sort = value;
  }

  function restore() {
    for (const [cell, [value, content]] of asMeasured) {
      cell.replaceChildren(...content);
      if (value === undefined) delete cell.dataset.sort;
      else cell.dataset.sort = value;
    }
    asMeasured.clear();
    picked = null;
    told.hidden = true;
    told.textContent = "";
  }

  /** A cell's bar with other values, and without an interval. */
  function bar(cell, score) {
    const made = cell.querySelector(".bar").cloneNode(true);
    made.querySelector(".bar-reach")?.remove();
    for (const [name, value] of [["bar-at", score.value], ["bar-null", score.chance]])
      made.querySelector(`.${name}`)?.setAttribute("d", `M${Math.round(1000 * value)} 1v10`);
    return made;
  }

  const tierOf = (value) => borders.find(([, least]) => value >= least)[0];

  function putScore(cell, score) {
    const link = cell.querySelector("a").cloneNode();
    link.textContent = decimal(score.value);
    const tier = tierOf(score.value);
    const beside = element("span", "small", `null ${decimal(score.chance)}\nabove chance ${decimal(score.lift)}`);
    put(cell, score.value, element("div", "", link, element("span", `tier tier-${tier}`, tier), bar(cell, score), beside));
  }

  const names = new Intl.ListFormat("en-GB", { type: "conjunction" });

  /** Every score of the chosen languages, and the means, ranks and places that follow. */
  function putScores(tags, data) {
    const languageName = new Map(boxes.filter((box) => box.name === "language").map((box) => [box.value, box.dataset.name]));
    const title = (header) => header.dataset.title;
    const lacking = [];
    const usable = [];
    const scores = new Map(rows.map((row) => [row, new Map()]));
    for (const [i, header] of datasets.entries()) {
      const column = headers.indexOf(header);
      const lacks = tags.filter((tag) => !data[i].languages.includes(tag)).map((tag) => languageName.get(tag));
      const plan = lacks.length ? null : planOf(data[i], tags);
      if (lacks.length) lacking.push(`${title(header)} lacks ${names.format(lacks)}`);
      else if ("counts" in header.dataset) usable.push(header);
      for (const row of rows) {
        const model = data[i].models[row.dataset.model];
        if (!model || !row.cells[column].querySelector(".bar")) continue;
        const score = plan && scoreOf(plan, model);
        if (score) {
          scores.get(row).set(header, score.value);
          putScore(row.cells[column], score);
        } else put(row.cells[column], null, plan ? "not defined" : `lacks ${names.format(lacks)}`);
      }
    }
    putPlaces(scores, usable);
    told.hidden = false;
    told.textContent =
      `Point values without intervals for the chosen languages: ${names.format(tags.map((tag) => languageName.get(tag)))}. ` +
      (usable.length ? `Ranks are over ${names.format(usable.map(title))}. ` : "No list that counts has all of them, so nothing is ranked. ") +
      (lacking.length ? `${lacking.join("; ")}.` : "");
  }

  function putPlaces(scores, usable) {
    const complete = (row) => usable.length > 0 && usable.every((header) => scores.get(row).has(header));
    const ranked = rows.filter((row) => row.parentElement.classList.contains("ranked"));
    const rankOn = (row, header) =>
      1 + ranked.filter((other) => scores.get(other).get(header) > scores.get(row).get(header)).length;
    const meanRank = new Map(
      ranked.filter(complete).map((row) => [row, mean(usable.map((header) => rankOn(row, header)))]),
    );
    const putNumber = (row, key, value, places) => {
      const column = headers.indexOf(keyed(key));
      if (column >= 0) put(row.cells[column], value, decimal(value, places));
    };
    picked = new Map();
    for (const row of rows.filter((each) => each.dataset.model)) {
      const value = complete(row) ? mean(usable.map((header) => scores.get(row).get(header))) : null;
      const rank = meanRank.get(row) ?? null;
      const place = rank === null ? null : 1 + [...meanRank.values()].filter((other) => other < rank).length;
      putNumber(row, "rank", place, 0);
      putNumber(row, "sa", value, 3);
      putNumber(row, "mean-rank", rank, 1);
      if (value !== null) picked.set(row, tierOf(value));
    }
  }

  let asked = 0;

  /** Load what the choice of languages takes, and show its scores, unless the reader has chosen anew meanwhile. */
  async function pick() {
    const tags = checked("language");
    const mine = (asked += 1);
    if (tags.length < 2) {
      if (picked) restore();
      return;
    }
    let data;
    try {
      data = await Promise.all(datasets.map((header) => window.isogloss.load(`languages/${header.dataset.dataset}`)));
    } catch {
      told.hidden = false;
      told.textContent = "The scores by language could not be loaded.";
      return;
    }
    if (mine !== asked) return;
    restore();
    putScores(tags, data);
    show();
  }

  function show() {
    showColumns();
    filterRows();
    sort();
  }

  /** Follow the controls: after a choice of languages twice, once they have been loaded. */
  function follow() {
    pick();
    show();
  }

  const PRESETS = {
    all: () => false,
    latin: (box) => box.dataset.script === "Latn",
    others: (box) => box.dataset.script !== "Latn",
  };

  addButtons(table, (header, direction) => {
    sorting = { key: header.dataset.column, direction };
    sort();
    note();
  });
  search.addEventListener("input", () => {
    filterRows();
    note(true);
  });
  tools.addEventListener("change", ({ target }) => {
    if (target.name === "language") follow();
    else if (target.name === "columns") showColumns();
    else filterRows();
    note();
  });
  tools.addEventListener("click", ({ target }) => {
    const wanted = PRESETS[target.dataset.preset];
    if (wanted) for (const box of boxes) if (box.name === "language") box.checked = "everywhere" in box.dataset && wanted(box);
    if (target.id === "board-reset") {
      sorting = { key: "rank", direction: "ascending" };
      search.value = "";
      for (const box of boxes) box.checked = box.defaultChecked;
    }
    if (wanted || target.id === "board-reset") {
      follow();
      note();
    }
  });
  tools.addEventListener("keydown", ({ key, target }) => {
    const menu = target.closest(".menu[open]");
    if (key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  for (const left of ["pointerdown", "focusin"])
    document.addEventListener(left, ({ target }) => {
      for (const menu of menus) if (!menu.contains(target)) menu.open = false;
    });
  addEventListener("popstate", () => {
    read();
    follow();
  });
  read();
  follow();
})();
