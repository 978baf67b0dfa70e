"use strict";
// Sorting and filtering of tables, and all folds opened for print. The page reads without it.
(() => {
  const value = (row, column, words) => {
    const cell = row.cells[column];
    if (words) return cell.textContent.trim().toLowerCase();
    return cell.dataset.sort === undefined ? null : Number(cell.dataset.sort);
  };
  const sort = (table, head, column) => {
    const words = head.classList.contains("words");
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row, at) => ({ row, at, by: value(row, column, words) }));
    rows.sort((a, b) => {
      // What has no figure goes last, whichever way.
      if (a.by === null || b.by === null) return (a.by === null) - (b.by === null) || a.at - b.at;
      const order = words ? a.by.localeCompare(b.by) : a.by - b.by;
      return (down ? -order : order) || a.at - b.at;
    });
    body.append(...rows.map((r) => r.row));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, head, column));
      head.append(button);
    });
  }
  // A number matches whole, with its unit if one follows ("64 B" is no part of "64 KiB"); a word matches the beginning of one.
  const plain = (text) => ` ${text.toLowerCase().replace(/[\s/()@,:-]+/g, " ").trim()} `;
  const filter = document.getElementById("filter");
  const cells = document.getElementById("cells");
  if (filter && cells) {
    filter.closest("[hidden]").hidden = false;
    filter.addEventListener("input", () => {
      const wanted = plain(filter.value).match(/\d\S*(?: (?:b|kib|mib|gib|ns|µs|ms|s)(?= ))?|\S+/g) ?? [];
      for (const row of cells.tBodies[0].rows) {
        const text = plain([...row.cells].map((cell) => cell.textContent).join(" "));
        row.hidden = !wanted.every((word) => text.includes(/^\d/.test(word) ? ` ${word} ` : ` ${word}`));
      }
    });
  }
  const folds = [...document.querySelectorAll("details")];
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = folds.filter((fold) => !fold.open);
    for (const fold of closed) fold.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
  });
})();
