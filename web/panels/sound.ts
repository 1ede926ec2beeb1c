/** At a moment that SQLite finds corrupt: finds the newest moment in order, and goes there. */

import { comparePositions } from "../../src/replay/position.ts";
import { h, newId, replace } from "../app/dom/dom.ts";
import { icon } from "../app/dom/icons.ts";
import type { MomentId, Progress, SoundView } from "../app/protocol/protocol.ts";
import type { Place, Session } from "../app/session/session.ts";
import { formatPosition } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { failureWords, momentName, progressWords } from "../app/words/words.ts";
import { isAbort } from "../app/workers/engine-client.ts";

export class SoundPanel {
  readonly element = h("div", { class: "sound" });
  readonly #session: Session;
  readonly #onArrive: () => void;
  #abort: AbortController | undefined;
  /** Result of the last search. It is shown while the playhead stands at the moment that was found, or asked about. */
  #found: { asked: MomentId; sound: SoundView | undefined } | undefined;
  /** Key of what is shown. The same is not put in again: that would take the focus out of it. */
  #shown = "";

  /** `onArrive`: called when the playhead has come to the moment that was found. */
  constructor(session: Session, onArrive: () => void) {
    this.#session = session;
    this.#onArrive = onArrive;
    session.on("findSound", (moment) => void this.#search(moment));
  }

  /** Shows what belongs to the playhead's moment: the offer to search, or the last result. */
  show(): void {
    const { moment, place } = this.#session;
    if (this.#abort || !moment || !place) return;
    const key = formatPosition(moment) + moment.generation;
    const { asked, sound } = this.#found ?? {};
    if (sound && isSame(sound.moment, moment))
      this.#put(`found ${key}`, () => this.#arrived(place, asked!, sound));
    else if (asked && !sound && isSame(asked, moment)) this.#put(`none ${key}`, () => [nothing()]);
    else if (this.#session.conditionOf(place) !== "corrupt") this.#put("", () => []);
    else this.#put(`offer ${key}`, () => [this.#offer(moment)]);
  }

  #put(key: string, children: () => (HTMLElement | undefined)[]): void {
    if (this.#shown === key) return;
    this.#shown = key;
    replace(this.element, ...children());
  }

  #offer(moment: MomentId): HTMLElement {
    return h("button", { type: "button", on: { click: () => void this.#search(moment) } }, t.findSound);
  }

  #arrived({ lane, stop }: Place, asked: MomentId, { broken, exhaustive }: SoundView): HTMLElement[] {
    const { unit } = this.#session;
    const later = lane.stops.ordinal(lane.stops.atOrBefore(asked)) - lane.stops.ordinal(stop);
    return [
      h(
        "div",
        { class: "notice sound-found" },
        icon("check", 16),
        h("p", {}, t.isSound, later > 0 && ` ${t.soundLeaves(later, unit)}`),
        broken && !exhaustive && h("p", { class: "quiet" }, t.soundByHalves),
      ),
    ];
  }

  async #search(asked: MomentId): Promise<void> {
    if (this.#abort) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#found = undefined;
    const onProgress = this.#progress(abort);
    const { signal } = abort;
    try {
      const sound = await this.#session.engine.call("sound", [asked], { signal, onProgress });
      this.#end();
      this.#found = { asked, sound };
      const { moment } = this.#session;
      if (sound) this.#session.learn(asked, sound);
      const isThere = moment !== undefined && isSame(moment, asked);
      if (sound && isThere) {
        this.#session.moveToPosition(sound.moment.generation, sound.moment);
        this.show();
        this.#onArrive();
      } else if (sound) this.#offerToGo(sound);
      else this.#put("none", () => [nothing()]);
    } catch (error) {
      this.#end();
      if (isAbort(error)) this.show();
      else {
        const { title, text, action } = failureWords(error);
        const why = [h("strong", {}, title), h("span", {}, text), action && h("span", {}, action)];
        this.#put("failed", () => [h("div", { class: "notice unsure", role: "alert" }, ...why)]);
      }
    }
  }

  #end(): void {
    this.#abort = undefined;
    this.#shown = "searched";
    replace(this.element);
  }

  /** The person moved the playhead during the search. It stays there, with a button to the moment that was found. */
  #offerToGo(sound: SoundView): void {
    const lane = this.#session.lanes.find(({ timeline }) => timeline.generation === sound.moment.generation);
    if (!lane) return;
    const place = { lane, stop: lane.stops.atOrBefore(sound.moment) };
    const go = () => {
      this.#session.moveToPosition(sound.moment.generation, sound.moment);
      this.show();
      this.#onArrive();
    };
    this.#put("elsewhere", () => [
      h(
        "div",
        { class: "notice", role: "status" },
        h("p", {}, t.soundIs(momentName(this.#session, place, "long"))),
        h("button", { type: "button", on: { click: go } }, t.goToEnd),
      ),
    ]);
  }

  #progress(abort: AbortController): (progress: Progress) => void {
    const id = newId("sound");
    const bar = h("progress", { "aria-labelledby": id });
    const text = h("p", { class: "quiet" });
    const cancel = h("button", { type: "button", on: { click: () => abort.abort() } }, t.cancel);
    this.#shown = "searching";
    replace(
      this.element,
      h(
        "div",
        { class: "card" },
        h("p", { id, role: "status" }, t.findingSound),
        bar,
        h("div", { class: "line" }, text, cancel),
      ),
    );
    return (progress) => {
      if (progress.total) {
        bar.max = progress.total;
        bar.value = progress.done;
      }
      replace(text, progressWords(progress));
    };
  }
}

function nothing(): HTMLElement {
  return h("p", { class: "notice bad", role: "status" }, t.noSound);
}

function isSame(a: MomentId, b: MomentId): boolean {
  return a.generation === b.generation && comparePositions(a, b) === 0;
}
