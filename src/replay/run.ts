/**
 * One pass over the files of a branch, which several folds share: every change once, every claim once. What a claim holds
 * comes before the changes of its section where nothing sound leads there, else behind them, to be held against the state.
 */

import { isFault, type WalkitError } from "../errors.ts";
import { xxh32 } from "../lz4/index.ts";
import type { DatabaseHeader } from "../sqlite/header.ts";
import { type Branch, type Claim, splitLeftover } from "./catalog.ts";
import type { ReplayEvent } from "./events.ts";
import { pageSizeChanged } from "./faults.ts";
import type { Replica } from "./layout.ts";
import { Pages } from "./pages.ts";
import { plannedSegment } from "./plan.ts";
import { comparePositions, isSameSection, type Position } from "./position.ts";
import { readChanges, readClaim } from "./replica.ts";

/**
 * Where a claim comes: `before` the changes of its section, as what they are laid over; `behind` them; or `alone`, where its
 * section has none. In an exact branch `before` what it leads to, `at` the state that it has to equal, or `aside`, where no
 * change ends that state can be told from.
 */
export type ClaimPlace = "before" | "behind" | "alone" | "at" | "aside";

/** What came of reading a claim: its size, or what is wrong with it. A claim with `since` has no header. */
export type ClaimRead =
  | {
      header?: DatabaseHeader | undefined;
      pages: number;
      error?: undefined;
      time?: bigint | undefined;
      mayBeAhead?: boolean | undefined;
    }
  | { header?: undefined; pages: number; error: WalkitError; time?: undefined; mayBeAhead?: undefined };

/** Is told of a pass. It holds no storage, and whatever it is handed is valid until it returns. */
export interface Fold {
  /** Whether the pages that come next are to come with their hashes; without, each hash is 1. */
  readonly hashes?: boolean;
  /** So many pages of so many bytes are about to come. */
  run?(count: number, pageSize: number): void;
  /** A page of a change. `hash`: its xxHash32, never 0. */
  page?(page: number, data: Uint8Array, hash: number, sound: boolean): void;
  on(event: Exclude<ReplayEvent, { type: "pages" }>): void | Promise<void>;
  /** A claim can be read here; true: it is wanted. Where no fold wants it, it is not read; where one does, all hear how it closes. */
  claimOpens?(claim: Claim, place: ClaimPlace): boolean;
  /** A page of a claim, ascending. */
  claimPage?(page: number, data: Uint8Array, hash: number): void;
  claimCloses?(claim: Claim, place: ClaimPlace, read: ClaimRead): void | Promise<void>;
}

/** The fold that knows whether what came so far leads on. */
export interface Lead extends Fold {
  /** Whether the state is known that the next change is laid over. */
  readonly leads: boolean;
  /** The first page of a section is about to come, or none: what leads here is known, and a claim before it is read. */
  enters(): void;
}

/** How a pass reads. */
export interface RunOptions {
  signal?: AbortSignal | undefined;
  /** Files on their way at a time; 8 by default. */
  parallelism?: number | undefined;
  /** Told of compressed bytes as they are read. */
  onRead?: ((bytes: number) => void) | undefined;
  /** False: no fold is handed a page, though each is read and checked. True by default. */
  pages?: boolean | undefined;
}

/**
 * Runs over the changes of a branch that a claim leads to, and over all of its claims. What is wrong is told.
 *
 * @throws WalkitError `storage/not-found`: a file has gone since it was listed
 */
export async function run(
  replica: Replica,
  branch: Branch,
  lead: Lead,
  folds: readonly Fold[] = [],
  options: RunOptions = {},
): Promise<void> {
  await new Run(replica, branch, lead, folds, options).run();
}

class Run {
  readonly #replica: Replica;
  readonly #branch: Branch;
  readonly #lead: Lead;
  readonly #folds: readonly Fold[];
  /** Those that want pages: the one that leads may not. */
  readonly #listening: readonly Fold[];
  readonly #options: RunOptions;
  /** Ascending; those before `#next` have had their turn. */
  readonly #claims: Claim[];
  #next = 0;
  /** Where the last change ends that was read to its end; or the claim behind it that leads on. */
  #end: Position | undefined;
  /** The section under way, and its claim until that is read. */
  #section: Position | undefined;
  #claim: Claim | undefined;
  #hasEntered = false;
  /** Bytes in a page, as the first file that tells has it. */
  #pageSize: number | undefined;

  constructor(replica: Replica, branch: Branch, lead: Lead, folds: readonly Fold[], options: RunOptions) {
    this.#replica = replica;
    this.#branch = branch;
    this.#lead = lead;
    this.#folds = [lead, ...folds];
    this.#listening = this.#folds.filter(({ page }) => page);
    this.#options = options;
    // At one position what leads on comes first, and before what may hold more than that.
    this.#claims = [...branch.snapshots, ...(branch.merged ?? [])].sort(
      (a, b) =>
        comparePositions(a, b) ||
        Number(!!a.since) - Number(!!b.since) ||
        Number(!!a.live) - Number(!!b.live),
    );
  }

  async run(): Promise<void> {
    const { id, snapshots, exact, merged } = this.#branch;
    // Numbers tie what comes before the first claim of an exact branch, too.
    const { segments: changes } = exact ? this.#branch : splitLeftover(this.#branch);
    const segments = changes.map(plannedSegment);
    const { signal, parallelism, onRead } = this.#options;
    const leg = { generation: id, segments, snapshot: snapshots[0], merged };
    const options = { signal, parallelism, onRead, faults: "report" } as const;
    for await (const event of readChanges(this.#replica, leg, options)) {
      // There are many events, and hardly any that has to be waited for: of 20,000 small files 0.3 of 2 s.
      const work = event.type === "pages" && this.#hasEntered ? this.#pages(event) : this.#take(event);
      if (work) await work;
    }
    if (exact) await this.#exactly(undefined);
    for (let claim = this.#takeClaim(); claim; claim = this.#takeClaim()) await this.#read(claim, "alone");
  }

  #takeClaim(): Claim | undefined {
    return this.#claims[this.#next] && this.#claims[this.#next++];
  }

  #take(event: ReplayEvent): Promise<void> | undefined {
    if (event.type !== "commit" && event.type !== "change") return this.#turn(event);
    return this.#tell(event);
  }

  /** What changes where the pass is. */
  async #turn(event: Exclude<ReplayEvent, { type: "commit" | "change" }>): Promise<void> {
    if (event.type === "opens") await this.#open(event.section);
    if (event.type === "pages" || event.type === "closes") await this.#enter();
    if (event.type === "pages") {
      this.#pages(event);
      return;
    }
    const told = this.#tell(event);
    if (told) await told;
    if (event.type === "closes" && this.#claim) {
      const claim = this.#claim;
      this.#claim = undefined;
      await this.#read(claim, "behind");
    }
  }

  #tell(event: Exclude<ReplayEvent, { type: "pages" }>): Promise<void> | undefined {
    if (event.type === "change") this.#end = event.end;
    let told: Promise<unknown> | undefined;
    for (const fold of this.#folds) {
      const work = told ? told.then(() => fold.on(event)) : fold.on(event);
      if (work) told = work;
    }
    return told as Promise<void> | undefined;
  }

  #pages({ run, sound }: Extract<ReplayEvent, { type: "pages" }>): undefined {
    this.#pageSize ??= run.pageSize;
    for (const fold of this.#folds) fold.run?.(run.count, run.pageSize);
    if (this.#options.pages === false) return;
    const wants = this.#folds.some(({ hashes }) => hashes);
    const [first, ...others] = this.#listening;
    if (!first) return;
    run.forEach((page, data) => {
      const hash = (wants && xxh32(data)) || 1;
      first.page!(page, data, hash, sound);
      for (const fold of others) fold.page!(page, data, hash, sound);
    });
  }

  async #open(section: Position): Promise<void> {
    if (this.#branch.exact) await this.#exactly(section);
    // Claims of sections without any change between here and there.
    while (this.#isNextBefore(section)) {
      const claim = this.#takeClaim()!;
      if (!this.#section || comparePositions(claim, this.#section) > 0) await this.#read(claim, "alone");
    }
    this.#section = section;
    this.#hasEntered = false;
    const next = this.#claims[this.#next];
    const isOwn = next && !this.#branch.exact && isSameSection(next, section);
    this.#claim = isOwn ? this.#takeClaim() : undefined;
  }

  #isNextBefore(position: Position): boolean {
    const next = this.#claims[this.#next];
    return next !== undefined && comparePositions(next, position) < 0;
  }

  /**
   * Of an exact branch: the claims on the way to `section`, or all that are left. Where nothing leads to the section, the claims
   * at its very beginning wait until what is wrong before it has been told.
   */
  async #exactly(section: Position | undefined): Promise<void> {
    for (let claim = this.#claims[this.#next]; claim; claim = this.#claims[this.#next]) {
      const order = this.#end ? comparePositions(claim, this.#end) : 1;
      if (section && order > 0 && comparePositions(claim, section) >= 0) return;
      this.#next++;
      const place = this.#placeOf(claim, order);
      const isWhole = await this.#read(claim, place);
      // Another claim of this very position has to equal it.
      if (place === "before" && isWhole) this.#end = claim;
    }
  }

  /** `order`: of the claim and the end of the last change. */
  #placeOf({ since }: Claim, order: number): ClaimPlace {
    if (order === 0 && this.#lead.leads) return "at";
    return order >= 0 && !since ? "before" : "aside";
  }

  /** Before the first page of a section, when what leads here is known to be sound or not. */
  async #enter(): Promise<void> {
    if (this.#hasEntered) return;
    this.#hasEntered = true;
    if (this.#branch.exact) await this.#enterExactly();
    const claim = this.#claim;
    if (!this.#lead.leads && claim) {
      this.#claim = undefined;
      await this.#read(claim, "before");
    }
    this.#lead.enters();
  }

  async #enterExactly(): Promise<void> {
    const section = this.#section!;
    for (let claim = this.#claims[this.#next]; claim; claim = this.#claims[this.#next]) {
      if (comparePositions(claim, section) !== 0) return;
      this.#next++;
      // The first that is whole leads here; others at this position have to equal it.
      await this.#read(claim, this.#lead.leads ? "at" : claim.since ? "aside" : "before");
    }
  }

  /** Whether it was wanted, and nothing is wrong with it. */
  async #read(claim: Claim, place: ClaimPlace): Promise<boolean> {
    const folds = this.#folds.filter((fold) => fold.claimOpens?.(claim, place) ?? false);
    if (folds.length === 0) return false;
    const page = (number: number, data: Uint8Array) => {
      if (this.#options.pages === false) return;
      const hash = xxh32(data) || 1;
      for (const fold of folds) fold.claimPage?.(number, data, hash);
    };
    const odd: WalkitError[] = [];
    const onOdd = (error: WalkitError) => odd.push(error);
    const count = { pages: 0 };
    let read: ClaimRead;
    try {
      read = claim.since
        ? await this.#readMerged(claim, page, onOdd, count)
        : await this.#readWhole(claim, page, onOdd, count);
    } catch (error) {
      if (!isFault(error)) throw error;
      read = { ...count, error };
    }
    for (const fold of this.#folds) {
      for (const error of odd) await fold.on({ type: "fault", error, position: claim, breaks: false });
      await fold.claimCloses?.(claim, place, read);
    }
    return !read.error;
  }

  async #readWhole(claim: Claim, page: EachPage, onOdd: Odd, count: { pages: number }): Promise<ClaimRead> {
    const { signal, onRead } = this.#options;
    const pages = new Pages(page);
    let header: DatabaseHeader | undefined;
    let time: bigint | undefined;
    let mayBeAhead: boolean | undefined;
    for await (const piece of readClaim(this.#replica, claim, { signal, onRead, onOdd })) {
      this.#pageSize ??= piece.header.pageSize;
      if (!header && piece.header.pageSize !== this.#pageSize)
        throw pageSizeChanged(claim.path, this.#pageSize, piece.header.pageSize);
      header ??= piece.header;
      time ??= piece.time;
      mayBeAhead ??= piece.mayBeAhead;
      pages.add(piece);
      count.pages = pages.count;
    }
    return { ...count, header, time, mayBeAhead };
  }

  async #readMerged(claim: Claim, page: EachPage, onOdd: Odd, count: { pages: number }): Promise<ClaimRead> {
    const { storage, layout } = this.#replica;
    const { signal, onRead } = this.#options;
    for await (const run of layout.merged!({ storage, signal, onRead, onOdd }, claim)) {
      this.#pageSize ??= run.pageSize;
      if (run.pageSize !== this.#pageSize) throw pageSizeChanged(claim.path, this.#pageSize, run.pageSize);
      run.forEach(page);
      count.pages += run.count;
    }
    return { ...count };
  }
}

type EachPage = (page: number, data: Uint8Array) => void;
type Odd = (error: WalkitError) => void;

/** Leads where nobody asks more than whether changes follow on a claim: until one does not. */
export class Follower implements Lead {
  leads = false;

  enters(): void {}

  on(event: Exclude<ReplayEvent, { type: "pages" }>): void {
    if (event.type === "fault" && event.breaks) this.leads = false;
  }

  claimOpens(): boolean {
    return false;
  }

  claimCloses(_claim: Claim, place: ClaimPlace, { error }: ClaimRead): void {
    if (!error && place !== "behind") this.leads = true;
  }
}
