/**
 * Restore, one plan: the WAL is folded into the newest version of each page, then the snapshot streams through and pages
 * are laid over it on their way out. The output is written once, in order.
 */

import { WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import { xxh32 } from "../lz4/index.ts";
import type { CommitEvent } from "../replay/events.ts";
import { missingPage } from "../replay/faults.ts";
import type { ClaimPiece, Replica, Watch } from "../replay/layout.ts";
import type { PlannedWal, RestorePlan } from "../replay/plan.ts";
import {
  comparePositions,
  formatPosition,
  isSameSection,
  type Position,
  sectionOf,
  startOf,
} from "../replay/position.ts";
import { readChanges, readClaim } from "../replay/replica.ts";
import { type Step, Steps } from "../replay/steps.ts";
import { lockPage } from "../sqlite/header.ts";
import { Holes } from "./holes.ts";
import { PageStore, type Spill } from "./page-store.ts";
import type { DatabaseSink } from "./sinks/sink.ts";
import { Writer } from "./writer.ts";

/** How far a restore has come. */
export interface Progress {
  phase: "wal" | "snapshot";
  /** Compressed bytes read. */
  done: number;
  /** Compressed bytes in all, where the listing tells. */
  total: number | undefined;
}

/** How a plan is carried out. */
export interface ExecuteOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Files on their way at a time; 8 by default. */
  parallelism?: number | undefined;
  /** Memory for changed pages, in bytes; 64 MiB by default where there is a spill, else without a bound. */
  memoryBudget?: number | undefined;
  /**
   * Go on where a fault need not make the result wrong. An LZ4 checksum may fail where the WAL's own checksums vouch for the
   * data. The WAL behind the target may be broken, which would have to prove that the snapshot does not reach past the
   * target: the result then says `proven: false`. By default both are thrown.
   */
  tolerant?: boolean | undefined;
  /** Opens the place for changed pages past the budget. */
  openSpill?: (() => Spill) | undefined;
}

/** What came of carrying out a plan. */
export interface RestoreResult {
  generation: string;
  snapshot: { index: number; path: string };
  /** The last commit that is in the database; undefined where it is the snapshot alone. Of `generation`, or its parent. */
  position: Position | undefined;
  pageSize: number;
  pageCount: number;
  /** Size of the database in bytes. */
  bytes: number;
  /** Committed transactions and their frames that were applied. */
  transactions: number;
  frames: number;
  /** Whether all of the way is proven: `unproven` is empty. */
  proven: boolean;
  /** What on the way nothing proves. */
  unproven: Unproven[];
  findings: Finding[];
}

/**
 * - `snapshot`: it may hold pages from after the target. The WAL of its own index is missing or unreadable behind that
 * - `parent`: what was changed between the switch point and the generation's own WAL may be missing
 * - `step`: the WAL of one index may have lost its end before that of the next begins
 */
export type Unproven = { what: "snapshot" | "parent" } | ({ what: "step" } & Step);

const DEFAULT_BUDGET = 64 << 20;

/**
 * Carries out `plan`: writes the database to `sink`, from its first byte to its last.
 *
 * @throws WalkitError the first thing wrong with what the plan needs. What was written until then is to be thrown away
 */
export async function executePlan(
  replica: Replica,
  plan: RestorePlan,
  sink: DatabaseSink,
  options: ExecuteOptions = {},
): Promise<RestoreResult> {
  const execution = new Execution(replica, plan, sink, options);
  try {
    await execution.readWal();
    return await execution.writeDatabase();
  } finally {
    execution.close();
  }
}

class Execution {
  readonly #replica: Replica;
  readonly #plan: RestorePlan;
  readonly #options: ExecuteOptions;
  readonly #sink: DatabaseSink;
  readonly #findings: Finding[];
  /** Undefined until the first WAL tells the page size. */
  #store: PageStore | undefined;
  /** Hashes of the versions that pages get after the target, in the snapshot's own index. */
  readonly #later = new Map<number, Set<number>>();
  #position: Position | undefined;
  /** As far as the WAL of the snapshot's own generation is applied. */
  #reached: Position | undefined;
  #pageCount: number | undefined;
  /** The shortest that the database was: what the snapshot holds past it is out of date. */
  #shortest = Number.POSITIVE_INFINITY;
  readonly #holes = new Holes();
  #transactions = 0;
  #frames = 0;
  /** The last commit, with what its file says that the pages of the database sum up to. */
  #last: CommitEvent | undefined;
  readonly #steps = new Steps();
  /** Whether the snapshot is proven to fit. */
  #proven: boolean;
  /** What is wrong with the WAL that would have to prove it. */
  #broken: WalkitError | undefined;
  #read = 0;

  constructor(replica: Replica, plan: RestorePlan, sink: DatabaseSink, options: ExecuteOptions) {
    this.#replica = replica;
    this.#plan = plan;
    this.#sink = sink;
    this.#options = options;
    this.#findings = [...plan.findings];
    const { ancestors, snapshot, settled } = plan;
    const { segments, end } = ancestors[0] ?? plan;
    const last = end ?? segments.at(-1) ?? snapshot;
    // A snapshot cannot reach past its own section: for a target behind that there is nothing to prove. The pages of a snapshot
    // that is newer than all WAL prove nothing: Litestream's read mark keeps checkpoints back, so a page that no WAL brought may
    // be an old page, or a page whose WAL was never uploaded.
    this.#proven = sectionOf(last) > sectionOf(snapshot) || settled;
  }

  close(): void {
    this.#store?.close();
  }

  async readWal(): Promise<void> {
    const [first, ...rest] = [...this.#plan.ancestors, this.#plan];
    await this.#readWalOf(first!, true);
    this.#reached = this.#position ?? startOf(this.#plan.snapshot);
    for (const wal of rest) await this.#readWalOf(wal, false);
    if (this.#broken) {
      this.#proven = false;
      if (!this.#options.tolerant) throw this.#unproven(`broken: ${this.#broken.message}`, this.#broken);
    }
  }

  async #readWalOf(wal: PlannedWal, isSnapshots: boolean): Promise<void> {
    const options = {
      signal: this.#options.signal,
      parallelism: this.#options.parallelism,
      tolerant: this.#options.tolerant,
      onRead: (bytes: number) => this.#progress("wal", bytes),
    };
    let position: Position | undefined;
    let isFirst = true;
    let isOwn = false;
    const { snapshot } = this.#plan;
    for await (const event of readChanges(this.#replica, { ...wal, snapshot }, options)) {
      if (event.type === "opens") {
        this.#steps.begin(event.section, !isFirst && !event.tied);
        isFirst = false;
        isOwn = isSnapshots && isSameSection(event.section, snapshot);
      } else if (event.type === "pages") {
        const { applied, run } = event;
        const store = (this.#store ??= this.#newStore(run.pageSize));
        run.forEach((page, data) => {
          if (applied) {
            store.set(page, data);
            this.#steps.addFrame(page, data);
          } else if (isOwn && !store.has(page)) this.#addLater(page, data);
        });
        if (applied) this.#frames += run.count;
      } else if (event.type === "commit" && event.applied) {
        this.#position = position = event.end;
        this.#last = event;
        this.#pageCount = event.pageCount;
        this.#shortest = Math.min(this.#shortest, event.pageCount);
        this.#store!.truncate(event.pageCount);
        if (isOwn) this.#holes.commit(event.end, event.pageCount, (page) => this.#store!.has(page));
        this.#steps.commit(event.end);
        this.#transactions++;
      } else if (event.type === "fault") {
        // Thrown where it breaks what is applied; behind the target it takes the proof away.
        if (event.breaks && isSnapshots && !this.#isPast(position)) this.#broken ??= event.error;
        else if (!event.breaks) this.#findings.push(findingOf(event.error, { generation: wal.generation }));
      }
    }
    const { end, generation } = wal;
    if (end && (!position || comparePositions(position, end) !== 0)) {
      throw new WalkitError(
        "target/out-of-range",
        `Expected a commit of generation ${generation} that ends at ${formatPosition(end)}, found ${position ? formatPosition(position) : "none"} to be the last one up to there`,
      );
    }
  }

  /** Whether a position lies past the snapshot's own section, and so past all that the snapshot may hold. */
  #isPast(position: Position | undefined): boolean {
    return position !== undefined && sectionOf(position) > sectionOf(this.#plan.snapshot);
  }

  #newStore(pageSize: number): PageStore {
    const { memoryBudget, openSpill } = this.#options;
    const budget = memoryBudget ?? (openSpill ? DEFAULT_BUDGET : Number.POSITIVE_INFINITY);
    return new PageStore(pageSize, budget, openSpill);
  }

  #addLater(page: number, data: Uint8Array): void {
    let hashes = this.#later.get(page);
    if (!hashes) this.#later.set(page, (hashes = new Set()));
    hashes.add(xxh32(data));
  }

  async writeDatabase(): Promise<RestoreResult> {
    const { snapshot, generation } = this.#plan;
    this.#checkMark();
    let writer: Writer | undefined;
    const watch = this.#last && this.#replica.layout.watch?.();
    const context = {
      signal: this.#options.signal,
      onRead: (bytes: number) => this.#progress("snapshot", bytes),
      onOdd: (error: WalkitError) => this.#findings.push(findingOf(error, { generation })),
    };
    let size: { pageSize: number; pageCount: number };
    let pages = 0;
    try {
      for await (const piece of readClaim(this.#replica, snapshot, context)) {
        writer ??= this.#start(piece, watch);
        await writer.add(piece.data);
        pages = (piece.position + piece.data.length) / piece.header.pageSize;
      }
      this.#checkHoles(Math.floor(pages));
      size = await writer!.finish();
      watch?.end(this.#last!);
    } catch (error) {
      await writer?.abandon();
      throw error;
    }
    const { pageSize, pageCount } = size;
    const unproven = this.#unprovenOnTheWay();
    return {
      generation,
      snapshot: { index: sectionOf(snapshot), path: snapshot.path },
      position: this.#position,
      pageSize,
      pageCount,
      bytes: pageSize * pageCount,
      transactions: this.#transactions,
      frames: this.#frames,
      proven: unproven.length === 0,
      unproven,
      findings: this.#findings,
    };
  }

  /** What nothing proves, with its findings. */
  #unprovenOnTheWay(): Unproven[] {
    const { generation, ancestors } = this.#plan;
    const add = (error: WalkitError) => this.#findings.push(findingOf(error, { generation }));
    const unproven: Unproven[] = [];
    if (!ancestors.every(({ complete }) => complete)) unproven.push({ what: "parent" });
    else if (!this.#proven) {
      add(this.#unproven(this.#broken ? "broken" : "to end before it was written, or missing"));
    }
    if (!this.#proven) unproven.push({ what: "snapshot" });
    for (const step of this.#steps.steps) {
      unproven.push({ what: "step", ...step });
      const where = { position: step.to };
      if (step.counter === "jumps") {
        const message = `Expected _litestream_seq to go on by one from ${step.from} to ${step.to}, found that it does not`;
        add(new WalkitError("replica/sequence-gap", message, where));
      } else if (step.counter === undefined) {
        const message = `Expected _litestream_seq to show that no WAL is missing between ${step.from} and ${step.to}, found no sign of it`;
        add(new WalkitError("replica/unproven-step", message, where));
      }
    }
    return unproven;
  }

  /** Where the snapshot's mark is known, the target must not lie before it. */
  #checkMark(): void {
    const { snapshot, mark } = this.#plan;
    const position = this.#reached!;
    if (!mark || comparePositions(position, mark) >= 0) return;
    throw new WalkitError(
      "replica/before-mark",
      `Expected the snapshot of index ${sectionOf(snapshot)} to hold nothing from after ${formatPosition(position)}, found that it reaches up to ${formatPosition(mark)}`,
      { path: snapshot.path, position: formatPosition(position) },
    );
  }

  /** The snapshot's pages, and the WAL, bring all that each commit of its own section has. */
  #checkHoles(pages: number): void {
    const { snapshot, mark } = this.#plan;
    const hole = this.#holes.past(pages, mark);
    // The page for locks is never written.
    if (!hole || (hole.page === lockPage(this.#store!.pageSize) && pages >= hole.page - 1)) return;
    throw missingPage(hole.page, hole.pageCount, hole.end, snapshot.path);
  }

  #unproven(found: string, cause?: WalkitError): WalkitError {
    const { snapshot } = this.#plan;
    return new WalkitError(
      "replica/snapshot-unproven",
      `Expected the WAL of index ${sectionOf(snapshot)} to show that its snapshot holds nothing from after the target, found it ${found}`,
      {
        path: snapshot.path,
        cause,
        remedy: cause && { do: "salvage", generation: undefined },
      },
    );
  }

  #start({ header }: ClaimPiece, watch: Watch | undefined): Writer {
    const { snapshot } = this.#plan;
    if (this.#store && this.#store.pageSize !== header.pageSize) {
      throw new WalkitError(
        "replica/format-changed",
        `Expected the snapshot's pages to have the WAL's ${this.#store.pageSize} bytes, found ${header.pageSize}`,
        { path: snapshot.path, offset: 16, decoded: true },
      );
    }
    return new Writer(watch ? watched(this.#sink, watch) : this.#sink, {
      path: snapshot.path,
      pageSize: header.pageSize,
      pageCount: this.#pageCount,
      shortest: this.#shortest,
      store: this.#store,
      later: this.#later,
      steps: this.#steps,
      // Behind the target nothing may come from the snapshot that the WAL brings only later.
      provable: !this.#isPast(this.#reached) && this.#plan.mark === undefined,
      crossed: this.#isPast(this.#reached) || this.#plan.ancestors.length > 0,
      position: this.#position ?? this.#reached!,
    });
  }

  #progress(phase: Progress["phase"], bytes: number): void {
    this.#read += bytes;
    this.#options.onProgress?.({ phase, done: this.#read, total: this.#plan.bytes });
  }
}

/** `sink`, with someone who watches what is written. */
function watched(sink: DatabaseSink, watch: Watch): DatabaseSink {
  return {
    atOnce: sink.atOnce,
    write(chunk) {
      if (chunk.type === "write") watch.add(chunk.data);
      return sink.write(chunk);
    },
  };
}
