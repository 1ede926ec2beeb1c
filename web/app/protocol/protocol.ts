/**
 * What the page and its worker say to each other. The page draws and asks; all work is done in the worker. Values are
 * structured-clonable; long lists are typed arrays, transferred.
 */

import type { Finding } from "../../../src/findings.ts";
import type { Unproven } from "../../../src/restore/execute.ts";
import type { VerifyReport } from "../../../src/verify/report.ts";

/** Where a replica comes from. Nothing of it leaves the machine. */
export type Source =
  | { kind: "example" }
  /** A dropped folder, or a folder chosen with an input: paths as the browser gives them. A folder without files has none. */
  | { kind: "files"; name: string; files: [path: string, file: File | undefined][] }
  /** One .tar, .tar.gz or .zip. */
  | { kind: "archive"; file: File; handle?: FileSystemFileHandle | undefined }
  | { kind: "directory"; handle: FileSystemDirectoryHandle }
  /** What `walkit ui` serves: a folder with a manifest, below the page's own address. */
  | { kind: "served"; url: string; batch: string | undefined; about: string | undefined };

/** A replica within what was opened. */
export interface FoundReplica {
  /** Where it lies within the source, for people. */
  path: string;
  prefix: string;
  generation: string | undefined;
}

/** What `walkit ui` says of the replica that it serves: what commands need. */
export interface HomeView {
  /** For people. */
  path: string;
  /** The replica's own folder, by its name. */
  name: string;
  /** The path as a shell takes it. */
  quoted: string;
  /** How a shell on this machine calls walkit. */
  program: string;
  /** Restore points can be recorded in it. */
  canMark: boolean;
}

export interface Opened {
  name: string;
  replicas: FoundReplica[];
  /** Entries of an archive that were left out, and why. */
  skipped: { path: string; reason: string }[];
  /** Where it lies on this machine: only `walkit ui` knows. */
  home: HomeView | undefined;
}

/** A moment: the end of a commit, or the start of an index (`offset` 0): that index's snapshot alone. */
export interface MomentId {
  generation: string;
  index: number;
  offset: number;
}

export interface SnapshotView {
  index: number;
  path: string;
  bytes: number | undefined;
  /** Milliseconds since 1970; undefined where times cannot be trusted. */
  time: number | undefined;
  damaged: boolean;
  /** It can be restored by itself, with no WAL: it holds no page of a later commit. */
  alone: boolean;
}

/** WAL segments, in order: one element of each array a segment. See `segments.ts`. */
export interface SegmentsView {
  /** What stands before a segment's name in its path; the name follows from its index and offset. */
  folder: string;
  length: number;
  index: Uint32Array<ArrayBuffer>;
  offset: Float64Array<ArrayBuffer>;
  /** Compressed; NaN where the listing tells no sizes. */
  bytes: Float64Array<ArrayBuffer>;
  /** Milliseconds since 1970; NaN where times cannot be trusted. */
  time: Float64Array<ArrayBuffer>;
  damaged: Uint8Array<ArrayBuffer>;
  /** The commits of a segment are `moments` from here on, up to where the next one's begin: one element more. */
  firstMoment: Uint32Array<ArrayBuffer>;
}

export interface GapView {
  after: MomentId | undefined;
  before: MomentId | undefined;
  reason: Finding;
}

export interface TimelineView {
  id: number;
  generation: string | undefined;
  parent: number | undefined;
  switchPoint: { index: number; offset: number } | undefined;
  reason: string | undefined;
  inferred: boolean;
  state: "whole" | "damaged" | "gone" | "empty";
  /** The newest generation. */
  current: boolean | undefined;
  timesTrusted: boolean;
  snapshots: SnapshotView[];
  segments: SegmentsView;
  gaps: GapView[];
  restorePoints: { name: string; index: number; offset: number; restorable: boolean }[];
  /** All commits, in order; one element of each array a commit. */
  moments: {
    index: Uint32Array<ArrayBuffer>;
    offset: Float64Array<ArrayBuffer>;
    /** Number of the segment in `segments`. */
    segment: Uint32Array<ArrayBuffer>;
    /** 1: can be restored. */
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
  rows: number | undefined;
  sql: string;
  /** Litestream's or SQLite's own, or a shadow table, which a virtual table keeps its data in. */
  internal: boolean;
  /** The module of a virtual table, where SQLite has none of that name here: its data is whole, and cannot be shown. */
  missing: string | undefined;
}

/** A value of a cell; blobs as their size and first bytes. */
export type Cell = null | number | string | { blob: number; head: string };

export interface Rows {
  columns: string[];
  rows: Cell[][];
  /** More rows were there than are given. */
  truncated: boolean;
  milliseconds: number;
}

/** What one statement gave. */
export interface Answer extends Omit<Rows, "milliseconds"> {
  sql: string;
  /** Rows that it inserted, deleted or changed. */
  written: number;
}

/** What all statements of a question gave, in order; those that give neither rows nor write any are left out. */
export interface Answers {
  answers: Answer[];
  /** More statements gave something than are told of. */
  truncated: boolean;
  /** Something was written: to a copy, which is gone. */
  wrote: boolean;
  /** What SQLite said of the statement that ended it, where others had given something. */
  failure: string | undefined;
  milliseconds: number;
}

export interface SizeView {
  moment: MomentId;
  bytes: number;
  pageSize: number;
  pageCount: number;
  /** About how many bytes of memory it takes at most to look into it. */
  memory: number;
  /** Whether it may be looked into: at once, where somebody asks for it, or not at all. */
  look: "unasked" | "asked" | "refused";
}

export interface StateView {
  moment: MomentId;
  bytes: number;
  pageSize: number;
  pageCount: number;
  tables: TableView[];
  /** What on the way to it nothing proves; steps from one WAL index to the next are the rule behind the newest snapshot. */
  unproven: Unproven[];
  findings: Finding[];
  milliseconds: number;
}

export interface IntegrityView {
  found: "ok" | "corrupt" | "skipped";
  /** What SQLite says, or why it was not asked. */
  message: string | undefined;
}

/** The newest moment at or before another that SQLite finds in order. */
export interface SoundView {
  moment: MomentId;
  /** The next later moment that was looked at, and is not in order. */
  broken: MomentId | undefined;
  /** Every later moment was looked at. Else the search took for granted that what is corrupt stays so. */
  exhaustive: boolean;
}

export interface TableChanges {
  table: string;
  added: number;
  removed: number;
  changed: number;
  /** The first of them: the row before and after. */
  samples: { kind: "added" | "removed" | "changed"; before: Cell[] | undefined; after: Cell[] | undefined }[];
  columns: string[];
  /** Only that it changed is known: it has too many rows, or none that can be told apart. */
  uncounted: boolean;
  /** How many rows it had and has, where only that it changed is known; undefined where that cannot be had either. */
  rowsBefore: number | undefined;
  rowsAfter: number | undefined;
}

export interface ChangesView {
  moment: MomentId;
  /** Pages that the transaction wrote, and the size of the database after it. */
  pages: number;
  pageCount: number;
  tables: TableChanges[];
  schema: { added: string[]; removed: string[]; changed: string[] };
  /** Nothing that an application sees: Litestream's own counter. */
  isOwn: boolean;
}

/** Where a restored database goes. */
export type Output =
  | { kind: "handle"; handle: FileSystemFileHandle }
  /** A file in the origin's private file system: to be downloaded, or read by tests. */
  | { kind: "private"; name: string };

export interface RestoredView {
  bytes: number;
  sha256: string | undefined;
  /** Of output `private`: backed by the disk, not by memory. */
  file: File | undefined;
  unproven: Unproven[];
  /**
   * What SQLite's own check said. `corrupt`: the bytes are what the replica makes, and that is corrupt; where it is not proven
   * that the snapshot fits, it is refused then. Undefined: too large to be checked unasked.
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

/** What the worker can be asked. Each may be cancelled, and rejects with `Failure`. */
export interface Engine {
  open(source: Source): Opened;
  load(replica: FoundReplica): ReplicaView;
  /**
   * SQLite's own check of a database that is larger than one is looked into unasked is left out, and `integrity` of the
   * report is undefined, unless it is asked for: `large`.
   */
  verify(large: boolean): VerifyReport;
  /** How large the database of a moment is. What is in memory of another, large one is let go. */
  size(moment: MomentId): SizeView;
  /** The database of a moment, in memory. Only one is kept. `target/…` and other refusals are failures. */
  look(moment: MomentId): StateView;
  rows(table: string, from: number, count: number): Rows;
  query(sql: string): Answers;
  /** What the transaction that ends at this moment changed. */
  changes(moment: MomentId): ChangesView;
  /** What SQLite's own check says of the database of a moment; undefined where it is too large to be checked unasked. */
  check(moment: MomentId): IntegrityView | undefined;
  /** Restores moments at or before this one and gives them to SQLite, until it finds one in order. */
  sound(moment: MomentId): SoundView | undefined;
  restore(moment: MomentId, output: Output): RestoredView;
}

/** What was opened, where it is no replica that can be read. */
export type Thing =
  /** A file of a known kind. */
  | {
      kind:
        | "database"
        | "snapshot"
        | "segment"
        | "wal"
        | "ltx"
        | "encrypted"
        | "lz4"
        | "packed"
        | "broken-archive"
        | "empty-file"
        | "unknown-file";
      name: string;
      /** Of `packed`: what packed it. */
      by?: string | undefined;
    }
  /** A folder, or an archive of one. */
  | {
      kind: "empty" | "databases" | "pieces" | "ltx-folder" | "archives" | "metadata" | "nameless" | "files";
      name: string;
      /** Files in it; `most`: at least so many. */
      files: number;
      most: boolean;
      /** Of `databases`, `archives` and `nameless`: which. */
      found: string[];
      /** Of `files`: ends of their names, the most frequent first. */
      endings: [ending: string, count: number][];
    };

export interface Failure {
  code: string;
  message: string;
  finding: Finding | undefined;
  /** Of what is no replica: what it is. */
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
