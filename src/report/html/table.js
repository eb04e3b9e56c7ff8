"use strict";
// Lets readers sort and filter the table. Without it the page has the same contents.
(() => {
  const table = document.querySelector("table.endpoints");
  const body = table && table.tBodies[0];
  if (!body || body.rows.length < 2) return;
  const value = (row, column) => {
    const cell = row.cells[column];
    const given = cell.dataset.value;
    return given === undefined ? cell.textContent.trim() : Number(given);
  };
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
      const rows = [...body.rows].sort((one, other) => {
        const [a, b] = [value(one, column), value(other, column)];
        return way * (typeof a === "number" ? a - b : a.localeCompare(b));
      });
      body.append(...rows);
    });
  });
  const form = document.createElement("div");
  form.className = "filter";
  const label = document.createElement("label");
  label.textContent = "Show only rows with ";
  const input = document.createElement("input");
  input.type = "search";
  const count = document.createElement("output");
  label.append(input);
  form.append(label, count);
  table.closest(".wide").before(form);
  const filter = () => {
    const wanted = input.value.trim().toLowerCase();
    const rows = [...body.rows];
    rows.forEach((row) => {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
    count.textContent = rows.filter((row) => !row.hidden).length + " of " + rows.length;
  };
  input.addEventListener("input", filter);
  filter();
})();
