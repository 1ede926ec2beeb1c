/**
 * How a generation began: its first snapshot as a hash per page, and which of these pages its own WAL has written, so
 * that what was there before them is not known.
 */

import { WalkitError } from "../errors.ts";
import { xxh32 } from "../lz4/index.ts";
import { MarkFinder } from "../replay/mark.ts";
import { PageHashes } from "../replay/page-hashes.ts";
import { plannedSegment } from "../replay/plan.ts";
import { replay } from "../replay/replay.ts";
import { LitestreamSequence, sequenceValue } from "../replay/sequence.ts";
import { Pages, readSnapshot } from "../replay/snapshot.ts";
import { Versions } from "../replay/versions.ts";
import { type Generation, lockPage, type Position, timeRange, timesUntrusted } from "../snapshot/index.ts";
import type { Storage } from "../storage/storage.ts";
import { forEachPage } from "../wal/index.ts";
import { cellsOf, isTelling } from "./cells.ts";

export interface Beginning {
  generation: Generation;
  pageSize: number;
  pageCount: number;
  hashes: PageHashes;
  /** Pages that another database would hardly have, of those that are held against others. */
  telling: Set<number>;
  /** Pages not to be held against others: those that its own WAL brought, and the counter's. */
  own: Set<number>;
  /** The page of Litestream's counter. */
  counterPage: number | undefined;
  /** The cells on these pages, but for the schema's. */
  cells: Set<number>;
  /** The first position at which the snapshot, with its WAL, is whole. */
  start: Position;
  /** What `_litestream_seq` may have said before the generation began, the likeliest first; undefined: not known. */
  counters: number[] | undefined;
  /** Whether there is but one such value. */
  certain: boolean;
  /** Litestream's tables were made in it: the database is no copy of one that had been replicated. */
  isNew: boolean;
  /** When its first file was written; undefined where times cannot be trusted. */
  began: bigint | undefined;
}

/** The highest index with which Litestream begins: 1 where its first sync made a checkpoint. */
const LAST_FIRST_INDEX = 1;
/** Cells are kept of so many pages: they settle which of several like commits it was, and a few do. */
const MOST_PAGES = 1000;

/** When a generation's first file was written; undefined where times cannot be trusted. */
export function beganAt(generation: Generation): bigint | undefined {
  return timesUntrusted(generation) ? undefined : timeRange(generation)?.oldest;
}

/**
 * Reads the beginning of a generation.
 *
 * @param unlike pages to take as written by others, too
 * @returns why it cannot be told, in words, where its first snapshot is gone or damaged
 */
export async function readBeginning(
  storage: Storage,
  generation: Generation,
  signal: AbortSignal | undefined,
  unlike: ReadonlySet<number> = new Set(),
): Promise<Beginning | string> {
  const snapshot = generation.snapshots[0];
  if (!snapshot) return "it has no snapshot";
  const { index } = snapshot;
  if (index > LAST_FIRST_INDEX)
    return `its beginning is gone: the first snapshot left is that of index ${index}`;
  const wal = generation.segments.filter((segment) => segment.index === index).map(plannedSegment);
  const versions = new Versions();
  const counters = new Map<number, { first: number; raised: number | undefined }>();
  const firstCells = new Map<number, Set<number>>();
  let smallest = Number.POSITIVE_INFINITY;
  for await (const event of replay(
    storage,
    { generation: generation.id, segments: wal },
    { signal, faults: "report" },
  )) {
    if (event.type === "frames" && event.run.sound) {
      forEachPage(event.run, event.pageSize, (page, data) => {
        versions.add(page, xxh32(data));
        if (page > 1 && firstCells.size < MOST_PAGES && !firstCells.has(page))
          firstCells.set(page, cellsOf(page, data));
        const value = sequenceValue(data);
        const known = counters.get(page);
        if (value === undefined || known?.raised !== undefined) return;
        counters.set(page, { first: known?.first ?? value, raised: value > 0 ? value : undefined });
      });
    } else if (event.type === "commit" && event.sound) {
      versions.commit(event.end);
      smallest = Math.min(smallest, event.commitSize);
    } else if (event.type === "fault" && event.breaks) break;
  }
  const sequence = new LitestreamSequence();
  const finder = new MarkFinder(versions);
  const hashes = new PageHashes();
  const telling = new Set<number>();
  const written = new Map<number, { cells: Iterable<number>; end: Position | undefined }>();
  const pages = new Pages((page, data) => {
    const hash = xxh32(data) || 1;
    hashes.set(page, hash);
    sequence.addSnapshotPage(index, page, data);
    if (isTelling(page, data)) telling.add(page);
    if (versions.has(page)) finder.add(page, xxh32(data), page <= smallest);
    const end = versions.find(page, xxh32(data));
    if (!end && !unlike.has(page)) return;
    const isFew = page > 1 && written.size < MOST_PAGES;
    written.set(page, { cells: firstCells.get(page) ?? (isFew ? cellsOf(page, data) : []), end });
  });
  let pageSize = 0;
  try {
    for await (const piece of readSnapshot(snapshot, { storage, signal })) {
      pageSize = piece.header.pageSize;
      pages.add(piece);
    }
  } catch (error) {
    if (error instanceof WalkitError && error.code !== "storage/not-found")
      return "its first snapshot is damaged";
    throw error;
  }
  const { mark } = finder;
  const own = new Set<number>();
  const cells = new Set<number>();
  for (const [page, one] of written) {
    const isOwn = mark && one.end && one.end.offset <= mark.offset;
    if (!isOwn && !unlike.has(page)) continue;
    own.add(page);
    if (page !== sequence.page) for (const cell of one.cells) cells.add(cell);
  }
  const first = sequence.page === undefined ? undefined : counters.get(sequence.page);
  const before = first?.raised !== undefined ? first.raised - 1 : sequence.value;
  if (sequence.page !== undefined) own.add(sequence.page);
  own.add(lockPage(pageSize));
  for (const page of own) telling.delete(page);
  // Where it begins with index 1, WAL that is not in the replica raised the counter, or did not.
  const certain = index === 0 && wal[0]?.offset === 0;
  return {
    generation,
    pageSize,
    pageCount: pages.count,
    hashes,
    telling,
    own,
    counterPage: sequence.page,
    cells,
    start: mark ?? { index, offset: 0 },
    counters: before === undefined ? undefined : certain ? [before] : [before - 1, before],
    certain,
    isNew: certain ? first?.first === 0 && (first.raised ?? 1) === 1 : before === 0,
    began: beganAt(generation),
  };
}
