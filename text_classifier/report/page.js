"use strict";
// Every table but a matrix sorts by its headings. One with more than LONG rows, or with a heading that offers a choice
// (data-choose: one value of the column; data-only: the rows that have any), gets controls that hide the other rows.
const LONG = 8;
const last = Symbol("after every value");

const made = (name, attributes, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
const textOf = (row, column) => row.cells[column].textContent.trim();

const valueOf = (row, column) => {
  const cell = row.cells[column];
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  const text = textOf(row, column);
  if (!cell.classList.contains("number")) return text;
  const number = Number.parseFloat(text.replaceAll(",", ""));
  return Number.isNaN(number) ? last : number;
};
const compare = (a, b, sign) => {
  if (a === last || b === last) return (a === last) - (b === last);
  return sign * (typeof a === "number" && typeof b === "number" ? a - b : `${a}`.localeCompare(`${b}`));
};

const makeSortable = (table, headings) => headings.forEach((heading, column) => {
  const button = made("button", { type: "button" }, ...heading.childNodes);
  heading.append(button);
  button.addEventListener("click", () => {
    const direction = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(valueOf(a, column), valueOf(b, column), sign));
    table.tBodies[0].append(...rows);
  });
});

const searchBox = (texts, told) => {
  const input = made("input", { type: "search", placeholder: "Search", "aria-label": `Search: ${told}` });
  return [input, () => {
    const words = input.value.toLowerCase().split(/\s+/);
    return (row) => words.every((word) => texts.get(row).includes(word));
  }];
};
const choice = (rows, column, told) => {
  const values = [...new Set(rows.map((row) => textOf(row, column)))].sort((a, b) => a.localeCompare(b));
  const options = values.map((value) => made("option", { value }, value));
  const select = made("select", { "aria-label": told }, made("option", { value: "" }, `every ${told}`), ...options);
  return [select, () => (row) => !select.value || textOf(row, column) === select.value];
};
const tick = (column, told) => {
  const box = made("input", { type: "checkbox" });
  return [made("label", {}, box, ` ${told}`), () => (row) => !box.checked || textOf(row, column) !== ""];
};

const makeFilterable = (table, headings) => {
  const rows = [...table.tBodies[0].rows];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const controls = rows.length > LONG ? [searchBox(texts, table.caption?.textContent ?? "this table")] : [];
  headings.forEach((heading, column) => {
    const { choose, only } = heading.dataset;
    if (choose) controls.push(choice(rows, column, choose));
    if (only && rows.some((row) => textOf(row, column))) controls.push(tick(column, only));
  });
  if (!controls.length) return;
  const count = made("span", { class: "quiet", role: "status" });
  const filter = () => {
    const tests = controls.map(([, test]) => test());
    rows.forEach((row) => { row.hidden = !tests.every((passes) => passes(row)); });
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  };
  const bar = made("div", { class: "search" }, ...controls.map(([element]) => element), count);
  bar.addEventListener("input", filter);
  (table.closest(".scroll") ?? table).before(bar);
  filter();
};

for (const table of document.querySelectorAll("table:not(.confusion)")) {
  if (!table.tHead || table.tBodies[0].rows.length < 2) continue;
  const headings = [...table.tHead.rows[0].cells];
  makeFilterable(table, headings);
  makeSortable(table, headings);
}
