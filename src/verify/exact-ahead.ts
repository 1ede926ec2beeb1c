/**
 * A snapshot that differs from the state at its position, while changes come in that may show that it is only ahead: it was made while
 * the database was written to, and holds what they bring. Until then both are kept: the state, and what it is by the snapshot.
 */

import { WalkitError } from "../errors.ts";
import type { Claim } from "../replay/catalog.ts";
import { formatPosition, type Position } from "../replay/position.ts";
import type { AllPages } from "./exact-state.ts";
import type { RangeDraft } from "./ranges.ts";
import { startRange } from "./ranges.ts";
import { RangeStates } from "./states.ts";

/** Nanoseconds from when a snapshot was made: what was committed meanwhile is in changes that are not much younger. */
const NEAR = 60_000_000_000n;

export class AheadClaim {
  /** Why it is wrong, unless it is only ahead. */
  readonly error: WalkitError;
  /** What all pages are by the snapshot, and the changes since. */
  readonly pages: AllPages;
  pageCount: number;
  readonly #claim: Claim;
  /** Pages in which it differs, and which no change has brought since. */
  readonly #open: Set<number>;
  readonly #differing: number;
  /** The range that leads there, as it was at the snapshot. */
  readonly #range: RangeDraft;
  readonly #kept: Pick<RangeDraft, "to" | "first" | "last">;
  readonly #states: number;

  constructor(
    claim: Claim,
    error: WalkitError,
    { pages, pageCount, differing }: { pages: AllPages; pageCount: number; differing: ReadonlySet<number> },
    range: RangeDraft,
  ) {
    this.#claim = claim;
    this.error = error;
    this.pages = pages;
    this.pageCount = pageCount;
    this.#open = new Set(differing);
    this.#differing = differing.size;
    this.#range = range;
    const { to, first, last } = range;
    this.#kept = { to, first, last };
    this.#states = range.states?.length ?? 0;
  }

  /** A change brings a page. */
  add(page: number, hash: number): void {
    this.pages.hashes.set(page, hash);
    this.#open.delete(page);
  }

  /** The change ends. True: all in which the snapshot differed has been brought by changes. */
  commit(pageCount: number): boolean {
    this.pageCount = pageCount;
    this.pages.hashes.truncate(pageCount);
    for (const page of this.#open) if (page > pageCount) this.#open.delete(page);
    return this.#open.size === 0;
  }

  /** Whether a change is too young to have been in the snapshot. */
  isPast(time: bigint | undefined): boolean {
    const made = this.#claim.modified;
    return made === undefined || time === undefined || time > made + NEAR;
  }

  /** That it was ahead, no more; `end`: of the change that brought the last of it. */
  ahead(end: Position): WalkitError {
    const { path } = this.#claim;
    const at = formatPosition(this.#claim);
    const count = this.#differing === 1 ? "1 page" : `${this.#differing} pages`;
    const message = `Expected the snapshot to be the database that the files up to ${at} lead to, found ${count} of later changes, all of which are there up to ${formatPosition(end)}`;
    return new WalkitError("replica/snapshot-ahead", message, { path, position: at });
  }

  /** The range that begins with the snapshot; the one that led there ends with it. */
  split(): RangeDraft {
    const range = this.#range;
    const states = new RangeStates();
    const draft = { ...startRange(this.#claim), states };
    states.add(draft.from, this.#claim);
    range.states?.moveTo(states, this.#states);
    if (range.to !== this.#kept.to) {
      Object.assign(draft, { to: range.to, first: range.last, last: range.last });
      Object.assign(range, this.#kept);
    }
    return draft;
  }
}
