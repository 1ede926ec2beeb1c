/** The state that the replay has reached: a hash a page, and what page 1 and Litestream's counter tell. */

import { PageHashes } from "../replay/page-hashes.ts";
import { type Position, sectionOf } from "../replay/position.ts";
import { IndexWindow } from "../snapshot/window.ts";
import { type DatabaseHeader, isDatabase, lockPage, parseDatabaseHeader } from "../sqlite/header.ts";
import { LitestreamSequence } from "../sqlite/litestream.ts";

/** Counters that only ever grow; undefined where they do not show. */
export interface CountersAt {
  /** The change counter on page 1. */
  change: number | undefined;
  /** Litestream's own. */
  litestream: number | undefined;
}

/** A claim while it is read: what it says the state is. */
export class ClaimedState {
  readonly hashes: PageHashes = new PageHashes();
  readonly sequence: LitestreamSequence = new LitestreamSequence();
  header: DatabaseHeader | undefined;
  readonly #section: number;

  constructor(section: Position) {
    this.#section = sectionOf(section);
  }

  page(page: number, data: Uint8Array, hash: number): void {
    if (page === 1) this.header = headerOf(data);
    this.hashes.set(page, hash);
    this.sequence.addSnapshotPage(this.#section, page, data);
  }
}

export class State {
  hashes: PageHashes = new PageHashes();
  sequence: LitestreamSequence = new LitestreamSequence();
  /** Bytes in a page. */
  pageSize: number | undefined;
  /** Pages that the state has, of which all are known: those up to here. */
  known = 0;
  /** Pages in use, as the newest page 1 tells; the file may be longer. */
  inUse: number | undefined;
  /** The change counter on page 1. */
  #changes: number | undefined;
  /** The counters at the beginning of the section under way. */
  began: CountersAt = { change: undefined, litestream: undefined };
  /** The section under way, as its claim may show it. */
  window: IndexWindow = new IndexWindow(0);

  opens(): void {
    this.window = new IndexWindow(this.known);
    this.began = { change: this.#changes, litestream: this.sequence.value };
  }

  /** `isClaimed`: the section has a claim, which may show this version. */
  page(section: Position, page: number, data: Uint8Array, hash: number, isClaimed: boolean): void {
    if (isClaimed) this.window.change(page, this.hashes.get(page), hash);
    this.hashes.set(page, hash);
    this.sequence.addFrame(sectionOf(section), page, data);
    if (page !== 1) return;
    const header = headerOf(data);
    this.inUse = header?.pageCount;
    this.#changes = header?.changeCounter;
  }

  commit(end: Position, pageCount: number, isClaimed: boolean): void {
    this.window.commit(end, pageCount);
    // The section's claim may still hold the pages that the commit cuts off.
    for (let page = pageCount + 1; isClaimed && page <= this.known; page++)
      this.window.drop(page, this.hashes.get(page));
    this.hashes.truncate(pageCount);
  }

  /**
   * The first page up to `count` that nothing brought. `crossed`: a checkpoint at the end of a section may have made the file
   * longer than what is in use.
   */
  firstMissing(count: number, crossed: boolean): number | undefined {
    const last = Math.min(count, (crossed && this.inUse) || count);
    for (let page = Math.min(this.known, last) + 1; page <= last; page++) {
      if (this.hashes.get(page) === 0 && page !== lockPage(this.pageSize!)) return page;
    }
    this.known = last;
    return undefined;
  }

  /** What a claim says is the state. */
  take({ hashes, sequence, header }: ClaimedState, pages: number): void {
    this.hashes = hashes;
    this.sequence = sequence;
    this.inUse = header?.pageCount;
    this.#changes = header?.changeCounter;
    this.known = pages;
  }

  /** A claim counts in place of the state, with what the section changed laid over it; `known` pages of it. */
  correct({ hashes }: ClaimedState, known: number): void {
    for (const page of this.window.pages) {
      const hash = this.hashes.get(page);
      if (hash !== 0) hashes.set(page, hash);
    }
    this.hashes = hashes;
    this.known = known;
  }

  /** After a gap the counter may stand anywhere. */
  breaks(): void {
    this.sequence.reset();
  }
}

function headerOf(page1: Uint8Array): DatabaseHeader | undefined {
  return isDatabase(page1) ? parseDatabaseHeader(page1) : undefined;
}
