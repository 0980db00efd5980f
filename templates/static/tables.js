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

  function makeSortable(table) {
    const columns = headerColumns(table);
    const collator = new Intl.Collator(undefined, { numeric: true });
    for (const header of table.querySelectorAll("th[data-sort-type]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => {
        const numeric = header.dataset.sortType === "number";
        const first = numeric && header.textContent.trim() !== "Rank" ? "descending" : "ascending";
        const other = first === "descending" ? "ascending" : "descending";
        const direction = header.getAttribute("aria-sort") === first ? other : first;
        for (const each of table.querySelectorAll("th[aria-sort]")) each.removeAttribute("aria-sort");
        header.setAttribute("aria-sort", direction);
        const sign = direction === "ascending" ? 1 : -1;
        const column = columns.get(header);
        for (const body of table.tBodies) {
          const rows = [...body.rows].filter((row) => !row.classList.contains("divider"));
          const keyed = rows.map((row) => [sortValue(row, column, numeric), row]);
          keyed.sort(([a], [b]) => sign * (numeric ? a - b : collator.compare(a, b)));
          body.append(...keyed.map(([, row]) => row));
        }
      });
    }
  }

  function makeFilter(input) {
    const table = document.getElementById(input.dataset.filter);
    const fold = (text) => text.normalize("NFC").toLocaleLowerCase();
    input.addEventListener("input", () => {
      const wanted = fold(input.value.trim());
      for (const body of table.tBodies)
        for (const row of body.rows)
          if (!row.classList.contains("divider")) row.hidden = wanted !== "" && !fold(row.textContent).includes(wanted);
    });
  }

  document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
  document.querySelectorAll("input[data-filter]").forEach(makeFilter);
})();
