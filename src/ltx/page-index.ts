/**
 * An LTX file of which single pages are wanted: its page index by reads from its end, and one page by itself. v2 and v3 have an
 * index (`index-check.ts`), v1 has none.
 */

import { readUint16BE, readUint32BE } from "../bytes.ts";
import { type LtxCode, WalkitError } from "../errors.ts";
import { FLAG_LZ4, LTX_HEADER_SIZE, type LtxHeader, parseLtxHeader } from "./header.ts";
import { LTX_TRAILER_SIZE, type LtxTrailer } from "./trailer.ts";
import { UvarintReader } from "./uvarint.ts";
import { type LtxVariant, PAGE_FLAG_BLOCK } from "./variant.ts";
import { hex64, readUint64BE } from "./words.ts";

/** Reads the bytes `start` to `end` of a file: all of them, or it throws. */
export type ReadRange = (start: number, end: number) => Promise<Uint8Array>;

/** Where the pages of a file are. */
export class PageIndex {
  /** How many there are. */
  readonly count: number;
  /** Their numbers, ascending. */
  readonly pageNumbers: Uint32Array;
  /** Byte offsets in the file of their headers. */
  readonly offsets: Float64Array;
  /** Bytes that each takes, header included. */
  readonly sizes: Uint32Array;
  /** Byte offset in the file where the index begins. */
  readonly start: number;

  constructor(pageNumbers: Uint32Array, offsets: Float64Array, sizes: Uint32Array, start: number) {
    this.count = pageNumbers.length;
    this.pageNumbers = pageNumbers;
    this.offsets = offsets;
    this.sizes = sizes;
    this.start = start;
  }

  /** Size of the zeros between the last page and the index: 4 bytes in v2, 6 in v3. */
  get headerSize(): number {
    const last = this.count - 1;
    return this.start - (last < 0 ? LTX_HEADER_SIZE : this.offsets[last]! + this.sizes[last]!);
  }

  /** Where page `page` is in the file, as byte offsets; `undefined` where it is not in it. */
  find(page: number): { start: number; end: number } | undefined {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.pageNumbers[middle]! < page) low = middle + 1;
      else high = middle;
    }
    if (this.pageNumbers[low] !== page) return undefined;
    const start = this.offsets[low]!;
    return { start, end: start + this.sizes[low]! };
  }
}

/** Bytes at the end of a file behind the entries of its index: the index's size, and the trailer. */
const TAIL = 8 + LTX_TRAILER_SIZE;
/** Read from the end at once: enough for the index of most files, as Litestream does. */
const FIRST_READ = 32768;
/** Bytes of an index that are in memory at a time. */
const PIECE = 1 << 20;
/** The smallest entry: three numbers of one byte. */
const SMALLEST_ENTRY = 3;

/**
 * Reads the page index of a v2 or v3 file of `fileSize` bytes: one read of up to 32 KiB, then as many of 1 MiB as it takes. Memory:
 * 16 bytes a page, and as much again while it grows.
 *
 * Checked is all that the index says by itself: page numbers ascend, entries follow on each other from byte 100 up to the zeros
 * before the index, its size fits the file and the entries. Whether it tells the truth, only the pages show.
 *
 * @throws WalkitError `ltx/truncated` for a file too small to have one, `ltx/index`
 */
export async function readPageIndex(
  read: ReadRange,
  fileSize: number,
  where: { path?: string | undefined } = {},
): Promise<PageIndex> {
  const { path } = where;
  const fail = (code: LtxCode, message: string, offset: number): never => {
    throw new WalkitError(code, message, { path, offset });
  };
  const smallest = LTX_HEADER_SIZE + 4 + 1 + TAIL;
  if (!(fileSize >= smallest)) {
    fail("ltx/truncated", `Expected a file of at least ${smallest} bytes, found ${fileSize}`, fileSize);
  }
  const end = fileSize - TAIL;
  const tailStart = Math.max(LTX_HEADER_SIZE, fileSize - FIRST_READ);
  const tail = await readExactly(read, tailStart, fileSize, path);
  const stored = readUint64BE(tail, end - tailStart);
  const room = end - LTX_HEADER_SIZE - 4;
  if (stored < 1n || stored > BigInt(room)) {
    fail("ltx/index", `Expected a page index of 1 to ${room} bytes, found a size of 0x${hex64(stored)}`, end);
  }
  const start = end - Number(stored);
  const entries = new Entries(Math.floor(Number(stored) / SMALLEST_ENTRY));
  for (let at = start; at < end; ) {
    const stop = Math.min(end, at < tailStart ? Math.min(at + PIECE, tailStart) : end);
    const piece =
      at >= tailStart
        ? tail.subarray(at - tailStart, stop - tailStart)
        : await readExactly(read, at, stop, path);
    const fault = entries.take(piece, at, end);
    if (fault !== undefined) fail("ltx/index", fault[1], fault[0]);
    at = stop;
  }
  const index = entries.index(start);
  if (!entries.ended)
    fail("ltx/index", "Expected a page index that ends with a zero byte, found none", end - 1);
  const { headerSize } = index;
  if (headerSize !== 4 && headerSize !== 6) {
    const message = `Expected a page index 4 or 6 bytes behind the last page, found one ${headerSize} bytes behind it`;
    fail("ltx/index", message, start);
  }
  return index;
}

async function readExactly(
  read: ReadRange,
  start: number,
  end: number,
  path: string | undefined,
): Promise<Uint8Array> {
  const bytes = await read(start, end);
  if (bytes.length === end - start) return bytes;
  const message = `Expected ${end - start} bytes from byte ${start} on, found ${bytes.length}`;
  throw new WalkitError("ltx/truncated", message, { path, offset: start + bytes.length });
}

/** The entries of an index as they come. */
class Entries {
  ended = false;
  readonly #most: number;
  #count = 0;
  #pageNumbers = new Uint32Array(0);
  #offsets = new Float64Array(0);
  #sizes = new Uint32Array(0);
  readonly #number = new UvarintReader();
  #field = 0;
  #next = LTX_HEADER_SIZE;

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes `bytes`, which are at `at` of the file; the index ends at `end`. What is wrong, and where. */
  take(bytes: Uint8Array, at: number, end: number): readonly [offset: number, message: string] | undefined {
    for (let i = 0; i < bytes.length; i++) {
      const said = this.#number.push(bytes[i]!);
      if (said === 0) continue;
      const offset = at + i;
      const { value } = this.#number;
      const expected = (what: string): readonly [number, string] => [
        offset,
        `Expected ${what} in entry ${this.#count} of the page index, found ${value}`,
      ];
      if (said < 0) return [offset, "Expected numbers below 2^53 in the page index, found a larger one"];
      if (this.#field === 0) {
        if (value === 0) {
          this.ended = offset === end - 1;
          return this.ended
            ? undefined
            : [offset, `Expected the page index to end at byte ${end}, found its end before`];
        }
        const last = this.#count === 0 ? 0 : this.#pageNumbers[this.#count - 1]!;
        if (value <= last || value > 0xffffffff) return expected(`a page number above ${last}`);
        this.#grow();
        this.#pageNumbers[this.#count] = value;
      } else if (this.#field === 1) {
        if (value !== this.#next) return expected(`offset ${this.#next}, where the page before ends,`);
        this.#offsets[this.#count] = value;
      } else {
        if (value < 1 || value > 0xffffffff || this.#next + value > end)
          return expected("a size that fits the file");
        this.#sizes[this.#count++] = value;
        this.#next += value;
      }
      this.#field = (this.#field + 1) % 3;
    }
    return undefined;
  }

  index(start: number): PageIndex {
    const count = this.#count;
    return new PageIndex(
      this.#pageNumbers.subarray(0, count),
      this.#offsets.subarray(0, count),
      this.#sizes.subarray(0, count),
      start,
    );
  }

  #grow(): void {
    if (this.#count < this.#pageNumbers.length) return;
    const size = Math.min(this.#most, Math.max(256, this.#count * 2));
    const larger = <T extends Uint32Array | Float64Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.#pageNumbers = larger(new Uint32Array(size), this.#pageNumbers);
    this.#offsets = larger(new Float64Array(size), this.#offsets);
    this.#sizes = larger(new Uint32Array(size), this.#sizes);
  }
}

/** What a file says of itself at both its ends. Nothing of it is proven: that takes a reader. */
export interface LtxOutline {
  header: LtxHeader;
  variant: LtxVariant;
  /** Of v2 and v3. */
  index: PageIndex | undefined;
  trailer: LtxTrailer;
}

/**
 * Header, variant, index and trailer of a file of `fileSize` bytes, by a few reads at its ends. The variant is certain: where the
 * index begins behind the last page tells v2 from v3, and zeros where an index has its size tell v1.
 *
 * @throws WalkitError what `parseLtxHeader` and {@link readPageIndex} throw; `ltx/truncated` for a v1-raw file of no whole pages
 */
export async function readLtxOutline(
  read: ReadRange,
  fileSize: number,
  where: { path?: string | undefined } = {},
): Promise<LtxOutline> {
  const { path } = where;
  const head = await readExactly(read, 0, Math.min(LTX_HEADER_SIZE, fileSize), path);
  const header = parseLtxHeader(head, where);
  const smallest = LTX_HEADER_SIZE + 4 + LTX_TRAILER_SIZE;
  if (fileSize < smallest) {
    const message = `Expected a file of at least ${smallest} bytes, found ${fileSize}`;
    throw new WalkitError("ltx/truncated", message, { path, offset: fileSize });
  }
  const tail = await readExactly(read, fileSize - LTX_TRAILER_SIZE - 4, fileSize, path);
  const trailer = { postApplyChecksum: readUint64BE(tail, 4), fileChecksum: readUint64BE(tail, 12) };
  if (header.flags & FLAG_LZ4) return { header, variant: "v1-lz4", index: undefined, trailer };
  if (readUint32BE(tail, 0) === 0) {
    const rest = (fileSize - smallest) % (4 + header.pageSize);
    if (rest === 0) return { header, variant: "v1-raw", index: undefined, trailer };
    const message = `Expected whole pages of ${header.pageSize} bytes with a header of 4, found ${rest} bytes more`;
    throw new WalkitError("ltx/truncated", message, { path, offset: fileSize });
  }
  const index = await readPageIndex(read, fileSize, where);
  let variant: LtxVariant = index.headerSize === 4 ? "v2-frame" : "v3-frame";
  if (variant === "v3-frame" && index.count > 0) {
    const first = await readExactly(read, LTX_HEADER_SIZE, LTX_HEADER_SIZE + 6, path);
    if (readUint16BE(first, 4) === PAGE_FLAG_BLOCK) variant = "v3-block";
  }
  return { header, variant, index, trailer };
}
