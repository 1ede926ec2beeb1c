/** A time along a timeline: before the branch it lies on the parent. */

import { WalkitError } from "../../errors.ts";
import type { Branch, Catalog, Change } from "../../replay/catalog.ts";
import { checkTimes } from "../../replay/faults.ts";
import type { Replica } from "../../replay/layout.ts";
import { commitMoment } from "../../replay/nearest.ts";
import type { PlanTarget } from "../../replay/plan.ts";
import {
  comparePositions,
  formatPosition,
  type Position,
  positionOf,
  sectionOf,
} from "../../replay/position.ts";
import { timeRange } from "../../replay/times.ts";
import { formatTime } from "../../time.ts";
import { readCommits } from "../commits.ts";
import { type Lineage, pathTo, type Timeline } from "../lineage.ts";

/**
 * The state at `time` on the way that the history of `timeline` takes.
 *
 * @throws WalkitError `target/not-in-history` where the parent had by then gone past the switch point,
 * `target/out-of-range`, `timeline/parent-gone`
 */
export async function targetAlong(
  replica: Replica,
  { generations }: Catalog,
  lineage: Lineage,
  timeline: Timeline,
  time: bigint,
  signal?: AbortSignal,
): Promise<PlanTarget> {
  const path = pathTo(lineage, timeline.id);
  const stages = path.map(({ timeline: one, until }) => ({
    timeline: one,
    until,
    generation: generations.find(({ id }) => id === one.generation),
  }));
  let younger: Branch | undefined;
  for (const { timeline: one, until, generation } of stages.reverse()) {
    if (!generation || one.gone) throw parentGone(replica, one, timeline, time, younger);
    checkTimes(replica.layout, generation);
    const range = timeRange(generation);
    if (!range || time < range.oldest) {
      younger = generation;
      continue;
    }
    if (!until) return { generation: generation.id, timestamp: time };
    return await before(replica, generation, until, { timeline, time, younger: younger!, signal });
  }
  const moments = replica.layout.near(younger ? [younger] : [], time);
  throw new WalkitError(
    "target/out-of-range",
    `Expected a time that the history of timeline ${timeline.id} reaches, found ${formatTime(time)}, from before its first file`,
    { nearest: moments, remedy: { do: "choose-moment", nearest: moments } },
  );
}

/** On a parent, which the history leaves at `until`. */
async function before(
  replica: Replica,
  generation: Branch,
  until: Position,
  about: { timeline: Timeline; time: bigint; younger: Branch; signal: AbortSignal | undefined },
): Promise<PlanTarget> {
  const { id, segments } = generation;
  const { time, timeline, younger, signal } = about;
  const at = segments.findLastIndex((segment) => comparePositions(segment, until) < 0);
  const [last, next] = [segments[at], segments[at + 1]] as [Change | undefined, Change | undefined];
  if (last?.modified !== undefined && time < last.modified) return { generation: id, timestamp: time };
  const isWhole =
    !last || comparePositions(await lastCommitOf(replica, generation, last, signal), until) <= 0;
  const newest = next?.modified ?? timeRange(generation)!.newest + 1n;
  if (isWhole && time < newest) return { generation: id, commit: until };
  const isKept = generation.snapshots.some((snapshot) => sectionOf(snapshot) <= sectionOf(until));
  const moments = [
    ...(isKept ? [commitMoment(generation, until)] : []),
    ...replica.layout.near([younger], time),
  ];
  throw new WalkitError(
    "target/not-in-history",
    `Expected a time on the history of timeline ${timeline.id}, found ${formatTime(time)}: that history leaves generation ${id} at ${formatPosition(until)}${last?.modified === undefined ? "" : `, of ${formatTime(last.modified)}`}, and goes on with generation ${younger.id} at ${formatTime(timeRange(younger)!.oldest)}`,
    {
      nearest: moments,
      remedy: { do: "choose-moment", nearest: moments, instead: { generation: id } },
    },
  );
}

/** The end of the last commit in a segment. */
async function lastCommitOf(
  replica: Replica,
  generation: Branch,
  change: Change,
  signal: AbortSignal | undefined,
): Promise<Position> {
  let last = positionOf(change);
  const from = sectionOf(change);
  for await (const { end, change: own } of readCommits(replica, generation, { from, signal })) {
    if (own.path === change.path) last = end;
    if (comparePositions(own, change) > 0) break;
  }
  return last;
}

function parentGone(
  replica: Replica,
  gone: Timeline,
  timeline: Timeline,
  time: bigint,
  younger: Branch | undefined,
): WalkitError {
  const moments = younger ? replica.layout.near([younger], time) : [];
  const name = gone.generation === undefined ? "" : ` (generation ${gone.generation})`;
  return new WalkitError(
    "timeline/parent-gone",
    `Expected timeline ${gone.id}${name}, where the history of timeline ${timeline.id} was at ${formatTime(time)}, in the replica, found it gone`,
    {
      nearest: moments,
      remedy: { do: "bring-back", what: "generation", nearest: moments },
    },
  );
}
