/**
 * The one error type of walkit, and the contract of its codes.
 *
 * Bad data met while reading is a {@link WalkitError} for whoever wants the bytes and a finding (`findings.ts`) for
 * whoever wants to know: the same code, from the same place. Misuse by the caller is a `TypeError` or `RangeError`.
 */

import type { Moment, Remedy } from "./remedy.ts";

export type { Moment } from "./remedy.ts";

/** What can be wrong with an LZ4 frame or block. */
export type Lz4Code =
  | "lz4/bad-magic"
  | "lz4/truncated"
  | "lz4/header"
  | "lz4/header-checksum"
  | "lz4/dictionary"
  | "lz4/block-size"
  | "lz4/block-data"
  | "lz4/block-checksum"
  | "lz4/content-checksum"
  | "lz4/content-size"
  | "lz4/trailing-data"
  | "lz4/output-limit";

/** What can be wrong with a SQLite WAL. */
export type WalCode =
  | "wal/truncated"
  | "wal/bad-magic"
  | "wal/version"
  | "wal/page-size"
  | "wal/header-checksum"
  | "wal/salt"
  | "wal/frame-checksum"
  | "wal/page-number";

/** What can be wrong with an LTX file. */
export type LtxCode =
  | "ltx/bad-magic"
  | "ltx/extinct"
  | "ltx/truncated"
  | "ltx/header"
  | "ltx/page-header"
  | "ltx/page-order"
  | "ltx/page-number"
  | "ltx/page-data"
  | "ltx/missing-page"
  | "ltx/index"
  | "ltx/trailer"
  | "ltx/file-checksum"
  | "ltx/database-checksum"
  | "ltx/trailing-data"
  | "ltx/name"
  | "ltx/chain"
  | "ltx/database-header"
  | "ltx/unusual";

/** What can be wrong with a SQLite database file, as far as its header and length tell. */
export type DatabaseCode =
  | "database/bad-magic"
  | "database/header"
  | "database/page-size"
  | "database/size"
  | "database/integrity"
  | "database/integrity-skipped";

/** What can be wrong with a replica: its names, its gaps, what its files say of each other. */
export type ReplicaCode =
  | "replica/not-a-replica"
  | "replica/ltx"
  | "replica/encrypted"
  | "replica/empty"
  | "replica/stray-file"
  | "replica/upload-in-progress"
  | "replica/no-snapshot"
  | "replica/leftover-wal"
  | "replica/missing-index"
  | "replica/missing-first-segment"
  | "replica/missing-segment"
  | "replica/overlapping-segment"
  | "replica/duplicate-segment"
  | "replica/segment-position"
  | "replica/uncommitted-tail"
  | "replica/format-changed"
  | "replica/missing-transactions"
  | "replica/missing-page"
  | "replica/sequence-gap"
  | "replica/unproven-step"
  | "replica/snapshot-ahead"
  | "replica/snapshot-ambiguous"
  | "replica/snapshot-mismatch"
  | "replica/snapshot-unproven"
  | "replica/before-mark"
  | "replica/stale"
  | "replica/age-unknown"
  | "replica/missing-txid"
  | "replica/merge-mismatch"
  | "replica/level-gap"
  | "replica/wal-gap"
  | "replica/backlog"
  | "replica/clock-set-back"
  | "replica/full-copies"
  | "replica/deleted"
  | "replica/times-untrusted"
  | "replica/changed-while-reading";

/** What can be wrong with what is recorded beside the generations, or with how they descend from each other. */
export type TimelineCode =
  | "timeline/history"
  | "timeline/restore-points"
  | "timeline/contradiction"
  | "timeline/parent-gone"
  | "timeline/unknown-child"
  | "timeline/through-parent";

/** Why a restore target cannot be served. */
export type TargetCode =
  | "target/no-generation"
  | "target/no-timeline"
  | "target/no-restore-point"
  | "target/not-in-history"
  | "target/ambiguous-generation"
  | "target/no-snapshot"
  | "target/out-of-range";

/** What can go wrong around the data: storage, output, budgets, and what the machine and the runtime allow. */
export type EnvironmentCode =
  | "storage/not-found"
  | "storage/unreadable"
  | "output/exists"
  | "output/in-use"
  | "output/leftover"
  | "output/owner"
  | "output/unwritable"
  | "restore/memory-budget"
  | "runtime/permission"
  | "runtime/memory"
  | "runtime/limit"
  | "ui/port";

/** Every code that an error or a finding can have: a contract, documented in `docs/findings.md`. */
export type ErrorCode =
  | Lz4Code
  | WalCode
  | LtxCode
  | DatabaseCode
  | ReplicaCode
  | TimelineCode
  | TargetCode
  | EnvironmentCode;

/** What a code is about: the part before its slash. */
export type ErrorFamily = ErrorCode extends `${infer Family}/${string}` ? Family : never;

/** What `code` is about. */
export function familyOf(code: ErrorCode): ErrorFamily {
  return code.slice(0, code.indexOf("/")) as ErrorFamily;
}

/** Of each format that files of a replica have, the family about their bytes. */
const FORMATS: readonly ErrorFamily[] = ["lz4", "wal", "ltx"];

/** Whether `code` is about the bytes of a file of a replica, whatever its format. */
export function isOfFile(code: ErrorCode): boolean {
  return FORMATS.includes(familyOf(code));
}

export interface ErrorDetails {
  /** The file, as the storage names it. */
  path?: string | undefined;
  /** Byte offset in that file as it lies in storage, or, where `decoded` is set, in what it decompresses to. */
  offset?: number | undefined;
  /** The offset counts decompressed bytes. */
  decoded?: boolean | undefined;
  /** Number of the WAL frame, from 0, within its WAL. */
  frame?: number | undefined;
  /** The place in the generation's WAL: `<index>:<offset>`, hexadecimal. */
  position?: string | undefined;
  /** What to do next, where that is not what is usual for the code. */
  remedy?: Remedy | undefined;
  /** Of a refused restore: what can be had instead. */
  available?: Available | undefined;
  /** Of a target that cannot be reached: the nearest moments that can, before and after. */
  nearest?: readonly Moment[] | undefined;
  cause?: unknown;
}

/** The farthest that a refused restore could go with `salvage`. */
export interface Available {
  generation: string;
  /** Index of the snapshot that it would begin with. */
  snapshot: number;
  /** `<index>:<offset>`, hexadecimal: the last commit; undefined where it is the snapshot alone. */
  position: string | undefined;
  /** When the last file that it would need was written, RFC 3339; undefined where the storage keeps no times. */
  time: string | undefined;
}

/** An error about data or its surroundings: what was expected, what was found, where, what to do next. */
export class WalkitError extends Error {
  override readonly name = "WalkitError";
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly offset: number | undefined;
  readonly decoded: boolean | undefined;
  readonly frame: number | undefined;
  readonly position: string | undefined;
  /** What to do next, where that is not what is usual for the code. Front ends put it into words: see `walkit/words`. */
  readonly remedy: Remedy | undefined;
  readonly available: Available | undefined;
  readonly nearest: readonly Moment[] | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path;
    this.offset = details.offset;
    this.decoded = details.decoded;
    this.frame = details.frame;
    this.position = details.position;
    this.remedy = details.remedy;
    this.available = details.available;
    this.nearest = details.nearest;
  }

  /** The same error with what a caller further up knows: fills in what is not set yet. */
  with(details: ErrorDetails): WalkitError {
    const filled = new WalkitError(this.code, this.message, {
      path: this.path ?? details.path,
      offset: this.offset ?? details.offset,
      decoded: this.decoded ?? details.decoded,
      frame: this.frame ?? details.frame,
      position: this.position ?? details.position,
      remedy: this.remedy ?? details.remedy,
      available: this.available ?? details.available,
      nearest: this.nearest ?? details.nearest,
      cause: this.cause ?? details.cause,
    });
    // Where it came about, not where it was filled in.
    if (this.stack !== undefined) filled.stack = this.stack;
    return filled;
  }

  toJSON(): Record<string, unknown> {
    const { code, message, path, offset, decoded, frame, position, remedy, available, nearest } = this;
    return { code, message, path, offset, decoded, frame, position, remedy, available, nearest };
  }
}

/** A file that was listed is not there any more: no damage, what vanished while the replica was read. */
export class GoneError extends WalkitError {
  constructor(message: string, details: ErrorDetails) {
    super("storage/not-found", message, details);
  }
}

/** Whether a file has gone; also as the error of a storage that is not walkit's own. */
export function isGone(error: unknown): error is WalkitError {
  return error instanceof WalkitError && error.code === "storage/not-found";
}

/** Whether an error says what is wrong with files that are there. */
export function isFault(error: unknown): error is WalkitError {
  return error instanceof WalkitError && !isGone(error);
}
