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
import { PageHashes } from "../replay/page-hashes.ts";
import { comparePositions, formatPosition, type Position, positionOf } from "../replay/position.ts";
import type { ClaimPlace, ClaimRead, Lead, RunOptions } from "../replay/run.ts";
import { chainBroken, PageSums, sumDiffers } from "../replay/sums.ts";
import { lockPage } from "../sqlite/header.ts";
import { Changed } from "./changed.ts";
import type { Checked } from "./checked.ts";
import { type RangeDraft, startRange } from "./ranges.ts";
import { RangeStates } from "./states.ts";

/** A claim while it is read. */
interface Reading {
  claim: Claim;
  /** Of a whole claim: what it says the state is. */
  hashes: PageHashes | undefined;
  sums: PageSums | undefined;
  /**
   * What it is held against: the state; or, where it lies within the last change, what of the state that change did not bring.
   * With `since` also the first change that it merges; within a change that change.
   */
  against: "state" | "rest" | undefined;
  first: number | undefined;
  /** Pages that were held against the rest. */
  held: number;
  /** Pages that differ, and the first of them. */
  wrong: number;
  firstWrong: number | undefined;
}

export class ExactCheck implements Lead {
  readonly hashes: boolean;
  readonly #findings: Finding[] = [];
  readonly #ranges: RangeDraft[] = [];
  readonly #apart: Claim[] = [];
  readonly #branch: Branch;
  readonly #pages: boolean;
  readonly #changes: ReadonlyMap<string, Change>;
  /** Of the state: a hash a page. */
  #state = new PageHashes();
  /** Undefined where no file tells what they are to be. */
  readonly #pageSum: Layout["pageSum"];
  #sums: PageSums | undefined;
  /** What the last change says that the pages sum up to behind it; undefined where nothing ties the next one to it. */
  #after: bigint | undefined;
  #pageSize: number | undefined;
  #pageCount = 0;
  /** Undefined where nothing is there twice. */
  readonly #changed: Changed | undefined;
  /** Changes that begin before the state that they are laid over: in them is what others brought before. */
  #early: { number: number; since: Position }[] = [];
  /** Of the change under way: pages and hashes in turn. Its file may still turn out to be damaged. */
  #pending: number[] = [];
  #pendingSums: bigint[] = [];
  /** The unbroken chain under way: undefined where nothing sound leads here. */
  #range: RangeDraft | undefined;
  /** Where the chain is. */
  #at: Position | undefined;
  /** The last change of the chain. */
  #step: { from: Position; to: Position } | undefined;
  #reading: Reading | undefined;
  /** A merged file stands in for one that is damaged. */
  #isDetour = false;
  #transactions = 0;
  #frames = 0;
  /** When files say that they were made, nanoseconds since 1970. */
  #oldest: bigint | undefined;
  #newest: bigint | undefined;

  constructor(branch: Branch, layout: Pick<Layout, "pageSum">, { pages = true }: RunOptions) {
    this.#branch = branch;
    this.#pages = pages;
    this.hashes = pages;
    this.#pageSum = pages ? layout.pageSum : undefined;
    this.#changes = new Map([...branch.segments, ...(branch.merged ?? [])].map((one) => [one.path, one]));
    const isRedundant = branch.snapshots.length > 1 || branch.merged?.length;
    this.#changed = pages && isRedundant ? new Changed() : undefined;
  }

  finish(): Checked {
    if (this.#range) this.#range.newest = true;
    return {
      findings: this.#findings,
      ranges: this.#ranges,
      apart: this.#apart,
      transactions: this.#transactions,
      frames: this.#frames,
      pageSize: this.#pageSize,
      pageCount: this.#pageCount || undefined,
      encrypted: 0,
      links: undefined,
      times: this.#oldest === undefined ? undefined : { oldest: this.#oldest, newest: this.#newest! },
    };
  }

  get leads(): boolean {
    return this.#range !== undefined;
  }

  enters(): void {}

  run(count: number, pageSize: number): void {
    this.#frames += count;
    this.#pageSize ??= pageSize;
  }

  page(page: number, data: Uint8Array, hash: number): void {
    if (!this.#range && !this.#branch.selfLeading) return;
    this.#pending.push(page, hash);
    if (this.#pageSum) this.#pendingSums.push(this.#pageSum(page, data));
  }

  on(event: Exclude<ReplayEvent, { type: "pages" }>): void {
    if (event.type === "opens") {
      // Between a snapshot and the next there may be nothing: retention leaves the last file of each level.
      if (this.#at && comparePositions(this.#at, event.section) < 0) this.#range = undefined;
      this.#forget();
      this.#isDetour = false;
    } else if (event.type === "fault") {
      this.#forget();
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
  #date({ change: { path }, time }: Extract<ReplayEvent, { type: "change" }>): void {
    this.#time(time);
    const range = this.#range;
    if (time === undefined || range?.last?.path !== path) return;
    const dated = { ...range.last, modified: time };
    if (range.first === range.last) range.first = dated;
    range.last = dated;
    range.states?.date(range.to, time);
  }

  /** Pages of a change that is damaged. */
  #forget(): void {
    this.#pending = [];
    this.#pendingSums = [];
  }

  #commit({ end, pageCount, change, sums }: Extract<ReplayEvent, { type: "commit" }>): void {
    const { path } = change;
    this.#transactions++;
    this.#chain(path, sums);
    if (this.#branch.selfLeading && this.#isAll(pageCount)) this.#leadFrom(path, end, pageCount);
    const range = this.#range;
    if (!range) {
      this.#forget();
      return;
    }
    const pending = this.#pending;
    const pendingSums = this.#pendingSums;
    this.#forget();
    if (this.#pages) {
      this.#changed?.begin(end);
      const since = this.#changes.get(change.path)?.since;
      if (since && this.#changed && comparePositions(since, this.#at!) < 0)
        this.#early.push({ number: this.#changed.last, since });
      for (let i = 0; i < pending.length; i += 2) {
        this.#state.set(pending[i]!, pending[i + 1]!);
        if (this.#sums) this.#sums.set(pending[i]!, pendingSums[i / 2]!);
        this.#changed?.add(pending[i]!);
      }
      const missing = this.#firstMissing(pageCount);
      if (missing !== undefined) {
        this.#report(missingPage(missing, pageCount, end, path));
        this.#range = undefined;
        return;
      }
      this.#state.truncate(pageCount);
      this.#changed?.truncate(pageCount);
      this.#sums?.truncate(pageCount);
      if (this.#sums && sums && this.#sums.value !== sums.after) {
        this.#report(sumDiffers(path, end, this.#sums.value, sums.after));
        this.#range = undefined;
        return;
      }
    }
    this.#pageCount = pageCount;
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
    this.#step = { from: this.#at!, to: end };
    this.#at = end;
  }

  /** Holds what a change says that it follows on against what comes before it. */
  #chain(path: string, sums: { before: bigint; after: bigint } | undefined): void {
    const before = this.#range && this.#sums ? this.#sums.value : this.#after;
    this.#after = sums?.after;
    if (!sums || before === undefined || before === sums.before) return;
    this.#report(chainBroken(path, before, sums.before));
    this.#range = undefined;
  }

  /** Whether the change under way holds every page. */
  #isAll(pageCount: number): boolean {
    if (this.#range || pageCount === 0) return false;
    const hasLock = pageCount >= lockPage(this.#pageSize!);
    return this.#pages && this.#pending.length / 2 === pageCount - Number(hasLock);
  }

  /** A chain begins with a change. */
  #leadFrom(path: string, end: Position, pages: number): void {
    const { size, modified } = this.#changes.get(path)!;
    this.#take({ path, size, modified, ...positionOf(end) }, new PageHashes(), pages, undefined);
    this.#sums = this.#pageSum && new PageSums();
  }

  /** The first page by which the database grew, and which nothing brought. */
  #firstMissing(pageCount: number): number | undefined {
    for (let page = this.#pageCount + 1; page <= pageCount; page++)
      if (this.#state.get(page) === 0 && page !== lockPage(this.#pageSize!)) return page;
    return undefined;
  }

  claimOpens(claim: Claim, place: ClaimPlace): boolean {
    const { since } = claim;
    const within = place === "aside" && !since ? this.#changeOver(claim) : undefined;
    const first = within ?? (since && this.#firstMerged(since));
    const isState = this.#pages && place === "at" && (!since || first !== undefined);
    const against = isState ? "state" : within === undefined ? undefined : "rest";
    const hashes = since ? undefined : new PageHashes();
    const sums = since || !this.#pageSum ? undefined : new PageSums();
    this.#reading = { claim, hashes, sums, against, first, held: 0, wrong: 0, firstWrong: undefined };
    return true;
  }

  /**
   * The number of the last change, where it leads over the position of a claim: what it did not bring was at that position what
   * it is behind the change. Where files were merged, most snapshots lie so.
   */
  #changeOver(claim: Claim): number | undefined {
    const step = this.#range && this.#step;
    if (!step || comparePositions(claim, step.from) <= 0 || comparePositions(claim, step.to) >= 0)
      return undefined;
    return this.#changed?.last;
  }

  /** The number of the first change that a merged file merges; undefined where no change begins there, or a later one before it. */
  #firstMerged(since: Position): number | undefined {
    const first = this.#changed?.changeBehind(since);
    const isMixed = this.#early.some(
      (one) => one.number >= (first ?? 0) && comparePositions(one.since, since) < 0,
    );
    return isMixed ? undefined : first;
  }

  claimPage(page: number, data: Uint8Array, hash: number): void {
    const reading = this.#reading!;
    reading.hashes?.set(page, hash);
    reading.sums?.set(page, this.#pageSum!(page, data));
    const { first, against } = reading;
    if (!against || page === lockPage(this.#pageSize ?? 0)) return;
    if (against === "rest") {
      if (page > this.#pageCount || this.#changed!.isSince(first!, page)) return;
      reading.held++;
      if (this.#state.get(page) === hash) return;
      reading.wrong++;
      reading.firstWrong ??= page;
      return;
    }
    const isRight =
      this.#state.get(page) === hash && (first === undefined || this.#changed!.isSince(first, page));
    if (isRight) return;
    reading.wrong++;
    reading.firstWrong ??= page;
  }

  claimCloses(claim: Claim, place: ClaimPlace, read: ClaimRead): void {
    const reading = this.#reading!;
    this.#reading = undefined;
    this.#pageSize ??= read.header?.pageSize;
    this.#time(read.time);
    const dated = { ...claim, modified: read.time ?? claim.modified };
    if (read.error) {
      this.#report(read.error.with({ position: formatPosition(claim) }));
      return;
    }
    if (place === "before") this.#take(dated, reading.hashes!, read.pages, reading.sums);
    else if (place === "aside") {
      if (!claim.since && this.#holdsRest(claim, reading)) this.#apart.push(dated);
    } else if (reading.against) this.#compare(dated, reading, read.pages);
  }

  /** Whether a snapshot holds what the change that leads over it did not bring; true where there is none. */
  #holdsRest(claim: Claim, { against, first, held, wrong, firstWrong }: Reading): boolean {
    if (!against) return true;
    const lock = this.#pageCount >= lockPage(this.#pageSize!) ? 1 : 0;
    const expected = this.#pageCount - lock - this.#changed!.countSince(first!);
    if (wrong === 0 && held === expected) return true;
    const { from, to } = this.#step!;
    const found =
      wrong > 0 ? `others, the first of them page ${firstWrong}` : `${held} in place of ${expected} of them`;
    this.#report(
      new WalkitError(
        "replica/snapshot-mismatch",
        `Expected the snapshot to have the pages that were not changed between ${formatPosition(from)} and ${formatPosition(to)}, found ${found}`,
        { path: claim.path, position: formatPosition(claim) },
      ),
    );
    return false;
  }

  /** Makes the claim the base of a new chain. */
  #take(claim: Claim, hashes: PageHashes, pages: number, sums: PageSums | undefined): void {
    this.#state = hashes;
    this.#sums = sums;
    this.#after = undefined;
    this.#pageCount = pages;
    this.#changed?.reset(positionOf(claim));
    this.#step = undefined;
    this.#early = [];
    this.#at = positionOf(claim);
    const states = new RangeStates();
    this.#range = { ...startRange(claim), states };
    states.add(this.#range.from, claim);
    this.#ranges.push(this.#range);
  }

  #compare(claim: Claim, { first, wrong, firstWrong, hashes, sums }: Reading, pages: number): void {
    const expected = first === undefined ? this.#pageCount : this.#changed!.countSince(first);
    if (wrong === 0 && pages === expected) return;
    const found =
      wrong > 0
        ? `${wrong} page${wrong === 1 ? "" : "s"} that ${wrong === 1 ? "is" : "are"} not, the first of them page ${firstWrong}`
        : `${pages} pages in place of ${expected}`;
    const about = { path: claim.path, position: formatPosition(claim) };
    if (claim.since) {
      const message = `Expected the merged file to hold what the files of ${formatPosition(claim.since)} to ${formatPosition(claim)} hold one by one, found ${found}`;
      this.#report(new WalkitError("replica/merge-mismatch", message, about));
      return;
    }
    const message = `Expected the snapshot to be the database that the files up to ${formatPosition(claim)} lead to, found ${found}`;
    this.#report(new WalkitError("replica/snapshot-mismatch", message, about));
    // Which of the two is right cannot be told. What came before stays as it is; from here on the snapshot counts.
    this.#take(claim, hashes!, pages, sums);
  }

  #time(time: bigint | undefined): void {
    if (time === undefined) return;
    if (this.#oldest === undefined || time < this.#oldest) this.#oldest = time;
    if (this.#newest === undefined || time > this.#newest) this.#newest = time;
  }

  #report(error: WalkitError, severity?: Severity): void {
    this.#findings.push(findingOf(error, { generation: this.#branch.id, severity }));
  }
}
