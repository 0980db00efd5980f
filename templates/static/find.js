// Words of every script, read from the files of words and found however a reader types them.
(function () {
  "use strict";
  // Marks that readers leave out: accents, vowel signs and points. Signs that make another letter, as in Devanagari
  // and Thai, and the voicing marks of kana stay.
  const MARKS = /(?![\u3099\u309a])(?=\p{Mn})[\p{sc=Inherited}\p{sc=Arabic}\p{sc=Hebrew}\p{sc=Syriac}]/gu;
  const indexes = new WeakMap();

  /** A text without the differences that no reader types on purpose: width, case, spaces. */
  function folded(text) {
    const lower = text.normalize("NFKC").toLowerCase().normalize("NFC");
    return lower.replaceAll("ς", "σ").replaceAll("ß", "ss").replace(/\s+/gu, " ").trim();
  }

  /** A folded text without marks. */
  function bare(text) {
    return text.normalize("NFKD").replace(MARKS, "").normalize("NFC");
  }

  /** How well a text answers a query: 0 the same, 1 begins with it, 2 holds it; Infinity not at all. */
  function place(text, query) {
    if (text === query) return 0;
    const at = text.indexOf(query);
    return at < 0 ? Infinity : Math.min(at, 1) + 1;
  }

  /** How well a text answers a query, as typed or, three worse, without marks. */
  const fit = (text, query) => Math.min(place(text[0], query[0]), place(text[1], query[1]) + 3);

  /** A text, or what was asked for, as it is compared: folded, and without marks. */
  function asked(text) {
    const whole = folded(text);
    return [whole, bare(whole)];
  }

  /** The words of a dataset in the order of its files, each with its language; concepts with the words as they are compared. */
  function index(words) {
    if (!indexes.has(words)) {
      const every = words.languages.flatMap((language) => language.words.map((text) => ({ text, language })));
      indexes.set(words, { every, asked: every.map((word) => asked(word.text)), ids: words.ids.map(asked) });
    }
    return indexes.get(words);
  }

  /** A concept's words by language, in the order of the list, and the word that names it. */
  function concept(words, i) {
    const { every } = index(words);
    const own = words.concepts[i].map((at) => every[at]);
    const byLanguage = words.languages.map((language) => [language, own.filter((word) => word.language === language)]);
    return { id: words.ids[i], category: words.categories[i], name: own[0], words: byLanguage.filter(([, own]) => own.length) };
  }

  /** The concepts that a query finds by a word or by their id, best first, with the words that answer it best. */
  function find(words, query) {
    const held = index(words);
    const wanted = asked(query);
    if (!wanted[0]) return [];
    const found = [];
    words.concepts.forEach((members, i) => {
      const fits = members.map((at) => fit(held.asked[at], wanted));
      const best = Math.min(...fits, fit(held.ids[i], wanted));
      if (best < Infinity) found.push({ i, fit: best, words: members.filter((_, k) => fits[k] === best).map((at) => held.every[at]) });
    });
    return found.sort((a, b) => a.fit - b.fit || a.i - b.i);
  }

  /** Whether a text holds every term of a query. */
  function holds(text, query) {
    const own = asked(text);
    return folded(query).split(" ").every((term) => fit(own, asked(term)) < Infinity);
  }

  /** An element with attributes, and with texts or elements in it. */
  function element(name, attributes, ...content) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...content);
    return made;
  }

  /** A word in an element of its language. */
  const spoken = ({ text, language }, name = "span") =>
    element(name, { lang: language.tag, dir: language.direction }, text);

  Object.assign(isogloss, { find, concept, holds, index, element, spoken });
})();
