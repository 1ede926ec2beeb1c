/** What is wrong with LTX files in a replica: the errors, in the user's terms. */

import { WalkitError } from "../../errors.ts";
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
