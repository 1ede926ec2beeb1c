/** The WAL of a generation, commit by commit. */

import type { Branch } from "../replay/catalog.ts";
import type { Replica } from "../replay/layout.ts";
import { plannedSegment } from "../replay/plan.ts";
import { comparePositions, type Position } from "../replay/position.ts";
import { readChanges } from "../replay/replica.ts";
import { firstIndex, missingStart } from "../timeline/commits.ts";
import { earlyCommits } from "./early.ts";
import type { Stretch } from "./gaps.ts";
import type { SegmentMoments } from "./moments.ts";

/** The segments in order, with the commits in each. `timeOf` gives the time of a file as it is to be told. */
export async function segmentMoments(
  replica: Replica,
  generation: Branch,
  stretches: readonly Stretch[],
  timeOf: (modified: bigint | undefined) => string | undefined,
  signal: AbortSignal | undefined,
): Promise<SegmentMoments[]> {
  const { id } = generation;
  const first = firstIndex(generation);
  const segments = generation.segments.map((segment): SegmentMoments => {
    const { index, offset, path, modified } = segment;
    return { position: { index, offset }, path, time: timeOf(modified), commits: [] };
  });
  const byPath = new Map(segments.map((segment) => [segment.path, segment]));
  const wal = generation.segments.filter(({ index }) => index >= first).map(plannedSegment);
  const early = new Map<Stretch, Set<number>>();
  for (const stretch of stretches.filter(({ from }) => from.offset > 0)) {
    const snapshot = generation.snapshots.find(({ index }) => index === stretch.snapshot)!;
    early.set(stretch, await earlyCommits(replica, generation, snapshot, signal));
  }
  const isEarly = (stretch: Stretch, { index, offset }: Position) =>
    index === stretch.snapshot && (early.get(stretch)?.has(offset) ?? false);
  let count: number | undefined = missingStart(replica.layout, generation, first) ? undefined : 0;
  let at = 0;
  let last: Position | undefined;
  const plan = { generation: id, segments: wal, snapshot: generation.snapshots[0] };
  const events = readChanges(replica, plan, { signal, faults: "report" });
  for await (const event of events) {
    // As for a target, which is counted up to the first fault.
    if (event.type === "fault" && event.breaks) count = undefined;
    if (event.type !== "commit") continue;
    const { end, change: segment } = event;
    // Where files overlap, two claim to end at the same place.
    if (last && comparePositions(end, last) <= 0) continue;
    last = end;
    const transaction: number | undefined = count === undefined ? undefined : ++count;
    while (stretches[at] && comparePositions(stretches[at]!.to, end) < 0) at++;
    const stretch = stretches[at];
    const restorable =
      event.sound &&
      stretch !== undefined &&
      (comparePositions(stretch.from, end) <= 0 || isEarly(stretch, end));
    byPath.get(segment.path)!.commits.push({ end, transaction, restorable });
  }
  return segments;
}
