/** What one transaction changed, table by table. */

import { type Child, h, hidden, replace } from "../app/dom/dom.ts";
import { icon } from "../app/dom/icons.ts";
import type { Cell, ChangesView, TableChanges } from "../app/protocol/protocol.ts";
import type { Session } from "../app/session/session.ts";
import type { FileKind } from "../app/strings/plural.ts";
import { t } from "../app/strings/strings.ts";
import { failureWords, progressWords } from "../app/words/words.ts";
import { isAbort } from "../app/workers/engine-client.ts";
import { isNumeric, valueNode } from "./grid.ts";

type Sample = TableChanges["samples"][number];

/** Changes of a table that are shown at first, and added with each "more". */
const FIRST = 10;
const MORE = 100;
/** Characters that are shown before the first difference. */
const CONTEXT = 24;

export class ChangesPanel {
  readonly element: HTMLElement;
  readonly #session: Session;
  #abort = new AbortController();

  constructor(session: Session) {
    this.#session = session;
    this.element = h("div", { class: "changes" });
  }

  leave(): void {
    this.#abort.abort();
  }

  async show(): Promise<void> {
    const { place, moment, engine } = this.#session;
    this.#abort.abort();
    if (!place || !moment || !place.lane.stops.isRestorable(place.stop)) return;
    // Comparing needs the database in memory, and a large one is read only when asked for. After that this is called again.
    if (!this.#session.state) {
      replace(this.element, h("p", { class: "notice" }, t.noStateYet));
      return;
    }
    if (place.lane.stops.isSnapshot(place.stop)) {
      replace(this.element, h("p", { class: "notice" }, t.changesOfSnapshot(this.#session.unit)));
      return;
    }
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.element.setAttribute("aria-busy", "true");
    const waiting = h("p", { class: "notice" }, t.comparing);
    const timer = setTimeout(() => replace(this.element, waiting), 250);
    try {
      const changes = await engine.call("changes", [moment], {
        signal,
        onProgress: (progress) => replace(waiting, progressWords(progress)),
      });
      clearTimeout(timer);
      const internal = new Set(
        this.#session.state?.tables.filter((one) => one.internal).map(({ name }) => name),
      );
      replace(
        this.element,
        ...changesShown(
          changes,
          place.lane.timeline.files,
          (table) => internal.has(table) || isInternalName(table),
        ),
      );
    } catch (error) {
      clearTimeout(timer);
      if (isAbort(error)) return;
      const { title, text } = failureWords(error);
      replace(this.element, h("p", { class: "notice bad" }, h("strong", {}, title), " ", text));
    } finally {
      if (this.#abort.signal === signal) this.element.removeAttribute("aria-busy");
    }
  }
}

/** `isInternal`: whether no application sees a table of that name. */
function changesShown(
  { pages, pageCount, tables, schema, isOwn }: ChangesView,
  files: FileKind,
  isInternal: (table: string) => boolean,
): Child[] {
  const about = h("p", { class: "changes-about" }, t.changedPages(pages, pageCount, files));
  if (isOwn) return [h("p", { class: "notice" }, t.changesOwn), about];
  const isNothing =
    tables.length === 0 && schema.added.length + schema.removed.length + schema.changed.length === 0;
  if (isNothing) return [h("p", { class: "notice" }, t.changesNone), about];
  const internal = tables.filter(({ table }) => isInternal(table));
  const own = tables.filter(({ table }) => !isInternal(table));
  const folded =
    internal.length > 0 &&
    h(
      "details",
      { class: "internal-changes", open: own.length === 0 },
      h("summary", {}, t.internalChanges(internal.length)),
      ...internal.map(tableShown),
    );
  return [about, ...schemaShown(schema), ...own.map(tableShown), folded];
}

function schemaShown({ added, removed, changed }: ChangesView["schema"]): Child[] {
  const line = (kind: Sample["kind"], names: readonly string[]): Child =>
    names.length > 0 && h("li", { class: kind }, sign(kind), t.schemaChange(kind, names));
  const lines = [line("added", added), line("removed", removed), line("changed", changed)];
  return lines.some(Boolean) ? [h("ul", { class: "schema-changes" }, ...lines)] : [];
}

function tableShown(change: TableChanges): HTMLElement {
  const { table, added, removed, changed, samples, uncounted, rowsBefore, rowsAfter } = change;
  const counts = uncounted
    ? [
        h("li", {}, t.uncounted),
        (rowsBefore ?? rowsAfter) !== undefined && h("li", {}, t.uncountedRows(rowsBefore, rowsAfter)),
      ]
    : (["added", "changed", "removed"] as const).map((kind) => {
        const n = { added, removed, changed }[kind];
        return n > 0 && h("li", { class: kind }, sign(kind), t.rowsChanged(n, kind));
      });
  return h(
    "section",
    { class: "change" },
    h("div", { class: "change-head" }, h("h3", {}, table), h("ul", { class: "change-counts" }, ...counts)),
    samples.length > 0 && sampleTable(change),
  );
}

/** The first changes of a table, with a button for more. */
function sampleTable({ table, columns, samples, added, removed, changed }: TableChanges): HTMLElement {
  const all = added + removed + changed;
  const caption = t.changesOf(table);
  const head = h("tr", {}, h("th", { scope: "col" }, hidden(t.kindOfChange)));
  const values = samples.slice(0, FIRST).map(({ before, after }) => after ?? before);
  for (const [i, name] of columns.entries()) {
    head.append(
      h(
        "th",
        { scope: "col", class: isNumeric(values, i) && "number" },
        h("span", { class: "column-name" }, name),
      ),
    );
  }
  const body = h("tbody");
  const scroll = h(
    "div",
    { class: "grid-scroll", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      { class: "grid sample" },
      h("caption", { class: "hidden" }, caption),
      h("thead", {}, head),
      body,
    ),
  );
  const shown = h("span", { role: "status" });
  const more = h("button", { type: "button", class: "small" });
  const under = h("div", { class: "change-more" }, shown, more);
  let count = 0;
  const put = (upTo: number): void => {
    for (const sample of samples.slice(count, upTo)) body.append(sampleRow(sample, columns));
    count = Math.min(upTo, samples.length);
    replace(shown, count < all && t.samplesOf(count, all));
    const next = Math.min(MORE, samples.length - count);
    more.hidden = next === 0;
    replace(more, t.moreSamples(next));
    under.hidden = count >= all;
  };
  more.addEventListener("click", () => put(count + MORE));
  put(FIRST);
  // In the next frame it stands in the page, and has a width.
  requestAnimationFrame(() => bringIntoSight(scroll));
  return h("div", { class: "change-rows" }, scroll, under);
}

/** Scrolls to the first cell that differs, if that lies outside of what is visible. */
function bringIntoSight(scroll: HTMLElement): void {
  const cell = scroll.querySelector<HTMLElement>(".differs");
  const sticky = scroll.querySelector<HTMLElement>("tbody th")?.offsetWidth ?? 0;
  if (!cell || cell.offsetLeft + cell.offsetWidth <= scroll.clientWidth) return;
  scroll.scrollLeft = cell.offsetLeft - sticky - 24;
}

function sampleRow({ kind, before, after }: Sample, columns: readonly string[]): HTMLElement {
  return h(
    "tr",
    { class: kind },
    h("th", { scope: "row" }, sign(kind), hidden(t.kinds[kind])),
    ...columns.map((_, i) => valueChange(kind, before?.[i], after?.[i])),
  );
}

function valueChange(kind: Sample["kind"], before: Cell | undefined, after: Cell | undefined): HTMLElement {
  const one = kind === "removed" ? before : after;
  const value = (cell: Cell | undefined): Child => (cell === undefined ? "" : valueNode(cell));
  if (kind !== "changed" || isSame(before, after)) {
    return h("td", { class: typeof one === "number" ? "number" : undefined }, value(one));
  }
  const isNumber = typeof after === "number";
  const [from, to] = excerpts(before, after);
  return h(
    "td",
    { class: `differs${isNumber ? " number" : ""}` },
    h("del", {}, hidden(t.before), value(from)),
    " ",
    h("ins", {}, hidden(t.after), value(to)),
  );
}

/** Two long texts, each from shortly before their first difference on. Short texts and other values stay whole. */
function excerpts(before: Cell | undefined, after: Cell | undefined): [Cell | undefined, Cell | undefined] {
  if (typeof before !== "string" || typeof after !== "string") return [before, after];
  let same = 0;
  while (same < before.length && same < after.length && before[same] === after[same]) same++;
  if (same <= CONTEXT * 2) return [before, after];
  const cut = (text: string) => `…${text.slice(same - CONTEXT)}`;
  return [cut(before), cut(after)];
}

/** Tells internal tables by their names: for tables that do not exist after the change. */
function isInternalName(table: string): boolean {
  return /^(sqlite_|_litestream_)/.test(table);
}

function isSame(a: Cell | undefined, b: Cell | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function sign(kind: Sample["kind"]): HTMLElement {
  const mark = { added: "plus", removed: "minus", changed: "next" } as const;
  return h("span", { class: `sign ${kind}`, "aria-hidden": "true" }, icon(mark[kind], 14));
}
