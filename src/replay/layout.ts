/**
 * A layout is how a program keeps a history in files. It lists, plans and reads, and it alone knows the format of its files:
 * whoever holds a {@link Replica} asks its layout, and nobody asks which layout it is.
 */

import type { Moment, WalkitError } from "../errors.ts";
import type { Finding } from "../findings.ts";
import type { DatabaseHeader } from "../sqlite/header.ts";
import type { Storage } from "../storage/storage.ts";
import type { Branch, Catalog, Change, Claim } from "./catalog.ts";
import type { CommitEvent, PageRun, ReplayEvent } from "./events.ts";
import type { Leg, PlannedFile, PlannedWal, PlanOptions, PlanTarget, RestorePlan } from "./plan.ts";
import type { Position } from "./position.ts";
import type { Doubt } from "./times.ts";

/** A replica in a storage, and the layout that reads it. */
export interface Replica {
  storage: Storage;
  layout: Layout;
  /** What stands before a branch's name in paths, as `generations/`. */
  prefix: string;
  /** Set where this is one branch alone. */
  generation?: string | undefined;
}

export interface CatalogOptions {
  generation?: string | undefined;
  signal?: AbortSignal | undefined;
  times?: boolean | undefined;
  bases?: boolean | undefined;
}

/** What reading a file takes. */
export interface ReadContext {
  storage: Storage;
  signal?: AbortSignal | undefined;
  /** Told of compressed bytes as they are read. */
  onRead?: ((bytes: number) => void) | undefined;
  /** Told of what is odd in a file, and loses nothing. */
  onOdd?: ((error: WalkitError) => void) | undefined;
}

/** How changes are read. */
export interface ChangesOptions {
  /**
   * `throw` (default): the first fault that breaks what is applied is thrown. `report`: faults are yielded, and reading
   * goes on behind them as far as it makes sense.
   */
  faults?: "throw" | "report" | undefined;
  /** Take the checksums of transactions as proof where those of their file fail, and nothing can be missing. */
  tolerant?: boolean | undefined;
  /** How many small files may be on their way at a time; 8 by default. */
  parallelism?: number | undefined;
}

/** A part of the database that a claim is: bytes from `position` on, valid until the next part is asked for. */
export interface ClaimPiece {
  /** Of the database, as page 1 of the claim has it. */
  header: DatabaseHeader;
  position: number;
  data: Uint8Array;
  /** When the claim was made, nanoseconds since 1970, where its file tells. */
  time?: bigint | undefined;
  /** What wrote the claim may have put changes from behind its position into it. */
  mayBeAhead?: boolean | undefined;
}

/** Files of which names say that they lead on from one to the next, from a claim on. */
export interface Chain {
  claim: Claim;
  last: Change | undefined;
  /** It leads to the newest state of the branch. */
  newest: boolean;
}

/** Is told of a database as it is written. */
export interface Watch {
  /** The next bytes of it, whole pages. */
  add(data: Uint8Array): void;
  /** It ends with this commit. @throws WalkitError unless it is what the commit's file tells */
  end(commit: CommitEvent): void;
}

/** How a program keeps a history in files: see the top of this file. */
export interface Layout {
  /** For words only. */
  readonly name: string;

  /**
   * What the listing says; opens no file, but where names do not tell what leads to it, and for what is asked for. `times`: those
   * that files tell themselves. `bases`: which changes hold every page, so that a restore may begin with any of them.
   *
   * @throws WalkitError `storage/*`; `target/no-generation` for a `generation` that is not there
   */
  catalog(replica: Pick<Replica, "storage" | "prefix">, options: CatalogOptions): Promise<Catalog>;

  /**
   * The fewest files that lead to `target`. Pure.
   *
   * @throws WalkitError why there is no way that names and times allow
   */
  plan(catalog: Catalog, target: PlanTarget, options?: PlanOptions): RestorePlan;

  /**
   * The changes of a branch from its first byte to `target`, for a database that stands at its beginning.
   *
   * @throws WalkitError as {@link Layout.plan}
   */
  planChanges(branch: Branch, target: PlanTarget): PlannedWal;

  /**
   * The branch that `target` means: the one it names, the one of its time, or the newest.
   *
   * @throws WalkitError where that cannot be told
   */
  choose(catalog: Catalog, target: PlanTarget): Branch;

  /** The branch of the newest state; undefined where times do not tell. */
  newest(catalog: Catalog): Branch | undefined;

  /** Whether all that a claim may hold of its own section is in the branch as changes. */
  isSettled(branch: Branch, claim: Claim): boolean;

  /**
   * Where a restore can end, ascending, as far as names tell; undefined where only reading does.
   */
  states(branch: Branch): Position[] | undefined;

  /** Why the times of a branch are not simply those of its files' creation; undefined where nothing says so. */
  doubt(branch: Branch, among?: readonly Branch[]): Doubt | undefined;

  /** The moments nearest to `time`, nanoseconds since 1970, before and after it, that times name. */
  near(branches: readonly Branch[], time: bigint): Moment[];

  /** What names and times alone show to be wrong with a branch, or odd. */
  faults(branch: Branch, catalog: Catalog): Finding[];

  /** What names alone show of gaps, and what lies between them. */
  gaps(branch: Branch): { findings: Finding[]; chains: Chain[] };

  /** The error for a section that is not there; `next` is the next change that is. */
  missing(branch: string, section: Position, next: Change): WalkitError;

  /**
   * Whether the claim that a plan begins with may hold changes from behind its position that the plan does not lead past. Left out
   * where no program writes such.
   */
  mayBeAhead?(context: ReadContext, plan: RestorePlan): Promise<boolean>;

  /** Reads changes in order, and says of each transaction what it did to which pages. */
  changes(
    context: ReadContext,
    leg: Leg,
    options: ChangesOptions,
  ): AsyncGenerator<ReplayEvent, void, undefined>;

  /**
   * Reads a claim: the database that it is, from its first byte to its last.
   *
   * @throws WalkitError what is wrong with the file
   */
  claim(context: ReadContext, claim: PlannedFile): AsyncGenerator<ClaimPiece, void, undefined>;

  /**
   * Of a page of the database, what it adds to the sums that changes tell, by XOR: 63 bits, 0 for a page that does not count.
   * Left out where no file of the layout tells any.
   */
  pageSum?(page: number, data: Uint8Array): bigint;

  /** Watches a database on its way out of a restore, where files tell what it has to come to. */
  watch?(): Watch;

  /**
   * Reads a claim with `since`: the pages that it has.
   *
   * @throws WalkitError what is wrong with the file
   */
  merged?(context: ReadContext, claim: Claim): AsyncGenerator<PageRun, void, undefined>;
}
