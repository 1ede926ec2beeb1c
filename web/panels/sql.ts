/** Questions in SQL to the database of a moment. */

import { h, newId, replace } from "../dom.ts";
import { isAbort } from "../engine-client.ts";
import type { StateView } from "../protocol.ts";
import type { Session } from "../session.ts";
import { t } from "../strings.ts";
import { failureWords } from "../words.ts";
import { grid } from "./grid.ts";

export class SqlPanel {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #box: HTMLTextAreaElement;
  readonly #again: HTMLInputElement;
  readonly #run: HTMLButtonElement;
  readonly #cancel: HTMLButtonElement;
  readonly #said = h("p", { class: "sql-said", role: "status" });
  readonly #result = h("div", { class: "sql-result" });
  #abort = new AbortController();
  /** The last question that had an answer. */
  #asked: string | undefined;
  #isFresh = true;

  constructor(session: Session) {
    this.#session = session;
    const id = newId("sql");
    this.#box = h("textarea", {
      id,
      class: "mono",
      rows: 4,
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
    });
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void this.#ask(this.#box.value);
    });
    this.#again = h("input", { type: "checkbox", id: newId("again") });
    this.#again.checked = true;
    this.#run = h(
      "button",
      { type: "button", class: "strong", on: { click: () => void this.#ask(this.#box.value) } },
      t.run,
    );
    this.#cancel = h(
      "button",
      { type: "button", hidden: true, on: { click: () => this.#abort.abort() } },
      t.cancel,
    );
    this.element = h(
      "div",
      { class: "sql" },
      h("label", { for: id }, t.sqlLabel),
      this.#box,
      h(
        "div",
        { class: "sql-bar" },
        this.#run,
        this.#cancel,
        h("kbd", {}, t.runKeys),
        h("span", { class: "check" }, this.#again, h("label", { for: this.#again.id }, t.runAgain)),
      ),
      this.#said,
      this.#result,
    );
  }

  show(state: StateView): void {
    if (this.#isFresh && this.#box.value === "") {
      const table = state.tables.find(({ internal, kind }) => !internal && kind === "table");
      this.#box.value = table ? `SELECT count(*) FROM ${quoted(table.name)};` : "SELECT sqlite_version();";
    }
    this.#isFresh = false;
    if (this.#again.checked && this.#asked !== undefined) void this.#ask(this.#asked);
    else if (this.#asked !== undefined) replace(this.#said, t.ofOtherMoment);
  }

  async #ask(sql: string): Promise<void> {
    this.#abort.abort();
    if (sql.trim() === "") return;
    if (!this.#session.state) {
      replace(this.#said, t.noStateYet);
      return;
    }
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#cancel.hidden = false;
    this.element.setAttribute("aria-busy", "true");
    try {
      const { columns, rows, truncated, milliseconds } = await this.#session.engine.call("query", [sql], {
        signal,
      });
      this.#asked = sql;
      replace(this.#said, t.answered(rows.length, truncated, milliseconds));
      replace(
        this.#result,
        columns.length > 0 &&
          grid(
            t.sqlResult,
            columns.map((name) => ({ name })),
            rows,
          ),
      );
    } catch (error) {
      replace(this.#result);
      if (isAbort(error)) {
        if (this.#abort.signal === signal) replace(this.#said, t.cancelled);
        return;
      }
      const { text, action } = failureWords(error);
      replace(this.#said, t.sqlRefused);
      const hint = t.sqlHints.find(({ when }) => when.test(text))?.hint ?? action;
      replace(
        this.#result,
        h("p", { class: "notice bad" }, h("span", { class: "mono" }, text), hint && h("span", {}, hint)),
      );
    } finally {
      if (this.#abort.signal === signal) {
        this.#cancel.hidden = true;
        this.element.removeAttribute("aria-busy");
      }
    }
  }
}

function quoted(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
