/** What one transaction changed, table by table. */

import { type Child, h, hidden, replace } from "../dom.ts";
import { isAbort } from "../engine-client.ts";
import { icon } from "../icons.ts";
import type { Cell, ChangesView, TableChanges } from "../protocol.ts";
import type { Session } from "../session.ts";
import { t } from "../strings.ts";
import { failureWords, progressWords } from "../words.ts";
import { isNumeric, valueNode } from "./grid.ts";

type Sample = TableChanges["samples"][number];

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
    // It takes the database as well, and a large one has to be asked for. Once it is there, this is shown.
    if (!this.#session.state) {
      replace(this.element, h("p", { class: "notice" }, t.noStateYet));
      return;
    }
    if (place.lane.stops.isSnapshot(place.stop)) {
      replace(this.element, h("p", { class: "notice" }, t.changesOfSnapshot));
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
      replace(this.element, ...changesShown(changes));
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

function changesShown({ pages, pageCount, tables, schema, isOwn }: ChangesView): Child[] {
  const about = h("p", { class: "changes-about" }, t.changedPages(pages, pageCount));
  if (isOwn) return [h("p", { class: "notice" }, t.changesOwn), about];
  const isNothing =
    tables.length === 0 && schema.added.length + schema.removed.length + schema.changed.length === 0;
  if (isNothing) return [h("p", { class: "notice" }, t.changesNone), about];
  return [about, ...schemaShown(schema), ...tables.map(tableShown)];
}

function schemaShown({ added, removed, changed }: ChangesView["schema"]): Child[] {
  const line = (kind: Sample["kind"], names: readonly string[]): Child =>
    names.length > 0 && h("li", { class: kind }, sign(kind), t.schemaChange(kind, names));
  const lines = [line("added", added), line("removed", removed), line("changed", changed)];
  return lines.some(Boolean) ? [h("ul", { class: "schema-changes" }, ...lines)] : [];
}

function tableShown({
  table,
  added,
  removed,
  changed,
  samples,
  columns,
  uncounted,
}: TableChanges): HTMLElement {
  const counts = uncounted
    ? [h("li", {}, t.uncounted)]
    : (["added", "changed", "removed"] as const).map((kind) => {
        const n = { added, removed, changed }[kind];
        return n > 0 && h("li", { class: kind }, sign(kind), t.rowsChanged(n, kind));
      });
  return h(
    "section",
    { class: "change" },
    h("div", { class: "change-head" }, h("h3", {}, table), h("ul", { class: "change-counts" }, ...counts)),
    samples.length > 0 && sampleTable(table, columns, samples),
    samples.length > 0 && samples.length < added + removed + changed
      ? h("p", { class: "quiet" }, t.samplesOf(samples.length, added + removed + changed))
      : undefined,
  );
}

function sampleTable(table: string, columns: readonly string[], samples: readonly Sample[]): HTMLElement {
  const caption = t.changesOf(table);
  const head = h("tr", {}, h("th", { scope: "col" }, hidden(t.kindOfChange)));
  const values = samples.map(({ before, after }) => after ?? before);
  for (const [i, name] of columns.entries()) {
    head.append(
      h(
        "th",
        { scope: "col", class: isNumeric(values, i) && "number" },
        h("span", { class: "column-name" }, name),
      ),
    );
  }
  const rows = samples.map(({ kind, before, after }) =>
    h(
      "tr",
      { class: kind },
      h("th", { scope: "row" }, sign(kind), hidden(t.kinds[kind])),
      ...columns.map((_, i) => valueChange(kind, before?.[i], after?.[i])),
    ),
  );
  return h(
    "div",
    { class: "grid-scroll", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      { class: "grid sample" },
      h("caption", { class: "hidden" }, caption),
      h("thead", {}, head),
      h("tbody", {}, ...rows),
    ),
  );
}

function valueChange(kind: Sample["kind"], before: Cell | undefined, after: Cell | undefined): HTMLElement {
  const one = kind === "removed" ? before : after;
  const value = (cell: Cell | undefined): Child => (cell === undefined ? "" : valueNode(cell));
  if (kind !== "changed" || isSame(before, after)) {
    return h("td", { class: typeof one === "number" ? "number" : undefined }, value(one));
  }
  const isNumber = typeof after === "number";
  return h(
    "td",
    { class: `differs${isNumber ? " number" : ""}` },
    h("del", {}, value(before)),
    " ",
    h("ins", {}, value(after)),
  );
}

function isSame(a: Cell | undefined, b: Cell | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function sign(kind: Sample["kind"]): HTMLElement {
  const mark = { added: "plus", removed: "minus", changed: "next" } as const;
  return h("span", { class: `sign ${kind}`, "aria-hidden": "true" }, icon(mark[kind], 14));
}
