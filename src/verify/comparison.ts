/** A claim, page by page, held against the state that the changes of its section lead to. */

import { WalkitError } from "../errors.ts";
import type { Claim } from "../replay/catalog.ts";
import { formatPosition, sectionOf, startOf } from "../replay/position.ts";
import { lockPage } from "../sqlite/header.ts";
import type { Counters } from "./ahead.ts";
import type { ClaimedState, State } from "./state.ts";

/** So many pages that differ are kept in mind, to look for them in what came before. */
const MOST_WRONG = 1 << 16;

export class Comparison {
  readonly claimed: ClaimedState;
  /** Pages that the claim cannot have, with their hashes there; of very many the first. */
  readonly wrong: Map<number, number> = new Map();
  wrongPages = 0;
  readonly #state: State;
  readonly #claim: Claim;
  /** Litestream's counter before the claim was read. */
  readonly #before: number | undefined;

  constructor(state: State, claimed: ClaimedState, claim: Claim) {
    this.claimed = claimed;
    this.#state = state;
    this.#claim = claim;
    this.#before = state.sequence.value;
  }

  /** A page, once `claimed` has it. */
  page(page: number, data: Uint8Array, hash: number): void {
    const { window, hashes, sequence, pageSize } = this.#state;
    sequence.addSnapshotPage(sectionOf(this.#claim), page, data);
    if (window.allows(page, hash, hashes.get(page))) return;
    // Behind what is in use lies anything.
    const inUse = this.claimed.header?.pageCount;
    if (inUse !== undefined && page > inUse) return;
    if (page === lockPage(pageSize ?? data.length)) return;
    // A checkpoint that copies only some of the new pages leaves holes between them.
    if (!window.beganWith(page) && data.every((byte) => byte === 0)) return;
    if (++this.wrongPages <= MOST_WRONG) this.wrong.set(page, hash);
  }

  counters(): Counters {
    const { header, sequence } = this.claimed;
    const { change, litestream } = this.#state.began;
    return {
      change: { snapshot: header?.changeCounter, state: change },
      litestream: { snapshot: sequence.value, state: litestream ?? this.#before },
    };
  }

  /** The claim is ahead of its changes, or nothing tells. */
  doubt(verdict: "ahead" | "ambiguous", pages: number): WalkitError {
    const index = sectionOf(this.#claim);
    const page = this.#first ?? pages;
    const message =
      verdict === "ahead"
        ? `Expected the WAL to bring all that the snapshot of index ${index} holds, found pages in it that no WAL has brought: page ${page}`
        : `Expected the snapshot of index ${index} to hold what the WAL before it leads to, or newer pages, found ${this.wrongPages} that differ, some of them as they were before: the first is page ${page}`;
    const code = verdict === "ahead" ? "replica/snapshot-ahead" : "replica/snapshot-ambiguous";
    return new WalkitError(code, message, { path: this.#claim.path });
  }

  /** The claim does not hold what its changes lead to. */
  mismatch(pages: number): WalkitError {
    const index = sectionOf(this.#claim);
    const first = this.#first;
    const wrongOnes = `${this.wrongPages} page${this.wrongPages === 1 ? " that differs" : "s that differ"}, the first of them page ${first}`;
    const message =
      first !== undefined
        ? `Expected the snapshot of index ${index} to agree with the WAL before it, found ${wrongOnes}`
        : `Expected the snapshot of index ${index} to have at least the ${this.#state.window.least} pages that the WAL before it leads to, found ${pages}`;
    return new WalkitError("replica/snapshot-mismatch", message, {
      path: this.#claim.path,
      offset: first === undefined ? undefined : (first - 1) * (this.#state.pageSize ?? 0),
      decoded: first === undefined ? undefined : true,
      position: formatPosition(startOf(this.#claim)),
    });
  }

  get #first(): number | undefined {
    return this.wrong.keys().next().value;
  }
}
