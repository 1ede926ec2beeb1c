/** The report of the check: what can be restored, what was found, what it means, and what to do. */

import type { Finding, Severity } from "../../src/findings.ts";
import { sectionAt } from "../../src/replay/position.ts";
import type { GenerationReport, VerifyReport } from "../../src/verify/report.ts";
import { type Child, h, replace } from "../app/dom/dom.ts";
import { type IconName, icon } from "../app/dom/icons.ts";
import type { Session } from "../app/session/session.ts";
import { formatBytes, formatNumber, formatPosition, parsePosition } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { actionOf, meaningOf } from "../app/words/advice.ts";
import { isDoubtful, isLeftOut, isLost, stepsToNewest } from "../app/words/verdict.ts";
import {
  endName,
  placeInWords,
  placeOfFinding,
  placeOfSteps,
  shortGeneration,
  spanName,
} from "../app/words/words.ts";
import { roundel } from "../picture/labels.ts";

const ORDER: Severity[] = ["damage", "inconclusive", "warning", "info"];
const SIGN: Record<Severity, IconName> = {
  damage: "cross",
  inconclusive: "question",
  warning: "warning",
  info: "info",
};
/** Most places of one kind of finding that are shown at first. */
const PLACES = 12;

export class Report {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #onShow: () => void;
  readonly #onFind: () => void;
  readonly #body = h("div", { class: "report-body" });

  /** `onShow`: brings the picture into view; `onFind`: brings the moment's panel into view. */
  constructor(session: Session, onShow: () => void, onFind: () => void) {
    this.#session = session;
    this.#onShow = onShow;
    this.#onFind = onFind;
    this.element = h(
      "section",
      { class: "report", id: "report", "aria-labelledby": "report-title", tabindex: -1 },
      h("h2", { id: "report-title" }, t.report),
      this.#body,
    );
    const early = groupsOf(session.replica.findings);
    replace(
      this.#body,
      h("p", { class: "notice" }, t.reportWaiting),
      early.length > 0 &&
        h(
          "section",
          { class: "found" },
          h("h3", {}, t.foundSoFar),
          ...early.map((group) => this.#group(group)),
        ),
    );
    session.on("report", (report) => this.#show(report));
  }

  #show(report: VerifyReport): void {
    const groups = groupsOf(report.findings);
    const isDoubted = report.generations.some((one) => isDoubtful(this.#session, one));
    const nothing = isDoubted ? t.foundNoFault : t.foundNothing;
    const ranges = h("section", { class: "ranges" }, h("h3", {}, t.whatCanBeRestored), this.#ranges(report));
    const found = h(
      "section",
      { class: "found" },
      h("h3", {}, t.whatWasFound),
      groups.length === 0
        ? h("p", { class: "notice" }, icon("check", 18), h("span", {}, nothing))
        : undefined,
      ...groups.map((group) => this.#group(group)),
    );
    const hasWal = this.#session.lanes.some(({ timeline }) => timeline.files === "wal");
    const limits = h(
      "details",
      { class: "limits" },
      h("summary", {}, t.limits),
      ...t.limitsText(hasWal).map((text) => h("p", {}, text)),
    );
    const first = report.status === "ok" ? [ranges, found] : [found, ranges];
    // If something is broken, the findings come first.
    replace(this.#body, ...first, leftOut(this.#session), limits);
  }

  #ranges({ generations, findings }: VerifyReport): HTMLElement {
    const filled = generations.filter(({ snapshots, segments }) => snapshots + segments > 0);
    const order = (one: GenerationReport) =>
      this.#session.lanes.find(({ timeline }) => timeline.generation === one.generation)?.timeline.id ?? 0;
    const rows = filled.sort((a, b) => order(a) - order(b)).map((one) => this.#timeline(one, findings));
    if (rows.length === 0) return h("p", { class: "notice" }, t.nothingRestorable);
    return h("div", { class: "range-list" }, ...rows);
  }

  #timeline(report: GenerationReport, findings: readonly Finding[]): HTMLElement {
    const {
      generation,
      restorable,
      snapshots,
      segments,
      transactions,
      bytes,
      pageSize,
      pageCount,
      integrity,
      links,
      levels,
    } = report;
    const lane = this.#session.lanes.find(({ timeline }) => timeline.generation === generation);
    const items: Child[] = [];
    const isDoubted = isDoubtful(this.#session, report);
    const isNewest = lane?.timeline.current ?? this.#session.lanes.length === 1;
    if (restorable.length === 0 && report.status === "inconclusive")
      items.push(h("li", { class: "unread" }, icon("question", 14), t.nothingKnown));
    else if (restorable.length === 0)
      items.push(h("li", { class: "lost" }, icon("cross", 14), t.nothingRestorable));
    for (const [i, range] of restorable.entries()) {
      const [from, to] = spanName(
        this.#session,
        [range.fromTime, range.from, generation],
        [range.toTime, range.to, generation],
      );
      const states = (range.runs ?? []).reduce((sum, run) => sum + run.states, 0);
      const several = states > 0 ? t.severalMoments(states, from, to) : t.everyMoment(from, to);
      const text = range.from === range.to ? t.oneMoment(from) : several;
      const isCorrupt = range.newest && integrity === "failed";
      items.push(
        h(
          "li",
          { class: range.salvage ? "unread" : "kept" },
          icon(range.salvage ? "warning" : "check", 14),
          h(
            "span",
            {},
            text,
            " ",
            range.newest &&
              h(
                "span",
                { class: isCorrupt || range.salvage || isDoubted ? "tag unsure" : "tag" },
                isNewest ? t.newest : t.toItsEnd,
              ),
            !range.proven && h("span", { class: "tag unsure" }, t.notProven),
            range.salvage && h("span", { class: "tag unsure" }, t.salvageOnly),
          ),
          this.#goTo(generation, range.to, t.goToEnd),
        ),
      );
      if (isCorrupt) items.push(this.#corrupt(generation, range.to));
      const next = restorable[i + 1];
      if (next || !range.newest) {
        const [after, before] = spanName(
          this.#session,
          [range.toTime, range.to, generation],
          [next?.fromTime, next?.from ?? "", generation],
        );
        const isKept = next && !isLost(findings, report, range, next);
        const words = isKept
          ? t.noneBetween(after, before)
          : next
            ? t.lostBetween(after, before)
            : t.lostAfter(after);
        items.push(
          h(
            "li",
            { class: isKept ? "unread" : "lost" },
            icon(isKept ? "info" : "cross", 14),
            h("span", {}, words),
          ),
        );
      }
    }
    const instead = this.#instead(report);
    if (instead) items.push(instead);
    const isBroken = integrity === "failed";
    const open = isBroken ? stepsToNewest(this.#session, report) : (links?.steps ?? []);
    const steps = placeOfSteps(this.#session, generation, open);
    const about = [
      ...(levels ? [t.ltxFiles(levels)] : [t.snapshots(snapshots), t.segments(segments)]),
      ...(levels ? [] : [t.transactions(transactions)]),
      bytes === undefined ? "" : formatBytes(bytes),
      pageSize && pageCount ? t.databaseOf(formatBytes(pageSize * pageCount)) : "",
      integrity ? t.integrity[integrity] : isLeftOut(report) ? t.integrity.notGiven : "",
    ].filter(Boolean);
    return h(
      "article",
      { class: "range" },
      h(
        "h4",
        {},
        lane && roundel(lane),
        h("span", {}, lane ? t.timeline(lane.timeline.id) : shortGeneration(generation)),
      ),
      h("ul", {}, ...items),
      h("p", { class: "quiet" }, about.join(" · ")),
      steps && h("p", { class: "quiet" }, isBroken ? t.stepsBroken(steps) : t.stepsUnproven(steps)),
      lane?.timeline.files !== "ltx" &&
        h(
          "details",
          {},
          h("summary", {}, t.details),
          h("p", { class: "quiet" }, `${t.generation} `, h("span", { class: "mono" }, generation)),
        ),
    );
  }

  /** The state that a salvage gives if the newest one cannot be restored. Undefined if a range above ends with that state. */
  #instead({ restorable, available }: GenerationReport): HTMLElement | undefined {
    if (!available || restorable.some(({ newest }) => newest)) return undefined;
    const { generation, snapshot, position, time } = available;
    const end = position ?? formatPosition(sectionAt(snapshot));
    if (restorable.some(({ to }) => to === end)) return undefined;
    return h(
      "li",
      { class: "unread" },
      icon("info", 14),
      h(
        "span",
        {},
        t.salvageGives(endName(this.#session, this.#session.hasTimes ? time : undefined, end, generation)),
      ),
    );
  }

  /** Says that SQLite finds the last moment of a timeline corrupt, with a button that finds the newest moment in order. */
  #corrupt(generation: string, position: string): HTMLElement {
    const place = parsePosition(position);
    const find = () => {
      if (!place) return;
      this.#session.moveToPosition(generation, place);
      this.#onFind();
      this.#session.emit("findSound", { generation, ...place });
    };
    return h(
      "li",
      { class: "lost" },
      icon("cross", 14),
      h("span", {}, t.lastIsCorrupt),
      h("button", { type: "button", class: "link", on: { click: find } }, t.findSound),
    );
  }

  #group({ severity, meaning, action, findings }: Group): HTMLElement {
    const places = h(
      "ul",
      { class: "places" },
      ...findings.slice(0, PLACES).map((finding) => this.#place(finding)),
    );
    const rest = findings.slice(PLACES);
    if (rest.length > 0) {
      const more = h("button", { type: "button" }, t.morePlaces(rest.length));
      const item = h("li", {}, more);
      more.addEventListener("click", () => item.replaceWith(...rest.map((finding) => this.#place(finding))));
      places.append(item);
    }
    return h(
      "article",
      { class: `finding ${severity}` },
      h(
        "p",
        { class: "finding-kind" },
        icon(SIGN[severity], 16),
        t.severity[severity],
        h("code", {}, [...new Set(findings.map(({ code }) => code))].join(", ")),
      ),
      h("h4", {}, t.asSentence(meaning)),
      h("p", { class: "finding-do" }, h("strong", {}, t.whatToDo), " ", t.asSentence(action)),
      places,
    );
  }

  #place(finding: Finding): HTMLElement {
    const { message, path, offset, decoded, generation } = finding;
    const place = placeOfFinding(finding);
    const where = placeInWords(this.#session, finding);
    const detail = [
      h("p", {}, t.asSentence(message)),
      path !== undefined &&
        h(
          "p",
          { class: "path" },
          h("span", { class: "mono" }, path),
          offset !== undefined &&
            h("span", { class: "quiet" }, t.atByte(formatNumber(offset), decoded === true)),
        ),
    ];
    if (where === undefined) return h("li", {}, ...detail);
    return h(
      "li",
      {},
      h(
        "p",
        { class: "whereabouts" },
        where,
        " ",
        place && this.#goTo(generation, formatPosition(place), t.showInPicture),
      ),
      h("details", {}, h("summary", {}, t.details), ...detail),
    );
  }

  #goTo(generation: string | undefined, position: string, label: string): HTMLElement | undefined {
    const place = parsePosition(position);
    if (!place) return undefined;
    const go = () => {
      this.#session.moveToPosition(generation, place);
      this.#onShow();
    };
    return h(
      "button",
      { type: "button", class: "link", on: { click: go } },
      label,
      h("span", { class: "hidden" }, ` ${position}`),
    );
  }
}

function leftOut({ skipped }: Session): HTMLElement | undefined {
  if (skipped.length === 0) return undefined;
  const entries = skipped.slice(0, 200).map(({ path, reason }) => h("li", {}, t.leftOutEntry(path, reason)));
  return h(
    "details",
    { class: "limits" },
    h("summary", {}, t.leftOut(skipped.length)),
    h("ul", {}, ...entries),
  );
}

interface Group {
  severity: Severity;
  meaning: string;
  action: string;
  findings: Finding[];
}

/** Findings with the same meaning and the same remedy, in groups; the gravest group first. */
function groupsOf(findings: readonly Finding[]): Group[] {
  const groups = new Map<string, Group>();
  for (const finding of findings) {
    const { severity } = finding;
    const [meaning, action] = [meaningOf(finding), actionOf(finding)];
    const key = [severity, meaning, action].join("\n");
    const group = groups.get(key);
    if (group) group.findings.push(finding);
    else groups.set(key, { severity, meaning, action, findings: [finding] });
  }
  return [...groups.values()].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
