/** The tables of a moment, and the rows of one of them, page by page. */

import { h, newId, replace } from "../app/dom/dom.ts";
import { icon } from "../app/dom/icons.ts";
import type { StateView, TableView } from "../app/protocol/protocol.ts";
import type { Session } from "../app/session/session.ts";
import { formatNumber } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { failureWords, lackOf } from "../app/words/words.ts";
import { isAbort } from "../app/workers/engine-client.ts";
import { grid } from "./grid.ts";

/** Rows that are shown at a time. */
const PAGE = 100;
/** With more tables than this there is a filter. */
const MANY = 12;
/** Most tables that the list shows. */
const MOST_LISTED = 400;

export class TablesPanel {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #filter: HTMLInputElement;
  readonly #filterRow: HTMLElement;
  readonly #names = h("div", { class: "table-names" });
  readonly #list: HTMLElement;
  readonly #rows = h("div", { class: "table-rows" });
  #abort = new AbortController();
  /** Name of the table whose rows are shown. It stays chosen when the playhead moves. */
  #chosen: string | undefined;
  #from = 0;

  constructor(session: Session) {
    this.#session = session;
    this.#filter = h("input", { type: "search", "aria-label": t.filterTables, placeholder: t.filterTables });
    this.#filter.addEventListener("input", () => {
      const { state } = this.#session;
      if (state) this.#showNames(state);
    });
    this.#filterRow = h("div", { class: "table-filter", hidden: true }, this.#filter);
    this.#list = h("div", { class: "table-list" }, this.#filterRow, this.#names);
    this.element = h("div", { class: "tables" }, this.#list, this.#rows);
  }

  show(state: StateView): void {
    if (!state.tables.some(({ name }) => name === this.#chosen)) {
      // A chosen table that does not exist at this moment stays chosen: at a later moment it is shown again.
      this.#chosen ??= largest(state.tables.filter(({ internal }) => !internal))?.name;
    }
    const isMany = state.tables.filter(({ internal }) => !internal).length > MANY;
    this.#filterRow.hidden = !isMany;
    if (!isMany) this.#filter.value = "";
    const hadFocus = this.#names.contains(document.activeElement);
    this.#showNames(state);
    const pressed = this.#names.querySelector<HTMLElement>('[aria-pressed="true"]');
    if (hadFocus) pressed?.focus();
    void this.#load(state);
  }

  /** Shows the names that match the filter. The list keeps its scroll position. */
  #showNames({ tables }: StateView): void {
    const { scrollTop } = this.#names;
    const isOpen = this.#names.querySelector("details")?.open ?? false;
    const wanted = this.#filter.value.trim().toLowerCase();
    const fitting = tables.filter(({ name }) => name.toLowerCase().includes(wanted));
    const own = fitting.filter(({ internal }) => !internal);
    const internal = fitting.filter((table) => table.internal);
    const most = own.reduce((max, { rows }) => Math.max(max, rows ?? 0), 1);
    const items = (of: readonly TableView[]) =>
      h("ul", {}, ...of.slice(0, MOST_LISTED).map((one) => this.#item(one, most)));
    const isCut = Math.max(own.length, internal.length) > MOST_LISTED;
    replace(
      this.#names,
      own.length > 0
        ? items(own)
        : h(
            "p",
            { class: "table-about" },
            tables.some((table) => !table.internal) ? t.noTableFits : t.noTables,
          ),
      internal.length > 0 &&
        h(
          "details",
          { open: isOpen || (wanted !== "" && own.length === 0) },
          h("summary", {}, t.internalTables(internal.length)),
          h("p", { class: "table-about" }, t.internalAbout),
          items(internal),
        ),
      isCut && h("p", { class: "table-about" }, t.moreTables(fitting.length - MOST_LISTED)),
    );
    this.#names.scrollTop = scrollTop;
  }

  #item(table: TableView, most: number): HTMLElement {
    const { name, kind, rows, missing } = table;
    const bar = h("span", { class: "row-bar", "aria-hidden": "true" });
    bar.style.setProperty("--part", `${(((rows ?? 0) / most) * 100).toFixed(1)}%`);
    const count =
      missing !== undefined
        ? t.missingModule(missing)
        : rows === undefined
          ? t.tableKind(kind)
          : formatNumber(rows);
    const button = h(
      "button",
      {
        type: "button",
        "aria-pressed": String(name === this.#chosen),
        on: { click: () => this.#choose(name) },
      },
      h("span", { class: "table-name", title: name.length > 20 && name }, name),
      h(
        "span",
        { class: "table-count" },
        count,
        rows !== undefined && h("span", { class: "hidden" }, ` ${t.rowsWord(rows)}`),
      ),
      bar,
    );
    return h("li", {}, button);
  }

  #choose(name: string): void {
    this.#chosen = name;
    this.#from = 0;
    const { state } = this.#session;
    if (state) this.show(state);
  }

  async #load(state: StateView): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const table = state.tables.find(({ name }) => name === this.#chosen);
    if (!table) {
      replace(
        this.#rows,
        this.#chosen !== undefined && h("p", { class: "notice" }, t.noSuchTable(this.#chosen)),
      );
      return;
    }
    if (table.missing !== undefined) {
      replace(this.#rows, missingShown(table, table.missing), schema(table));
      return;
    }
    if (table.rows !== undefined && this.#from >= table.rows) {
      this.#from = Math.max(Math.floor((table.rows - 1) / PAGE) * PAGE, 0);
    }
    try {
      const { rows, truncated, columns } = await this.#session.engine.call(
        "rows",
        [table.name, this.#from, PAGE],
        { signal },
      );
      const known = columns.map((name) => table.columns.find((column) => column.name === name) ?? { name });
      const scroll = this.#rows.querySelector(".grid-scroll");
      const [left, top] = [scroll?.scrollLeft ?? 0, scroll?.scrollTop ?? 0];
      const isSame = scroll?.getAttribute("aria-label") === t.rowsOf(table.name);
      const fresh = grid(t.rowsOf(table.name), known, rows);
      replace(
        this.#rows,
        h(
          "div",
          { class: "rows-head" },
          h("h3", {}, table.name),
          this.#pager(state, table, rows.length, truncated),
        ),
        rows.length === 0 ? h("p", { class: "notice" }, t.emptyTable) : fresh,
        schema(table),
      );
      if (isSame) fresh.scrollTo(left, top);
    } catch (error) {
      if (isAbort(error)) return;
      const { title, text } = failureWords(error);
      const lack = lackOf(text);
      replace(
        this.#rows,
        lack
          ? h(
              "p",
              { class: "notice unsure" },
              h("strong", {}, t.missingTitle(table.name)),
              t.lacks(lack.what, lack.name),
            )
          : h("p", { class: "notice bad" }, h("strong", {}, title), " ", text),
        schema(table),
      );
    }
  }

  #pager(state: StateView, { rows: count }: TableView, shown: number, isMore: boolean): HTMLElement {
    const go = (from: number) => {
      // The playhead has moved since this was drawn.
      if (this.#session.state !== state) return;
      this.#from = from;
      void this.#load(state);
    };
    const turn = (name: "previous" | "next", from: number, isOff: boolean) => {
      const label = name === "next" ? t.nextRows : t.previousRows;
      const click = () => !isOff && go(from);
      const attributes = { class: "square small", type: "button", "aria-label": label, title: label };
      return h("button", { ...attributes, "aria-disabled": String(isOff), on: { click } }, icon(name, 16));
    };
    const isLast = count === undefined ? !isMore : this.#from + shown >= count;
    const id = newId("rows");
    return h(
      "div",
      { class: "pager", role: "group", "aria-labelledby": id },
      h("span", { id }, t.rowsFrom(this.#from + 1, this.#from + shown, count)),
      turn("previous", Math.max(this.#from - PAGE, 0), this.#from === 0),
      turn("next", this.#from + PAGE, isLast),
    );
  }
}

/** Shown in place of a virtual table's rows if SQLite lacks its module here. Nothing is wrong with the rows. */
function missingShown(table: TableView, module: string): HTMLElement {
  return h(
    "div",
    { class: "missing" },
    h("h3", {}, icon("info", 18), t.missingTitle(table.name)),
    h("p", {}, t.missingMeans(module)),
    h("p", { class: "quiet" }, t.missingWhere),
  );
}

function schema({ sql }: TableView): HTMLElement | undefined {
  if (sql === "") return undefined;
  return h("details", { class: "schema" }, h("summary", {}, t.schema), h("pre", { tabindex: 0 }, sql));
}

function largest(tables: readonly TableView[]): TableView | undefined {
  return tables.reduce<TableView | undefined>(
    (a, b) => (a && (a.rows ?? 0) >= (b.rows ?? 0) ? a : b),
    undefined,
  );
}
