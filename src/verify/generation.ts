/**
 * Verify, one generation: a fold over the replay of all its WAL. What it keeps of the database is a hash a page, to hold
 * each later snapshot against.
 */

import { type ErrorCode, isFault, WalkitError } from "../errors.ts";
import { type Finding, findingOf, type Severity } from "../findings.ts";
import { xxh32 } from "../lz4/index.ts";
import { type Branch, type Change, type Claim, splitLeftover } from "../replay/catalog.ts";
import type { PageRun, ReplayEvent } from "../replay/events.ts";
import { missingPage } from "../replay/faults.ts";
import type { Replica } from "../replay/layout.ts";
import { PageHashes } from "../replay/page-hashes.ts";
import { Pages } from "../replay/pages.ts";
import type { PlannedSegment } from "../replay/plan.ts";
import { plannedSegment } from "../replay/plan.ts";
import { comparePositions, formatPosition, type Position } from "../replay/position.ts";
import { readChanges, readClaim } from "../replay/replica.ts";
import { IndexWindow } from "../snapshot/window.ts";
import { type DatabaseHeader, isDatabase, lockPage, parseDatabaseHeader } from "../sqlite/header.ts";
import { LitestreamSequence } from "../sqlite/litestream.ts";
import { type Counters, countSeen, judgeCounters, judgePages } from "./ahead.ts";
import { LinkCount } from "./links.ts";
import { type RangeDraft, startRange } from "./ranges.ts";
import type { Links } from "./report.ts";

export interface CheckOptions {
  signal?: AbortSignal | undefined;
  parallelism?: number | undefined;
  /** Compare snapshots with the replay, page by page; else checksums alone. */
  pages: boolean;
  onRead: (bytes: number) => void;
}

export interface Checked {
  findings: Finding[];
  ranges: RangeDraft[];
  transactions: number;
  frames: number;
  pageSize: number | undefined;
  pageCount: number | undefined;
  /** Files encrypted with age; the findings have the first of them. */
  encrypted: number;
  links: Links;
}

/** So many pages that differ are kept in mind, to look for them in what came before. */
const MOST_WRONG = 1 << 16;

/**
 * A snapshot, held against what leads to it. "is ahead": the newest, and WAL that it holds was not uploaded, or not yet. The
 * last two: it is the newest, and nothing speaks for it.
 */
type Compared = "agrees" | "differs" | "is ahead" | "may be older" | "is older";

const NO_COUNTERS = { change: undefined, litestream: undefined };

/** Met at the first frame of an index, and wrong with what lies before it. */
const BEFORE_THE_INDEX = new Set<ErrorCode>(["replica/missing-index", "replica/missing-transactions"]);

/** Reads every file of a generation. Throws `storage/not-found` where one has vanished since it was listed. */
export async function checkGeneration(
  replica: Replica,
  generation: Branch,
  options: CheckOptions,
): Promise<Checked> {
  const check = new GenerationCheck(replica, generation, options);
  await check.run();
  const { findings, ranges, transactions, frames, pageSize, pageCount, encrypted, links } = check;
  return {
    ...{ findings, ranges, transactions, frames, pageSize, pageCount },
    encrypted: encrypted.size,
    links: links.report(),
  };
}

class GenerationCheck {
  readonly findings: Finding[] = [];
  readonly ranges: RangeDraft[] = [];
  readonly links = new LinkCount();
  transactions = 0;
  frames = 0;
  pageSize: number | undefined;
  pageCount: number | undefined;
  /** Files that are encrypted; of these the first is in the findings. */
  readonly encrypted = new Set<string>();

  readonly #replica: Replica;
  readonly #id: string;
  readonly #options: CheckOptions;
  readonly #generation: Branch;
  readonly #segments: Map<string, Change>;
  /** Ascending; those that have had their turn are taken out. */
  readonly #snapshots: Claim[];
  readonly #leftover: Change[];
  readonly #sequence = new LitestreamSequence();
  /** The state that the replay has reached, as hashes. */
  #hashes = new PageHashes();
  /** Pages that the state has, of which all are known: those up to here. */
  #known = 0;
  /** Pages in use, as the newest page 1 tells; the file may be longer. And its change counter. */
  #inHeader: number | undefined;
  #counter: number | undefined;
  /** The counters at the beginning of the index under way. */
  #began: { change: number | undefined; litestream: number | undefined } = NO_COUNTERS;
  /** The unbroken chain under way: undefined where nothing sound leads here. */
  #range: RangeDraft | undefined;
  /** The index under way, and its snapshot: loaded before its WAL (`base`), or held against the replay after it. */
  #index = -1;
  #entered = false;
  /** Something is wrong with the index under way before its first frame: nothing follows on its snapshot. */
  #isBroken = false;
  #snapshot: Claim | undefined;
  #isBase = false;
  /** Of a base's index: commits that lack a page, which is wrong behind the base's mark only. */
  #doubtful: { end: Position; error: WalkitError; to: string | undefined; last: Change | undefined }[] = [];
  /** The last commit, and the last one before the index under way. */
  #end: Position = { index: 0, offset: 0 };
  #before: Position = this.#end;
  /** The index under way, as its snapshot may show it. */
  #window = new IndexWindow(0);

  constructor(replica: Replica, generation: Branch, options: CheckOptions) {
    const { leftover, segments } = splitLeftover(generation);
    this.#replica = replica;
    this.#id = generation.id;
    this.#generation = generation;
    this.#options = options;
    this.#segments = new Map(segments.map((segment) => [segment.path, segment]));
    this.#snapshots = [...generation.snapshots];
    this.#leftover = leftover;
  }

  async run(): Promise<void> {
    const { signal, parallelism, onRead } = this.#options;
    const replayOf = (segments: Iterable<Change>) =>
      readChanges(
        this.#replica,
        {
          generation: this.#id,
          segments: Array.from(segments, plannedSegment),
          snapshot: this.#generation.snapshots[0],
        },
        { signal, parallelism, onRead, faults: "report" },
      );
    // Nothing depends on leftovers: what is wrong with them is worth a warning, and that they have gaps is no news.
    for await (const event of replayOf(this.#leftover)) {
      if (event.type === "fault" && !event.error.code.startsWith("replica/missing-")) {
        this.#report(event.error, event.breaks ? "warning" : undefined);
      }
    }
    for await (const event of replayOf(this.#segments.values())) await this.#take(event);
    // Snapshots ahead of the WAL stand alone.
    let newest = this.#range;
    for (const snapshot of this.#snapshots.splice(0)) newest = await this.#loadAlone(snapshot);
    if (newest) newest.newest = true;
  }

  async #take(event: ReplayEvent): Promise<void> {
    switch (event.type) {
      case "opens":
        await this.#beginIndex(event.section.index);
        break;
      case "fault":
        this.#report(event.error);
        if (!event.breaks) break;
        this.#isBroken ||= !this.#entered && !BEFORE_THE_INDEX.has(event.error.code);
        this.#break();
        break;
      case "pages":
        await this.#enter();
        this.frames += event.run.count;
        this.pageSize ??= event.run.pageSize;
        if (this.#range && event.sound && this.#options.pages) this.#addFrames(event.run);
        break;
      case "commit":
        if (!event.sound) break;
        this.transactions++;
        if (this.#range) this.#commit(event.end, event.pageCount, event.change);
        break;
      case "closes":
        await this.#enter();
        await this.#endIndex(event.whole);
        break;
      case "change":
        break;
    }
  }

  async #beginIndex(index: number): Promise<void> {
    // Snapshots of indexes without any WAL between here and there.
    while (this.#snapshots[0] && this.#snapshots[0].index < index) {
      const alone = this.#snapshots.shift()!;
      if (alone.index > this.#index) await this.#loadAlone(alone);
    }
    if (this.#index >= 0) this.links.border();
    this.#before = this.#end;
    this.#index = index;
    this.#entered = false;
    this.#isBroken = false;
    this.#snapshot = this.#snapshots[0]?.index === index ? this.#snapshots.shift() : undefined;
    this.#isBase = false;
    this.#window = new IndexWindow(this.#known);
    this.#began = { change: this.#counter, litestream: this.#sequence.value };
  }

  /** Before the first frame of an index, when what leads here is known to be sound or not. */
  async #enter(): Promise<void> {
    if (this.#entered) return;
    this.#entered = true;
    if (!this.#range && this.#snapshot) {
      this.#isBase = await this.#load(this.#snapshot);
      this.#window = new IndexWindow(this.#known);
    }
    if (this.#isBroken) this.#break();
  }

  #addFrames(run: PageRun): void {
    // Behind the last snapshot nothing is held against the pages any more: that they came is enough.
    const isCompared = this.#snapshot !== undefined || this.#snapshots.length > 0;
    run.forEach((page, data) => {
      const hash = (isCompared && xxh32(data)) || 1;
      if (this.#snapshot) this.#window.change(page, this.#hashes.get(page), hash);
      this.#hashes.set(page, hash);
      this.#sequence.addFrame(this.#index, page, data);
      if (page === 1) this.#readPage1(data);
    });
  }

  #readPage1(data: Uint8Array): void {
    const header = headerOf(data);
    this.#inHeader = header?.pageCount;
    this.#counter = header?.changeCounter;
  }

  #commit(end: Position, commitSize: number, { path }: PlannedSegment): void {
    const range = this.#range!;
    const segment = this.#segments.get(path)!;
    this.pageCount = commitSize;
    if (this.#options.pages) {
      this.#window.commit(end, commitSize);
      // A snapshot of this index may still hold the pages that the commit cuts off.
      for (let page = commitSize + 1; this.#snapshot && page <= this.#known; page++) {
        this.#window.drop(page, this.#hashes.get(page));
      }
      this.#hashes.truncate(commitSize);
      const missing = this.#firstMissing(commitSize);
      if (missing !== undefined) {
        const error = missingPage(missing, commitSize, end, path);
        if (this.#isBase && range.snapshot.index === this.#index) {
          this.#doubtful.push({ end, error, to: range.to, last: range.last });
        } else {
          this.#report(error);
          this.#break();
          return;
        }
      }
    }
    this.#end = end;
    range.to = formatPosition(end);
    range.last = segment;
    range.first ??= segment;
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
    this.links.broken();
    this.#range = undefined;
    this.#sequence.reset();
  }

  /** The first page up to `count` that nothing brought. */
  #firstMissing(count: number): number | undefined {
    // A checkpoint at the end of a WAL may make the file longer than what is in use.
    const crossed = this.#range!.snapshot.index < this.#index;
    const last = Math.min(count, (crossed && this.#inHeader) || count);
    for (let page = Math.min(this.#known, last) + 1; page <= last; page++) {
      if (this.#hashes.get(page) === 0 && page !== lockPage(this.pageSize!)) return page;
    }
    this.#known = last;
    return undefined;
  }

  async #endIndex(whole: boolean): Promise<void> {
    const snapshot = this.#snapshot;
    this.#cross();
    if (!snapshot) return;
    if (this.#isBase && this.#range) {
      // With its own WAL at an end the mark is known: from there on the range is whole.
      const mark = this.#window.mark;
      if (mark) this.#range.from = formatPosition(mark);
      this.#range.proven = whole && this.#replica.layout.isSettled(this.#generation, snapshot);
      if (whole && !this.#range.proven) this.#reportUnsettled(snapshot);
      this.#settle(mark);
    } else if (!this.#isBase) await this.#compare(snapshot, whole);
  }

  /** The replay came into the index under way from the one before: what Litestream's counter says of that. */
  #cross(): void {
    const sequence = this.#sequence.endIndex();
    if (sequence && sequence.value !== sequence.expected) {
      const message = `Expected _litestream_seq to go on with ${sequence.expected} in WAL index ${this.#index}, found ${sequence.value}`;
      const position = formatPosition({ index: this.#index, offset: 0 });
      this.#report(new WalkitError("replica/sequence-gap", message, { position }));
    }
    if (!this.#range || this.#range.snapshot.index >= this.#index) return;
    const counter = sequence && (sequence.value === sequence.expected ? "follows" : "jumps");
    const to = formatPosition({ index: this.#index, offset: 0 });
    this.links.crossed({ from: formatPosition(this.#before), to, counter });
  }

  /** What comes next cannot be applied to what came before. */
  #break(): void {
    // It was gone over, if what follows there is committed.
    if (this.#end.index === this.#index) this.#cross();
    this.links.broken();
    const range = this.#range;
    // A base whose own WAL breaks off: how far it reaches into the lost part cannot be told.
    if (range && this.#isBase && range.snapshot.index === this.#index) {
      const mark = this.#window.mark;
      if (mark) range.from = formatPosition(mark);
      range.proven = false;
      range.salvage = true;
      this.#settle(mark);
    }
    this.#range = undefined;
    this.#sequence.reset();
  }

  /** A snapshot without WAL of its own: whole or not, it is all that its moment has. */
  async #loadAlone(snapshot: Claim): Promise<RangeDraft | undefined> {
    this.#index = snapshot.index;
    const chain = this.#range;
    this.#isBase = false;
    this.#window = new IndexWindow(this.#known);
    let found: Compared = "differs";
    if (chain && this.#options.pages) {
      this.#began = { change: this.#counter, litestream: this.#sequence.value };
      found = await this.#compare(snapshot, !this.#replica.layout.isSettled(this.#generation, snapshot));
      // What came after the WAL was in the snapshot that should be in its place.
      if (found === "is older") return undefined;
      if (found === "agrees") {
        chain.to = formatPosition({ index: snapshot.index, offset: 0 });
        return chain;
      }
    }
    const alone = (await this.#load(snapshot)) ? this.#range : undefined;
    if (alone) alone.proven = false;
    const [inUse, there] = [this.#inHeader ?? 0, this.#known];
    if (alone && this.#options.pages && inUse > there) {
      // With its own WAL a snapshot may well lack pages: a checkpoint copies only some. Here is none to bring them, and
      // damage is only where none is to come.
      const message = `Expected the ${inUse} pages that page 1 tells of, found ${there}: the snapshot lacks the end of the database`;
      const where = { path: snapshot.path, offset: 28, decoded: true };
      if (found !== "is ahead") this.#report(new WalkitError("database/size", message, where));
      this.ranges.pop();
      this.#range = undefined;
      return undefined;
    }
    this.#range = undefined;
    if (!alone || found !== "may be older") return alone;
    alone.salvage = true;
    return undefined;
  }

  /** Makes the snapshot the base of a new chain. */
  async #load(snapshot: Claim): Promise<boolean> {
    this.#hashes.clear();
    this.#sequence.reset();
    const pages = await this.#read(snapshot, (page, data) => {
      this.#hashes.set(page, xxh32(data));
      this.#sequence.addSnapshotPage(snapshot.index, page, data);
      if (page === 1) this.#readPage1(data);
    });
    if (pages === undefined) return false;
    this.#known = pages;
    this.pageCount = pages;
    this.#range = startRange(snapshot);
    this.ranges.push(this.#range);
    return true;
  }

  /**
   * Holds a snapshot against the replay of its index: each page is as at the start of the index, or any version from
   * within. `whole`: all of that index's WAL that there is was read; else a page that differs may come from what is missing.
   */
  async #compare(snapshot: Claim, whole: boolean): Promise<Compared> {
    const wrong = new Map<number, number>();
    let wrongPages = 0;
    const fresh = new PageHashes();
    const sound = this.#range !== undefined;
    const before = this.#sequence.value;
    let header: DatabaseHeader | undefined;
    const own = new LitestreamSequence();
    const pages = await this.#read(snapshot, (page, data) => {
      if (page === 1) header = headerOf(data);
      const hash = xxh32(data) || 1;
      fresh.set(page, hash);
      own.addSnapshotPage(snapshot.index, page, data);
      this.#sequence.addSnapshotPage(snapshot.index, page, data);
      if (this.#window.allows(page, hash, this.#hashes.get(page))) return;
      // Behind what is in use lies anything.
      if (header?.pageCount !== undefined && page > header.pageCount) return;
      if (page === lockPage(this.pageSize ?? data.length)) return;
      // A checkpoint that copies only some of the new pages leaves holes between them.
      if (!this.#window.beganWith(page) && data.every((byte) => byte === 0)) return;
      if (++wrongPages <= MOST_WRONG) wrong.set(page, hash);
    });
    if (pages === undefined || !sound || !this.#options.pages) return "differs";
    const { least } = this.#window;
    if (wrongPages === 0 && pages >= least) {
      this.links.agreed();
      return "agrees";
    }
    if (!whole) return "differs";
    const [first] = wrong.keys();
    if (!this.#replica.layout.isSettled(this.#generation, snapshot)) {
      const counters: Counters = {
        change: { snapshot: header?.changeCounter, state: this.#began.change },
        litestream: { snapshot: own.value, state: this.#began.litestream ?? before },
      };
      const verdict = judgeCounters(counters) ?? (await this.#judgePages(snapshot, wrong, counters));
      if (verdict !== "older") {
        const isAhead = verdict === "ahead";
        const message = isAhead
          ? `Expected the WAL to bring all that the snapshot of index ${snapshot.index} holds, found pages in it that no WAL has brought: page ${first ?? pages}`
          : `Expected the snapshot of index ${snapshot.index} to hold what the WAL before it leads to, or newer pages, found ${wrongPages} that differ, some of them as they were before: the first is page ${first ?? pages}`;
        const code = isAhead ? "replica/snapshot-ahead" : "replica/snapshot-ambiguous";
        this.#report(new WalkitError(code, message, { path: snapshot.path }));
        return isAhead ? "is ahead" : "may be older";
      }
    }
    const wrongOnes = `${wrongPages} page${wrongPages === 1 ? " that differs" : "s that differ"}, the first of them page ${first}`;
    const message =
      first !== undefined
        ? `Expected the snapshot of index ${snapshot.index} to agree with the WAL before it, found ${wrongOnes}`
        : `Expected the snapshot of index ${snapshot.index} to have at least the ${least} pages that the WAL before it leads to, found ${pages}`;
    this.#report(
      new WalkitError("replica/snapshot-mismatch", message, {
        path: snapshot.path,
        offset: first === undefined ? undefined : (first - 1) * (this.pageSize ?? 0),
        decoded: first === undefined ? undefined : true,
        position: formatPosition({ index: snapshot.index, offset: 0 }),
      }),
    );
    // The newest snapshot, and older than what leads to it: nothing speaks for it.
    if (!this.#replica.layout.isSettled(this.#generation, snapshot)) return "is older";
    // Which of the two is right cannot be told. What came before stays as it is; from here on the snapshot counts.
    this.#break();
    for (const page of this.#window.pages)
      if (this.#hashes.get(page) !== 0) fresh.set(page, this.#hashes.get(page));
    this.#hashes = fresh;
    this.#known = this.pageCount ?? pages;
    this.#range = startRange(snapshot);
    this.ranges.push(this.#range);
    return "differs";
  }

  /** Where the counters do not tell: what the pages do. */
  async #judgePages(
    snapshot: Claim,
    wrong: ReadonlyMap<number, number>,
    counters: Counters,
  ): Promise<"ahead" | "ambiguous"> {
    const { snapshot: base } = this.#range!;
    const wal = [...this.#segments.values()].filter((s) => s.index >= base.index && s.index < snapshot.index);
    const { signal } = this.#options;
    const seen = await countSeen(this.#replica, this.#id, base, wal.map(plannedSegment), wrong, signal);
    return judgePages(seen, wrong.size, counters);
  }

  /** Reads a snapshot whole; undefined, and a finding, where it cannot be. The count of its pages else. */
  async #read(snapshot: Claim, each: (page: number, data: Uint8Array) => void): Promise<number | undefined> {
    const { signal, onRead } = this.#options;
    const pages = new Pages(this.#options.pages ? each : () => {});
    const context = {
      signal,
      onRead,
      onOdd: (e: WalkitError) => this.#report(e),
    };
    try {
      for await (const piece of readClaim(this.#replica, snapshot, context)) {
        this.pageSize ??= piece.header.pageSize;
        if (piece.position === 0 && piece.header.pageSize !== this.pageSize) {
          throw new WalkitError(
            "replica/format-changed",
            `Expected the snapshot's pages to have ${this.pageSize} bytes as before, found ${piece.header.pageSize}`,
            { path: snapshot.path, offset: 16, decoded: true },
          );
        }
        pages.add(piece);
      }
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#report(error.with({ position: formatPosition({ index: snapshot.index, offset: 0 }) }));
      return undefined;
    }
    return pages.count;
  }

  #reportUnsettled({ index, path }: Claim): void {
    const message = `Expected WAL of index ${index} from after its snapshot was written, found none: nothing shows that the snapshot holds no more than the WAL`;
    this.#report(new WalkitError("replica/snapshot-unproven", message, { path }));
  }

  #report(error: WalkitError, severity?: Severity): void {
    // As many as there are files, and all the same.
    if (error.code === "replica/encrypted" && this.encrypted.add(error.path!).size > 1) return;
    const finding = findingOf(error, { generation: this.#id });
    this.findings.push(severity ? { ...finding, severity } : finding);
  }
}

function headerOf(page1: Uint8Array): DatabaseHeader | undefined {
  return isDatabase(page1) ? parseDatabaseHeader(page1) : undefined;
}
