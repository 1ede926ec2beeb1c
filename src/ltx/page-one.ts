/** What page 1 says of its database, held against what the file says of it. https://www.sqlite.org/fileformat2.html#the_database_header */

import { hexBytes, readUint16BE, readUint32BE } from "../bytes.ts";
import type { LtxHeader } from "./header.ts";

const MAGIC = "SQLite format 3\0";

/**
 * What is odd about page 1, which is at `at`: what was expected and found, or `undefined` where it fits. It may be right all the
 * same: an encrypted database has none of this in the clear.
 */
export function pageOneFault(page: Uint8Array, header: LtxHeader, at = 0): string | undefined {
  for (let i = 0; i < MAGIC.length; i++) {
    if (page[at + i] === MAGIC.charCodeAt(i)) continue;
    const found = hexBytes(page.subarray(at), 16);
    return `Expected page 1 to begin as a SQLite database does, found ${found}`;
  }
  const stored = readUint16BE(page, at + 16);
  const pageSize = stored === 1 ? 65536 : stored;
  if (pageSize !== header.pageSize) {
    return `Expected page 1 to say pages of ${header.pageSize} bytes, as the file does, found ${pageSize}`;
  }
  // The count is that of the transaction only where both counters are equal: SQLite before 3.7.0 does not keep it.
  const count = readUint32BE(page, at + 28);
  const counted = readUint32BE(page, at + 24) === readUint32BE(page, at + 92);
  if (counted && count !== header.commit) {
    return `Expected page 1 to say ${header.commit} pages, as the file does, found ${count}`;
  }
  return undefined;
}
