/** The moment at which the playhead stands: what it is, whether it can be restored, and the button that does it. */

import { h, newId, replace } from "../dom.ts";
import {
  formatBytes,
  formatClock,
  formatLongDate,
  formatNumber,
  formatPosition,
  formatUtc,
  formatZone,
} from "../format.ts";
import { icon } from "../icons.ts";
import { roundel } from "../picture/labels.ts";
import { segmentAt } from "../segments.ts";
import type { Session } from "../session.ts";
import { t } from "../strings.ts";
import { shortGeneration, transactionOf } from "../words.ts";
import { copyButton } from "./command.ts";
import { RestorePanel } from "./restore.ts";
import { SoundPanel } from "./sound.ts";

export class MomentPanel {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #when = h("div", { class: "moment-when" });
  readonly #facts = h("dl", { class: "facts" });
  readonly #can = h("div", { class: "moment-can" });
  readonly #restore: RestorePanel;
  readonly #sound: SoundPanel;

  constructor(session: Session) {
    this.#session = session;
    this.#restore = new RestorePanel(session);
    this.#sound = new SoundPanel(session, () => this.#restore.focus());
    const id = newId("moment");
    this.element = h(
      "section",
      { class: "panel moment", "aria-labelledby": id },
      h("h2", { id, class: "panel-title" }, t.thisMoment),
      this.#when,
      this.#can,
      this.#sound.element,
      this.#restore.element,
      this.#facts,
    );
    session.on("move", () => this.#show());
    session.on("size", () => this.#show());
    session.on("state", () => this.#show());
    session.on("report", () => this.#show());
    session.on("integrity", () => this.#showWhether());
    this.#show();
  }

  #show(): void {
    const { place, hasTimes, precision, size, lanes } = this.#session;
    if (!place) return;
    const { lane, stop } = place;
    const { stops, timeline } = lane;
    this.element.dataset.line = String(lane.colour + 1);
    const time = hasTimes ? stops.time(stop) : undefined;
    const position = formatPosition(stops.id(stop));
    if (time === undefined) replace(this.#when, h("p", { class: "moment-clock mono" }, position));
    else {
      replace(
        this.#when,
        h("p", { class: "moment-date" }, formatLongDate(time)),
        h(
          "p",
          { class: "moment-clock" },
          formatClock(time, precision),
          h("span", { class: "zone" }, formatZone(time)),
        ),
      );
    }
    this.#showWhether();
    const facts = h("div");
    const add = (name: string, ...value: (Node | string | false | undefined)[]) => {
      facts.append(h("div", {}, h("dt", {}, name), h("dd", {}, ...value)));
    };
    if (lanes.length > 1)
      add(
        t.timelineName,
        roundel(lane),
        h("span", { class: "hidden" }, `${timeline.id}`),
        leftParent(lane.timeline),
      );
    add(
      t.generation,
      h("span", { class: "mono", title: timeline.generation }, shortGeneration(timeline.generation)),
    );
    add(t.position, h("span", { class: "mono" }, position), copyButton(position, t.copyPosition));
    const number = transactionOf(lane, stop);
    add(
      t.transaction,
      stops.isSnapshot(stop)
        ? t.snapshotAlone
        : number === undefined
          ? t.notCounted
          : t.numberOf(number, stops.commits),
    );
    if (time !== undefined) add(t.inUtc, h("span", { class: "mono utc" }, formatUtc(time)));
    const segment = stops.segment(stop);
    const file = segment === undefined ? undefined : segmentAt(timeline.segments, segment);
    if (file) {
      const name = file.path.slice(file.path.lastIndexOf("/") + 1);
      const about = [t.commits(file.moments), file.bytes === undefined ? "" : formatBytes(file.bytes)].filter(
        Boolean,
      );
      add(
        t.inFile,
        h("span", { class: "mono file", title: file.path }, name),
        h("span", { class: "quiet" }, about.join(", ")),
      );
    }
    if (size) {
      add(t.database, t.databaseIs(formatBytes(size.bytes), formatNumber(size.pageCount), size.pageSize));
    }
    this.#facts.replaceChildren(...facts.children);
  }

  #showWhether(): void {
    const { place, state } = this.#session;
    if (!place) return;
    const { lane, stop } = place;
    const isRestorable = lane.stops.isRestorable(stop);
    const notProven = state !== undefined && !state.proven;
    this.#restore.allow(isRestorable);
    const gap = isRestorable ? undefined : lane.stops.gapAt(stop);
    const condition = this.#session.conditionOf(place);
    const badge = (kind: "good" | "bad" | "unsure", text: string) => {
      const sign = ({ good: "check", bad: "cross", unsure: "warning" } as const)[kind];
      return h("p", { class: `badge ${kind}` }, icon(sign, 16), text);
    };
    const isCorrupt = isRestorable && condition === "corrupt";
    const whether = !isRestorable
      ? badge("bad", t.cannotBeRestored)
      : isCorrupt
        ? badge("bad", t.corrupt)
        : condition === "doubtful"
          ? badge("unsure", t.doubtful)
          : notProven
            ? badge("unsure", t.notProven)
            : badge("good", t.canBeRestored);
    const inOrder = isRestorable && condition === "ok" && h("p", { class: "quiet" }, t.inOrder);
    const says = this.#session.saidOf(place);
    const corrupt =
      isCorrupt &&
      h(
        "div",
        { class: "reason" },
        h("p", {}, t.corruptMeans),
        says && h("p", { class: "quiet" }, t.asSentence(says)),
      );
    const doubtful = isRestorable && condition === "doubtful" && h("p", { class: "reason" }, t.doubtfulMeans);
    const reason =
      !isRestorable &&
      h(
        "div",
        { class: "reason" },
        h("p", {}, gap ? t.asSentence(gap.reason.meaning) : t.noReason),
        gap && h("p", { class: "quiet" }, t.asSentence(gap.reason.message)),
      );
    const jump = (sign: "previous" | "next", to: number | undefined, label: string) =>
      to !== undefined &&
      h(
        "button",
        { type: "button", on: { click: () => this.#session.moveTo(lane, to) } },
        icon(sign, 16),
        label,
      );
    const ways =
      !isRestorable &&
      h(
        "div",
        { class: "ways" },
        jump("previous", lane.stops.restorableFrom(stop, -1), t.lastGood),
        jump("next", lane.stops.restorableFrom(stop, 1), t.nextGood),
      );
    const unsure = notProven && h("p", { class: "reason" }, state.findings[0]?.meaning ?? t.notProvenMeans);
    replace(this.#can, whether, inOrder, corrupt, doubtful, unsure, reason, ways);
    this.#sound.show();
  }
}

function leftParent({
  parent,
  switchPoint,
  inferred,
}: {
  parent: number | undefined;
  switchPoint: { index: number; offset: number } | undefined;
  inferred: boolean;
}): HTMLElement | undefined {
  if (parent === undefined || !switchPoint) return undefined;
  return h("span", { class: "quiet" }, t.leftAt(parent, formatPosition(switchPoint), inferred));
}
