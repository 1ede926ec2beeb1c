/** Moves the playhead along a timeline: buttons, a slider, keys, and a field for the time or commit to go to. */

import { h, newId, replace, setAttributes } from "../app/dom/dom.ts";
import { type IconName, icon } from "../app/dom/icons.ts";
import type { Session } from "../app/session/session.ts";
import { formatNumber, parsePosition } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { momentInWords } from "../app/words/words.ts";
import { choose } from "../picture/labels.ts";
import type { Picture } from "../picture/picture.ts";

export class Scrubber {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #range: HTMLInputElement;
  readonly #count = h("p", { class: "scrubber-count" });
  readonly #back: HTMLButtonElement[];
  readonly #on: HTMLButtonElement[];
  readonly #goal: HTMLInputElement;

  constructor(session: Session) {
    this.#session = session;
    const { unit } = session;
    const id = newId("scrubber");
    this.#range = h("input", { type: "range", id, class: "scrubber-range", min: 0, step: 1 });
    this.#range.addEventListener("input", () => this.#go(this.#range.valueAsNumber));
    this.#back = [
      this.#button("first", t.toFirst, () => this.#go(0)),
      this.#button("previous", t.toPrevious(unit), () => this.#step(-1)),
    ];
    this.#on = [
      this.#button("next", t.toNext(unit), () => this.#step(1)),
      this.#button("last", t.toLast, () => this.#go(Number.POSITIVE_INFINITY)),
    ];
    this.#goal = h("input");
    this.element = h(
      "div",
      { class: "scrubber" },
      h("div", { class: "scrubber-steps" }, ...this.#back, ...this.#on),
      h(
        "div",
        { class: "scrubber-slide" },
        h("label", { class: "hidden", for: id }, t.scrubber(unit)),
        this.#range,
      ),
      this.#count,
      this.#goTo(),
    );
    session.on("move", () => this.#show());
    session.on("integrity", () => this.#show());
    this.#show();
  }

  focus(): void {
    this.#range.focus({ preventScroll: true });
  }

  /** Handles the keys of the picture and the scrubber. True: the key was one of them. */
  key(event: KeyboardEvent, picture: Picture): boolean {
    const { place, lanes } = this.#session;
    if (!place || event.ctrlKey || event.metaKey || event.altKey) return false;
    const { lane, stop } = place;
    const far = event.shiftKey ? 10 : 1;
    const toLane = (step: 1 | -1) => {
      const others = lanes.filter(({ stops }) => stops.length > 0);
      const next = others[others.indexOf(lane) + step];
      if (next) choose(this.#session, next);
    };
    const keys: Record<string, () => void> = {
      ArrowLeft: () => this.#step(-far),
      ArrowRight: () => this.#step(far),
      ArrowUp: () => toLane(-1),
      ArrowDown: () => toLane(1),
      PageUp: () => this.#go(lane.stops.nextSegment(stop, -1)),
      PageDown: () => this.#go(lane.stops.nextSegment(stop, 1)),
      Home: () => this.#go(0),
      End: () => this.#go(Number.POSITIVE_INFINITY),
      "+": () => picture.zoom(1.6),
      "=": () => picture.zoom(1.6),
      "-": () => picture.zoom(1 / 1.6),
      "0": () => picture.fit(),
    };
    const act = keys[event.key];
    act?.();
    return act !== undefined;
  }

  #button(name: IconName, label: string, click: () => void): HTMLButtonElement {
    return h(
      "button",
      { class: "square", type: "button", "aria-label": label, title: label, on: { click } },
      icon(name),
    );
  }

  #go(stop: number): void {
    const { place } = this.#session;
    if (place) this.#session.moveTo(place.lane, Math.min(Math.max(stop, 0), place.lane.stops.length - 1));
  }

  #step(by: number): void {
    const { place } = this.#session;
    if (place) this.#go(place.stop + by);
  }

  /** The field for a time to go to; without times, for a commit's number or WAL position. */
  #goTo(): HTMLElement {
    const id = newId("go");
    const { hasTimes: byTime, unit } = this.#session;
    const input = this.#goal;
    setAttributes(input, {
      id,
      type: byTime ? "datetime-local" : "text",
      step: byTime ? 1 : undefined,
      autocomplete: "off",
    });
    const said = h("span", { class: "hidden", role: "status" });
    const go = (event: Event) => {
      event.preventDefault();
      const { place } = this.#session;
      if (!place || input.value === "") return;
      const position = parsePosition(input.value);
      const number = /^\s*[\d,]+\s*$/.test(input.value) ? Number(input.value.replaceAll(",", "")) : undefined;
      const { stops } = place.lane;
      // To the end of the second that was typed.
      const at = byTime
        ? stops.atTime(new Date(input.value).getTime() + 999)
        : position
          ? stops.atOrBefore(position)
          : number !== undefined
            ? stops.ofCommit(number)
            : -2;
      if (at >= 0) this.#go(at);
      else if (at === -1) this.#go(0);
      replace(said, at === -2 ? t.noCommit(unit) : at === -1 ? t.beforeAll : "");
      input.setAttribute("aria-invalid", String(at === -2));
    };
    return h(
      "form",
      { class: "go-to", on: { submit: go } },
      h("label", { for: id }, byTime ? t.goToTime : t.goToCommit(unit)),
      input,
      h("button", { type: "submit" }, t.go),
      said,
    );
  }

  #show(): void {
    const { place } = this.#session;
    this.#range.disabled = !place;
    if (!place) return;
    const { lane, stop } = place;
    const last = lane.stops.length - 1;
    setAttributes(this.#range, { max: last, "aria-valuetext": momentInWords(this.#session, place) });
    this.#range.value = String(stop);
    this.#range.dataset.line = String(lane.colour + 1);
    this.#range.style.setProperty("--part", last === 0 ? "100%" : `${((stop / last) * 100).toFixed(3)}%`);
    if (document.activeElement !== this.#goal) {
      const time = this.#session.hasTimes ? lane.stops.time(stop) : undefined;
      this.#goal.value =
        time === undefined
          ? this.#session.hasTimes
            ? ""
            : formatNumber(lane.stops.ordinal(stop))
          : inputTime(time);
    }
    replace(this.#count, t.commitOf(lane.stops.ordinal(stop), lane.stops.commits, this.#session.unit));
    for (const button of this.#back) setDisabled(button, stop === 0);
    for (const button of this.#on) setDisabled(button, stop === last);
  }
}

/** Marks a button as disabled. A button that really is loses the focus, and the keyboard its place in the page. */
function setDisabled(button: HTMLButtonElement, isDisabled: boolean): void {
  button.setAttribute("aria-disabled", String(isDisabled));
}

/** `2026-11-18T08:15:51`: the local time, as a `datetime-local` input needs it. */
function inputTime(time: number): string {
  const local = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}
