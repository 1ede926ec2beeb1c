/**
 * Verify, one exact branch: its changes follow on one another by number, and each claim is the state at its very position. A
 * fold, and the one that leads the pass.
 */

import { isOfFile, WalkitError } from "../errors.ts";
import { type Finding, findingOf, type Severity, severityOf } from "../findings.ts";
import type { Branch, Change, Claim } from "../replay/catalog.ts";
import type { ReplayEvent } from "../replay/events.ts";
import { missingPage } from "../replay/faults.ts";
import type { Layout } from "../replay/layout.ts";
import { comparePositions, formatPosition, type Position, positionOf } from "../replay/position.ts";
import type { ClaimPlace, ClaimRead, Lead, RunOptions } from "../replay/run.ts";
import { chainBroken, sumDiffers } from "../replay/sums.ts";
import { formatTime } from "../time.ts";
import type { Checked } from "./checked.ts";
import { AheadClaim } from "./exact-ahead.ts";
import { ExactComparison } from "./exact-comparison.ts";
import { type AllPages, ExactState } from "./exact-state.ts";
import { FullCopies } from "./full-copies.ts";
import { type RangeDraft, startRange } from "./ranges.ts";
import { RangeStates } from "./states.ts";

export class ExactCheck implements Lead {
  readonly hashes: boolean;
  readonly #findings: Finding[] = [];
  readonly #ranges: RangeDraft[] = [];
  readonly #apart: Claim[] = [];
  readonly #branch: Branch;
  readonly #pages: boolean;
  readonly #changes: ReadonlyMap<string, Change>;
  readonly #state: ExactState;
  /** What the last change says that the pages sum up to behind it; undefined where nothing ties the next one to it. */
  #after: bigint | undefined;
  /** The unbroken chain under way: undefined where nothing sound leads here. */
  #range: RangeDraft | undefined;
  /** Where the chain is. */
  #at: Position | undefined;
  /** The claim that is read. */
  #comparison: ExactComparison | undefined;
  /** Snapshots that may only be ahead of the chain. */
  #ahead: AheadClaim[] = [];
  /** A merged file stands in for one that is damaged. */
  #isDetour = false;
  #transactions = 0;
  #frames = 0;
  /** Those before the change under way. */
  #framesBefore = 0;
  readonly #copies = new FullCopies();
  /** When files say that they were made, nanoseconds since 1970. */
  #times: Checked["times"];
  /** The last change that says when it was made. */
  #dated: { path: string; time: bigint } | undefined;
  #isSetBack = false;

  constructor(branch: Branch, layout: Pick<Layout, "pageSum">, { pages = true }: RunOptions) {
    this.#branch = branch;
    this.#pages = pages;
    this.hashes = pages;
    this.#changes = new Map([...branch.segments, ...(branch.merged ?? [])].map((one) => [one.path, one]));
    const isRedundant = branch.snapshots.length > 1 || (branch.merged?.length ?? 0) > 0;
    this.#state = new ExactState(pages ? layout.pageSum : undefined, pages && isRedundant);
  }

  finish(): Checked {
    this.#settle();
    if (this.#range) this.#range.newest = true;
    const copies = this.#copies.finding(this.#branch.id);
    return {
      findings: copies ? [...this.#findings, copies] : this.#findings,
      ranges: this.#ranges,
      apart: this.#apart,
      transactions: this.#transactions,
      frames: this.#frames,
      pageSize: this.#state.pageSize,
      pageCount: this.#state.pageCount || undefined,
      encrypted: 0,
      links: undefined,
      times: this.#times,
    };
  }

  get leads(): boolean {
    return this.#range !== undefined;
  }

  enters(): void {}

  run(count: number, pageSize: number): void {
    this.#frames += count;
    this.#state.pageSize ??= pageSize;
  }

  page(page: number, data: Uint8Array, hash: number): void {
    if (this.#range || this.#branch.selfLeading) this.#state.add(page, data, hash);
  }

  on(event: Exclude<ReplayEvent, { type: "pages" }>): void {
    if (event.type === "opens") {
      // Between a snapshot and the next there may be nothing: retention leaves the last file of each level.
      if (this.#at && comparePositions(this.#at, event.section) < 0) {
        this.#settle();
        this.#range = undefined;
      }
      this.#state.forget();
      this.#isDetour = false;
      this.#framesBefore = this.#frames;
    } else if (event.type === "fault") {
      this.#state.forget();
      if (event.breaks || isOfFile(event.error.code)) this.#settle();
      const { retained } = this.#branch;
      // Retention leaves the last file of each level, however old.
      const isOld =
        event.error.code === "replica/missing-txid" &&
        retained &&
        comparePositions(event.position, retained) <= 0;
      this.#report(event.error, isOld ? "info" : undefined);
      if (event.breaks) {
        this.#range = undefined;
        this.#after = undefined;
      } else this.#isDetour ||= isOfFile(event.error.code) && severityOf(event.error.code) === "damage";
    } else if (event.type === "commit") this.#commit(event);
    else if (event.type === "change") this.#date(event);
  }

  /** What a file says of when it was made counts, whatever the storage says. */
  #date({ change: { path }, end, time }: Extract<ReplayEvent, { type: "change" }>): void {
    this.#time(time);
    if (this.#ahead.some((one) => one.isPast(time))) this.#settle();
    if (time !== undefined) {
      const before = this.#dated;
      this.#dated = { path, time };
      if (before && time < before.time && !this.#isSetBack) {
        this.#isSetBack = true;
        this.#report(setBack(path, end, time, before));
      }
    }
    const range = this.#range;
    if (time === undefined || range?.last?.path !== path) return;
    const dated = { ...range.last, modified: time };
    if (range.first === range.last) range.first = dated;
    range.last = dated;
    range.states?.date(range.to, time);
  }

  #commit({ end, pageCount, change, sums }: Extract<ReplayEvent, { type: "commit" }>): void {
    const { path } = change;
    this.#transactions++;
    const told = this.#changes.get(path);
    if (told) this.#copies.add(told, end, this.#frames - this.#framesBefore, pageCount);
    this.#chain(path, sums);
    const state = this.#state;
    if (this.#branch.selfLeading && !this.#range && state.isAll(pageCount))
      this.#leadFrom(path, end, pageCount);
    const range = this.#range;
    if (!range) {
      state.forget();
      return;
    }
    for (const one of this.#ahead) state.eachPending((page, hash) => one.add(page, hash));
    if (this.#pages) {
      const missing = state.commit(end, this.#changes.get(path)?.since, pageCount);
      const { sum } = state;
      if (missing !== undefined) this.#breaks(missingPage(missing, pageCount, end, path));
      else if (sums && sum !== undefined && sum !== sums.after)
        this.#breaks(sumDiffers(path, end, sum, sums.after));
      if (!this.#range) return;
    }
    state.pageCount = pageCount;
    // There is no database to bring back, until one is made anew.
    if (pageCount === 0) {
      this.#range = undefined;
      return;
    }
    const to = formatPosition(end);
    const last = this.#changes.get(path) ?? { ...change, modified: undefined };
    // The states that the damaged file led to, and those that its stand-in leads past, are lost.
    if (this.#isDetour) {
      this.#range = { ...startRange(range.snapshot), from: to, states: new RangeStates() };
      this.#ranges.push(this.#range);
      this.#isDetour = false;
    }
    Object.assign(this.#range!, { to, last, first: this.#range!.first ?? last });
    this.#range!.states?.add(to, last);
    this.#at = end;
    this.#ahead = this.#ahead.filter((one) => {
      const isCaughtUp = one.commit(pageCount);
      if (isCaughtUp) this.#report(one.ahead(end));
      return !isCaughtUp;
    });
  }

  /** Snapshots that were to turn out to be ahead, and did not, are wrong; from the last of them on it counts. */
  #settle(): void {
    const ahead = this.#ahead;
    this.#ahead = [];
    for (const { error } of ahead) this.#report(error);
    const last = ahead.at(-1);
    if (!last || !this.#range) return;
    this.#range = last.split();
    this.#ranges.push(this.#range);
    this.#state.take(this.#at!, last.pageCount, last.pages);
  }

  /** Holds what a change says that it follows on against what comes before it. */
  #chain(path: string, sums: { before: bigint; after: bigint } | undefined): void {
    const before = (this.#range && this.#state.sum) ?? this.#after;
    this.#after = sums?.after;
    if (!sums || before === undefined || before === sums.before) return;
    this.#breaks(chainBroken(path, before, sums.before));
  }

  #breaks(error: WalkitError): void {
    this.#settle();
    this.#report(error);
    this.#range = undefined;
  }

  /** A chain begins with a change. */
  #leadFrom(path: string, end: Position, pages: number): void {
    const { size, modified } = this.#changes.get(path)!;
    this.#take({ path, size, modified, ...positionOf(end) }, pages, this.#state.noPages());
  }

  claimOpens(claim: Claim, place: ClaimPlace): boolean {
    const isWithin = place === "aside" && !claim.since && this.#range && this.#state.isWithinLast(claim);
    const against = place === "at" && this.#pages ? "state" : isWithin ? "rest" : undefined;
    this.#comparison = new ExactComparison(claim, this.#state, against);
    return true;
  }

  claimPage(page: number, data: Uint8Array, hash: number): void {
    this.#comparison!.page(page, data, hash);
  }

  claimCloses(claim: Claim, place: ClaimPlace, read: ClaimRead): void {
    const comparison = this.#comparison!;
    this.#comparison = undefined;
    this.#state.pageSize ??= read.header?.pageSize;
    this.#time(read.time);
    if (read.error) {
      this.#report(read.error.with({ position: formatPosition(claim) }));
      return;
    }
    const dated = { ...claim, modified: read.time ?? claim.modified };
    const mismatch = comparison.mismatch(read.pages);
    const { pages, differing } = comparison;
    for (let page = read.pages + 1; mismatch && page <= this.#state.pageCount; page++) differing.add(page);
    if (mismatch && place === "at" && read.mayBeAhead && this.#range && pages && differing.size > 0) {
      this.#ahead.push(
        new AheadClaim(dated, mismatch, { pages, pageCount: read.pages, differing }, this.#range),
      );
      return;
    }
    if (mismatch) this.#report(mismatch);
    // Where a snapshot differs from the state, which of the two is right cannot be told. What came before stays as it is; from here
    // on the snapshot counts.
    if (place === "before" || (place === "at" && mismatch && !claim.since))
      this.#take(dated, read.pages, comparison.pages!);
    else if (place === "aside" && !mismatch && !claim.since) this.#apart.push(dated);
  }

  /** Makes the claim the base of a new chain. */
  #take(claim: Claim, pageCount: number, pages: AllPages): void {
    this.#state.take(claim, pageCount, pages);
    this.#after = undefined;
    this.#at = positionOf(claim);
    const states = new RangeStates();
    this.#range = { ...startRange(claim), states };
    states.add(this.#range.from, claim);
    this.#ranges.push(this.#range);
  }

  #time(time: bigint | undefined): void {
    if (time === undefined) return;
    const { oldest, newest } = this.#times ?? { oldest: time, newest: time };
    this.#times = { oldest: time < oldest ? time : oldest, newest: time > newest ? time : newest };
  }

  #report(error: WalkitError, severity?: Severity): void {
    this.#findings.push(findingOf(error, { generation: this.#branch.id, severity }));
  }
}

/** Of the first place; where one is there may be more. */
function setBack(
  path: string,
  end: Position,
  time: bigint,
  before: { path: string; time: bigint },
): WalkitError {
  const message = `Expected a time of ${formatTime(before.time)} or later, as ${before.path} has it, found ${formatTime(time)}`;
  return new WalkitError("replica/clock-set-back", message, { path, position: formatPosition(end) });
}
