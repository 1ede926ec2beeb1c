/**
 * How a generation began: its first snapshot as a hash per page, and which of these pages its own WAL has written, so
 * that what was there before them is not known.
 */

import { readUint32BE } from "../../bytes.ts";
import type { Branch, Claim } from "../../replay/catalog.ts";
import type { ReplayEvent } from "../../replay/events.ts";
import type { Layout, Replica } from "../../replay/layout.ts";
import { PageHashes } from "../../replay/page-hashes.ts";
import {
  comparePositions,
  formatPosition,
  isInWal,
  isSameSection,
  isStart,
  sectionOf,
} from "../../replay/position.ts";
import { type ClaimPlace, type ClaimRead, type Fold, Follower, run } from "../../replay/run.ts";
import { timeRange } from "../../replay/times.ts";
import { IndexWindow } from "../../snapshot/window.ts";
import { lockPage } from "../../sqlite/header.ts";
import { LitestreamSequence, sequenceValue } from "../../sqlite/litestream.ts";
import { cellsOf, isTelling } from "./cells.ts";

export interface Beginning {
  generation: Branch;
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

/** When a branch's first file was written; undefined where times cannot be trusted. */
export function beganAt(layout: Layout, branch: Branch): bigint | undefined {
  return layout.doubt(branch) ? undefined : timeRange(branch)?.oldest;
}

/** Why nothing can be told of how a branch began, by its names; undefined where something can. */
function untold({ snapshots: [first] }: Branch): string | undefined {
  if (!first) return "it has no snapshot";
  if (sectionOf(first) <= LAST_FIRST_INDEX) return undefined;
  const which = isInWal(first) ? `index ${sectionOf(first)}` : `TXID ${formatPosition(first)}`;
  return `its beginning is gone: the first snapshot left is that of ${which}`;
}

/**
 * Reads the beginning of a branch.
 *
 * @param unlike pages to take as written by others, too
 * @returns why it cannot be told, in words, where its first snapshot is gone or damaged
 */
export async function readBeginning(
  replica: Replica,
  branch: Branch,
  signal: AbortSignal | undefined,
  unlike: ReadonlySet<number> = new Set(),
): Promise<Beginning | string> {
  const fold = new BeginningFold(replica.layout, branch, unlike);
  const [first] = branch.snapshots;
  if (!first || !fold.isWanted) return fold.result;
  const segments = branch.segments.filter((change) => isSameSection(change, first));
  await run(replica, { ...branch, snapshots: [first], segments }, new Follower(), [fold], { signal });
  return fold.result;
}

/** How a branch began, of a pass over it: its first claim, and the changes of that one's section. */
export class BeginningFold implements Fold {
  readonly #layout: Layout;
  readonly #branch: Branch;
  readonly #unlike: ReadonlySet<number>;
  readonly #first: Claim | undefined;
  readonly #untold: string | undefined;
  readonly #hashes = new PageHashes();
  readonly #telling = new Set<number>();
  /** Litestream's counter as a page of the claim may have it; the schema may well lie behind the table. */
  readonly #values = new Map<number, number>();
  readonly #sequence = new LitestreamSequence();
  readonly #inChanges = new LitestreamSequence();
  readonly #counters = new Map<number, FirstCounter>();
  /** The cells of pages that were written, as they were first. */
  readonly #firstCells = new Map<number, Set<number>>();
  /** Those of unlike pages in the claim. */
  readonly #unlikeCells = new Map<number, Set<number>>();
  readonly #pending = new Map<number, number | undefined>();
  readonly #before: StateBefore;
  #window = new IndexWindow(0);
  #read: ClaimRead | undefined;
  #isOpen = false;
  #isOver = false;

  constructor(layout: Layout, branch: Branch, unlike: ReadonlySet<number> = new Set()) {
    this.#layout = layout;
    this.#branch = branch;
    this.#unlike = unlike;
    this.#untold = untold(branch);
    this.#first = this.#untold === undefined ? branch.snapshots[0] : undefined;
    this.#before = new StateBefore(this.#isCertain && unlike.size === 0);
  }

  /** The changes of the branch are there from the very first on. */
  get #isCertain(): boolean {
    const [first] = this.#branch.segments;
    const [claim] = this.#branch.snapshots;
    return (
      first !== undefined &&
      claim !== undefined &&
      isStart(first) &&
      sectionOf(claim) === 0 &&
      sectionOf(first) === 0
    );
  }

  get isWanted(): boolean {
    return this.#first !== undefined;
  }

  get hashes(): boolean {
    return this.#isOpen && !this.#isOver;
  }

  claimOpens(claim: Claim, place: ClaimPlace): boolean {
    return claim === this.#first && place !== "behind";
  }

  claimPage(page: number, data: Uint8Array, hash: number): void {
    this.#hashes.set(page, hash);
    if (page === 1) this.#before.mostChanges(readUint32BE(data, CHANGE_COUNTER));
    this.#sequence.addSnapshotPage(sectionOf(this.#first!), page, data);
    const value = sequenceValue(data);
    if (value !== undefined) this.#values.set(page, value);
    if (isTelling(page, data)) this.#telling.add(page);
    if (page > 1 && this.#unlike.has(page) && this.#unlikeCells.size < MOST_PAGES)
      this.#unlikeCells.set(page, cellsOf(page, data));
  }

  claimCloses(claim: Claim, place: ClaimPlace, read: ClaimRead): void {
    if (claim !== this.#first || place === "behind") return;
    this.#read = read;
    this.#window = new IndexWindow(read.pages);
    this.#isOpen = true;
  }

  page(page: number, data: Uint8Array, hash: number, sound: boolean): void {
    if (!sound || !this.hashes) return;
    this.#window.change(page, this.#hashes.get(page), hash);
    if (page > 1 && this.#firstCells.size < MOST_PAGES && !this.#firstCells.has(page))
      this.#firstCells.set(page, cellsOf(page, data));
    this.#pending.set(page, sequenceValue(data));
    this.#before.add(page, data);
    this.#inChanges.addFrame(sectionOf(this.#first!), page, data);
  }

  on(event: Exclude<ReplayEvent, { type: "pages" }>): void {
    if (!this.hashes) return;
    if (event.type === "commit" && event.sound) {
      this.#window.commit(event.end, event.pageCount);
      for (const [page, value] of this.#pending) {
        if (value === undefined || this.#counters.has(page)) continue;
        const [alone, whole] = [this.#pending.size === 1, this.#pending.size >= event.pageCount];
        this.#counters.set(page, { value, alone, whole });
      }
      this.#before.commit(event.pageCount);
      this.#pending.clear();
    } else if (
      event.type === "closes" ||
      (event.type === "fault" && event.breaks) ||
      (event.type === "opens" && !isSameSection(event.section, this.#first!))
    )
      this.#isOver = true;
  }

  get result(): Beginning | string {
    if (this.#untold !== undefined) return this.#untold;
    if (!this.#read?.header) return "its first snapshot is damaged";
    const { header, pages } = this.#read;
    const { mark } = this.#window;
    const own = new Set<number>();
    const cells = new Set<number>();
    const cellPages = new Set<number>();
    const counterPage = this.#sequence.page;
    for (const page of [...this.#window.pages, ...this.#unlike]) {
      const hash = this.#hashes.get(page);
      if (hash === 0 || own.has(page)) continue;
      const end = this.#window.find(page, hash);
      const isOwn = mark && end && comparePositions(end, mark) <= 0;
      if (!isOwn && !this.#unlike.has(page)) continue;
      own.add(page);
      const its = this.#firstCells.get(page) ?? this.#unlikeCells.get(page);
      if (page === counterPage || !its) continue;
      cellPages.add(page);
      for (const cell of its) cells.add(cell);
    }
    const first = this.#counters.get(counterPage ?? 0);
    const isWritten = own.has(counterPage ?? 0);
    const section = sectionOf(this.#first!);
    const counter = this.#counter(isWritten ? first : undefined, counterPage);
    if (counterPage !== undefined) own.add(counterPage);
    own.add(lockPage(header.pageSize));
    for (const page of own) this.#telling.delete(page);
    return {
      generation: this.#branch,
      pageCount: pages,
      hashes: this.#hashes,
      telling: this.#telling,
      own,
      counterPage,
      cells,
      cellPages,
      // Where it begins with index 1, WAL that is not in the replica raised the counter, or did not.
      counters: counter === undefined ? undefined : section === 0 ? [counter] : [counter - 1, counter],
      ...this.#before.known,
      isNew: !counterPage
        ? this.#inChanges.page !== undefined
        : this.#isCertain
          ? isWritten && first?.value === 0 && !first.whole
          : counter === 0,
      began: beganAt(this.#layout, this.#branch),
    };
  }

  /** Litestream raises it in a commit of one page; where others come along, the page was but moved or rewritten. */
  #counter(written: FirstCounter | undefined, page: number | undefined): number | undefined {
    return written ? Math.max(0, written.value - (written.alone ? 1 : 0)) : this.#values.get(page ?? 0);
  }
}
