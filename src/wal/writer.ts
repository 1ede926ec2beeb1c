/** Writes a WAL that SQLite recovers. Specification: https://www.sqlite.org/fileformat2.html#walformat */

import { writeUint32BE } from "../bytes.ts";
import { frameChecksum, type WalChecksum } from "./checksum.ts";
import { FRAME_HEADER_SIZE, formatWalHeader, parseWalHeader, uint32, WAL_HEADER_SIZE } from "./header.ts";

/** Writes the header of a WAL and then its frames, each chained on to the one before. */
export class WalWriter {
  readonly #header: Uint8Array;
  readonly #pageSize: number;
  readonly #bigEndian: boolean;
  readonly #salt1: number;
  readonly #salt2: number;
  #checksum: WalChecksum;
  #offset = WAL_HEADER_SIZE;

  /**
   * `bigEndian` (default: no) chooses the byte order of the checksums; SQLite reads both on every machine.
   * Throws a `RangeError` for a page size that cannot be, or a field that does not fit into 32 bits.
   */
  constructor(options: {
    pageSize: number;
    bigEndian?: boolean | undefined;
    checkpointSequence?: number | undefined;
    salt1: number;
    salt2: number;
  }) {
    const { pageSize, bigEndian = false, checkpointSequence = 0, salt1, salt2 } = options;
    this.#header = formatWalHeader({ pageSize, bigEndian, checkpointSequence, salt1, salt2 });
    const { checksum1, checksum2 } = parseWalHeader(this.#header);
    this.#checksum = [checksum1, checksum2];
    this.#pageSize = pageSize;
    this.#bigEndian = bigEndian;
    this.#salt1 = salt1;
    this.#salt2 = salt2;
  }

  /** The byte offset in the WAL where the next frame goes: 32 at first. */
  get offset(): number {
    return this.#offset;
  }

  /** The 32 bytes that the WAL begins with. */
  header(): Uint8Array {
    return this.#header.slice();
  }

  /**
   * The next frame: 24 bytes of header and the page. `commitSize` above 0 (the size of the database in pages) makes it
   * a commit. Throws a `RangeError`, and stays as it was, for a page that is not of the page size, page number 0, or
   * numbers that do not fit into 32 bits.
   */
  frame(pageNumber: number, page: Uint8Array, commitSize = 0): Uint8Array {
    this.#validate(pageNumber, page, commitSize);
    const bytes = new Uint8Array(FRAME_HEADER_SIZE + this.#pageSize);
    this.#write(bytes, 0, pageNumber, page, commitSize);
    return bytes;
  }

  /**
   * The frames of a whole transaction, the last of which commits with `commitSize` pages. Throws a `RangeError`, and
   * stays as it was, for no pages, `commitSize` 0, and all that {@link frame} refuses.
   */
  transaction(
    pages: Iterable<readonly [pageNumber: number, page: Uint8Array]>,
    commitSize: number,
  ): Uint8Array {
    const list = Array.from(pages);
    if (list.length === 0) throw new RangeError("Expected a transaction of at least one page, found none");
    uint32(commitSize, "commit size", 1);
    for (const [pageNumber, page] of list) this.#validate(pageNumber, page, commitSize);
    const size = FRAME_HEADER_SIZE + this.#pageSize;
    const bytes = new Uint8Array(list.length * size);
    list.forEach(([pageNumber, page], i) => {
      this.#write(bytes, i * size, pageNumber, page, i === list.length - 1 ? commitSize : 0);
    });
    return bytes;
  }

  #validate(pageNumber: number, page: Uint8Array, commitSize: number): void {
    uint32(pageNumber, "page number", 1);
    uint32(commitSize, "commit size");
    if (page.length !== this.#pageSize) {
      throw new RangeError(`Expected a page of ${this.#pageSize} bytes, found ${page.length}`);
    }
  }

  #write(bytes: Uint8Array, at: number, pageNumber: number, page: Uint8Array, commitSize: number): void {
    writeUint32BE(bytes, at, pageNumber);
    writeUint32BE(bytes, at + 4, commitSize);
    writeUint32BE(bytes, at + 8, this.#salt1);
    writeUint32BE(bytes, at + 12, this.#salt2);
    bytes.set(page, at + FRAME_HEADER_SIZE);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#checksum = frameChecksum(this.#checksum, view, at, this.#pageSize, this.#bigEndian);
    writeUint32BE(bytes, at + 16, this.#checksum[0]);
    writeUint32BE(bytes, at + 20, this.#checksum[1]);
    this.#offset += FRAME_HEADER_SIZE + this.#pageSize;
  }
}
