/** The state that the pass over an exact branch has reached, and the change under way. */

import type { Layout } from "../replay/layout.ts";
import { PageHashes } from "../replay/page-hashes.ts";
import { comparePositions, type Position, positionOf } from "../replay/position.ts";
import { PageSums } from "../replay/sums.ts";
import { lockPage } from "../sqlite/header.ts";
import { Changed } from "./changed.ts";

/** What all pages of a database are: a hash a page; `sums`: where files tell what they are to be. */
export interface AllPages {
  hashes: PageHashes;
  sums: PageSums | undefined;
}

export class ExactState {
  pageSize: number | undefined;
  /** Of the last commit that is right. */
  pageCount = 0;
  /** Undefined where nothing is there twice. */
  readonly changed: Changed | undefined;
  readonly #pageSum: Layout["pageSum"];
  #pages: AllPages;
  /** Of the change under way: pages and hashes in turn. Its file may still turn out to be damaged. */
  #pending: number[] = [];
  #pendingSums: bigint[] = [];

  constructor(pageSum: Layout["pageSum"], isRedundant: boolean) {
    this.#pageSum = pageSum;
    this.changed = isRedundant ? new Changed() : undefined;
    this.#pages = this.noPages();
  }

  /** Of a database that nothing is known of yet. */
  noPages(): AllPages {
    return { hashes: new PageHashes(), sums: this.#pageSum && new PageSums() };
  }

  /** Adds a page to those of a database. */
  collect({ hashes, sums }: AllPages, page: number, data: Uint8Array, hash: number): void {
    hashes.set(page, hash);
    sums?.set(page, this.#pageSum!(page, data));
  }

  /** What all pages sum up to; undefined where nothing tells what they are to. */
  get sum(): bigint | undefined {
    return this.#pages.sums?.value;
  }

  holds(page: number, hash: number): boolean {
    return this.#pages.hashes.get(page) === hash;
  }

  /** The number of the page for locks, which no file has. */
  get lock(): number {
    return lockPage(this.pageSize ?? 0);
  }

  /** How many of the first `count` pages files have. */
  inFiles(count: number): number {
    return count - Number(count >= this.lock);
  }

  /** Whether a position lies within the last change. */
  isWithinLast(position: Position): boolean {
    const [from, to] = this.changed?.step ?? [];
    return !!from && comparePositions(from, position) < 0 && comparePositions(position, to!) < 0;
  }

  /** Makes pages the state, at `position`. */
  take(position: Position, pageCount: number, pages: AllPages): void {
    this.#pages = pages;
    this.pageCount = pageCount;
    this.changed?.reset(positionOf(position));
  }

  /** The change under way brings a page. */
  add(page: number, data: Uint8Array, hash: number): void {
    this.#pending.push(page, hash);
    if (this.#pageSum) this.#pendingSums.push(this.#pageSum(page, data));
  }

  /** Whether the change under way brings every page of a database. */
  isAll(pageCount: number): boolean {
    return pageCount > 0 && this.#pending.length / 2 === this.inFiles(pageCount);
  }

  /** The pages of the change under way, with their hashes. */
  eachPending(each: (page: number, hash: number) => void): void {
    for (let i = 0; i < this.#pending.length; i += 2) each(this.#pending[i]!, this.#pending[i + 1]!);
  }

  /** What the change under way brings does not count. */
  forget(): void {
    this.#pending = [];
    this.#pendingSums = [];
  }

  /**
   * Lays the change under way over the state; `since`: where it begins. Returns the first page by which the database grew, and
   * which nothing brought.
   */
  commit(end: Position, since: Position | undefined, pageCount: number): number | undefined {
    const { hashes, sums } = this.#pages;
    const [pending, pendingSums] = [this.#pending, this.#pendingSums];
    this.forget();
    this.changed?.begin(end, since);
    for (let i = 0; i < pending.length; i += 2) {
      hashes.set(pending[i]!, pending[i + 1]!);
      sums?.set(pending[i]!, pendingSums[i / 2]!);
      this.changed?.add(pending[i]!);
    }
    for (let page = this.pageCount + 1; page <= pageCount; page++)
      if (this.holds(page, 0) && page !== this.lock) return page;
    hashes.truncate(pageCount);
    sums?.truncate(pageCount);
    this.changed?.truncate(pageCount);
    return undefined;
  }
}
