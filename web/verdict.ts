/** The verdict over a replica, in one sentence that its owner understands. */

import type { Finding } from "../src/findings.ts";
import type { GenerationReport, Range, VerifyReport } from "../src/verify/report.ts";
import type { Session } from "./session.ts";
import { t } from "./strings.ts";
import { endName, spanName } from "./words.ts";

export interface Verdict {
  kind: "good" | "bad" | "unsure";
  word: string;
  sentence: string;
  /** How it is known, or what is left. */
  more: string;
}

export function verdictOf(session: Session, report: VerifyReport): Verdict {
  const filled = report.generations.filter(({ snapshots, segments }) => snapshots + segments > 0);
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
    const sentence =
      report.findings.find(({ severity }) => severity === "inconclusive")?.meaning ?? t.unsureSentence;
    return { kind: "unsure", word: t.verdictUnsure, sentence: t.asSentence(sentence), more: checked };
  }
  const ranges = filled.flatMap(({ restorable }) => restorable);
  if (ranges.length === 0)
    return { kind: "unsure", word: t.verdictEmpty, sentence: t.nothingThere, more: "" };
  const unproven = ranges.some(({ proven }) => !proven);
  return {
    kind: "good",
    word: t.verdictGood,
    sentence: t.goodSentence(...wholeSpan(session, ranges), filled.length),
    more: unproven ? `${checked} ${t.someUnproven}` : checked,
  };
}

function damaged(
  session: Session,
  { findings }: VerifyReport,
  filled: readonly GenerationReport[],
): Pick<Verdict, "sentence" | "more"> {
  const problems = count(findings, "damage");
  const newest = newestOf(session, filled);
  const last = newest?.restorable.at(-1);
  const isSpread = filled.length > 1;
  if (filled.every(({ restorable }) => restorable.length === 0)) {
    return { sentence: t.nothingLeft, more: t.problems(problems) };
  }
  if (!last) return { sentence: t.newestTimelineLost, more: t.problems(problems) };
  const end = endName(session, last.toTime, last.to);
  if (!last.newest) return { sentence: t.endLost(end), more: t.problems(problems) };
  const isLossless = filled.every(({ restorable }) => restorable.length === 1 && restorable[0]!.newest);
  const lost = isLossless ? 0 : lostStretches(filled);
  return {
    sentence: lost === 0 ? t.nothingLost(end) : t.middleLost(end, lost, isSpread),
    more: t.problems(problems),
  };
}

/** How many stretches between, before and behind what can be restored are lost. */
function lostStretches(filled: readonly GenerationReport[]): number {
  return sum(filled, ({ restorable, status }) => {
    if (status === "ok") return 0;
    const between = Math.max(restorable.length - 1, 0);
    return between + (restorable.at(-1)?.newest ? 0 : 1) || 1;
  });
}

/** The generation that the replica's owner means when they say "my backup". */
export function newestOf(
  session: Session,
  filled: readonly GenerationReport[],
): GenerationReport | undefined {
  const current = session.lanes.find(({ timeline }) => timeline.current)?.timeline.generation;
  return filled.find(({ generation }) => generation === current) ?? filled.at(-1);
}

function wholeSpan(session: Session, ranges: readonly Range[]): [string, string] {
  const timed = ranges.filter(({ fromTime, toTime }) => fromTime !== undefined && toTime !== undefined);
  if (!session.hasTimes || timed.length !== ranges.length) {
    const [first, last] = [ranges[0]!, ranges.at(-1)!];
    return ranges.length === 1 ? [first.from, last.to] : [first.from, last.to];
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
