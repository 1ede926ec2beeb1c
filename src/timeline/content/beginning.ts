/**
 * How a generation began: its first snapshot as a hash per page, and which of these pages its own WAL has written, so
 * that what was there before them is not known.
 */

import { readUint32BE } from "../../bytes.ts";
import { WalkitError } from "../../errors.ts";
import type { Generation } from "../../layouts/generations/catalog.ts";
import { plannedSegment } from "../../layouts/generations/plan.ts";
import { replay } from "../../layouts/generations/segments.ts";
import { Pages, readSnapshot } from "../../layouts/generations/snapshot.ts";
import { timeRange, timesUntrusted } from "../../layouts/generations/times.ts";
import { xxh32 } from "../../lz4/index.ts";
import { PageHashes } from "../../replay/page-hashes.ts";
import type { Position } from "../../replay/position.ts";
import { MarkFinder } from "../../snapshot/mark.ts";
import { Versions } from "../../snapshot/versions.ts";
import { lockPage } from "../../sqlite/header.ts";
import { LitestreamSequence, sequenceValue } from "../../sqlite/litestream.ts";
import type { Storage } from "../../storage/storage.ts";
import { forEachPage } from "../../wal/index.ts";
import { cellsOf, isTelling } from "./cells.ts";

export interface Beginning {
  generation: Generation;
  pageCount: number;
  hashes: PageHashes;
  /** Pages that another database would hardly have, of those that are held against others. */
  telling: Set<number>;
  /** Pages not to be held against others: those that its own WAL brought, and the counter's. */
  own: Set<number>;
  /** The page of Litestream's counter. */
  counterPage: number | undefined;
  /** The cells on these pages, but for the schema's; where they are very many, on a part of them. */
  cells: Set<number>;
  /** The pages of which `cells` has them. */
  cellPages: Set<number>;
  /** What `_litestream_seq` may have said before the generation began, the likeliest first; undefined: not known. */
  counters: number[] | undefined;
  /** What its own WAL says of the page count before: at least, and at most. */
  countBefore: [least: number, most: number];
  /** The change counter on page 1 was at most this; it never goes down. */
  mostChanges: number;
  /** What it was for certain, unless the application had written page 1 already, and went on. */
  changesBefore: number | undefined;
  /** Litestream's tables were made in it: the database is no copy of one that had been replicated. */
  isNew: boolean;
  /** When its first file was written; undefined where times cannot be trusted. */
  began: bigint | undefined;
}

/** The first frame of the counter's page. */
interface FirstCounter {
  value: number;
  /** No other page was in its commit. */
  alone: boolean;
  /** All pages were in its commit, as VACUUM does it. */
  whole: boolean;
}

/** The highest index with which Litestream begins: 1 where its first sync made a checkpoint. */
export const LAST_FIRST_INDEX = 1;
/** Cells are kept of so many pages: they settle which of several like commits it was, and a few do. */
const MOST_PAGES = 1000;

const CHANGE_COUNTER = 24;

/**
 * What a WAL says of the database that it begins with. A transaction that changes the number of pages writes page 1, and
 * all pages that it adds. SQLite writes page 1 with the change counter that it has read there, plus one.
 * {@link https://www.sqlite.org/fileformat2.html#file_change_counter}
 */
class StateBefore {
  /** Nothing was written between that state and the WAL's first byte. */
  readonly #isNext: boolean;
  readonly #written = new Set<number>();
  #pending = new Map<number, number>();
  #least = 0;
  #most = Number.POSITIVE_INFINITY;
  #largest = 0;
  #lock = 0;
  #mostChanges = Number.POSITIVE_INFINITY;
  #changes: number | undefined;

  constructor(isNext: boolean) {
    this.#isNext = isNext;
  }

  add(page: number, data: Uint8Array): void {
    this.#lock = lockPage(data.length);
    this.#pending.set(page, page === 1 ? readUint32BE(data, CHANGE_COUNTER) : 0);
  }

  commit(size: number): void {
    const changes = this.#pending.get(1);
    if (changes !== undefined && !this.#written.has(1)) {
      this.mostChanges(changes);
      if (this.#isNext) this.#changes = changes - 1;
    }
    const isFirst = this.#written.size === 0;
    for (const page of this.#pending.keys()) this.#written.add(page);
    this.#pending = new Map();
    if (!this.#isNext) return;
    if (isFirst && !this.#written.has(1)) this.#least = this.#most = size;
    // Pages below the largest size so far were looked at then.
    for (let page = size; page > this.#largest && page > this.#least; page--) {
      if (!this.#written.has(page) && page !== this.#lock) this.#least = page;
    }
    this.#largest = Math.max(this.#largest, size);
  }

  mostChanges(most: number): void {
    this.#mostChanges = Math.min(this.#mostChanges, most);
  }

  get known(): Pick<Beginning, "countBefore" | "mostChanges" | "changesBefore"> {
    const countBefore: [number, number] = [this.#least, this.#most];
    return { countBefore, mostChanges: this.#mostChanges, changesBefore: this.#changes };
  }
}

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
  const counters = new Map<number, FirstCounter>();
  const firstCells = new Map<number, Set<number>>();
  const pending = new Map<number, number | undefined>();
  const inWal = new LitestreamSequence();
  const before = new StateBefore(index === 0 && wal[0]?.offset === 0 && unlike.size === 0);
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
        pending.set(page, sequenceValue(data));
        before.add(page, data);
        inWal.addFrame(index, page, data);
      });
    } else if (event.type === "commit" && event.sound) {
      versions.commit(event.end);
      for (const [page, value] of pending) {
        if (value === undefined || counters.has(page)) continue;
        counters.set(page, { value, alone: pending.size === 1, whole: pending.size >= event.commitSize });
      }
      before.commit(event.commitSize);
      pending.clear();
      smallest = Math.min(smallest, event.commitSize);
    } else if (event.type === "fault" && event.breaks) break;
  }
  const sequence = new LitestreamSequence();
  const finder = new MarkFinder(versions);
  const hashes = new PageHashes();
  const telling = new Set<number>();
  const values = new Map<number, number>();
  const written = new Map<number, { cells: Set<number> | undefined; end: Position | undefined }>();
  const pages = new Pages((page, data) => {
    const hash = xxh32(data) || 1;
    hashes.set(page, hash);
    if (page === 1) before.mostChanges(readUint32BE(data, CHANGE_COUNTER));
    sequence.addSnapshotPage(index, page, data);
    // The schema may well lie behind the table.
    const value = sequenceValue(data);
    if (value !== undefined) values.set(page, value);
    if (isTelling(page, data)) telling.add(page);
    if (versions.has(page)) finder.add(page, xxh32(data), page <= smallest);
    const end = versions.find(page, xxh32(data));
    if (!end && !unlike.has(page)) return;
    const isFew = page > 1 && written.size < MOST_PAGES;
    written.set(page, { cells: firstCells.get(page) ?? (isFew ? cellsOf(page, data) : undefined), end });
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
  const cellPages = new Set<number>();
  for (const [page, one] of written) {
    const isOwn = mark && one.end && one.end.offset <= mark.offset;
    if (!isOwn && !unlike.has(page)) continue;
    own.add(page);
    if (page === sequence.page || !one.cells) continue;
    cellPages.add(page);
    for (const cell of one.cells) cells.add(cell);
  }
  const first = counters.get(sequence.page ?? 0);
  const value = values.get(sequence.page ?? 0);
  const isWritten = own.has(sequence.page ?? 0);
  // Litestream raises it in a commit of one page; where others come along, the page was but moved or rewritten.
  const counter = isWritten && first ? Math.max(0, first.value - (first.alone ? 1 : 0)) : value;
  if (sequence.page !== undefined) own.add(sequence.page);
  own.add(lockPage(pageSize));
  for (const page of own) telling.delete(page);
  const certain = index === 0 && wal[0]?.offset === 0;
  return {
    generation,
    pageCount: pages.count,
    hashes,
    telling,
    own,
    counterPage: sequence.page,
    cells,
    cellPages,
    // Where it begins with index 1, WAL that is not in the replica raised the counter, or did not.
    counters: counter === undefined ? undefined : index === 0 ? [counter] : [counter - 1, counter],
    ...before.known,
    isNew: !sequence.page
      ? inWal.page !== undefined
      : certain
        ? isWritten && first?.value === 0 && !first.whole
        : counter === 0,
    began: beganAt(generation),
  };
}
