/**
 * The checksum of SQLite's WAL: two 32-bit sums over pairs of 32-bit words, in the byte order that the WAL's magic
 * names, running on from the header through every frame.
 *
 *     s0 += x[i]   + s1
 *     s1 += x[i+1] + s0        (i = 0, 2, 4 …; all modulo 2^32)
 *
 * Specification: https://www.sqlite.org/fileformat2.html#walcksm
 */

import { walChecksum as sumBytes, sumPairs } from "../kernel/index.ts";

/** The two sums, each an unsigned 32-bit integer. */
export type WalChecksum = readonly [s0: number, s1: number];

/**
 * The checksum of `bytes` from `start` to `end` (byte offsets), going on from `seed`.
 *
 * The words are read big-endian where `bigEndian` (magic 0x377f0683), else little-endian (0x377f0682).
 * Throws a `RangeError` where the range does not lie in `bytes` or its length is not a multiple of 8.
 *
 * https://www.sqlite.org/fileformat2.html#walcksm
 */
export function walChecksum(
  seed: WalChecksum,
  bytes: Uint8Array,
  bigEndian: boolean,
  start = 0,
  end: number = bytes.length,
): WalChecksum {
  if (!(start >= 0 && start <= end && end <= bytes.length)) {
    throw new RangeError(`Expected a range within ${bytes.length} bytes, found ${start} to ${end}`);
  }
  if ((end - start) % 8 !== 0) {
    throw new RangeError(`Expected a multiple of 8 bytes to sum, found ${end - start}`);
  }
  [sums[0], sums[1]] = seed;
  sumBytes(sums, bytes, start, end, bigEndian);
  return [sums[0] >>> 0, sums[1] >>> 0];
}

/**
 * The running checksum after the frame at `offset` of `view`, from the one before it: over the first 8 bytes of the
 * frame header (page number, commit size), then the page. The salts and the checksum itself are left out.
 */
export function frameChecksum(
  seed: WalChecksum,
  view: DataView,
  offset: number,
  pageSize: number,
  bigEndian: boolean,
): WalChecksum {
  const s0 = (seed[0] + view.getInt32(offset, !bigEndian) + seed[1]) | 0;
  const s1 = (seed[1] + view.getInt32(offset + 4, !bigEndian) + s0) | 0;
  sums[0] = s0;
  sums[1] = s1;
  sumPairs(sums, view, offset + 24, offset + 24 + pageSize, !bigEndian);
  return [sums[0] >>> 0, sums[1] >>> 0];
}

const sums = new Int32Array(2);
