import type { WalkitError } from "../errors.ts";
import type { Branch } from "../replay/catalog.ts";
import type { CommitEvent } from "../replay/events.ts";
import type { Layout, Replica } from "../replay/layout.ts";
import { plannedSegment } from "../replay/plan.ts";
import { isStart, sectionAt, sectionOf } from "../replay/position.ts";
import { commitsOf } from "../replay/replica.ts";

/**
 * The commits of a generation's WAL in order, from section `from` up to and with section `to`.
 *
 * @throws WalkitError what is wrong with the WAL, once it gets there
 */
export function readCommits(
  replica: Replica,
  { id, segments, snapshots: [snapshot] }: Branch,
  { from, to = from, signal }: { from: number; to?: number; signal?: AbortSignal | undefined },
): AsyncGenerator<CommitEvent, void, undefined> {
  const isWanted = (section: number) => section >= from && section <= to;
  const wal = segments.filter((segment) => isWanted(sectionOf(segment))).map(plannedSegment);
  return commitsOf(replica, { generation: id, segments: wal, snapshot }, { signal });
}

/**
 * The section from which transactions are counted: the first of which the replica has the beginning. What lies before the
 * first snapshot without one is left over; behind it, it is damaged.
 */
export function firstIndex({ segments, snapshots }: Branch): number {
  const begun = [segments.find(isStart), snapshots[0]].filter((one) => one !== undefined);
  return begun.length > 0 ? Math.min(...begun.map(sectionOf)) : 0;
}

/** Why transactions cannot be counted from {@link firstIndex} on; undefined where they can. */
export function missingStart(
  layout: Layout,
  { id, segments }: Branch,
  from: number,
): WalkitError | undefined {
  const first = segments.find((segment) => sectionOf(segment) >= from);
  // The section of a snapshot may be without any WAL.
  return first && sectionOf(first) > from + 1 ? layout.missing(id, sectionAt(from + 1), first) : undefined;
}
