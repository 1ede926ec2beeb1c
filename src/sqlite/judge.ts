/** SQLite's own check through any engine, and what its words mean: the same verdict whichever engine says them. */

import { WalkitError } from "../errors.ts";
import type { Remedy } from "../remedy.ts";

/** How many problems SQLite is asked for. */
const PROBLEMS = 20;

/** Names in a hostile database may be as long as it likes. */
const MOST_SAID = 500;

/** Runs one statement; the first value of each row. Throws what the engine throws. */
export type Query = (sql: string) => unknown[];

/**
 * What SQLite says of damaged bytes. Anything else that it fails of is not the database's fault: a full disk, no memory, a
 * collation, function, module or tokenizer of the application's own.
 */
const CORRUPT = /disk image is malformed|not a database|malformed database schema/i;

/** A schema that this SQLite does not know: an application's own function in it, or the syntax of a newer SQLite. */
const UNKNOWN_SCHEMA =
  /malformed database schema .* - (near ".*": syntax error|(no such|unknown|unrecognized) .*)/is;

/** Rows about a full-text index that could not be looked at, as where its tokenizer is the application's own. */
const NOT_VALIDATED = /^unable to validate /i;

/**
 * Runs `PRAGMA quick_check` or `PRAGMA integrity_check`.
 *
 * @throws WalkitError `database/integrity` with the first problems in SQLite's words; `database/integrity-skipped` where
 * SQLite cannot tell
 */
export function judge(query: Query, how: "quick" | "full"): void {
  const pragma = how === "quick" ? "quick_check" : "integrity_check";
  let said: string[];
  try {
    // CHECK constraints are the application's, may call its own functions, and may run for ever.
    query("PRAGMA ignore_check_constraints=1");
    said = query(`PRAGMA ${pragma}(${PROBLEMS})`).map((text) => String(text).slice(0, MOST_SAID));
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).slice(0, MOST_SAID);
    if (!CORRUPT.test(message) || UNKNOWN_SCHEMA.test(message)) throw unable(message, query);
    said = [message];
  }
  const problems = said.filter((text) => text !== "ok" && !NOT_VALIDATED.test(text));
  if (problems.length > 0) {
    const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : "";
    throw new WalkitError(
      "database/integrity",
      `Expected SQLite's ${pragma} to say ok, found: ${problems.slice(0, 3).join("; ")}${more}`,
    );
  }
  if (!said.includes("ok")) throw unable(said[0] ?? "nothing", query);
}

function unable(message: string, query: Query): WalkitError {
  let version = "";
  try {
    version = ` ${query("SELECT sqlite_version()")[0]}`;
  } catch {
    // It does not even open.
  }
  return skipped(`SQLite${version} says: ${message}`);
}

/** The check was not made, and why: the end of a sentence. */
export function skipped(why: string, remedy?: Remedy): WalkitError {
  return new WalkitError("database/integrity-skipped", `Expected SQLite to check the database, ${why}`, {
    remedy,
  });
}
