/**
 * The steps of a way from the WAL of one index to that of the next. Nothing in the files ties these together: only a later
 * snapshot that agrees with the replay proves that the end of the one before is not lost. Litestream's counter tells less:
 * that no whole index is missing in between.
 *
 * The WAL comes first, the snapshot that tells where the counter's table is last: until then every page that might be
 * the counter's is kept in mind, a few numbers each.
 */

import { LitestreamSequence, sequenceValue } from "../sqlite/litestream.ts";
import { formatPosition, type Position } from "./position.ts";

/** A step that nothing proves. */
export interface Step {
  /** `<index>:<offset>`, hexadecimal: the last commit before it that there is. */
  from: string;
  /** Where the WAL of the next index begins. */
  to: string;
  /** Whether Litestream's counter goes on by one; undefined where it does not show. */
  counter: "follows" | "jumps" | undefined;
}

/** Pages of one row, two columns, are few; a hostile file may have many. Empty pages, as of a table without its row yet, are not. */
const MOST_PAGES = 4096;
const MOST_EMPTY = 1024;

export class Steps {
  /** Per index of the way: where it begins, and the last commit in it. */
  readonly #indexes: { begin: Position; end: Position; root: number | undefined; isStep: boolean }[] = [];
  /** Per page that might be the counter's: its first and last value in an index of the way, by number. */
  readonly #values = new Map<number, { at: number; first: number; last: number }[]>();
  readonly #schema = new LitestreamSequence();
  readonly #snapshot = new LitestreamSequence();
  /** Of the transaction under way. */
  readonly #pending = new Map<number, number>();

  /** `isStep`: it goes on from the index before; else the way begins, or goes over to another timeline. */
  begin(begin: Position, isStep: boolean): void {
    this.#indexes.push({ begin, end: begin, root: undefined, isStep });
  }

  /** A frame that is applied. */
  addFrame(page: number, data: Uint8Array): void {
    if (page === 1) {
      this.#schema.addFrame(0, page, data);
      this.#indexes.at(-1)!.root = this.#schema.page;
      return;
    }
    if (this.#pending.size >= MOST_PAGES && !this.#pending.has(page)) return;
    const value = sequenceValue(data);
    if (value !== undefined) this.#pending.set(page, value);
  }

  commit(end: Position): void {
    const at = this.#indexes.length - 1;
    this.#indexes[at]!.end = end;
    for (const [page, value] of this.#pending) {
      const values = this.#values.get(page);
      const newest = values?.at(-1);
      if (newest?.at === at) newest.last = value;
      else if (values) values.push({ at, first: value, last: value });
      else if (this.#values.size < (value === 0 ? MOST_EMPTY : MOST_PAGES))
        this.#values.set(page, [{ at, first: value, last: value }]);
    }
    this.#pending.clear();
  }

  /** A page of the snapshot, as it is there; in ascending order. */
  addSnapshotPage(page: number, data: Uint8Array): void {
    this.#snapshot.addSnapshotPage(0, page, data);
  }

  get crossed(): boolean {
    return this.#indexes.some(({ isStep }) => isStep);
  }

  /** With all read: the steps, in order. */
  get steps(): Step[] {
    let root = this.#snapshot.page;
    let value = this.#snapshot.value;
    // What nothing was committed in was not gone to.
    const last = this.#indexes.findLastIndex(({ begin, end }) => end !== begin);
    return this.#indexes.slice(0, last + 1).flatMap(({ begin, root: now, isStep }, at) => {
      const [before, old] = [value, root];
      // VACUUM moves the table: the index begins with it at its old place, and ends with it at the new one.
      root = now ?? root;
      const first = this.#valuesOf(old, at)?.first;
      value = this.#valuesOf(root, at)?.last ?? (root === old ? value : undefined);
      if (!isStep) return [];
      const from = formatPosition(this.#indexes[at - 1]!.end);
      const isKnown = first !== undefined && before !== undefined;
      const counter = isKnown
        ? first === before + 1
          ? ("follows" as const)
          : ("jumps" as const)
        : undefined;
      return [{ from, to: formatPosition(begin), counter }];
    });
  }

  #valuesOf(page: number | undefined, at: number): { first: number; last: number } | undefined {
    return page === undefined ? undefined : this.#values.get(page)?.find((one) => one.at === at);
  }
}
