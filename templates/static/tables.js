// Complete HTML tables that a script makes sortable and searchable. Sort values stand in data-sort.
(function () {
  "use strict";

  /** The cell of a row under a column, where cells may span several columns. */
  function cellAt(row, column) {
    let at = 0;
    for (const cell of row.cells) {
      at += cell.colSpan;
      if (column < at) return cell;
    }
    return null;
  }

  /** The column that each sortable header stands over, where headers may span rows and columns. */
  function headerColumns(table) {
    const taken = [];
    const columns = new Map();
    [...table.tHead.rows].forEach((row, r) => {
      let c = 0;
      for (const cell of row.cells) {
        while (taken[r]?.[c]) c += 1;
        columns.set(cell, c);
        for (let dr = 0; dr < cell.rowSpan; dr += 1)
          for (let dc = 0; dc < cell.colSpan; dc += 1) (taken[r + dr] ??= [])[c + dc] = true;
        c += cell.colSpan;
      }
    });
    return columns;
  }

  function sortValue(row, column, numeric) {
    const cell = cellAt(row, column);
    const text = cell?.dataset.sort ?? cell?.textContent.trim() ?? "";
    return numeric ? Number.parseFloat(text) : text;
  }

  const collator = new Intl.Collator(undefined, { numeric: true });
  const numeric = (header) => header.dataset.sortType === "number";

  /** The direction that a column is first sorted in: the best on top. */
  function firstDirection(header) {
    return numeric(header) && !/rank/i.test(header.textContent) ? "descending" : "ascending";
  }

  const firstOrder = new WeakMap();

  /** Make each header a button that calls `sort` with it and the direction that it asks for. */
  function addButtons(table, sort) {
    for (const [i, row] of [...table.rows].entries()) firstOrder.set(row, i);
    for (const header of table.querySelectorAll("th[data-sort-type]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => {
        const first = firstDirection(header);
        const other = first === "descending" ? "ascending" : "descending";
        sort(header, header.getAttribute("aria-sort") === first ? other : first);
      });
    }
  }

  /** Sort the rows of each group by a header's column, equal ones as at first; what has no number comes last. */
  function sortRows(table, header, direction) {
    for (const each of table.querySelectorAll("th[aria-sort]")) each.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const column = headerColumns(table).get(header);
    const compare = numeric(header)
      ? ([a], [b]) => Number.isNaN(a) - Number.isNaN(b) || sign * (a - b) || 0
      : ([a], [b]) => sign * collator.compare(a, b);
    const inOrder = (a, b) => compare(a, b) || firstOrder.get(a[1]) - firstOrder.get(b[1]);
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter((row) => !row.classList.contains("divider"));
      const keyed = rows.map((row) => [sortValue(row, column, numeric(header)), row]);
      body.append(...keyed.sort(inOrder).map(([, row]) => row));
    }
  }

  const fold = (text) => text.normalize("NFC").toLocaleLowerCase();

  /** Whether a text holds any of the terms that semicolons divide, whatever their case; any text does without terms. */
  function matcher(terms) {
    const wanted = terms.split(";").map((term) => fold(term.trim())).filter(Boolean);
    return (text) => {
      const folded = fold(text);
      return !wanted.length || wanted.some((term) => folded.includes(term));
    };
  }

  function makeFilter(input) {
    const table = document.getElementById(input.dataset.filter);
    input.addEventListener("input", () => {
      const matches = matcher(input.value);
      for (const body of table.tBodies)
        for (const row of body.rows)
          if (!row.classList.contains("divider")) row.hidden = !matches(row.textContent);
    });
  }

  for (const table of document.querySelectorAll("table[data-sortable]"))
    addButtons(table, (header, direction) => sortRows(table, header, direction));
  document.querySelectorAll("input[data-filter]").forEach(makeFilter);
  window.isogloss.tables = { addButtons, sortRows, matcher };
})();
