/**
 * SQLite's rollback journal: the pages that a transaction was about to change, as they were. All integers are big-endian.
 * {@link https://www.sqlite.org/fileformat2.html#the_rollback_journal}
 *
 * ```
 * header, at the start of a sector    record
 *  0  8  d9 d5 05 f9 20 a1 63 d7       0  4  page number, from 1
 *  8  4  records behind it             4  n  the page
 * 12  4  where checksums begin       4+n  4  checksum: the header's beginning, and every 200th byte of the page
 * 16  4  pages of the database before
 * 20  4  bytes in a sector
 * 24  4  bytes in a page
 * ```
 *
 * The count of records is -1, or 0 in a header that was never synced, where all up to the end of the file are meant. A header that
 * was cleared says that the transaction is over.
 */

import { readUint32BE } from "../bytes.ts";

const MAGIC = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
const HEADER_SIZE = 28;
/** SQLite's own bounds of a sector. */
const [MIN_SECTOR, MAX_SECTOR] = [32, 65536];

/** A page as it was, in a journal. */
export interface JournalPage {
  page: number;
  /** Byte offset in the journal where the page's bytes are. */
  offset: number;
}

/** Reads bytes of a journal: `length` at `offset`, fewer where it ends. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>;

/**
 * The pages of a journal that would be copied back, in its order, as far as their checksums are right. `size`: of the journal in
 * bytes; `pageSize`: of the database, in bytes. `onStart` is told of the pages that the database had, unless there is nothing to
 * copy back. As LiteFS reads it, which also copies back what was never synced.
 */
export async function* journalPages(
  read: ReadAt,
  size: number,
  pageSize: number,
  onStart: (pageCount: number) => void,
): AsyncGenerator<JournalPage, void, undefined> {
  let sector = 0;
  for (let at = 0; at + HEADER_SIZE <= size; ) {
    const header = await read(at, HEADER_SIZE);
    if (header.length < HEADER_SIZE || MAGIC.some((byte, i) => header[i] !== byte)) return;
    const told = readUint32BE(header, 8);
    const seed = readUint32BE(header, 12);
    if (at === 0) {
      sector = readUint32BE(header, 20);
      const found = readUint32BE(header, 24);
      const isSector = sector >= MIN_SECTOR && sector <= MAX_SECTOR && (sector & (sector - 1)) === 0;
      if (!isSector || (found !== pageSize && found !== 0) || sector > size) return;
      onStart(readUint32BE(header, 16));
    }
    const first = at + sector;
    const record = pageSize + 8;
    const room = Math.max(0, Math.floor((size - first) / record));
    const count = told === 0xffffffff || told === 0 ? room : Math.min(told, room);
    for (let i = 0; i < count; i++) {
      const offset = first + i * record;
      const bytes = await read(offset, record);
      if (bytes.length < record) return;
      const page = readUint32BE(bytes, 0);
      if (page === 0 || readUint32BE(bytes, 4 + pageSize) !== checksum(seed, bytes, pageSize)) return;
      yield { page, offset: offset + 4 };
    }
    at = Math.ceil((first + count * record) / sector) * sector;
  }
}

/** Of the page that stands behind the 4 bytes of its number. */
function checksum(seed: number, record: Uint8Array, pageSize: number): number {
  let sum = seed;
  for (let at = pageSize - 200; at > 0; at -= 200) sum = (sum + record[4 + at]!) >>> 0;
  return sum;
}
