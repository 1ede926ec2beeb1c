/** Verify, one branch: what is wrong with it, and which moments it can bring back. A fold, and the one that leads the pass. */

import { type ErrorCode, WalkitError } from "../errors.ts";
import { type Finding, findingOf, type Severity } from "../findings.ts";
import { type Branch, type Change, type Claim, splitLeftover } from "../replay/catalog.ts";
import type { ReplayEvent } from "../replay/events.ts";
import { missingPage } from "../replay/faults.ts";
import type { Replica } from "../replay/layout.ts";
import { plannedSegment } from "../replay/plan.ts";
import {
  comparePositions,
  formatPosition,
  isSameSection,
  type Position,
  sectionOf,
  startOf,
} from "../replay/position.ts";
import { readChanges } from "../replay/replica.ts";
import {
  type ClaimPlace,
  type ClaimRead,
  type Fold,
  type Lead,
  type RunOptions,
  run,
} from "../replay/run.ts";
import { countSeen, judgeCounters, judgePages } from "./ahead.ts";
import type { Checked } from "./checked.ts";
import { Comparison } from "./comparison.ts";
import { LinkCount } from "./links.ts";
import { type RangeDraft, startRange } from "./ranges.ts";
import { ClaimedState, State } from "./state.ts";

/** Met at the first page of a section, and wrong with what lies before it. */
const BEFORE_THE_SECTION = new Set<ErrorCode>(["replica/missing-index", "replica/missing-transactions"]);

/**
 * Reads every file of a branch. `folds` share the pass, from the first claim on.
 *
 * @throws WalkitError `storage/not-found` where a file has vanished since it was listed
 */
export async function checkBranch(
  replica: Replica,
  branch: Branch,
  options: RunOptions,
  folds: readonly Fold[] = [],
): Promise<Checked> {
  if (branch.exact) {
    // What most replicas do not need is not loaded: a page has it as a file of its own.
    const { ExactCheck } = await import("./exact.ts");
    const check = new ExactCheck(branch, replica.layout, options);
    await run(replica, branch, check, folds, options);
    return check.finish();
  }
  const check = new Check(replica, branch, options);
  await check.readLeftover();
  await run(replica, branch, check, folds, options);
  return check.finish();
}

/**
 * What a claim is, held against what leads to it. "is ahead": it is the newest, and changes that it holds were not uploaded,
 * or not yet. The last two: it is the newest, and nothing speaks for it.
 */
type Compared = "agrees" | "differs" | "is ahead" | "may be older" | "is older";

class Check implements Lead {
  readonly #findings: Finding[] = [];
  readonly #ranges: RangeDraft[] = [];
  readonly #links = new LinkCount();
  readonly #state = new State();
  readonly #replica: Replica;
  readonly #branch: Branch;
  readonly #options: RunOptions;
  readonly #changes: ReadonlyMap<string, Change>;
  /** Files that are encrypted; of these the first is in the findings. */
  readonly #encrypted = new Set<string>();
  #transactions = 0;
  #frames = 0;
  #pageCount: number | undefined;
  /** The unbroken chain under way: undefined where nothing sound leads here. */
  #range: RangeDraft | undefined;
  #section: Position | undefined;
  /** What came of it when its last change was read. */
  #whole = false;
  /** Something is wrong with the section under way before its first page: nothing follows on its claim. */
  #isBroken = false;
  #hasEntered = false;
  /** The claim of the section under way, and whether the chain begins with it. */
  #claim: Claim | undefined;
  #isBase = false;
  /** Of a base's section: commits that lack a page, which is wrong behind the base's mark only. */
  #doubtful: { end: Position; error: WalkitError; to: string | undefined; last: Change | undefined }[] = [];
  /** The last commit, and the last one before the section under way. */
  #end: Position | undefined;
  #before: Position | undefined;
  /** A claim that is read: what it says, and how that compares. */
  #claimed: { state: ClaimedState; comparison: Comparison | undefined } | undefined;
  /** Of claims behind all changes the newest range. */
  #ahead: { range: RangeDraft | undefined } | undefined;

  constructor(replica: Replica, branch: Branch, options: RunOptions) {
    this.#replica = replica;
    this.#branch = branch;
    this.#options = options;
    this.#changes = new Map(branch.segments.map((change) => [change.path, change]));
  }

  /** Nothing depends on leftovers: what is wrong with them is worth a warning, and that they have gaps is no news. */
  async readLeftover(): Promise<void> {
    const { signal, parallelism, onRead } = this.#options;
    const { id, snapshots } = this.#branch;
    const segments = splitLeftover(this.#branch).leftover.map(plannedSegment);
    const options = { signal, parallelism, onRead, faults: "report" } as const;
    const leg = { generation: id, segments, snapshot: snapshots[0] };
    for await (const event of readChanges(this.#replica, leg, options)) {
      if (event.type === "fault" && !event.error.code.startsWith("replica/missing-"))
        this.#report(event.error, event.breaks ? "warning" : undefined);
    }
  }

  finish(): Checked {
    const newest = this.#ahead ? this.#ahead.range : this.#range;
    if (newest) newest.newest = true;
    return {
      findings: this.#findings,
      ranges: this.#ranges,
      apart: [],
      transactions: this.#transactions,
      frames: this.#frames,
      pageSize: this.#state.pageSize,
      pageCount: this.#pageCount,
      encrypted: this.#encrypted.size,
      links: this.#links.report(),
    };
  }

  get leads(): boolean {
    return this.#range !== undefined;
  }

  /** Behind the last claim nothing is held against the pages any more: that they came is enough. */
  get hashes(): boolean {
    const { snapshots } = this.#branch;
    const last = snapshots.at(-1);
    return last !== undefined && this.#section !== undefined && comparePositions(last, this.#section) >= 0;
  }

  on(event: Exclude<ReplayEvent, { type: "pages" }>): void {
    if (event.type === "opens") this.#open(event.section);
    else if (event.type === "fault") {
      this.#report(event.error);
      if (!event.breaks) return;
      this.#isBroken ||= !this.#hasEntered && !BEFORE_THE_SECTION.has(event.error.code);
      this.#break();
    } else if (event.type === "commit" && event.sound) {
      this.#transactions++;
      if (this.#range) this.#commit(event.end, event.pageCount, event.change.path);
    } else if (event.type === "closes") this.#close(event.whole);
  }

  enters(): void {
    this.#hasEntered = true;
    if (this.#isBroken) this.#break();
  }

  run(count: number, pageSize: number): void {
    this.#frames += count;
    this.#state.pageSize ??= pageSize;
  }

  page(page: number, data: Uint8Array, hash: number, sound: boolean): void {
    if (this.#range && sound) this.#state.page(this.#section!, page, data, hash, this.#claim !== undefined);
  }

  claimOpens(claim: Claim, place: ClaimPlace): boolean {
    if (place === "alone") {
      this.#section = startOf(claim);
      this.#isBase = false;
      this.#state.opens();
    }
    const state = new ClaimedState(claim);
    const comparison = place === "before" ? undefined : new Comparison(this.#state, state, claim);
    this.#claimed = { state, comparison };
    return true;
  }

  claimPage(page: number, data: Uint8Array, hash: number): void {
    const { state, comparison } = this.#claimed!;
    state.page(page, data, hash);
    comparison?.page(page, data, hash);
  }

  async claimCloses(claim: Claim, place: ClaimPlace, read: ClaimRead): Promise<void> {
    const { state, comparison } = this.#claimed!;
    this.#claimed = undefined;
    this.#state.pageSize ??= read.header?.pageSize;
    if (read.error) this.#report(read.error.with({ position: formatPosition(startOf(claim)) }));
    if (!comparison) {
      this.#isBase = this.#take(claim, state, read) !== undefined;
      this.#state.opens();
    } else if (place === "alone") {
      this.#ahead = { range: await this.#takeAlone(claim, state, comparison, read) };
    } else if (!read.error) await this.#compare(claim, comparison, read.pages, this.#whole);
  }

  #open(section: Position): void {
    this.#ahead = undefined;
    if (this.#section) this.#links.border();
    this.#before = this.#end;
    this.#section = section;
    this.#hasEntered = false;
    this.#isBroken = false;
    this.#isBase = false;
    this.#claim = this.#branch.snapshots.find((claim) => isSameSection(claim, section));
    this.#state.opens();
  }

  #commit(end: Position, pageCount: number, path: string): void {
    const range = this.#range!;
    const change = this.#changes.get(path)!;
    this.#pageCount = pageCount;
    if (this.#options.pages !== false) {
      this.#state.commit(end, pageCount, this.#claim !== undefined);
      const missing = this.#state.firstMissing(pageCount, !isSameSection(range.snapshot, end));
      if (missing !== undefined) {
        const error = missingPage(missing, pageCount, end, path);
        if (this.#isBase) this.#doubtful.push({ end, error, to: range.to, last: range.last });
        else {
          this.#report(error);
          this.#break();
          return;
        }
      }
    }
    this.#end = end;
    range.to = formatPosition(end);
    range.last = change;
    range.first ??= change;
  }

  #close(whole: boolean): void {
    this.#whole = whole;
    this.#cross();
    const claim = this.#claim;
    if (!claim || !this.#isBase || !this.#range) return;
    // With its own changes at an end the mark is known: from there on the range is whole.
    const { mark } = this.#state.window;
    if (mark) this.#range.from = formatPosition(mark);
    this.#range.proven = whole && this.#replica.layout.isSettled(this.#branch, claim);
    if (whole && !this.#range.proven) this.#report(unsettled(claim));
    this.#settle(mark);
  }

  /**
   * With the base's mark known: what lacks a page before it is no state that anything leads to, the application may have
   * made the database smaller by then. What lacks one from there on is damage, and ends the range before it.
   */
  #settle(mark: Position | undefined): void {
    const first = this.#doubtful.find(({ end }) => !mark || comparePositions(end, mark) >= 0);
    this.#doubtful = [];
    const range = this.#range;
    if (!first || !range) return;
    this.#report(first.error);
    range.to = first.to;
    range.last = first.last;
    // The very commit at the mark lacks one: no state is left that the base leads to.
    if (mark && (first.to === undefined || first.to < formatPosition(mark))) this.#ranges.pop();
    this.#endChain();
  }

  /** The replay came into the section under way from the one before: what Litestream's counter says of that. */
  #cross(): void {
    const section = this.#section!;
    const sequence = this.#state.sequence.endIndex();
    if (sequence && sequence.value !== sequence.expected) {
      const message = `Expected _litestream_seq to go on with ${sequence.expected} in WAL index ${sectionOf(section)}, found ${sequence.value}`;
      this.#report(new WalkitError("replica/sequence-gap", message, { position: formatPosition(section) }));
    }
    if (!this.#range || comparePositions(startOf(this.#range.snapshot), section) >= 0) return;
    const counter = sequence && (sequence.value === sequence.expected ? "follows" : "jumps");
    const from = formatPosition(this.#before ?? startOf(this.#range.snapshot));
    this.#links.crossed({ from, to: formatPosition(section), counter });
  }

  /** What comes next cannot be applied to what came before. */
  #break(): void {
    // It was gone over, if what follows there is committed.
    if (this.#end && this.#section && isSameSection(this.#end, this.#section)) this.#cross();
    const range = this.#range;
    // A base whose own changes break off: how far it reaches into the lost part cannot be told.
    if (range && this.#isBase && this.#section && isSameSection(range.snapshot, this.#section)) {
      const { mark } = this.#state.window;
      if (mark) range.from = formatPosition(mark);
      range.proven = false;
      range.salvage = true;
      this.#links.broken();
      this.#settle(mark);
    }
    this.#endChain();
  }

  /** No chain leads on. */
  #endChain(): void {
    this.#links.broken();
    this.#range = undefined;
    this.#state.breaks();
  }

  /** Makes the claim the base of a new chain. */
  #take(claim: Claim, state: ClaimedState, { error, pages }: ClaimRead): RangeDraft | undefined {
    if (error) {
      this.#state.breaks();
      return undefined;
    }
    this.#state.take(state, pages);
    this.#pageCount = pages;
    const range = startRange(claim);
    this.#range = range;
    this.#ranges.push(range);
    return range;
  }

  /** A claim without changes of its own: whole or not, it is all that its moment has. The newest range. */
  async #takeAlone(
    claim: Claim,
    state: ClaimedState,
    comparison: Comparison,
    read: ClaimRead,
  ): Promise<RangeDraft | undefined> {
    const chain = this.#range;
    let found: Compared = "differs";
    if (chain && !read.error && this.#options.pages !== false) {
      const isOpen = !this.#replica.layout.isSettled(this.#branch, claim);
      found = await this.#compare(claim, comparison, read.pages, isOpen);
      // What came after the changes was in the claim that should be in its place.
      if (found === "is older") return undefined;
      if (found === "agrees") {
        chain.to = formatPosition(startOf(claim));
        return chain;
      }
    }
    const alone = this.#take(claim, state, read);
    this.#range = undefined;
    if (!alone) return undefined;
    alone.proven = false;
    const [inUse, there] = [this.#state.inUse ?? 0, this.#state.known];
    if (this.#options.pages !== false && inUse > there) {
      // With changes of its own a claim may well lack pages: a checkpoint copies only some. Here is none to bring them, and
      // damage is only where none is to come.
      const message = `Expected the ${inUse} pages that page 1 tells of, found ${there}: the snapshot lacks the end of the database`;
      const where = { path: claim.path, offset: 28, decoded: true };
      if (found !== "is ahead") this.#report(new WalkitError("database/size", message, where));
      this.#ranges.pop();
      return undefined;
    }
    if (found !== "may be older") return alone;
    alone.salvage = true;
    return undefined;
  }

  /**
   * Holds a claim against the replay of its section: each page is as at the start of the section, or any version from
   * within. `whole`: all changes of that section that there are were read; else a page that differs may come from what is
   * missing.
   */
  async #compare(claim: Claim, comparison: Comparison, pages: number, whole: boolean): Promise<Compared> {
    if (!this.#range || this.#options.pages === false) return "differs";
    const { least } = this.#state.window;
    if (comparison.wrongPages === 0 && pages >= least) {
      this.#links.agreed();
      return "agrees";
    }
    if (!whole) return "differs";
    const isSettled = this.#replica.layout.isSettled(this.#branch, claim);
    if (!isSettled) {
      const counters = comparison.counters();
      const verdict =
        judgeCounters(counters) ??
        judgePages(await this.#seen(claim, comparison), comparison.wrong.size, counters);
      if (verdict !== "older") {
        this.#report(comparison.doubt(verdict, pages));
        return verdict === "ahead" ? "is ahead" : "may be older";
      }
    }
    this.#report(comparison.mismatch(pages));
    // The newest claim, and older than what leads to it: nothing speaks for it.
    if (!isSettled) return "is older";
    // Which of the two is right cannot be told. What came before stays as it is; from here on the claim counts.
    this.#break();
    this.#state.correct(comparison.claimed, this.#pageCount ?? pages);
    this.#range = startRange(claim);
    this.#ranges.push(this.#range);
    return "differs";
  }

  /** Where the counters do not tell: how many of the pages that differ were seen before. */
  #seen(claim: Claim, { wrong }: Comparison): Promise<number> {
    const { snapshot: base } = this.#range!;
    const changes = this.#branch.segments.filter(
      (one) => comparePositions(one, startOf(base)) >= 0 && comparePositions(one, startOf(claim)) < 0,
    );
    const { signal } = this.#options;
    return countSeen(this.#replica, this.#branch.id, base, changes.map(plannedSegment), wrong, signal);
  }

  #report(error: WalkitError, severity?: Severity): void {
    // As many as there are files, and all the same.
    if (error.code === "replica/encrypted" && this.#encrypted.add(error.path!).size > 1) return;
    const finding = findingOf(error, { generation: this.#branch.id });
    this.#findings.push(severity ? { ...finding, severity } : finding);
  }
}

function unsettled(claim: Claim): WalkitError {
  const message = `Expected WAL of index ${sectionOf(claim)} from after its snapshot was written, found none: nothing shows that the snapshot holds no more than the WAL`;
  return new WalkitError("replica/snapshot-unproven", message, { path: claim.path });
}
