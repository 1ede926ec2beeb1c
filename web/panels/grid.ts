/** A table of rows. Long tables are put in piece by piece, so that the page keeps reacting. */

import { type Child, h } from "../app/dom/dom.ts";
import type { Cell } from "../app/protocol/protocol.ts";
import { formatBytes } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";

export interface GridColumn {
  name: string;
  type?: string | undefined;
  primaryKey?: boolean | undefined;
}

/** Rows that are put in at a time. */
const PIECE = 60;
/** Characters of a value that are shown. */
const SHOWN = 120;
/** Characters of a longer value that its title holds. */
const TITLE = 2000;

export function grid(caption: string, columns: readonly GridColumn[], rows: readonly Cell[][]): HTMLElement {
  const body = h("tbody");
  const table = h(
    "table",
    { class: "grid" },
    h("caption", { class: "hidden" }, caption),
    h("thead", {}, h("tr", {}, ...columns.map((column, i) => header(column, isNumeric(rows, i))))),
    body,
  );
  put(body, rows, 0);
  return h("div", { class: "grid-scroll", tabindex: 0, role: "region", "aria-label": caption }, table);
}

function put(body: HTMLElement, rows: readonly Cell[][], from: number): void {
  const piece = document.createDocumentFragment();
  for (const row of rows.slice(from, from + PIECE))
    piece.append(h("tr", {}, ...row.map((value) => cell(value))));
  body.append(piece);
  if (from + PIECE < rows.length) requestAnimationFrame(() => put(body, rows, from + PIECE));
}

/** Whether a column's first value that is not NULL is a number. Numbers, and the column's name, are aligned to the right. */
export function isNumeric(rows: readonly (readonly Cell[] | undefined)[], column: number): boolean {
  const value = rows.find((row) => row?.[column] !== null && row?.[column] !== undefined)?.[column];
  return typeof value === "number";
}

function header({ name, type, primaryKey }: GridColumn, numeric: boolean): HTMLElement {
  return h(
    "th",
    { scope: "col", class: numeric && "number" },
    h("span", { class: "column-name" }, name),
    (type || primaryKey) &&
      h(
        "span",
        { class: "column-type" },
        [primaryKey && t.primaryKey, type?.toLowerCase()].filter(Boolean).join(" "),
      ),
  );
}

export function cell(value: Cell, ...marks: Child[]): HTMLTableCellElement {
  const classes =
    typeof value === "number" ? "number" : value === null || typeof value === "object" ? "special" : "";
  return h("td", { class: classes || undefined }, valueNode(value), ...marks);
}

export function valueNode(value: Cell): HTMLElement | string {
  if (value === null) return h("span", { class: "null" }, "NULL");
  if (typeof value === "object")
    return h("span", { class: "blob", title: value.head }, t.blob(formatBytes(value.blob), value.head));
  const text = String(value);
  if (text.length <= SHOWN) return text;
  return h("span", { title: text.slice(0, TITLE) }, `${text.slice(0, SHOWN)}…`);
}
