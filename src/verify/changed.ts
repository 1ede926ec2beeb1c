/** Which pages were changed since a change of the pass, and how many: what a merged file has to hold. */

import { PageMap } from "../replay/page-map.ts";
import { comparePositions, type Position } from "../replay/position.ts";

/**
 * For each page the number of the change that last brought it, and in a Fenwick tree (https://doi.org/10.1002/spe.4380240306)
 * how many pages each change was the last to bring: a page costs the logarithm of the number of changes.
 */
export class Changed {
  readonly #last = new PageMap();
  /** Element `i` sums up pages of changes `i - lowest bit of i + 1` to `i`, from 1. */
  #tree = new Int32Array(64);
  #total = 0;
  /** Where each change ends, from 1; at 0 where the first begins. */
  readonly #ends: Position[] = [];
  /** Changes that begin before the state that they are laid over: in them is what others brought before. */
  readonly #early: { number: number; since: Position }[] = [];

  /** Begins anew at a position: nothing was changed since. */
  reset(at: Position): void {
    this.#last.clear();
    this.#tree.fill(0);
    this.#total = 0;
    this.#ends.length = 0;
    this.#ends.push(at);
    this.#early.length = 0;
  }

  /** The number of the change under way, or of the last. */
  get last(): number {
    return this.#ends.length - 1;
  }

  /** Where the last change begins and ends; undefined where there is none. */
  get step(): [from: Position, to: Position] | undefined {
    const [from, to] = this.#ends.slice(-2);
    return from && to && [from, to];
  }

  /** A change that ends at `end` is about to tell of its pages; `since`: where it begins, if that is before the last one ends. */
  begin(end: Position, since?: Position | undefined): void {
    const number = this.#ends.length;
    if (since && comparePositions(since, this.#ends.at(-1)!) < 0) this.#early.push({ number, since });
    this.#ends.push(end);
    if (number >= this.#tree.length) this.#grow();
  }

  /** The change under way brings a page. */
  add(page: number): void {
    const number = this.#ends.length - 1;
    const before = this.#last.get(page);
    if (before === number) return;
    if (before !== 0) this.#count(before, -1);
    this.#count(number, 1);
    this.#last.set(page, number);
  }

  /** The database becomes this short. */
  truncate(pages: number): void {
    this.#last.truncate(pages, (number) => this.#count(number, -1));
  }

  /**
   * The number of the first change behind `since`, for {@link isSince} and {@link countSince}; undefined where no change of the
   * pass begins there, or a later one before it.
   */
  changeBehind(since: Position): number | undefined {
    let [low, high] = [0, this.#ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePositions(this.#ends[middle]!, since) < 0) low = middle + 1;
      else high = middle;
    }
    if (!this.#ends[low] || comparePositions(this.#ends[low]!, since) !== 0) return undefined;
    const isMixed = this.#early.some((one) => one.number > low && comparePositions(one.since, since) < 0);
    return isMixed ? undefined : low + 1;
  }

  /** Whether change `number` or a later one brought the page last. */
  isSince(number: number, page: number): boolean {
    return this.#last.get(page) >= number;
  }

  /** How many pages of the database change `number` or a later one brought last. */
  countSince(number: number): number {
    let before = 0;
    for (let i = number - 1; i > 0; i -= i & -i) before += this.#tree[i]!;
    return this.#total - before;
  }

  #count(number: number, by: 1 | -1): void {
    this.#total += by;
    for (let i = number; i < this.#tree.length; i += i & -i) this.#tree[i]! += by;
  }

  /** In a tree twice as long only the one new power of two has elements before it. */
  #grow(): void {
    const { length } = this.#tree;
    const tree = new Int32Array(length * 2);
    tree.set(this.#tree);
    tree[length] = this.#total;
    this.#tree = tree;
  }
}
