/** Restores the playhead's moment: asks where to, shows the progress and the result, and says what to do next. */

import { h, newId, replace } from "../app/dom/dom.ts";
import { icon } from "../app/dom/icons.ts";
import { isInLine, stepsOf, trustIn } from "../app/protocol/proof.ts";
import type { Output, Progress, RestoredView } from "../app/protocol/protocol.ts";
import type { Lane } from "../app/session/lanes.ts";
import { beginWork } from "../app/session/leave.ts";
import type { Session } from "../app/session/session.ts";
import { formatBytes, formatDuration } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { doubtsIn, meaningOf } from "../app/words/advice.ts";
import { failureWords, fileName, momentName, placeOfSteps, progressWords } from "../app/words/words.ts";
import { isAbort } from "../app/workers/engine-client.ts";
import { copyButton } from "./command.ts";

export class RestorePanel {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #button: HTMLButtonElement;
  readonly #why = newId("why");
  readonly #body = h("div", { class: "restore-body" });
  #abort: AbortController | undefined;

  constructor(session: Session) {
    this.#session = session;
    this.#button = h(
      "button",
      { type: "button", class: "strong large", on: { click: () => void this.#start() } },
      icon("download"),
      t.restoreThis,
    );
    this.element = h(
      "div",
      { class: "restore" },
      this.#button,
      h("p", { id: this.#why, class: "quiet restore-where" }, t.restoreWhere),
      this.#body,
    );
    this.#button.setAttribute("aria-describedby", this.#why);
  }

  focus(): void {
    this.#button.focus({ preventScroll: true });
  }

  allow(isRestorable: boolean): void {
    this.#button.setAttribute("aria-disabled", String(!isRestorable || this.#abort !== undefined));
  }

  async #start(): Promise<void> {
    const { moment, place, engine } = this.#session;
    if (!moment || !place?.lane.stops.isRestorable(place.stop) || this.#abort) return;
    const name = momentName(this.#session, place, "long");
    const suggested = fileName(this.#session, place);
    this.#abort = new AbortController();
    this.allow(true);
    let endWork: (() => void) | undefined;
    try {
      const output = await this.#choose(suggested);
      if (!output) return;
      endWork = beginWork();
      const show = this.#showProgress(name);
      const { signal } = this.#abort;
      const restored = await engine.call("restore", [moment, output], { signal, onProgress: show });
      if (restored.integrity) this.#session.found(moment, restored.integrity);
      const isCorrupt = this.#session.conditionOf(place) === "corrupt";
      this.#showResult(restored, { isCorrupt, lane: place.lane, output, name, suggested });
    } catch (error) {
      if (isAbort(error))
        replace(this.#body, h("p", { class: "notice", role: "status" }, t.restoreCancelled));
      else this.#showFailure(error);
    } finally {
      endWork?.();
      this.#abort = undefined;
      this.allow(this.#session.place?.lane.stops.isRestorable(this.#session.place.stop) ?? false);
    }
  }

  /** Asks where to write the database; undefined: the person cancelled. */
  async #choose(name: string): Promise<Output | undefined> {
    if (!window.showSaveFilePicker) return { kind: "private", name };
    try {
      const handle = await window.showSaveFilePicker({
        id: "walkit-restore",
        suggestedName: name,
        types: [
          {
            description: t.sqliteDatabase,
            accept: { "application/vnd.sqlite3": [".db", ".sqlite", ".sqlite3"] },
          },
        ],
      });
      return { kind: "handle", handle };
    } catch (error) {
      if (isAbort(error)) return undefined;
      // The picker may not be opened here, as within a frame: then the file is written privately, and downloaded.
      return { kind: "private", name };
    }
  }

  #showProgress(name: string): (progress: Progress) => void {
    const id = newId("restoring");
    const bar = h("progress", { "aria-labelledby": id });
    const text = h("p", { class: "quiet" });
    const said = h("span", { class: "hidden", role: "status" }, t.restoring(name));
    const cancel = h("button", { type: "button", on: { click: () => this.#abort?.abort() } }, t.cancel);
    replace(
      this.#body,
      h(
        "div",
        { class: "card" },
        h("h3", { id }, t.restoring(name)),
        bar,
        h("div", { class: "line" }, text, cancel),
        said,
      ),
    );
    let quarter = 0;
    return (progress) => {
      const { done, total } = progress;
      if (total) {
        bar.max = total;
        bar.value = done;
        const now = Math.floor((done / total) * 4);
        if (now > quarter) replace(said, progressWords(progress));
        quarter = now;
      }
      replace(text, progressWords(progress));
    };
  }

  /** `isCorrupt`: SQLite found the database corrupt, now or in an earlier check of this moment. */
  #showResult(
    restored: RestoredView,
    {
      isCorrupt,
      lane,
      output,
      name,
      suggested,
    }: { isCorrupt: boolean; lane: Lane; output: Output; name: string; suggested: string },
  ): void {
    const { bytes, sha256, file, unproven, integrity, findings, milliseconds } = restored;
    const checked = isCorrupt ? "corrupt" : (integrity ?? (unproven.length === 0 ? "proven" : "skipped"));
    const steps = placeOfSteps(this.#session, lane.timeline.generation ?? "", stepsOf(unproven));
    const isDoubtful = !isCorrupt && trustIn(unproven, integrity) === "doubtful";
    const doubts = doubtsIn(findings);
    const known = findings.map(meaningOf).filter((meaning) => !doubts.includes(meaning));
    const doubt = doubts.length > 0 ? doubts.map(t.asSentence).join(" ") : t.notProvenMeans;
    const saved = output.kind === "handle" ? output.handle.name : suggested;
    const link = file && this.#download(file, saved);
    const { files } = lane.timeline;
    const next = (isCorrupt ? t.rescueSteps : t.nextSteps(files)).map((step) => h("li", {}, step));
    const title = h(
      "h3",
      { tabindex: -1 },
      icon(isCorrupt ? "warning" : "check", 18),
      file ? t.restoredDownload(saved) : t.restoredTo(saved),
    );
    replace(
      this.#body,
      h(
        "div",
        { class: `card ${isCorrupt ? "bad" : "good"}` },
        title,
        h("p", {}, t.restoredIs(name, formatBytes(bytes), formatDuration(milliseconds))),
        isDoubtful &&
          !isInLine(unproven) &&
          h("p", { class: "notice unsure" }, icon("warning", 16), h("span", {}, doubt)),
        isCorrupt
          ? h("p", {}, h("strong", {}, t.restoreChecked[checked]))
          : h("p", { class: checked !== "skipped" && "quiet" }, t.restoreChecked[checked]),
        steps && h("p", { class: "quiet" }, isCorrupt ? t.stepsBroken(steps) : t.stepsUnproven(steps)),
        ...known.map((meaning) => h("p", { class: "quiet" }, t.asSentence(meaning))),
        sha256 &&
          h(
            "p",
            { class: "sha" },
            h("span", { class: "mono" }, `SHA-256 ${sha256}`),
            copyButton(sha256, t.copySha),
          ),
        link,
        h("h4", {}, t.whatNext),
        h("ol", {}, ...next),
        h(
          "span",
          { class: "hidden", role: "status" },
          t.restoredIs(name, formatBytes(bytes), formatDuration(milliseconds)),
        ),
      ),
    );
    title.focus({ preventScroll: true });
  }

  /** Downloads the file from the browser's private folder; returns a link to download it again. */
  #download(file: File, name: string): HTMLElement {
    const link = h(
      "a",
      { class: "button", href: URL.createObjectURL(file), download: name },
      icon("download", 16),
      t.saveAgain,
    );
    link.click();
    return h("p", {}, link);
  }

  #showFailure(error: unknown): void {
    const { title, text, action } = failureWords(error);
    replace(
      this.#body,
      h(
        "div",
        { class: "card bad", role: "alert" },
        h("h3", {}, icon("cross", 18), t.restoreFailed),
        h("p", {}, h("strong", {}, title), ". ", text),
        action && h("p", {}, action),
      ),
    );
  }
}
