/**
 * The mark of a snapshot: the position in the WAL of its own index up to which it may already hold pages. Nothing
 * records it; it shows in the pages of the snapshot that equal a version from that WAL.
 */

import { WalkitError } from "../errors.ts";
import { xxh32 } from "../lz4/index.ts";
import type { PlannedFile, PlannedSegment, RestorePlan } from "../replay/plan.ts";
import { replay } from "../replay/replay.ts";
import { Pages, readSnapshot } from "../replay/snapshot.ts";
import { Versions } from "../replay/versions.ts";
import type { Position } from "../snapshot/names.ts";
import type { Storage } from "../storage/storage.ts";
import { forEachPage } from "../wal/index.ts";

/**
 * The first commit in the WAL of the snapshot's index at which the snapshot, with the WAL replayed from offset 0, is
 * whole; undefined where it holds nothing of that WAL.
 *
 * @throws WalkitError what is wrong with the WAL up to there, or with the snapshot
 */
export async function findMark(
  storage: Storage,
  generation: string,
  snapshot: PlannedFile,
  segments: readonly PlannedSegment[],
  signal?: AbortSignal,
): Promise<Position | undefined> {
  const versions = new Versions();
  for await (const event of replay(storage, { generation, segments }, { signal, faults: "report" })) {
    if (event.type === "frames" && event.run.sound) {
      forEachPage(event.run, event.pageSize, (page, data) => versions.add(page, xxh32(data)));
    } else if (event.type === "commit" && event.sound) versions.commit(event.end);
  }
  let mark: Position | undefined;
  const pages = new Pages((page, data) => {
    if (!versions.has(page)) return;
    const found = versions.find(page, xxh32(data));
    if (found && (!mark || found.offset > mark.offset)) mark = found;
  });
  for await (const piece of readSnapshot(snapshot, { storage, signal })) pages.add(piece);
  return mark;
}

/** `plan`, which ends before its snapshot's mark, taken on to the mark. */
export async function planToMark(
  storage: Storage,
  plan: RestorePlan,
  signal?: AbortSignal,
): Promise<RestorePlan> {
  const own = [...plan.segments, ...plan.proof];
  const mark = await findMark(storage, plan.generation, plan.snapshot, own, signal);
  if (!mark) {
    throw new WalkitError(
      "replica/before-mark",
      `Expected the WAL of index ${plan.snapshot.index} to show up to where its snapshot reaches, found no page in common`,
      { path: plan.snapshot.path },
    );
  }
  return {
    ...plan,
    segments: own.filter((segment) => segment.offset < mark.offset),
    proof: own.filter((segment) => segment.offset >= mark.offset),
    end: mark,
    next: undefined,
  };
}
