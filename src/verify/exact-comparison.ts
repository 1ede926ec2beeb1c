/** A claim of an exact branch, while it is read: what it says, held against the state. */

import { WalkitError } from "../errors.ts";
import type { Claim } from "../replay/catalog.ts";
import { formatPosition } from "../replay/position.ts";
import type { AllPages, ExactState } from "./exact-state.ts";

/**
 * What a claim is held against: the state; or, where it lies within the last change, what of the state that change did not bring:
 * that was at its position what it is behind the change. Where files were merged, most snapshots lie so.
 */
export type Against = "state" | "rest" | undefined;

export class ExactComparison {
  /** Of a whole claim: what it says the state is. */
  readonly pages: AllPages | undefined;
  readonly #claim: Claim;
  readonly #state: ExactState;
  readonly #against: Against;
  /** The first change that a claim with `since` merges; of what lies within the last change that one. */
  readonly #first: number | undefined;
  readonly #lock: number;
  /** Pages that were held against the rest. */
  #held = 0;
  /** Of a snapshot that may be ahead: the pages that differ. */
  readonly differing: Set<number> = new Set();
  /** Pages that differ, and the first of them. */
  #wrong = 0;
  #firstWrong: number | undefined;

  /** `against`: where that can be told. */
  constructor(claim: Claim, state: ExactState, against: Against) {
    const { since } = claim;
    const { changed } = state;
    this.#claim = claim;
    this.#state = state;
    this.#lock = state.lock;
    this.pages = since ? undefined : state.noPages();
    this.#first = since ? changed?.changeBehind(since) : against === "rest" ? changed?.last : undefined;
    // Of what a merged file merges the pass has to know where it began.
    this.#against = since && this.#first === undefined ? undefined : against;
  }

  page(page: number, data: Uint8Array, hash: number): void {
    const state = this.#state;
    if (this.pages) state.collect(this.pages, page, data, hash);
    if (!this.#against || page === this.#lock) return;
    const isSince = this.#first !== undefined && state.changed!.isSince(this.#first, page);
    if (this.#against === "rest") {
      if (page > state.pageCount || isSince) return;
      this.#held++;
      if (state.holds(page, hash)) return;
    } else if (state.holds(page, hash) && (this.#first === undefined || isSince)) return;
    this.#wrong++;
    this.#firstWrong ??= page;
    if (this.#claim.live) this.differing.add(page);
  }

  /** Of a claim that was read to its end, `count` pages: how it differs; undefined where nothing says that it does. */
  mismatch(count: number): WalkitError | undefined {
    if (!this.#against) return undefined;
    return this.#against === "rest" ? this.#otherRest() : this.#otherState(count);
  }

  #otherRest(): WalkitError | undefined {
    const { changed, pageCount } = this.#state;
    const expected = this.#state.inFiles(pageCount) - changed!.countSince(this.#first!);
    if (this.#wrong === 0 && this.#held === expected) return undefined;
    const [from, to] = changed!.step!.map(formatPosition);
    const found =
      this.#wrong > 0
        ? `others, the first of them page ${this.#firstWrong}`
        : `${this.#held} in place of ${expected} of them`;
    return this.#differs(
      "replica/snapshot-mismatch",
      `Expected the snapshot to have the pages that were not changed between ${from} and ${to}, found ${found}`,
    );
  }

  #otherState(count: number): WalkitError | undefined {
    const { changed, pageCount } = this.#state;
    const wrong = this.#wrong;
    const expected = this.#first === undefined ? pageCount : changed!.countSince(this.#first);
    if (wrong === 0 && count === expected) return undefined;
    const found =
      wrong > 0
        ? `${wrong} page${wrong === 1 ? "" : "s"} that ${wrong === 1 ? "is" : "are"} not, the first of them page ${this.#firstWrong}`
        : `${count} pages in place of ${expected}`;
    const { since } = this.#claim;
    const at = formatPosition(this.#claim);
    return since
      ? this.#differs(
          "replica/merge-mismatch",
          `Expected the merged file to hold what the files of ${formatPosition(since)} to ${at} hold one by one, found ${found}`,
        )
      : this.#differs(
          "replica/snapshot-mismatch",
          `Expected the snapshot to be the database that the files up to ${at} lead to, found ${found}`,
        );
  }

  #differs(code: "replica/snapshot-mismatch" | "replica/merge-mismatch", message: string): WalkitError {
    return new WalkitError(code, message, { path: this.#claim.path, position: formatPosition(this.#claim) });
  }
}
