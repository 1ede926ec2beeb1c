/**
 * LZ4 blocks, encoded.
 *
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md; layout of a sequence: `block-decode.ts`.
 *
 * The end of a block has rules of its own, which other decoders lean on: the last 5 bytes are literals, and the last
 * match begins at least 12 bytes before the end. Hence a block of fewer than 13 bytes has no match.
 */

/**
 * Measured on Node 20, ratio of 10 MB of SQLite pages / 8 MB of a WAL / 8 MB of text, and speed on the pages in GB/s:
 * 16 bits 1.642 / 2.399 / 4.119, 0.21; 14 bits 1.635 / 2.385 / 4.102, 0.24; 12 bits 1.616 / 2.353 / 4.004, 0.27.
 * lz4js 0.2.0 gives 1.637 / 2.377 / 4.010 at 0.13.
 */
const hashBits = 16;
/** From here on `set` copies literals; words do below. Hardly matters on such data: see `block-decode.ts`. */
const longCopy = 256;
/** The last match begins no later than this before the end of the block. */
const lastMatchDistance = 12;
const lastLiterals = 5;
/** After 2^n positions without a match the search begins to skip. */
const skipTrigger = 6;

/** No match is further back. */
const farthest = 65535;

/**
 * Where each hash was last seen: position + a base that is new for each call, and so far above all that is in the table
 * that what another call left there is too far back to be a match. So the table need not be cleared for every block.
 */
const table = new Int32Array(1 << hashBits);
let tableTop = farthest + 1;

function hash(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - hashBits);
}

/** The largest input of a block: the format counts no further, and nor does the table. */
const largestInput = 0x7e000000;

/** The largest size that {@link compressBlock} can give for `size` bytes. */
export function compressBlockBound(size: number): number {
  return size + Math.floor(size / 255) + 16;
}

/**
 * Encodes `src[start, end)` to `dst[d, dEnd)`; matches may reach back to `src[history]`. Returns the end of what was
 * written, or -1 when it has no room.
 */
export function encodeBlock(
  src: Uint8Array,
  start: number,
  end: number,
  history: number,
  dst: Uint8Array,
  d: number,
  dEnd: number,
): number {
  const from = new DataView(src.buffer, src.byteOffset, src.length);
  const to = new DataView(dst.buffer, dst.byteOffset, dst.length);
  const span = end - history + farthest + 1;
  if (tableTop + span > 0x7fffffff) {
    table.fill(0);
    tableTop = farthest + 1;
  }
  const base = tableTop - history;
  tableTop += span;

  // What lies before the block is looked up as if it had been encoded just now: nothing is carried between calls.
  for (let at = Math.max(history, start - farthest); at < start - 3; at += 2) {
    table[hash(from.getInt32(at, true))] = at + base;
  }

  const matchEnd = end - lastLiterals;
  const lastMatch = end - lastMatchDistance;
  let anchor = start;
  let at = start;
  let searched = 1 << skipTrigger;
  while (at <= lastMatch) {
    const word = from.getInt32(at, true);
    const slot = hash(word);
    let match = table[slot]! - base;
    table[slot] = at + base;
    if (at - match > farthest || from.getInt32(match, true) !== word) {
      at += searched++ >> skipTrigger;
      continue;
    }
    searched = 1 << skipTrigger;
    const offset = at - match;
    while (at > anchor && match > history && src[at - 1] === src[match - 1]) {
      at--;
      match--;
    }
    let matched = at + 4;
    let difference = 0;
    while (matched <= matchEnd - 4) {
      difference = from.getInt32(matched, true) ^ from.getInt32(matched - offset, true);
      if (difference !== 0) break;
      matched += 4;
    }
    if (difference !== 0) matched += (31 - Math.clz32(difference & -difference)) >> 3;
    else while (matched < matchEnd && src[matched] === src[matched - offset]) matched++;

    const literals = at - anchor;
    const length = matched - at - 4;
    if (d + literals + ((literals / 255) | 0) + ((length / 255) | 0) + 5 > dEnd) return -1;
    const token = (Math.min(literals, 15) << 4) | Math.min(length, 15);
    dst[d++] = token;
    if (literals >= 15) d = writeLength(dst, d, literals - 15);
    if (literals < longCopy && at + 8 <= end && d + literals + 8 <= dEnd) {
      // By words: up to 7 bytes too many, which the next sequence overwrites.
      const stop = d + literals;
      for (let i = anchor; d < stop; i += 8, d += 8) {
        to.setInt32(d, from.getInt32(i, true), true);
        to.setInt32(d + 4, from.getInt32(i + 4, true), true);
      }
      d = stop;
    } else {
      dst.set(src.subarray(anchor, at), d);
      d += literals;
    }
    to.setUint16(d, offset, true);
    d += 2;
    if (length >= 15) d = writeLength(dst, d, length - 15);
    anchor = at = matched;
    if (at <= lastMatch) table[hash(from.getInt32(at - 2, true))] = at - 2 + base;
  }

  const literals = end - anchor;
  if (d + 1 + literals + (literals < 15 ? 0 : (((literals - 15) / 255) | 0) + 1) > dEnd) return -1;
  dst[d++] = Math.min(literals, 15) << 4;
  if (literals >= 15) d = writeLength(dst, d, literals - 15);
  dst.set(src.subarray(anchor, end), d);
  return d + literals;
}

/** Writes what a length has beyond the 15 in its token. */
function writeLength(dst: Uint8Array, d: number, rest: number): number {
  for (; rest >= 255; rest -= 255) dst[d++] = 255;
  dst[d++] = rest;
  return d;
}

/**
 * Encodes `input` as one raw LZ4 block, and returns its size.
 *
 * @throws RangeError when `output` has less than `compressBlockBound(input.length)` bytes, or `input` more than
 * 2113929216, the most that the format allows
 */
export function compressBlock(input: Uint8Array, output: Uint8Array): number {
  if (input.length > largestInput) {
    throw new RangeError(`Expected an input of at most ${largestInput} bytes, found ${input.length}`);
  }
  const bound = compressBlockBound(input.length);
  if (output.length < bound) {
    throw new RangeError(`Expected an output of at least ${bound} bytes, found ${output.length}`);
  }
  return encodeBlock(input, 0, input.length, 0, output, 0, output.length);
}
