import type { Position } from "../replay/position.ts";
import { MarkFinder } from "./mark.ts";
import { Versions } from "./versions.ts";

/**
 * What the snapshot of a WAL index may show: each page as it was at the start of the index, or any version from within.
 * Pages are hashes; 0 stands for a page that did not come.
 */
export class IndexWindow {
  readonly #start = new Map<number, number>();
  readonly #versions = new Versions();
  readonly #startCount: number;
  #smallest: number;

  /** `count` is the size of the database in pages at the start of the index. */
  constructor(count: number) {
    this.#startCount = this.#smallest = count;
  }

  /** A page gets a new version. `before` is its hash until now. */
  change(page: number, before: number, hash: number): void {
    this.drop(page, before);
    this.#versions.add(page, hash);
  }

  /** A commit cuts the page off. */
  drop(page: number, before: number): void {
    if (!this.#start.has(page)) this.#start.set(page, before);
  }

  commit(end: Position, count: number): void {
    this.#versions.commit(end);
    this.#smallest = Math.min(this.#smallest, count);
  }

  /** Whether a snapshot of this index may hold this version of a page. `now` is the page's hash at the end of it. */
  allows(page: number, hash: number, now: number): boolean {
    const start = this.#start.get(page) ?? (page <= this.#startCount ? now : 0);
    return hash === start || this.#versions.find(page, hash) !== undefined;
  }

  /** The commit that first brought this version of a page. */
  find(page: number, hash: number): Position | undefined {
    return this.#versions.find(page, hash);
  }

  /** Whether the index began with a database that had this page. */
  beganWith(page: number): boolean {
    return page <= this.#startCount;
  }

  /** The least pages that a snapshot of this index has. */
  get least(): number {
    return this.#smallest;
  }

  /** Pages that were changed or cut off. */
  get pages(): Iterable<number> {
    return this.#start.keys();
  }

  /** The first commit at which the snapshot is whole, in a window that began with the snapshot itself. */
  get mark(): Position | undefined {
    const finder = new MarkFinder(this.#versions);
    for (const [page, hash] of this.#start) {
      if (hash !== 0) finder.add(page, hash, page <= this.#smallest);
    }
    return finder.mark;
  }
}
