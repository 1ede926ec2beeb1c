import type { WalkitError } from "../errors.ts";
import type { Branch } from "../replay/catalog.ts";
import type { Layout, Replica } from "../replay/layout.ts";
import type { PlannedSegment } from "../replay/plan.ts";
import { plannedSegment } from "../replay/plan.ts";
import { isStart, type Position, sectionAt, sectionOf } from "../replay/position.ts";
import { readChanges } from "../replay/replica.ts";

export interface Commit {
  /** The position behind its last frame. */
  end: Position;
  segment: PlannedSegment;
}

/**
 * The commits of a generation's WAL in order, from section `from` up to and with section `to`.
 *
 * @throws WalkitError what is wrong with the WAL, once it gets there
 */
export async function* readCommits(
  replica: Replica,
  { id, segments, snapshots: [snapshot] }: Branch,
  { from, to = from, signal }: { from: number; to?: number; signal?: AbortSignal | undefined },
): AsyncGenerator<Commit, void, undefined> {
  const isWanted = (section: number) => section >= from && section <= to;
  const wal = segments.filter((segment) => isWanted(sectionOf(segment))).map(plannedSegment);
  for await (const event of readChanges(replica, { generation: id, segments: wal, snapshot }, { signal })) {
    if (event.type === "commit") yield { end: event.end, segment: event.change };
  }
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
