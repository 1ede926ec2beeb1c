/** What is wrong with LTX files in a replica: the errors, in the user's terms. */

import { WalkitError } from "../../errors.ts";
import type { LtxHeader } from "../../ltx/index.ts";
import { formatPosition } from "../../replay/position.ts";
import type { LtxFile } from "./types.ts";

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

/** Transactions from behind `reach` up to where `next` begins are in no file that could be laid over it. */
export function missingTxids(reach: number, next: LtxFile): WalkitError {
  // Behind a snapshot nothing is missing; the way there is.
  const last = next.minTxid === 1 ? next.maxTxid : next.minTxid - 1;
  const which =
    last === reach + 1
      ? `TXID ${formatPosition({ txid: last })}`
      : `TXIDs ${formatPosition({ txid: reach + 1 })} to ${formatPosition({ txid: last })}`;
  const position = formatPosition({ txid: reach });
  const message = `Expected ${which} behind ${position}, found ${next.path} to be the next file there is`;
  return new WalkitError("replica/missing-txid", message, { path: next.path, position });
}
