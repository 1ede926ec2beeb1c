/** What is wrong with LTX files in a replica: the errors, in the user's terms. */

import { WalkitError } from "../../errors.ts";
import type { LtxHeader } from "../../ltx/index.ts";
import { formatPosition } from "../../replay/position.ts";

/** A file after which there is no database any more; only LiteFS writes such. */
export function deleted(path: string, txid: number): WalkitError {
  const position = formatPosition({ txid });
  return new WalkitError(
    "database/size",
    `Expected a database behind TXID ${position}, found that it was deleted`,
    {
      ...{ path, position },
      offset: 12,
    },
  );
}

/** A file is to be all of the database, and lacks a page of it. */
export function notWhole(path: string, { commit, maxTxid }: LtxHeader, page: number): WalkitError {
  const position = formatPosition({ txid: maxTxid });
  return new WalkitError(
    "ltx/missing-page",
    `Expected every one of the ${commit} pages in the file, found page ${page} missing`,
    { path, position },
  );
}
