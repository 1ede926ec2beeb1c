/**
 * Commits before a snapshot's mark. Of what the snapshot holds too much the WAL may bring all pages by then, as with the
 * first commits of a new database: these can be restored all the same.
 */

import { xxh32 } from "../lz4/index.ts";
import type { Branch, Claim } from "../replay/catalog.ts";
import type { Replica } from "../replay/layout.ts";
import { Pages } from "../replay/pages.ts";
import { plannedSegment } from "../replay/plan.ts";
import { readChanges, readClaim } from "../replay/replica.ts";
import { Versions } from "../snapshot/versions.ts";

/**
 * Where the commits of the snapshot's own index end that do not see its newer pages: offsets.
 *
 * @throws WalkitError what is wrong with the snapshot
 */
export async function earlyCommits(
  replica: Replica,
  { id, segments }: Branch,
  snapshot: Claim,
  signal: AbortSignal | undefined,
): Promise<Set<number>> {
  const own = segments.filter(({ index }) => index === snapshot.index).map(plannedSegment);
  const versions = new Versions();
  const commits: { offset: number; size: number; pages: number[] }[] = [];
  let pages: number[] = [];
  for await (const event of readChanges(
    replica,
    { generation: id, segments: own },
    { signal, faults: "report" },
  )) {
    if (event.type === "pages" && event.sound) {
      event.run.forEach((page, data) => {
        versions.add(page, xxh32(data));
        pages.push(page);
      });
    } else if (event.type === "commit" && event.sound) {
      versions.commit(event.end);
      commits.push({ offset: event.end.offset, size: event.pageCount, pages });
      pages = [];
    }
  }
  /** Pages that the snapshot has from this WAL, until that brings them. */
  const newer = new Set<number>();
  let sizeInHeader: number | undefined;
  const cut = new Pages((page, data) => {
    if (versions.has(page) && versions.find(page, xxh32(data))) newer.add(page);
  });
  for await (const piece of readClaim(replica, snapshot, { signal })) {
    sizeInHeader = piece.header.pageCount;
    cut.add(piece);
  }
  const early = new Set<number>();
  for (const { offset, size, pages: written } of commits) {
    for (const page of written) newer.delete(page);
    if (written.includes(1)) sizeInHeader = undefined;
    // A file may be longer than its header says, but no longer than the snapshot's is.
    const fits = (sizeInHeader ?? size) === size || (sizeInHeader! < size && size <= cut.count);
    if (!someUpTo(newer, size) && fits) early.add(offset);
  }
  return early;
}

function someUpTo(pages: ReadonlySet<number>, last: number): boolean {
  for (const page of pages) if (page <= last) return true;
  return false;
}
