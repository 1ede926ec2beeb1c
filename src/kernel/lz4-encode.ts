/**
 * LZ4 blocks, encoded: the twin of `assembly/lz4-encode.ts`, and the same bytes.
 *
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md; layout of a sequence: `lz4-decode.ts`.
 *
 * The end of a block has rules of its own, which other decoders lean on: the last 5 bytes are literals, and the last
 * match begins at least 12 bytes before the end. Hence a block of fewer than 13 bytes has no match.
 */

/**
 * The hash is over 5 bytes, and the table holds the low 16 bits of positions: a match is no further back than that, and
 * the table stays small enough for a processor's cache. Measured on Node 20 (x64) with the kernel, 388 MB of a database,
 * ratio and GB/s:
 *
 *     hash of 5 bytes, 13, 14, 15, 16 bits    1.733 0.59   1.767 0.61   1.787 0.58   1.798 0.58
 *     hash of 4 bytes, 14 bits                1.744 0.58
 *     whole positions, 12, 14, 16 bits        1.682 0.69   1.768 0.42   1.799 0.36
 *
 * `lz4 -1` gives 1.679, lz4js 0.2.0 1.747.
 */
const hashBits = 15;
/** The last match begins no later than this before the end of the block. */
const lastMatchDistance = 12;
const lastLiterals = 5;
/** After 2^n positions without a match the search begins to skip. */
const skipTrigger = 6;
/** No match is further back. */
const farthest = 65535;
/** From here on `set` copies literals; words do below. */
const longCopy = 256;

const table = new Uint16Array(1 << hashBits);

/**
 * Encodes `src[start, end)` to `dst[d, dEnd)`; matches may reach back to `src[history]`. Returns the end of what was
 * written, or -1 when it has no room. Nothing is carried from one call to the next.
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
  const hash = (at: number) =>
    (Math.imul(from.getInt32(at, true), 0x9e3779b1) + Math.imul(src[at + 4]!, 0x85ebca77)) >>>
    (32 - hashBits);
  table.fill(0);
  if (start - history > farthest) history = start - farthest;
  // What lies before the block is looked up as if it had been encoded just now.
  for (let at = history; at + lastLiterals <= start; at += 2) table[hash(at)] = at - history;

  const matchEnd = end - lastLiterals;
  const lastMatch = end - lastMatchDistance;
  let anchor = start;
  let at = start;
  let searched = 1 << skipTrigger;
  while (end - start > lastMatchDistance && at <= lastMatch) {
    let slot = hash(at);
    // The last position with that hash, told from its low 16 bits; that it is one shows when it is compared.
    let match = at - ((at - history - table[slot]!) & 0xffff);
    table[slot] = at - history;
    let isMatch = match < at && match >= history && from.getInt32(match, true) === from.getInt32(at, true);
    if (!isMatch) {
      at += searched++ >> skipTrigger;
      continue;
    }
    searched = 1 << skipTrigger;
    while (at > anchor && match > history && src[at - 1] === src[match - 1]) {
      at--;
      match--;
    }
    while (isMatch) {
      const offset = at - match;
      let matched = at + 4;
      let difference = 0;
      for (; matched + 4 <= matchEnd; matched += 4) {
        difference = from.getInt32(matched, true) ^ from.getInt32(matched - offset, true);
        if (difference !== 0) break;
      }
      if (difference !== 0) matched += (31 - Math.clz32(difference & -difference)) >> 3;
      else while (matched < matchEnd && src[matched] === src[matched - offset]) matched++;

      const literals = at - anchor;
      const length = matched - at - 4;
      if (literals + ((literals / 255) | 0) + ((length / 255) | 0) + 5 > dEnd - d) return -1;
      dst[d++] = (Math.min(literals, 15) << 4) | Math.min(length, 15);
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
      if (at > lastMatch) break;
      table[hash(at - 2)] = at - 2 - history;
      slot = hash(at);
      match = at - ((at - history - table[slot]!) & 0xffff);
      table[slot] = at - history;
      isMatch = match < at && match >= history && from.getInt32(match, true) === from.getInt32(at, true);
    }
    at++;
  }

  const literals = end - anchor;
  if (1 + literals + (literals < 15 ? 0 : (((literals - 15) / 255) | 0) + 1) > dEnd - d) return -1;
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
