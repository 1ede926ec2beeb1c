import { type PlannedSegment, plannedSegment } from "../replay/plan.ts";
import { replay } from "../replay/replay.ts";
import type { Generation } from "../snapshot/catalog.ts";
import type { Position } from "../snapshot/names.ts";
import type { Storage } from "../storage/storage.ts";

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
  storage: Storage,
  { id, segments }: Generation,
  { from, to = from, signal }: { from: number; to?: number; signal?: AbortSignal | undefined },
): AsyncGenerator<Commit, void, undefined> {
  const wal = segments.filter(({ index }) => index >= from && index <= to).map(plannedSegment);
  for await (const event of replay(storage, { generation: id, segments: wal }, { signal })) {
    if (event.type === "commit") yield { end: event.end, segment: event.segment };
  }
}

/** The first index of which the replica has the beginning: what lies before it is left over. */
export function firstIndex({ segments, snapshots }: Generation): number {
  return segments.find(({ offset }) => offset === 0)?.index ?? snapshots[0]?.index ?? 0;
}
