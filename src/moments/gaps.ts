/** Where what can be restored begins and ends, and why. */

import { type Finding, makeFinding } from "../findings.ts";
import type { Branch } from "../replay/catalog.ts";
import {
  comparePositions,
  formatPosition,
  isStart,
  type Position,
  parsePosition,
  sectionOf,
} from "../replay/position.ts";
import { isLostBetween } from "../verify/lost.ts";
import type { GenerationReport } from "../verify/report.ts";
import type { Gap, SegmentMoments, Stretch } from "./moment.ts";

/** What verify found to be restorable, as positions; `proven`: by the WAL alone. */
export function stretchesOf({ restorable }: GenerationReport): (Stretch & { proven: boolean })[] {
  return restorable.map(({ from, to, snapshot, newest, proven }) => {
    return { from: parsePosition(from)!, to: parsePosition(to)!, snapshot, newest, proven };
  });
}

/** What lies between stretches, before the first one and behind the last. */
export function gapsOf(
  { id, segments: files, snapshots }: Branch,
  stretches: readonly Stretch[],
  segments: readonly SegmentMoments[],
  findings: readonly Finding[],
): Gap[] {
  const gaps: Gap[] = [];
  const add = (after: Position | undefined, before: Position | undefined, otherwise?: Finding) => {
    if (after && before && !isLostBetween(findings, after, before)) return;
    gaps.push({ after, before, reason: reasonOf(findings, after, before) ?? otherwise });
  };
  const last = stretches.at(-1);
  if (!last) {
    if (files.length + snapshots.length > 0) add(undefined, undefined);
    return gaps;
  }
  const commits = segments.flatMap((segment) => segment.commits);
  let at = 0;
  let after: Position | undefined;
  for (const { from, to } of stretches) {
    // A gap is open before the first stretch where files lead nowhere, and between two. Of the commits before a mark each is
    // restorable or not.
    let isOpen = after
      ? comparePositions(after, from) < 0
      : files[0] !== undefined && sectionOf(files[0]) < sectionOf(from);
    const otherwise = !isStart(from) ? beforeMark(id, from) : undefined;
    for (; commits[at] && comparePositions(commits[at]!.end, from) < 0; at++) {
      const { end, restorable } = commits[at]!;
      if (after && comparePositions(end, after) <= 0) continue;
      if (restorable && isOpen) add(after, end, otherwise);
      if (restorable) after = end;
      isOpen = !restorable;
    }
    if (isOpen) add(after, from, otherwise);
    after = to;
  }
  if (!last.newest) add(last.to, undefined);
  return gaps;
}

/** Nothing is wrong: the snapshot was made while commits came in. */
function beforeMark(generation: string, from: Position): Finding {
  const message = `The snapshot of index ${sectionOf(from)} already holds pages of what was committed up to ${formatPosition(from)}`;
  return makeFinding("replica/before-mark", message, {
    generation,
    position: formatPosition(from),
    severity: "info",
  });
}

/** The first thing that is wrong in between. */
function reasonOf(
  findings: readonly Finding[],
  after: Position | undefined,
  before: Position | undefined,
): Finding | undefined {
  let first: { finding: Finding; position: Position } | undefined;
  for (const finding of findings) {
    const position = positionOf(finding);
    if (finding.severity !== "damage" || !position) continue;
    if (after && comparePositions(position, after) < 0) continue;
    if (before && comparePositions(position, before) > 0) continue;
    if (!first || comparePositions(position, first.position) < 0) first = { finding, position };
  }
  const others = [
    "replica/no-snapshot",
    "replica/encrypted",
    ...(after ? ["replica/snapshot-ahead"] : ["replica/leftover-wal"]),
  ];
  return first?.finding ?? findings.find(({ code }) => others.includes(code));
}

function positionOf({ position }: Finding): Position | undefined {
  return position === undefined ? undefined : parsePosition(position);
}
