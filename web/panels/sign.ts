/** The sign at the top: whether the backup is good. The check starts by itself when a replica has been opened. */

import { h, replace } from "../app/dom/dom.ts";
import { icon } from "../app/dom/icons.ts";
import type { MomentId } from "../app/protocol/protocol.ts";
import type { Session } from "../app/session/session.ts";
import { t } from "../app/strings/strings.ts";
import { corruptNewest, verdictOf } from "../app/words/verdict.ts";
import { failureWords, progressWords } from "../app/words/words.ts";
import { isAbort } from "../app/workers/engine-client.ts";

export class Sign {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #onRead: () => void;
  readonly #onFind: () => void;
  readonly #mark = h("div", { class: "sign-mark", "aria-hidden": "true" });
  readonly #text = h("div", { class: "sign-text", role: "status" });
  readonly #side = h("div", { class: "sign-side" });
  readonly #bar = h("progress", { class: "sign-bar", "aria-label": t.checking });

  /** `heading`: id for the text. `onRead`: brings the report into view; `onFind`: brings the moment's panel into view. */
  constructor(session: Session, heading: string, onRead: () => void, onFind: () => void) {
    this.#session = session;
    this.#onRead = onRead;
    this.#onFind = onFind;
    this.element = h(
      "section",
      { class: "sign-plate checking", "aria-labelledby": heading },
      this.#mark,
      this.#text,
      this.#side,
      this.#bar,
    );
    this.#text.id = heading;
    this.#wait();
  }

  /** Runs the check. `large`: SQLite checks large databases, too. */
  async check(large = false): Promise<void> {
    const abort = new AbortController();
    this.#wait();
    const cancel = h("button", { type: "button", on: { click: () => abort.abort() } }, t.cancel);
    const share = h("span", { class: "sign-share", "aria-hidden": "true" });
    replace(this.#side, share, cancel);
    try {
      const report = await this.#session.engine.call("verify", [large], {
        signal: abort.signal,
        onProgress: (progress) => {
          const { done, total } = progress;
          replace(share, progressWords(progress));
          if (!total) return;
          this.#bar.max = total;
          this.#bar.value = done;
        },
      });
      this.#session.take(report);
      const { kind, word, sentence, more, canAsk } = verdictOf(this.#session, report);
      const sign = ({ good: "check", bad: "cross", unsure: "question" } as const)[kind];
      this.#put(kind, sign, word, sentence, h("span", { class: "sign-more" }, more, this.#leftOut()));
      const link = h("button", { type: "button", on: { click: this.#onRead } }, t.readReport);
      const ask = h("button", { type: "button", on: { click: () => void this.check(true) } }, t.giveToSqlite);
      const corrupt = corruptNewest(this.#session, report);
      const find =
        corrupt && h("button", { type: "button", on: { click: () => this.#find(corrupt) } }, t.findSound);
      replace(this.#side, find, link, canAsk && ask);
    } catch (error) {
      const again = h(
        "button",
        { type: "button", on: { click: () => void this.check(large) } },
        t.checkAgain,
      );
      replace(this.#side, again);
      if (isAbort(error)) {
        this.#put("unsure", "question", t.notChecked, t.checkCancelled);
        return;
      }
      const { title, text } = failureWords(error);
      this.#put("unsure", "question", t.notChecked, `${title}.`, h("span", { class: "sign-more" }, text));
    }
  }

  /** Starts the search for a moment in order. The search is shown at the moment it starts from. */
  #find(moment: MomentId): void {
    this.#session.moveToPosition(moment.generation, moment);
    this.#onFind();
    this.#session.emit("findSound", moment);
  }

  /** The sentence about entries of an archive that were left out, and not checked. */
  #leftOut(): string {
    const { length } = this.#session.skipped;
    return length > 0 ? ` ${t.leftOutSeen(length)}` : "";
  }

  #wait(): void {
    const quiet = h("span", { class: "sign-more" }, t.checkingMore);
    this.#put("checking", "question", t.checking, "", quiet);
  }

  #put(
    kind: "checking" | "good" | "bad" | "unsure",
    sign: "check" | "cross" | "question",
    word: string,
    sentence: string,
    more?: HTMLElement,
  ): void {
    this.element.className = `sign-plate ${kind}`;
    this.#bar.hidden = kind !== "checking";
    replace(this.#mark, kind === "checking" ? h("span", { class: "runner" }) : icon(sign, 30));
    replace(
      this.#text,
      h("strong", { class: "sign-word" }, word),
      " ",
      sentence && h("span", {}, sentence),
      " ",
      more,
    );
  }
}
