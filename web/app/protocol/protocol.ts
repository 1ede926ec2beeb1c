/**
 * The messages between the page and its worker. The page draws and asks; the worker does all the work. Values can be cloned by
 * `postMessage`; long lists are typed arrays, whose buffers are transferred.
 */

import type { Finding } from "../../../src/findings.ts";
import type { Position } from "../../../src/replay/position.ts";
import type { Unproven } from "../../../src/restore/execute.ts";
import type { VerifyReport } from "../../../src/verify/report.ts";
import type { PositionColumns } from "./positions.ts";
import type { Thing } from "./thing.ts";

/** Where a replica comes from. Nothing of it leaves the machine. */
export type Source =
  | { kind: "example" }
  /** A dropped folder, or one chosen with an input. Paths are the browser's; an empty folder is a path without a file. */
  | { kind: "files"; name: string; files: [path: string, file: File | undefined][] }
  /** One .tar, .tar.gz or .zip. */
  | { kind: "archive"; file: File; handle?: FileSystemFileHandle | undefined }
  | { kind: "directory"; handle: FileSystemDirectoryHandle }
  /** A folder that `walkit ui` serves, with a manifest, on the page's own origin. */
  | { kind: "served"; url: string; batch: string | undefined; about: string | undefined };

/** A replica that was found in a source. */
export interface FoundReplica {
  /** Where it lies within the source, for the reader. */
  path: string;
  prefix: string;
  generation: string | undefined;
}

/** What `walkit ui` says about the replica that it serves; command lines need it. */
export interface HomeView {
  /** Where it lies on this machine, for the reader. */
  path: string;
  /** Name of the replica's own folder. */
  name: string;
  /** The path, quoted for a shell. */
  quoted: string;
  /** How to call walkit from a shell on this machine. */
  program: string;
  /** Whether restore points can be recorded in the replica. */
  canMark: boolean;
}

/** A source that was opened. */
export interface Opened {
  name: string;
  replicas: FoundReplica[];
  /** Entries of an archive that were left out, and why. */
  skipped: { path: string; reason: string }[];
  /** Where the replica lies on this machine; undefined unless `walkit ui` serves it. */
  home: HomeView | undefined;
}

/**
 * A moment: the end of a commit; or, where a section of a WAL begins, the snapshot of the section by itself. Of LTX files: the state
 * behind a TXID.
 */
export type MomentId = Position & { generation: string };

export interface SnapshotView {
  /** The moment that it is by itself. */
  position: Position;
  path: string;
  /** Compressed; undefined if the listing has no sizes. */
  bytes: number | undefined;
  /** Milliseconds since 1970; undefined if times cannot be trusted. */
  time: number | undefined;
  damaged: boolean;
  /** Whether it can be restored without any WAL, because it holds no page of a later commit. */
  alone: boolean;
}

/** The files of changes of a timeline, in order, as columns: one element per file. See `segments.ts`. */
export interface SegmentsView extends PositionColumns {
  /** The part of a path before the name of a WAL segment. The name follows from the position. */
  folder: string;
  /** The path of each file, where it does not follow from the position. */
  paths: string[] | undefined;
  length: number;
  /** Compressed; NaN if the listing has no sizes. */
  bytes: Float64Array<ArrayBuffer>;
  /** Milliseconds since 1970; NaN if times cannot be trusted. */
  time: Float64Array<ArrayBuffer>;
  /** 1: damaged. */
  damaged: Uint8Array<ArrayBuffer>;
  /** The number of each segment's first commit in `moments`, from 0. One more element at the end: the number of all commits. */
  firstMoment: Uint32Array<ArrayBuffer>;
}

/** The files of one level of an LTX history, in order, as columns: one element per file. */
export interface LevelView {
  /** From 0, which has what was written as it was written, to 9, which has whole databases. */
  level: number;
  /** The TXID of the state that a file leads on from; of a whole database 0. */
  from: Float64Array<ArrayBuffer>;
  /** The TXID of the state that it leads to. */
  to: Float64Array<ArrayBuffer>;
}

/** Moments that cannot be restored. */
export interface GapView {
  /** The last moment before the gap; undefined: the gap begins with the timeline. */
  after: MomentId | undefined;
  /** The first moment after the gap; undefined: the gap ends with the timeline. */
  before: MomentId | undefined;
  reason: Finding;
}

/** A timeline: a generation, or one that only history files still name. */
export interface TimelineView {
  /** From 1. */
  id: number;
  generation: string | undefined;
  parent: number | undefined;
  switchPoint: Position | undefined;
  reason: string | undefined;
  inferred: boolean;
  state: "whole" | "damaged" | "gone" | "empty";
  /** Whether it is the newest generation; undefined if that is unknown. */
  current: boolean | undefined;
  timesTrusted: boolean;
  /** What its changes are kept in. */
  files: "wal" | "ltx";
  snapshots: SnapshotView[];
  segments: SegmentsView;
  /** Ascending; none of a WAL. */
  levels: LevelView[];
  gaps: GapView[];
  restorePoints: (Position & { name: string; restorable: boolean })[];
  /** All commits, or states of LTX files, in order, as columns: one element per commit. */
  moments: PositionColumns & {
    /** Number of the commit's segment in `segments`, from 0. */
    segment: Uint32Array<ArrayBuffer>;
    /** 1: the commit can be restored. */
    restorable: Uint8Array<ArrayBuffer>;
  };
}

export interface ReplicaView {
  name: string;
  bytes: number | undefined;
  files: number;
  timelines: TimelineView[];
  findings: Finding[];
}

export interface ColumnView {
  name: string;
  type: string;
  primaryKey: boolean;
}

export interface TableView {
  name: string;
  kind: "table" | "view" | "virtual";
  columns: ColumnView[];
  /** Undefined: not counted. */
  rows: number | undefined;
  sql: string;
  /** Whether it is Litestream's or SQLite's own table, or a shadow table, in which a virtual table keeps its data. */
  internal: boolean;
  /** The module of a virtual table that SQLite lacks here: the table's data is whole, but cannot be shown. */
  missing: string | undefined;
}

/** The value of a cell. Of a blob: its size in bytes, and its first bytes in hexadecimal. */
export type Cell = null | number | string | { blob: number; head: string };

export interface Rows {
  columns: string[];
  rows: Cell[][];
  /** There were more rows than these. */
  truncated: boolean;
  milliseconds: number;
}

/** The answer to one statement. */
export interface Answer extends Omit<Rows, "milliseconds"> {
  sql: string;
  /** How many rows the statement inserted, deleted or changed. */
  written: number;
}

/** The answers to the statements of a question, in order. Statements that neither return nor write rows have none. */
export interface Answers {
  answers: Answer[];
  /** There were more answers than these. */
  truncated: boolean;
  /** A statement wrote something. It wrote to a copy, which is thrown away. */
  wrote: boolean;
  /** SQLite's message about a statement that failed after others had answers. */
  failure: string | undefined;
  milliseconds: number;
}

/** How large the database of a moment is. */
export interface SizeView {
  moment: MomentId;
  bytes: number;
  pageSize: number;
  pageCount: number;
  /** Estimate of the most memory, in bytes, that looking into it takes. */
  memory: number;
  /** Whether it may be looked into: `unasked`: at once; `asked`: only if the person asks for it; `refused`: never. */
  look: "unasked" | "asked" | "refused";
}

/** The database of a moment. */
export interface StateView {
  moment: MomentId;
  bytes: number;
  pageSize: number;
  pageCount: number;
  tables: TableView[];
  /** What is not proven on the way to it. After the newest snapshot, unproven steps between WAL indexes are normal. */
  unproven: Unproven[];
  findings: Finding[];
  milliseconds: number;
}

/** SQLite's own check of a database. `skipped`: it could not be run. */
export interface IntegrityView {
  found: "ok" | "corrupt" | "skipped";
  /** SQLite's message, or why it was not asked. */
  message: string | undefined;
}

/** The newest moment, at or before another one, that SQLite finds in order. */
export interface SoundView {
  moment: MomentId;
  /** The earliest later moment that was checked, and is not in order; undefined if none was. */
  broken: MomentId | undefined;
  /** Whether every later moment was checked. Else the search assumed that a corrupt database stays corrupt. */
  exhaustive: boolean;
}

export interface TableChanges {
  table: string;
  added: number;
  removed: number;
  changed: number;
  /** The first changes: the row before and after. */
  samples: { kind: "added" | "removed" | "changed"; before: Cell[] | undefined; after: Cell[] | undefined }[];
  columns: string[];
  /** Only that the table changed is known: it has too many rows, or its rows cannot be told apart. */
  uncounted: boolean;
  /** If `uncounted`: how many rows there were before and after; undefined if that is unknown, too. */
  rowsBefore: number | undefined;
  rowsAfter: number | undefined;
}

export interface ChangesView {
  moment: MomentId;
  /** How many pages the transaction wrote. */
  pages: number;
  /** How many pages the database had after it. */
  pageCount: number;
  tables: TableChanges[];
  schema: { added: string[]; removed: string[]; changed: string[] };
  /** Whether only Litestream's own counter changed, which no application sees. */
  isOwn: boolean;
}

/** Where a restored database is written to. */
export type Output =
  | { kind: "handle"; handle: FileSystemFileHandle }
  /** A file in the browser's private folder for this origin, from which it is downloaded. */
  | { kind: "private"; name: string };

export interface RestoredView {
  bytes: number;
  sha256: string | undefined;
  /** For output `private`: the file. Its bytes are on the disk, not in memory. */
  file: File | undefined;
  unproven: Unproven[];
  /**
   * SQLite's own check. `corrupt`: the file is exactly what the replica makes, and that is corrupt; without proof that the
   * snapshot fits the WAL, the restore is refused instead. Undefined: the database is too large to be checked unasked.
   */
  integrity: "ok" | "corrupt" | "skipped" | undefined;
  findings: Finding[];
  milliseconds: number;
}

export interface Progress {
  phase: string;
  done: number;
  total: number | undefined;
}

/** What the worker can be asked. Every call can be cancelled, and fails with a `Failure`. */
export interface Engine {
  open(source: Source): Opened;
  load(replica: FoundReplica): ReplicaView;
  /**
   * Checks the replica. A database that is too large to be looked into unasked is not given to SQLite, and `integrity` in the
   * report is undefined; with `large` it is given to SQLite, too.
   */
  verify(large: boolean): VerifyReport;
  /** How large the database of a moment is. Frees the memory of another large database. */
  size(moment: MomentId): SizeView;
  /** Reads the database of a moment into memory; only one is kept. A moment that cannot be restored is a failure. */
  look(moment: MomentId): StateView;
  /** `count` rows of a table of the database in memory, from row `from` (0 is the first). */
  rows(table: string, from: number, count: number): Rows;
  /** Runs SQL on a copy of the database in memory. */
  query(sql: string): Answers;
  /** The changes of the transaction that ends at this moment. */
  changes(moment: MomentId): ChangesView;
  /** SQLite's own check of the database of a moment; undefined if it is too large to be checked unasked. */
  check(moment: MomentId): IntegrityView | undefined;
  /** Restores moments at or before this one, and has SQLite check them, until one is in order. Undefined: none is. */
  sound(moment: MomentId): SoundView | undefined;
  /** Writes the database of a moment. */
  restore(moment: MomentId, output: Output): RestoredView;
}

export interface Failure {
  code: string;
  message: string;
  finding: Finding | undefined;
  /** What it is, if it is not a replica. */
  thing?: Thing | undefined;
  /** Entries of an archive that were left out, and why. */
  skipped?: Opened["skipped"] | undefined;
}

export type Method = keyof Engine;

export type ToWorker =
  | { type: "call"; id: number; method: Method; args: unknown[] }
  | { type: "cancel"; id: number };

export type FromWorker =
  | { type: "result"; id: number; value: unknown }
  | { type: "failure"; id: number; failure: Failure }
  | { type: "progress"; id: number; progress: Progress };
