/**
 * A newest snapshot that holds what no WAL has brought. It may be ahead: Litestream writes a snapshot before it uploads the
 * WAL that leads there. Or it is an older one, here by mistake. A snapshot ahead holds only pages at least as new as the
 * state at the beginning of its index; what tells the two apart counts up: the change counter on page 1, and Litestream's own.
 * Where both stand still, the pages are left: one that equals a version long superseded may be old, or written back as it was.
 */

import { xxh32 } from "../lz4/index.ts";
import type { Replica } from "../replay/layout.ts";
import { Pages } from "../replay/pages.ts";
import type { PlannedFile, PlannedSegment } from "../replay/plan.ts";
import { readChanges, readClaim } from "../replay/replica.ts";

/** Counters of the snapshot, and of the state at the beginning of its index; undefined where they do not show. */
export interface Counters {
  change: { snapshot: number | undefined; state: number | undefined };
  litestream: { snapshot: number | undefined; state: number | undefined };
}

/** What the counters alone tell. */
export function judgeCounters({ change, litestream }: Counters): "ahead" | "older" | undefined {
  const signs = [change, litestream].flatMap(({ snapshot, state }) =>
    snapshot === undefined || state === undefined ? [] : Math.sign(snapshot - state),
  );
  if (signs.includes(-1)) return "older";
  return signs.includes(1) ? "ahead" : undefined;
}

/** What pages tell where no counter does: how many of those that differ were seen before, of how many in all. */
export function judgePages(seen: number, all: number, { litestream }: Counters): "ahead" | "ambiguous" {
  if (seen === 0) return "ahead";
  // With Litestream's counter where it was, what was never seen cannot be from before all that there is.
  const sameEra = litestream.snapshot !== undefined && litestream.state !== undefined;
  return seen < all && sameEra ? "ahead" : "ambiguous";
}

/**
 * How many of `wanted` (page, hash) were versions of their pages in `base` or in the WAL behind it.
 *
 * @throws WalkitError `storage/not-found`; what is wrong with `base`
 */
export async function countSeen(
  replica: Replica,
  generation: string,
  base: PlannedFile,
  segments: readonly PlannedSegment[],
  wanted: ReadonlyMap<number, number>,
  signal: AbortSignal | undefined,
): Promise<number> {
  const seen = new Set<number>();
  const look = (page: number, data: Uint8Array) => {
    const hash = wanted.get(page);
    if (hash !== undefined && !seen.has(page) && (xxh32(data) || 1) === hash) seen.add(page);
  };
  const pages = new Pages(look);
  for await (const piece of readClaim(replica, base, { signal })) pages.add(piece);
  for await (const event of readChanges(replica, { generation, segments }, { signal, faults: "report" })) {
    if (event.type === "pages") event.run.forEach(look);
  }
  return seen.size;
}
