/** What is wrong with a database of LiteFS: the errors, in the user's terms. */

import { WalkitError } from "../../errors.ts";
import { FLAG_NO_CHECKSUM, type LtxHeader } from "../../ltx/index.ts";
import { formatPosition, type Position } from "../../replay/position.ts";

/** LiteFS keeps track of a database's checksum in every file. @throws WalkitError `ltx/header` where there is none */
export function checkHeader(path: string, { flags }: LtxHeader): void {
  if ((flags & FLAG_NO_CHECKSUM) === 0) return;
  const message =
    "Expected database checksums, which LiteFS writes into every LTX file, found a file without, as Litestream writes it";
  throw new WalkitError("ltx/header", message, { path, offset: 4 });
}

/** A file behind which there is no database. */
export function deletion(path: string, txid: number): WalkitError {
  const position = formatPosition({ txid });
  const message = `Expected a database behind TXID ${position}, found that it was deleted there`;
  return new WalkitError("replica/deleted", message, { path, position });
}

/** The database, recovered, is not what the newest file leaves. `aside`: what was not taken into it, and why. */
export function notRecovered(
  path: string,
  newest: string,
  expected: string,
  found: string,
  aside: readonly string[],
): WalkitError {
  return new WalkitError(
    "ltx/database-checksum",
    `Expected the database to have the checksum ${expected}, as ${newest} leaves it, found ${found}${leftOut(aside)}`,
    { path },
  );
}

/** The database, recovered, lacks one of its `count` pages. */
export function pageGone(
  path: string,
  page: number,
  count: number,
  end: Position,
  aside: readonly string[],
): WalkitError {
  const position = formatPosition(end);
  const message = `Expected page ${page} of the ${count} that the database has at TXID ${position}, found it neither in there nor in what lies beside it${leftOut(aside)}`;
  return new WalkitError("database/size", message, { path, position });
}

function leftOut(aside: readonly string[]): string {
  return aside.length === 0 ? "" : `; left out: ${aside.join("; ")}`;
}

/** No file tells what the database is to be. */
export function unproven(path: string): WalkitError {
  const message = `Expected an LTX file that tells the checksum of ${path}, found none: nothing shows that it is whole`;
  return new WalkitError("replica/snapshot-unproven", message, { path });
}
