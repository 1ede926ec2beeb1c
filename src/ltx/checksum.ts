/**
 * The checksums of LTX: CRC-64 (polynomial 0xd800000000000000 reflected, as "ISO" in Go's `hash/crc64`) with bit 63 set
 * by force, so that 0 can mean none.
 *
 *     page checksum      over page number (4 bytes, big-endian) and page
 *     database checksum  XOR of the checksums of all pages but the lock page
 *     file checksum      over everything in the file before it, with pages as they decompress to
 *
 * https://github.com/superfly/ltx (`checksum.go`)
 */

import { writeUint32BE } from "../bytes.ts";
import { ARENA_START, type Arena, crc64 } from "../kernel/index.ts";
import { borrow, giveBack } from "../lz4/arenas.ts";
import { shiftOver } from "./crc-shift.ts";
import { CHECKSUM_FLAG } from "./header.ts";

/** SQLite never uses the page that holds this byte of the database. */
const LOCK_BYTE = 0x40000000;

/** The page that SQLite keeps for its locks and never writes: in no LTX file, and in no checksum. */
export function lockPage(pageSize: number): number {
  return LOCK_BYTE / pageSize + 1;
}

/** The checksum whose low and high 32 bits are `low` and `high`. */
function checksumOf(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0) | CHECKSUM_FLAG;
}

const crc = new Int32Array(2);

/**
 * The checksum of one page: `data` is the whole page, uncompressed.
 *
 * Measured on Node 20 (x64), pages of 4096 bytes: 0.75 GB/s in the kernel, the copy to it included; 0.26 in its twin.
 */
export function pageChecksum(pageNumber: number, data: Uint8Array): bigint {
  if (!Number.isInteger(pageNumber) || pageNumber < 1 || pageNumber > 0xffffffff) {
    throw new RangeError(`Expected a page number from 1 to 4294967295, found ${pageNumber}`);
  }
  const at = ARENA_START + 16;
  const arena = borrow(at + data.length);
  arena.bytes.set(data, at);
  writeUint32BE(arena.bytes, at - 4, pageNumber);
  crc.fill(0);
  arena.crc64(crc, at - 4, at + data.length);
  giveBack(arena);
  return checksumOf(crc[0]!, crc[1]!);
}

/**
 * The checksum of a database, kept up to date page by page, in any order. A database without pages has
 * 8000000000000000: bit 63 alone.
 */
export class DatabaseChecksum {
  readonly #lockPage: number;
  #low = 0;
  #high = 0;

  /** `value`: to go on from the checksum of a database. Default: no pages. */
  constructor(pageSize: number, value: bigint = CHECKSUM_FLAG) {
    this.#lockPage = lockPage(pageSize);
    this.toggle(value);
  }

  get value(): bigint {
    return checksumOf(this.#low, this.#high);
  }

  /** Takes in a page that was not in it. The lock page changes nothing. */
  add(pageNumber: number, data: Uint8Array): void {
    if (pageNumber !== this.#lockPage) this.toggle(pageChecksum(pageNumber, data));
  }

  /** Takes out a page that was in it, as it was. */
  remove(pageNumber: number, data: Uint8Array): void {
    this.add(pageNumber, data);
  }

  /** Takes in, or out, a page with this checksum: not the lock page's. */
  toggle(checksum: bigint): void {
    this.xor(Number(checksum & 0xffffffffn) | 0, Number((checksum >> 32n) & 0xffffffffn) | 0);
  }

  /** As {@link toggle}, by the low and high 32 bits. */
  xor(low: number, high: number): void {
    this.#low ^= low;
    this.#high ^= high;
  }
}

/** Bytes at a time that go through the kernel. */
const PIECE = 65536;

/** The checksum of a file, over what is handed to it in the order of the file. */
export class FileChecksum {
  readonly #crc = new Int32Array(2);

  get value(): bigint {
    return checksumOf(this.#crc[0]!, this.#crc[1]!);
  }

  update(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const arena = borrow(ARENA_START + Math.min(end - start, PIECE));
    for (let at = start; at < end; at += PIECE) {
      const stop = Math.min(end, at + PIECE);
      arena.bytes.set(bytes.subarray(at, stop), ARENA_START);
      arena.crc64(this.#crc, ARENA_START, ARENA_START + stop - at);
    }
    giveBack(arena);
  }

  /** The bytes `start` to `end` of an arena. */
  updateIn(arena: Arena, start: number, end: number): void {
    arena.crc64(this.#crc, start, end);
  }

  /**
   * The bytes `start` to `end` of an arena, of which those from `at` on are page `pageNumber`. Leaves in `sum` the low and high
   * 32 bits of the page's own checksum, for {@link DatabaseChecksum.xor}.
   */
  updateWithPage(
    arena: Arena,
    start: number,
    at: number,
    end: number,
    pageNumber: number,
    sum: Int32Array,
  ): void {
    crc64(this.#crc, arena.bytes, start, at);
    writeUint32BE(number, 0, pageNumber);
    sum.fill(0);
    crc64(sum, number, 0, 4);
    sum[0]! ^= this.#crc[0]!;
    sum[1]! ^= this.#crc[1]!;
    shiftOver(end - at).apply(sum);
    arena.crc64(this.#crc, at, end);
    sum[0]! ^= this.#crc[0]!;
    sum[1]! ^= this.#crc[1]!;
  }
}

const number = new Uint8Array(4);
