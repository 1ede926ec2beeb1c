/** SQLite's own check of a database in memory, by sql.js. Loaded when first asked for. */

import type { WalkitError } from "../errors.ts";
import { judge, skipped } from "./judge.ts";

/** sql.js holds a database in memory: a larger one is left to an engine of the runtime's own. */
export const MAX_INTEGRITY_SIZE: number = 1 << 30;

/**
 * Runs `PRAGMA quick_check` or `PRAGMA integrity_check` on a database file's bytes, which it changes: the header's file
 * format versions (bytes 18 and 19) are set from WAL to legacy, because sql.js cannot open a database in WAL mode.
 *
 * @throws WalkitError `database/integrity` with the first problems in SQLite's words; `database/integrity-skipped` where
 * the database is too large, or needs a module, a collation or a function that is not here
 */
export async function checkIntegrity(
  bytes: Uint8Array<ArrayBuffer>,
  how: "quick" | "full",
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  if (bytes.length > MAX_INTEGRITY_SIZE) throw tooLarge(bytes.length);
  const { default: initSqlJs } = await import("sql.js");
  const { Database } = await initSqlJs();
  if (bytes[18] === 2) bytes[18] = 1;
  if (bytes[19] === 2) bytes[19] = 1;
  let database: InstanceType<typeof Database> | undefined;
  const query = (sql: string) => {
    database ??= new Database(new Uncopied(bytes.buffer, bytes.byteOffset, bytes.length));
    return (database.exec(sql)[0]?.values ?? []).map(([value]) => value);
  };
  try {
    judge(query, how);
  } finally {
    database?.close();
  }
}

/** Why a database of `size` bytes is not given to sql.js. */
export function tooLarge(size: number): WalkitError {
  return skipped(
    `found ${size} bytes: without an SQLite of the runtime's own at most ${MAX_INTEGRITY_SIZE} are checked, in memory`,
  );
}

/**
 * sql.js takes a copy of the database by `slice`. The bytes are its own here, so a view will do: for a database of 390 MB
 * 460 MB of memory instead of 830.
 */
class Uncopied extends Uint8Array {
  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(start, end) as Uint8Array<ArrayBuffer>;
  }

  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }
}
