import type { WalkitError } from "../errors.ts";
import type { Branch } from "../replay/catalog.ts";
import type { Layout, Replica } from "../replay/layout.ts";
import type { PlannedSegment } from "../replay/plan.ts";
import { plannedSegment } from "../replay/plan.ts";
import type { Position } from "../replay/position.ts";
import { sectionAt } from "../replay/position.ts";
import { readChanges } from "../replay/replica.ts";

export interface Commit {
  /** The position behind its last frame. */
  end: Position;
  segment: PlannedSegment;
}

/**
 * The commits of a generation's WAL in order, from index `from` up to and with index `to`.
 *
 * @throws WalkitError what is wrong with the WAL, once it gets there
 */
export async function* readCommits(
  replica: Replica,
  { id, segments, snapshots: [snapshot] }: Branch,
  { from, to = from, signal }: { from: number; to?: number; signal?: AbortSignal | undefined },
): AsyncGenerator<Commit, void, undefined> {
  const wal = segments.filter(({ index }) => index >= from && index <= to).map(plannedSegment);
  for await (const event of readChanges(replica, { generation: id, segments: wal, snapshot }, { signal })) {
    if (event.type === "commit") yield { end: event.end, segment: event.change };
  }
}

/**
 * The index from which transactions are counted: the first of which the replica has the beginning. What lies before the
 * first snapshot without one is left over; behind it, it is damaged.
 */
export function firstIndex({ segments, snapshots }: Branch): number {
  const begun = segments.find(({ offset }) => offset === 0)?.index ?? Number.POSITIVE_INFINITY;
  const first = Math.min(begun, snapshots[0]?.index ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(first) ? first : 0;
}

/** Why transactions cannot be counted from {@link firstIndex} on; undefined where they can. */
export function missingStart(
  layout: Layout,
  { id, segments }: Branch,
  from: number,
): WalkitError | undefined {
  const first = segments.find(({ index }) => index >= from);
  // The index of a snapshot may be without any WAL.
  return first && first.index > from + 1 ? layout.missing(id, sectionAt(from + 1), first) : undefined;
}
