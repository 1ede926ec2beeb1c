/** How alike a state of one generation is to the beginning of another, and what that allows to be claimed. */

import type { Branch } from "../../replay/catalog.ts";
import type { Layout } from "../../replay/layout.ts";
import { comparePositions, isStart, type Position, sectionOf, startOf } from "../../replay/position.ts";
import { type Beginning, beganAt, LAST_FIRST_INDEX } from "./beginning.ts";

/** What was found out about where a generation came from. */
export type Inference =
  | {
      parent: string;
      switchPoint: Position;
      /** Pages that the generation's first snapshot and the parent's state have in common, of all. */
      equal: number;
      total: number;
      /** The generation's own WAL has brought every other page: parent and WAL together are all there is. */
      complete: boolean;
      /**
       * Where several states of the parent agree on all pages but those that the generation's own WAL has written since: the
       * first and the last of them. The one that has most in common on these pages, too, is `switchPoint`.
       */
      between: [Position, Position] | undefined;
    }
  /** Nothing in common with any of the others, or why it cannot be told. */
  | { parent: undefined; reason: string | undefined };

/** A generation that may be the parent, and what speaks for it. */
export interface Claim {
  parent: string;
  different: number;
  shared: number;
  extra: number;
  /** The state is the first one of the parent. */
  isFirst: boolean;
  /** The state may be the first one of the parent. */
  fromStart: boolean;
  /** Too little speaks for it. */
  isDoubtful: boolean;
  began: bigint;
  between: [Position, Position] | undefined;
  inference: Inference;
}

interface Point {
  position: Position;
  /** Pages that differ, of the pages that are compared. */
  different: number;
  equal: number;
  /** Equal pages, and the pages that are not compared among them. */
  allEqual: number;
  telling: number;
  total: number;
  /** Cells on pages that both have written: cells in common, and cells that the child lacks. */
  shared: number;
  extra: number;
  /** 0: the likeliest counter. */
  counter: number;
  /** A sum over the pages of the state: only equal states have the same sum. */
  sum: string;
}

interface StateNumbers {
  pageCount: number;
  /** The change counter on page 1. */
  changes: number;
  /** Litestream's counter, where the child has it. */
  counter: number | undefined;
}

/** A state under way, held against the beginning of another generation. */
export class Match {
  readonly child: Beginning;
  #equal = 0;
  /** Equal pages among the pages that are not compared. */
  #equalOwn = 0;
  #telling = 0;
  #shared = 0;
  #extra = 0;
  readonly #excluded: number;
  readonly #cells = new Map<number, { shared: number; extra: number }>();
  /** A sum over the pages that the child has written itself: only equal states have the same sum. */
  #sum = 0;
  /** The states that the child may have begun with. */
  #alike: { first: Point; last: Position; differ: boolean } | undefined;
  #start: Position | undefined;
  #nearest: { position: Position; different: number } | undefined;
  #best: Point | undefined;
  /** The first and the last state that differ in at most so many pages. */
  nearLimit = -1;
  near: [Position, Position] | undefined;
  /** A state that counts only if no state follows it. */
  #held: Point | undefined;
  /** There is but one state to look at. */
  readonly #isOnly: boolean;

  readonly #layout: Layout;

  constructor(layout: Layout, child: Beginning, isOnly: boolean) {
    this.#layout = layout;
    this.child = child;
    this.#isOnly = isOnly;
    this.#excluded = [...child.own].filter((page) => page <= child.pageCount).length;
  }

  reset(): void {
    this.#equal = this.#equalOwn = this.#telling = this.#shared = this.#extra = this.#sum = 0;
    this.#cells.clear();
  }

  change(page: number, before: number, after: number, cells: Set<number> | undefined): void {
    const { own, hashes, telling, counterPage, cellPages } = this.child;
    const wanted = hashes.get(page);
    const step = before === after || wanted === 0 ? 0 : after === wanted ? 1 : before === wanted ? -1 : 0;
    if (own.has(page)) {
      this.#equalOwn += step;
      if (page === counterPage) return;
      if (cellPages.has(page)) this.#changeCells(page, cells);
      this.#sum += mix(page, after) - mix(page, before);
      return;
    }
    this.#equal += step;
    if (telling.has(page)) this.#telling += step;
  }

  #changeCells(page: number, cells: Set<number> = new Set()): void {
    const was = this.#cells.get(page);
    let shared = 0;
    for (const cell of cells) if (this.child.cells.has(cell)) shared++;
    const is = { shared, extra: cells.size - shared };
    this.#cells.set(page, is);
    this.#shared += is.shared - (was?.shared ?? 0);
    this.#extra += is.extra - (was?.extra ?? 0);
  }

  point(position: Position, { pageCount, changes, counter }: StateNumbers): void {
    const { own, counters, pageCount: wanted, countBefore, mostChanges, changesBefore } = this.child;
    // The child's own WAL may have cut off pages past the end; that WAL then holds page 1 with their number.
    const total = Math.max(pageCount, wanted);
    const different = (own.has(1) ? wanted : total) - this.#excluded - this.#equal;
    this.#start ??= position;
    this.#held = undefined;
    const rank = counters === undefined || counter === undefined ? 0 : counters.indexOf(counter);
    if (rank < 0 || changes > mostChanges) return;
    if (different <= this.nearLimit) this.near = [this.near?.[0] ?? position, position];
    const [equal, telling, shared, extra] = [this.#equal, this.#telling, this.#shared, this.#extra];
    const sum = `${this.#sum} ${counter}`;
    const allEqual = equal + this.#equalOwn;
    const point = { position, different, equal, allEqual, telling, total, shared, extra, counter: rank, sum };
    if (different === 0) {
      if (pageCount < countBefore[0] || pageCount > countBefore[1]) return;
      if (own.has(1) && changesBefore !== undefined && changes !== changesBefore) {
        if (changes === changesBefore + 1) this.#held = point;
        return;
      }
    }
    this.#consider(point);
  }

  /** No state follows: an application that has had the database open all the time may have gone on from here. */
  end(): void {
    if (this.#held) this.#consider(this.#held);
  }

  #consider(point: Point): void {
    const { position, different, sum } = point;
    if (!this.#nearest || different < this.#nearest.different) {
      this.#nearest = { position, different };
      this.#best = undefined;
      this.#alike = undefined;
    }
    if (different > this.#nearest.different) return;
    this.#alike ??= { first: point, last: position, differ: false };
    this.#alike.last = position;
    if (this.#alike.first.sum !== sum) this.#alike.differ = true;
    if (!this.#best || isBetter(point, this.#best)) this.#best = point;
  }

  /** The first state of those that differ least. */
  get nearest(): { position: Position; different: number } | undefined {
    return this.#nearest;
  }

  /** The claim, if there is one. `apart`: how many pages are known to differ and are not compared, and between which states. */
  claim(
    parent: Branch,
    apart?: { different: number; near: [Position, Position] | undefined },
  ): Claim | undefined {
    const best = this.#best;
    if (!best || best.different > 0) return undefined;
    const { position, allEqual, total, shared, extra } = best;
    const { generation, cells } = this.child;
    const { first, last, differ } = this.#alike!;
    const different = apart?.different ?? 0;
    // A cell that the parent got later, and that the child has, shows that the child is younger than that state.
    const isEarly = !this.#isOnly && first.position === this.#start && shared <= first.shared;
    // States from before the first snapshot may be as much alike.
    const isOpen = isEarly && (different > 0 || (sectionOf(parent.snapshots[0]!) > 0 && cells.size > 0));
    const start = startOf(generation.snapshots[0]!);
    const hasWal = generation.segments.some((change) => comparePositions(change, start) === 0);
    const complete = different === 0 && hasWal;
    const ends: [Position, Position] = apart?.near ?? [first.position, last];
    const between = differ || (apart && comparePositions(...ends) !== 0) ? ends : undefined;
    return {
      ...{ parent: parent.id, different, shared, extra, began: beganAt(this.#layout, parent) ?? 0n, between },
      isFirst: position === this.#start && isStart(position),
      fromStart: isEarly && sectionOf(first.position) <= LAST_FIRST_INDEX,
      isDoubtful: isOpen || !this.#isEnough(best, different),
      inference: {
        ...{ parent: parent.id, switchPoint: position, equal: allEqual, total, complete, between },
      },
    };
  }

  /**
   * Whether enough of the child comes from the parent. With pages `apart`: most of the child. With few pages to compare:
   * nearly all cells of the child (it deleted some since), or nearly all cells of the parent (it added some since).
   */
  #isEnough({ equal, telling, shared, extra }: Point, apart: number): boolean {
    const { generation, own, cells, pageCount, telling: wanted } = this.child;
    if (telling < wanted.size) return false;
    if (apart > 0) {
      // Where the child begins with index 1, retention may have deleted a whole index of WAL before that.
      if (!this.#isOnly && sectionOf(generation.snapshots[0]!) > 0) return false;
      return telling >= 2 && 4 * equal >= 3 * pageCount && 4 * extra <= shared;
    }
    if (shared >= 2 && 10 * shared >= 9 * cells.size) return true;
    if (telling >= 2) return 2 * equal >= pageCount || shared >= extra;
    if (shared < 2) return false;
    if (telling === 0) return shared >= 10 * extra && 3 * shared >= 2 * cells.size;
    return shared >= 3 * extra && (2 * shared >= cells.size || !own.has(1));
  }
}

/** A page and its hash as one number: sums of these stay exact for more pages than a database has. */
function mix(page: number, hash: number): number {
  return hash === 0 ? 0 : Math.imul(page, 0x9e3779b1) ^ Math.imul(hash, 0x85ebca6b);
}

/**
 * With the counter that is likelier; then with more in common on the pages that both have written, less what the child has
 * not; then the later one.
 */
function isBetter(point: Point, best: Point): boolean {
  if (point.counter !== best.counter) return point.counter < best.counter;
  return point.shared - point.extra >= best.shared - best.extra;
}
