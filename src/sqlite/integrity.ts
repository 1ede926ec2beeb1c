/** SQLite's own check of a database in memory, by sql.js. Loaded when first asked for. */

import { WalkitError } from "../errors.ts";

/**
 * sql.js holds a database in memory, and the copy it works on as well; past this size the check is left to the `sqlite3`
 * tool.
 */
export const MAX_INTEGRITY_SIZE: number = 1 << 30;

/** How many problems SQLite is asked for. */
const PROBLEMS = 20;

/**
 * Runs `PRAGMA quick_check` or `PRAGMA integrity_check` on a database file's bytes, which it changes: the header's file
 * format versions (bytes 18 and 19) are set from WAL to legacy, because sql.js cannot open a database in WAL mode.
 *
 * @throws WalkitError `database/integrity` with the first problems in SQLite's words; `database/integrity-skipped` where
 * the database is too large, or needs a module or a collation that is not here
 */
export async function checkIntegrity(
  bytes: Uint8Array<ArrayBuffer>,
  how: "quick" | "full",
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  if (bytes.length > MAX_INTEGRITY_SIZE)
    throw skipped(`found ${bytes.length} bytes, too many to check in memory`);
  const { default: initSqlJs } = await import("sql.js");
  const { Database } = await initSqlJs();
  if (bytes[18] === 2) bytes[18] = 1;
  if (bytes[19] === 2) bytes[19] = 1;
  let problems: string[];
  let database: InstanceType<typeof Database> | undefined;
  try {
    database = new Database(new Uncopied(bytes.buffer, bytes.byteOffset, bytes.length));
    const pragma = how === "quick" ? "quick_check" : "integrity_check";
    // CHECK constraints are the application's, may call its own functions, and may run for ever.
    database.exec("PRAGMA ignore_check_constraints=1");
    const [result] = database.exec(`PRAGMA ${pragma}(${PROBLEMS})`);
    problems = (result?.values ?? []).map(([text]) => String(text));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (
      /no such (module|collation|function|tokenizer)|unknown (function|tokenizer)|out of memory/i.test(
        message,
      )
    ) {
      throw skipped(`SQLite says: ${message}`);
    }
    problems = [message];
  } finally {
    database?.close();
  }
  if (problems.length === 1 && problems[0] === "ok") return;
  const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : "";
  throw new WalkitError(
    "database/integrity",
    `Expected SQLite's ${how === "quick" ? "quick_check" : "integrity_check"} to say ok, found: ${problems.slice(0, 3).join("; ")}${more}`,
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

function skipped(why: string): WalkitError {
  return new WalkitError("database/integrity-skipped", `Expected SQLite to check the database, ${why}`);
}
