/** The verdict on a replica, in one sentence that its owner understands. */

import type { Finding } from "../../../src/findings.ts";
import { comparePositions, sectionOf } from "../../../src/replay/position.ts";
import type { Step } from "../../../src/replay/steps.ts";
import { isLostBetween } from "../../../src/verify/lost.ts";
import type { GenerationReport, Range, VerifyReport } from "../../../src/verify/report.ts";
import { MOST_BYTES } from "../protocol/limits.ts";
import type { MomentId } from "../protocol/protocol.ts";
import type { Session } from "../session/session.ts";
import { formatBytes, parsePosition } from "../strings/format.ts";
import { t } from "../strings/strings.ts";
import { meaningOf } from "./advice.ts";
import { endName, placeInName, placeOfSteps, spanName } from "./words.ts";

export interface Verdict {
  kind: "good" | "bad" | "unsure";
  word: string;
  sentence: string;
  /** What was checked, or how many problems there are. */
  more: string;
}

/** Whether SQLite was not asked about the newest state, only because the database is large. */
export function isLeftOut({ integrity, restorable, pageSize, pageCount }: GenerationReport): boolean {
  return integrity === undefined && restorable.at(-1)?.newest === true && Boolean(pageSize && pageCount);
}

/** `canAsk`: SQLite was not asked about a newest state because of its size, and can be asked. */
export function verdictOf(session: Session, report: VerifyReport): Verdict & { canAsk: boolean } {
  const verdict = wholeVerdict(session, report);
  const left = report.generations.filter(isLeftOut);
  if (left.length === 0) return { ...verdict, canAsk: false };
  const sizes = left.map(({ pageSize = 0, pageCount = 0 }) => pageSize * pageCount);
  const more = `${verdict.more} ${t.notGiven(formatBytes(Math.max(...sizes)))}`;
  return { ...verdict, more, canAsk: sizes.some((size) => size <= MOST_BYTES) };
}

function wholeVerdict(session: Session, report: VerifyReport): Verdict {
  const filled = filledOf(report);
  const warnings = count(report.findings, "warning");
  const checked = t.checked(
    sum(filled, (one) => one.transactions),
    sum(filled, (one) => one.snapshots + one.segments),
    filled.every(({ integrity }) => integrity === "ok"),
    warnings,
  );
  if (report.status === "damaged")
    return { kind: "bad", word: t.verdictDamaged, ...damaged(session, report, filled) };
  if (report.status === "inconclusive") {
    const unread = report.findings.map(({ code }) => t.unread[code]).find((words) => words !== undefined);
    if (unread && filled.every(({ restorable }) => restorable.length === 0))
      return { kind: "unsure", ...unread };
    const unsure = report.findings.find(({ severity }) => severity === "inconclusive");
    const sentence = unsure ? meaningOf(unsure) : t.unsureSentence;
    return { kind: "unsure", word: t.verdictUnsure, sentence: t.asSentence(sentence), more: checked };
  }
  const ranges = filled.flatMap(({ restorable }) => restorable);
  if (ranges.length === 0)
    return { kind: "unsure", word: t.verdictEmpty, sentence: t.nothingThere, more: "" };
  const span = wholeSpan(session, ranges);
  const lost = lostStretches(report.findings, filled);
  // Positions of different timelines cannot be compared, so one range over all of them would mean nothing.
  const isNamed = session.hasTimes || filled.length === 1;
  const whole = isNamed ? t.goodSentence(...span, filled.length) : t.goodTimelines(filled.length);
  const sentence =
    lost > 0 ? (isNamed ? t.mostlySentence(...span, lost) : t.mostlyTimelines(filled.length, lost)) : whole;
  // A newest state that is whole, but not proven to have been committed, is not called good.
  const newest = newestOf(session, report, filled);
  if (newest?.restorable.at(-1)?.proven === false) {
    return { kind: "unsure", word: t.verdictUnproven, sentence, more: `${checked} ${t.notProvenMeans}` };
  }
  const steps = newest ? stepsToNewest(session, newest) : [];
  const place = newest && placeOfSteps(session, newest.generation, steps);
  const said = place ? `${checked} ${t.stepsUnproven(place)}` : checked;
  if (newest && isDoubtful(session, newest)) {
    const more = newest.integrity === "skipped" ? `${said} ${t.couldNotAsk}` : said;
    return { kind: "unsure", word: t.verdictUnproven, sentence, more };
  }
  const unproven = ranges.some(({ proven }) => !proven);
  const more = unproven ? `${said} ${t.someUnproven}` : said;
  return { kind: "good", word: t.verdictGood, sentence, more };
}

/** The generations that have files, with only those ranges that can be restored without `salvage`. */
function filledOf({ generations }: VerifyReport): GenerationReport[] {
  return generations
    .filter(({ snapshots, segments }) => snapshots + segments > 0)
    .map((one) => ({ ...one, restorable: one.restorable.filter(({ salvage }) => !salvage) }));
}

/**
 * Whether unproven steps put the newest state in doubt: SQLite could not be asked, or Litestream's counter does not go up by one at
 * each of them.
 */
export function isDoubtful(session: Session, report: GenerationReport): boolean {
  const steps = stepsToNewest(session, report);
  const isSkipped = report.integrity === "skipped" && steps.length > 0;
  return isSkipped || steps.some(({ counter }) => counter !== "follows");
}

/** The unproven steps from one WAL index to the next on the way to a generation's newest state. */
export function stepsToNewest(session: Session, { generation, links }: GenerationReport): Step[] {
  const lane = session.lanes.find(({ timeline }) => timeline.generation === generation);
  // A restore begins with the newest snapshot: steps before it do not matter.
  const whole = lane?.timeline.snapshots.filter(({ damaged }) => !damaged) ?? [];
  const base = Math.max(-1, ...whole.map(({ position }) => sectionOf(position)));
  return (links?.steps ?? []).filter(({ to }) => sectionOf(parsePosition(to)!) > base);
}

function damaged(
  session: Session,
  report: VerifyReport,
  filled: readonly GenerationReport[],
): Pick<Verdict, "sentence" | "more"> {
  const { findings } = report;
  const problems = count(findings, "damage");
  const newest = newestOf(session, report, filled);
  const last = newest?.restorable.at(-1);
  const isSpread = filled.length > 1;
  if (filled.every(({ restorable }) => restorable.length === 0)) {
    return { sentence: t.nothingLeft, more: t.problems(problems) };
  }
  if (!newest || !last) return { sentence: t.newestTimelineLost, more: t.problems(problems) };
  const end = endName(session, last.toTime, last.to);
  if (!last.newest) return { sentence: t.endLost(end), more: t.problems(problems) };
  if (isLossless(session, findings, filled))
    return { sentence: t.nothingLost(end), more: t.problems(problems) };
  const lost = lostStretches(findings, filled);
  const sentence =
    newest.integrity === "failed"
      ? t.newestCorrupt(end)
      : lost === 0
        ? filled.some(({ integrity }) => integrity === "failed")
          ? t.otherCorrupt(end)
          : t.someLost(end)
        : t.middleLost(end, lost, isSpread);
  return { sentence, more: t.problems(problems) };
}

/**
 * Whether the broken files lose nothing: all of them are snapshots that the WAL makes again, or LTX files whose state others lead
 * to.
 */
function isLossless(
  session: Session,
  findings: readonly Finding[],
  filled: readonly GenerationReport[],
): boolean {
  const isProven = filled.every(({ restorable }) => restorable.every(({ proven }) => proven));
  if (!isProven || lostStretches(findings, filled) > 0) return false;
  const bases = new Map(filled.map(({ generation, restorable }) => [generation, restorable[0]!.snapshot]));
  return findings.every((finding) => {
    if (finding.severity !== "damage") return true;
    if (finding.path?.endsWith(".ltx")) return isThereAllTheSame(session, finding);
    const base = bases.get(finding.generation ?? "");
    const snapshot = /([0-9a-f]{8})\.snapshot\.lz4$/.exec(finding.path ?? "");
    // A broken snapshot before the first whole one does lose something: the moments that only it leads to.
    return base !== undefined && snapshot !== null && Number.parseInt(snapshot[1]!, 16) >= base;
  });
}

/** Whether the state can be restored that a broken LTX file leads to. */
function isThereAllTheSame({ lanes }: Session, { generation, path = "" }: Finding): boolean {
  const lane = lanes.find(({ timeline }) => timeline.generation === generation);
  const place = placeInName(path);
  const stop = lane && place ? lane.stops.atOrBefore(place) : -1;
  if (!lane || !place || stop < 0) return false;
  return lane.stops.isRestorable(stop) && comparePositions(lane.stops.id(stop), place) === 0;
}

/** How many stretches are lost between and after the ranges that can be restored. */
function lostStretches(findings: readonly Finding[], filled: readonly GenerationReport[]): number {
  return sum(filled, (one) => {
    const { restorable } = one;
    if (restorable.length === 0) return 1;
    const between = restorable.slice(1).filter((range, i) => isLost(findings, one, restorable[i]!, range));
    return between.length + (restorable.at(-1)!.newest ? 0 : 1);
  });
}

/** Whether something is lost between two neighbouring ranges of a timeline. */
export function isLost(
  findings: readonly Finding[],
  { generation }: GenerationReport,
  { to }: Range,
  { from }: Range,
): boolean {
  const own = findings.filter((finding) => finding.generation === generation);
  return isLostBetween(own, parsePosition(to)!, parsePosition(from)!);
}

/** The generation that the owner means by "my backup": the newest one. */
function newestOf(
  session: Session,
  { newestGeneration }: VerifyReport,
  filled: readonly GenerationReport[],
): GenerationReport | undefined {
  const current =
    newestGeneration ?? session.lanes.find(({ timeline }) => timeline.current)?.timeline.generation;
  return filled.find(({ generation }) => generation === current) ?? filled.at(-1);
}

/** The newest moment of the replica if SQLite finds its database corrupt; else undefined. */
export function corruptNewest(session: Session, report: VerifyReport): MomentId | undefined {
  const newest = newestOf(session, report, filledOf(report));
  const last = newest?.restorable.at(-1);
  if (newest?.integrity !== "failed" || !last) return undefined;
  const place = parsePosition(last.to);
  return place && { generation: newest.generation, ...place };
}

function wholeSpan(session: Session, ranges: readonly Range[]): [string, string] {
  const [first] = ranges;
  if (first && ranges.length === 1 && first.from === first.to) {
    const name = endName(session, session.hasTimes ? first.toTime : undefined, first.to);
    return [name, name];
  }
  const timed = ranges.filter(({ fromTime, toTime }) => fromTime !== undefined && toTime !== undefined);
  if (!session.hasTimes || timed.length !== ranges.length) {
    return [endName(session, undefined, ranges[0]!.from), endName(session, undefined, ranges.at(-1)!.to)];
  }
  const from = timed.reduce((a, b) => (Date.parse(b.fromTime!) < Date.parse(a.fromTime!) ? b : a));
  const to = timed.reduce((a, b) => (Date.parse(b.toTime!) > Date.parse(a.toTime!) ? b : a));
  return spanName(session, [from.fromTime, from.from], [to.toTime, to.to]);
}

function count(findings: readonly Finding[], severity: Finding["severity"]): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((all, value) => all + of(value), 0);
}
