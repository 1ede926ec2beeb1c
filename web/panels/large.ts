/**
 * Shown in place of a large database: how much memory looking into it takes, and the button for it; while the database is read,
 * the button to cancel.
 */

import { h, newId, replace } from "../app/dom/dom.ts";
import type { Progress, SizeView } from "../app/protocol/protocol.ts";
import { formatBytes, formatNumber } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { progressWords } from "../app/words/words.ts";

export interface LargeEvents {
  onAsk: () => void;
  onCancel: () => void;
  /** The person chose whether the page looks into every moment that the playhead comes to. */
  onEverywhere: (isSo: boolean) => void;
}

export class LargePanel {
  readonly element: HTMLElement;
  readonly #said: HTMLElement;
  readonly #about = h("p");
  readonly #ask: HTMLButtonElement;
  readonly #cancel: HTMLButtonElement;
  readonly #next: HTMLInputElement;
  readonly #bar: HTMLProgressElement;
  readonly #text = h("p", { class: "quiet" });
  readonly #offer: HTMLElement;
  readonly #reading: HTMLElement;

  /** `said`: an element whose text screen readers read out. */
  constructor(said: HTMLElement, { onAsk, onCancel, onEverywhere }: LargeEvents) {
    this.#said = said;
    this.#ask = h("button", { type: "button", class: "strong", on: { click: onAsk } }, t.lookInto);
    this.#cancel = h("button", { type: "button", on: { click: onCancel } }, t.cancel);
    this.#next = h("input", { type: "checkbox", id: newId("next") });
    this.#next.addEventListener("change", () => onEverywhere(this.#next.checked));
    const id = newId("looking");
    this.#bar = h("progress", { "aria-labelledby": id });
    this.#about.id = newId("large");
    this.#ask.setAttribute("aria-describedby", this.#about.id);
    this.#offer = h(
      "div",
      { class: "large-offer" },
      h("h3", {}, t.largeTitle),
      this.#about,
      h("p", { class: "quiet" }, t.largeElse),
      h(
        "div",
        { class: "line" },
        this.#ask,
        h("span", { class: "check" }, this.#next, h("label", { for: this.#next.id }, t.lookIntoNext)),
      ),
    );
    this.#reading = h(
      "div",
      { class: "large-reading" },
      h("h3", { id }, t.lookingInto),
      this.#bar,
      h("div", { class: "line" }, this.#text, this.#cancel),
    );
    this.#reading.hidden = true;
    this.element = h("div", { class: "large" }, this.#offer, this.#reading);
  }

  /** `isAsked`: the person asked for the database, and it is being read. */
  show({ bytes, memory }: SizeView, isAsked: boolean, isEverywhere: boolean): void {
    const hadFocus = this.element.contains(document.activeElement);
    replace(this.#about, t.largeIs(formatBytes(bytes), roughly(memory)));
    this.#next.checked = isEverywhere;
    this.#offer.hidden = isAsked;
    this.#reading.hidden = !isAsked;
    this.#bar.removeAttribute("value");
    replace(this.#text);
    replace(this.#said, isAsked ? t.lookingInto : t.largeSaid(formatBytes(bytes)));
    // The button that had the focus may be hidden now.
    if (hadFocus) (isAsked ? this.#cancel : this.#ask).focus({ preventScroll: true });
  }

  /** Whether a large database is being read. */
  get isReading(): boolean {
    return !this.#reading.hidden;
  }

  /** Reading has ended. */
  rest(): void {
    this.#reading.hidden = true;
  }

  progress(progress: Progress): void {
    const { done, total } = progress;
    if (total) {
      this.#bar.max = total;
      this.#bar.value = done;
    }
    replace(this.#text, progressWords(progress));
  }
}

/** `870 MiB`: rounded to tens, because it is an estimate. */
function roughly(bytes: number): string {
  return `${formatNumber(Math.round(bytes / (10 << 20)) * 10)} MiB`;
}
