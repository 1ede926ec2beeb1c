/** The playhead's moment: what it is, whether it can be restored, and the button for that. */

import { h, newId, replace } from "../app/dom/dom.ts";
import { icon } from "../app/dom/icons.ts";
import { MOST_CHECKED } from "../app/protocol/limits.ts";
import { isInLine, stepsOf, trustIn } from "../app/protocol/proof.ts";
import type { StateView, TimelineView } from "../app/protocol/protocol.ts";
import { segmentAt } from "../app/protocol/segments.ts";
import type { Session } from "../app/session/session.ts";
import {
  formatBytes,
  formatClock,
  formatLongDate,
  formatNumber,
  formatPosition,
  formatUtc,
  formatZone,
} from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { doubtsIn, meaningOf } from "../app/words/advice.ts";
import {
  beforeNewest,
  momentName,
  placeOfSteps,
  shortGeneration,
  transactionOf,
} from "../app/words/words.ts";
import { roundel } from "../picture/labels.ts";
import { copyButton } from "./command.ts";
import { RestorePanel } from "./restore.ts";
import { SoundPanel } from "./sound.ts";

export class MomentPanel {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #when = h("div", { class: "moment-when" });
  readonly #facts = h("dl", { class: "facts" });
  readonly #details = h("dl", { class: "facts" });
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
      h("details", { class: "moment-details" }, h("summary", {}, t.details), this.#details),
    );
    session.on("move", () => this.#show());
    session.on("size", () => this.#show());
    session.on("state", () => this.#show());
    session.on("report", () => this.#show());
    session.on("integrity", () => this.#showWhether());
    this.#show();
  }

  #show(): void {
    const { place, hasTimes, precision, size, state, lanes, unit } = this.#session;
    if (!place) return;
    const { lane, stop } = place;
    const { stops, timeline } = lane;
    this.element.dataset.line = String(lane.colour + 1);
    const time = hasTimes ? stops.time(stop) : undefined;
    if (time === undefined)
      replace(this.#when, h("p", { class: "moment-clock" }, momentName(this.#session, place, "long")));
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
    const facts = new Facts();
    if (lanes.length > 1)
      facts.add(
        t.timelineName,
        roundel(lane),
        h("span", { class: "hidden" }, `${timeline.id}`),
        leftParent(this.#session, timeline),
      );
    facts.add(t.beforeTheEnd, beforeNewest(this.#session, place));
    const number = transactionOf(lane, stop);
    facts.add(
      t.transaction(unit),
      stops.isSnapshot(stop)
        ? t.snapshotAlone
        : number === undefined
          ? t.notCounted
          : t.numberOf(number, stops.commits),
    );
    if (state) facts.add(t.holds, contentsOf(state));
    if (size) facts.add(t.database, formatBytes(size.bytes));
    this.#facts.replaceChildren(...facts.rows);

    const details = new Facts();
    const { generation } = timeline;
    const position = formatPosition(stops.id(stop));
    const { files } = timeline;
    if (files === "wal") {
      details.add(
        t.generation,
        h("span", { class: "mono", title: generation }, shortGeneration(generation)),
        generation && copyButton(generation, t.copyGeneration),
      );
    }
    details.add(
      t.position[files],
      h("span", { class: "mono" }, position),
      copyButton(position, t.copyPosition[files]),
    );
    if (time !== undefined) details.add(t.inUtc, h("span", { class: "mono utc" }, formatUtc(time)));
    const segment = stops.segment(stop);
    const file = segment === undefined ? undefined : segmentAt(timeline.segments, segment);
    if (file) {
      const name = file.path.slice(file.path.lastIndexOf("/") + 1);
      const counted = files === "wal" ? t.commits(file.moments, unit) : "";
      const about = [counted, file.bytes === undefined ? "" : formatBytes(file.bytes)].filter(Boolean);
      details.add(
        t.inFile[files],
        h("span", { class: "mono file", title: file.path }, name),
        h("span", { class: "quiet" }, about.join(", ")),
      );
    }
    if (size) details.add(t.pages, t.pagesAre(formatNumber(size.pageCount), size.pageSize));
    this.#details.replaceChildren(...details.rows);
  }

  #showWhether(): void {
    const { place, state, size } = this.#session;
    if (!place) return;
    const { lane, stop } = place;
    const isRestorable = lane.stops.isRestorable(stop);
    this.#restore.allow(isRestorable);
    const gap = isRestorable ? undefined : lane.stops.gapAt(stop);
    const condition = this.#session.conditionOf(place);
    const said = condition === "doubtful" ? undefined : condition;
    const unproven = state?.unproven ?? [];
    const notProven = state !== undefined && trustIn(unproven, said) === "doubtful";
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
        h("p", {}, gap ? t.asSentence(meaningOf(gap.reason)) : t.noReason),
        gap &&
          h(
            "details",
            {},
            h("summary", {}, t.inDetail),
            h("p", { class: "quiet" }, t.asSentence(gap.reason.message)),
          ),
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
    const doubts = doubtsIn(state?.findings ?? []);
    const unsure =
      notProven &&
      !isCorrupt &&
      !isInLine(unproven) &&
      h("p", { class: "reason" }, doubts.length > 0 ? doubts.map(t.asSentence).join(" ") : t.notProvenMeans);
    const steps = state && placeOfSteps(this.#session, state.moment.generation, stepsOf(unproven));
    const isLarge = condition === undefined && size !== undefined && size.bytes > MOST_CHECKED;
    const missing =
      isRestorable &&
      steps &&
      h(
        "p",
        { class: isCorrupt ? "reason" : "quiet" },
        isCorrupt ? t.stepsBroken(steps) : t.stepsUnproven(steps),
        condition === "skipped" && ` ${t.couldNotAsk}`,
        isLarge && ` ${t.notAsked}`,
      );
    replace(this.#can, whether, inOrder, corrupt, doubtful, unsure, missing, reason, ways);
    this.#sound.show();
  }
}

/** The rows of a list of facts: a name and a value each. */
class Facts {
  readonly rows: HTMLElement[] = [];

  add(name: string, ...value: (Node | string | false | undefined)[]): void {
    this.rows.push(h("div", {}, h("dt", {}, name), h("dd", {}, ...value)));
  }
}

/** The number of the application's tables and of their rows. The rows are left out if those of a table were not counted. */
function contentsOf({ tables }: StateView): string {
  const own = tables.filter(({ kind, internal }) => kind === "table" && !internal);
  const isCounted = own.every(({ rows }) => rows !== undefined);
  return t.tablesAndRows(
    own.length,
    isCounted ? own.reduce((sum, { rows = 0 }) => sum + rows, 0) : undefined,
  );
}

function leftParent(
  session: Session,
  { parent, switchPoint, inferred }: TimelineView,
): HTMLElement | undefined {
  if (parent === undefined || !switchPoint) return undefined;
  const lane = session.lanes.find(({ timeline }) => timeline.id === parent);
  const stop = lane?.stops.atOrBefore(switchPoint) ?? -1;
  const moment =
    lane && stop >= 0 ? momentName(session, { lane, stop }, "short") : formatPosition(switchPoint);
  return h(
    "span",
    { class: "quiet", title: formatPosition(switchPoint) },
    t.leftAt(parent, moment, inferred),
  );
}
