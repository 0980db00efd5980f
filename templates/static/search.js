// The search page: filters the lists that stand in the page, and looks words up in the files of all datasets.
(function () {
  "use strict";
  const { element, spoken } = isogloss;
  const byId = (id) => document.getElementById(id);
  const input = byId("query");
  const status = byId("search-status");
  const groups = [...document.querySelectorAll("[data-found]")];
  const datasets = [...document.querySelectorAll("[data-words]")].map((item) => ({
    slug: item.dataset.words,
    name: item.querySelector("a").textContent,
  }));
  const conceptsPage = byId("found-concepts").dataset.page;
  const FIRST = 12;
  const MORE = 100;
  const MOST_WORDS = 3;
  let turn = 0;

  /** Shows the first of some items in a list, and a button for further ones. */
  function shown(list, items, make, n = FIRST) {
    list.replaceChildren(...items.slice(0, n).map(make));
    if (items.length <= n) return;
    const more = element("button", { type: "button", class: "show" }, `${items.length - n} more`);
    more.addEventListener("click", () => {
      shown(list, items, make, n + MORE);
      list.children[n].querySelector("a").focus();
    });
    list.append(element("li", {}, more));
  }

  function conceptItem({ slug, name, words, match }) {
    const concept = isogloss.concept(words, match.i);
    const target = `${conceptsPage}#${slug}/${encodeURIComponent(concept.id)}`;
    const link = element("a", { href: target, lang: concept.name.language.tag, dir: concept.name.language.direction }, concept.name.text);
    const others = match.words.filter((word) => word !== concept.name).slice(0, MOST_WORDS);
    const small = (text) => element("span", { class: "small" }, ` ${text}`);
    const told = others.flatMap((word) => [" ", spoken(word), small(`${word.language.name} ·`)]);
    return element("li", {}, link, ...told, small(name));
  }

  /** Everything in the lists of words that a query finds, over all datasets the best first. */
  async function concepts(query) {
    const loaded = await Promise.all(
      datasets.map(async ({ slug, name }) => ({ slug, name, words: await isogloss.load(`words/${slug}`) })),
    );
    const found = loaded.flatMap((each) => isogloss.find(each.words, query).map((match) => ({ ...each, match })));
    return found.sort((a, b) => a.match.fit - b.match.fit);
  }

  async function search() {
    const query = input.value.trim();
    const own = (turn += 1);
    history.replaceState(null, "", query ? `#q=${encodeURIComponent(query)}` : location.pathname + location.search);
    let n = 0;
    for (const group of groups) {
      const items = group.items.filter((item) => !query || isogloss.holds(item.textContent, query));
      shown(group.querySelector("ul"), items, (item) => item, query ? FIRST : Infinity);
      group.hidden = items.length === 0;
      n += items.length;
    }
    const section = byId("found-concepts");
    if (!query) {
      section.hidden = true;
      status.textContent = "";
      return;
    }
    try {
      const found = await concepts(query);
      if (own !== turn) return;
      shown(section.querySelector("ul"), found, conceptItem);
      section.hidden = found.length === 0;
      n += found.length;
      status.textContent = n ? `${n} found` : "Nothing is found.";
    } catch (error) {
      status.textContent = error.message;
    }
  }

  function fromAddress() {
    const asked = new URLSearchParams(location.hash.slice(1)).get("q") ?? "";
    if (asked === input.value.trim()) return;
    input.value = asked;
    search();
  }

  /** The arrow keys go from the box through what was found, and back. */
  function walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const stops = [input, ...document.querySelectorAll("#search-results section:not([hidden]) :is(a, button)")];
    const next = stops[stops.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  for (const group of groups) group.items = [...group.querySelectorAll("li")];
  input.addEventListener("input", search);
  byId("search").addEventListener("keydown", walk);
  byId("search-results").addEventListener("keydown", walk);
  window.addEventListener("hashchange", fromAddress);
  fromAddress();
})();
