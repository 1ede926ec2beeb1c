import type { Branch } from "../replay/catalog.ts";
import type { Fold } from "../replay/run.ts";
import type { DatabaseSink } from "../restore/sinks/sink.ts";
import type { checkIntegrity } from "../sqlite/index.ts";
import type { Level } from "./report.ts";

/** How deep to look, and by what means. */
export interface VerifyOptions {
  /**
   * `integrity` by default. Asked for by name, it makes the report inconclusive where SQLite's check cannot be made; by default
   * a warning says so.
   */
  level?: Level | undefined;
  signal?: AbortSignal | undefined;
  /** Files on their way at a time; 8 by default. */
  parallelism?: number | undefined;
  /** Compressed bytes read and in all, where the listing tells. */
  onProgress?: ((progress: { done: number; total: number | undefined }) => void) | undefined;
  /** SQLite's own check; sql.js in this thread by default. `walkit/node` has one that can be stopped. */
  checkIntegrity?: typeof checkIntegrity | undefined;
  /**
   * Where a newest state of so many bytes goes to be checked, and by what; undefined, and by default: to memory, and to
   * `checkIntegrity`. `walkit/node` has `openIntegrityCheck`, for databases of any size. It throws a WalkitError
   * `database/integrity-skipped` where the check cannot be made.
   */
  openIntegrityCheck?:
    | ((bytes: number, signal?: AbortSignal) => Promise<IntegrityCheck | undefined>)
    | undefined;
  /** Bytes: a newest state that is larger is not given to SQLite, and `integrity` of its report stays undefined. */
  integrityUpTo?: number | undefined;
  /** Seconds: an older newest state makes the report `stale`; where its age is not known, inconclusive. */
  maxAge?: number | undefined;
  /** When the check begins, in nanoseconds since 1970; by this machine's clock by default. */
  now?: bigint | undefined;
  /** What shares the pass over the files of a branch, from level `frames` on. Made anew where the branch is read anew. */
  foldsOf?: ((branch: Branch) => readonly Fold[]) | undefined;
}

/** A place for one database, and SQLite's check of it. */
export interface IntegrityCheck {
  sink: DatabaseSink;
  /**
   * Once, when the database is whole.
   *
   * @throws WalkitError as `checkIntegrity`
   */
  check(how: "quick" | "full", signal?: AbortSignal): Promise<void>;
  /** Whatever came of it. */
  close(): Promise<void>;
}
