/**
 * The SQLite database header: the first 100 bytes of a database file, all integers big-endian.
 * {@link https://www.sqlite.org/fileformat2.html#the_database_header}
 *
 * ```
 *  0  16  "SQLite format 3\0"
 * 16   2  page size, a power of two from 512 to 32768, or 1 for 65536
 * 18   1  file format write version: 1 legacy, 2 WAL
 * 19   1  file format read version
 * 20   1  bytes of unused space at the end of each page
 * 24   4  file change counter
 * 28   4  size of the database in pages, valid if the counters at 24 and 92 agree
 * 92   4  version-valid-for number
 * ```
 */

import { hexBytes, readUint16BE, readUint32BE } from "../bytes.ts";
import { WalkitError } from "../errors.ts";

/** Size of the header of a SQLite database, in bytes: https://www.sqlite.org/fileformat2.html#the_database_header */
export const DATABASE_HEADER_SIZE = 100;

const MAGIC = "SQLite format 3\0";

/** What is read of the header of a SQLite database; every number in it is big-endian. */
export interface DatabaseHeader {
  /** Bytes in a page, 512 to 65536. */
  pageSize: number;
  /** 2: write-ahead log. */
  writeVersion: number;
  readVersion: number;
  reservedBytes: number;
  changeCounter: number;
  /** Pages in the database as the header says; undefined where its own counters say that this is out of date. */
  pageCount: number | undefined;
  freelistCount: number;
  schemaCookie: number;
  userVersion: number;
  applicationId: number;
  /** SQLITE_VERSION_NUMBER of the writer. */
  sqliteVersion: number;
}

/** Whether `bytes` begin like a SQLite database. */
export function isDatabase(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && fits(bytes);
}

/** Whether `bytes` are those of a database, as far as they go. */
function fits(bytes: Uint8Array): boolean {
  return bytes.subarray(0, MAGIC.length).every((byte, i) => byte === MAGIC.charCodeAt(i));
}

/**
 * Parses the header at the start of `bytes`.
 *
 * @throws WalkitError `database/bad-magic`, `database/header` (shorter than 100 bytes), `database/page-size`
 */
export function parseDatabaseHeader(bytes: Uint8Array, where: { path?: string } = {}): DatabaseHeader {
  const at = { ...where, decoded: true };
  if (!fits(bytes)) {
    throw new WalkitError(
      "database/bad-magic",
      `Expected a SQLite database ("SQLite format 3"), found bytes ${hexBytes(bytes, 16)}`,
      { ...at, offset: 0 },
    );
  }
  if (bytes.length < DATABASE_HEADER_SIZE) {
    throw new WalkitError(
      "database/header",
      `Expected a database header of ${DATABASE_HEADER_SIZE} bytes, found ${bytes.length} bytes in all`,
      { ...at, offset: bytes.length },
    );
  }
  const stored = readUint16BE(bytes, 16);
  const pageSize = stored === 1 ? 65536 : stored;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) {
    throw new WalkitError(
      "database/page-size",
      `Expected a page size that is a power of two from 512 to 65536, found ${pageSize}`,
      { ...at, offset: 16 },
    );
  }
  const changeCounter = readUint32BE(bytes, 24);
  const pageCount = readUint32BE(bytes, 28);
  return {
    pageSize,
    writeVersion: bytes[18]!,
    readVersion: bytes[19]!,
    reservedBytes: bytes[20]!,
    changeCounter,
    pageCount: changeCounter === readUint32BE(bytes, 92) && pageCount > 0 ? pageCount : undefined,
    freelistCount: readUint32BE(bytes, 36),
    schemaCookie: readUint32BE(bytes, 40),
    userVersion: readUint32BE(bytes, 60),
    applicationId: readUint32BE(bytes, 68),
    sqliteVersion: readUint32BE(bytes, 96),
  };
}

/** Number of the page that holds byte 2^30, which SQLite uses for locks and never writes. */
export function lockPage(pageSize: number): number {
  return 2 ** 30 / pageSize + 1;
}
