/** SQL questions to the database of the playhead's moment. */

import { h, newId, replace } from "../app/dom/dom.ts";
import { icon } from "../app/dom/icons.ts";
import type { Answer, Answers, StateView } from "../app/protocol/protocol.ts";
import type { Session } from "../app/session/session.ts";
import { t } from "../app/strings/strings.ts";
import { failureWords, lackOf } from "../app/words/words.ts";
import { isAbort } from "../app/workers/engine-client.ts";
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
  /** The last question that was answered. */
  #asked: string | undefined;
  #isFresh = true;

  constructor(session: Session) {
    this.#session = session;
    const id = newId("sql");
    const about = newId("sql-about");
    this.#box = h("textarea", {
      id,
      class: "mono",
      rows: 4,
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
      "aria-describedby": about,
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
      h(
        "div",
        { class: "sql-head" },
        h("label", { for: id }, t.sqlLabel),
        h("p", { id: about, class: "quiet sql-about" }, t.sqlAbout),
      ),
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
  }

  /** The playhead has moved: takes away the answer about the moment before. */
  leave(): void {
    this.#abort.abort();
    if (!this.#result.firstChild) return;
    replace(this.#result);
    replace(this.#said, t.ofOtherMoment);
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
    // The old answer belongs to another question, or to another moment.
    replace(this.#result);
    replace(this.#said, t.asking);
    try {
      const answers = await this.#session.engine.call("query", [sql], { signal });
      this.#asked = sql;
      this.#show(answers);
    } catch (error) {
      if (isAbort(error)) {
        if (this.#abort.signal === signal) replace(this.#said, t.cancelled);
        return;
      }
      const { text, action } = failureWords(error);
      replace(this.#said, t.sqlRefused);
      replace(this.#result, refusal(text, action));
    } finally {
      if (this.#abort.signal === signal) {
        this.#cancel.hidden = true;
        this.element.removeAttribute("aria-busy");
      }
    }
  }

  #show({ answers, truncated, wrote, failure, milliseconds }: Answers): void {
    const [only] = answers;
    const isOne = answers.length === 1 && only!.columns.length > 0;
    const said = isOne
      ? t.answered(only!.rows.length, only!.truncated, milliseconds)
      : answers.length > 0
        ? t.answersIn(answers.length, milliseconds)
        : t.answeredNothing(milliseconds);
    replace(this.#said, said);
    replace(
      this.#result,
      wrote && h("p", { class: "notice unsure" }, icon("warning", 16), h("span", {}, t.thrownAway)),
      ...answers.map((answer, i) => answerShown(answer, i + 1, answers.length)),
      truncated && h("p", { class: "notice" }, t.moreAnswers),
      failure !== undefined && refusal(failure, undefined, t.failedAfter),
    );
  }
}

function answerShown(answer: Answer, number: number, all: number): HTMLElement {
  const { sql, columns, rows, truncated, written } = answer;
  const name = all === 1 ? t.sqlResult : t.answerOf(number, all);
  const about = columns.length > 0 ? t.rowCount(rows.length, truncated) : t.writtenRows(written);
  return h(
    "section",
    { class: "answer" },
    (all > 1 || columns.length === 0) &&
      h("div", { class: "answer-head" }, h("code", {}, oneLine(sql)), h("span", { class: "quiet" }, about)),
    columns.length > 0 &&
      grid(
        name,
        columns.map((column) => ({ name: column })),
        rows,
      ),
  );
}

/** SQLite's error message with a hint. If SQLite only lacks something here, the data has no fault. */
function refusal(text: string, action: string | undefined, before?: string): HTMLElement {
  const lack = lackOf(text);
  const hint = lack
    ? t.lacks(lack.what, lack.name)
    : (t.sqlHints.find(({ when }) => when.test(text))?.hint ?? action);
  return h(
    "p",
    { class: `notice ${lack ? "unsure" : "bad"}` },
    before !== undefined && h("span", {}, before),
    h("span", { class: "mono" }, text),
    hint && h("span", {}, hint),
  );
}

/** The beginning of a statement, on one line. */
function oneLine(sql: string): string {
  const text = sql.replace(/\s+/g, " ").trim();
  return text.length <= 120 ? text : `${text.slice(0, 120)}…`;
}

function quoted(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
