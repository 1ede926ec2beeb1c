/**
 * LZ4 blocks, decoded: the twin of `assembly/lz4-decode.ts`.
 *
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 *
 * A block is a run of sequences:
 *
 * ```
 * | token 1 | literal length 0-n | literals | offset 2, LE | match length 0-n |
 *
 * token         high 4 bits: number of literals; low 4 bits: match length - 4
 * lengths       15 in the token: bytes follow that add up, as long as they are 255
 * offset        1..65535, backwards from the end of what is decoded; may reach into the block before (linked blocks),
 *               may be smaller than the match is long (the match then repeats itself)
 * last          the last sequence ends after its literals
 * ```
 */

/*
 * Short copies go by words of 4 bytes, through DataViews, and may overshoot inside the output; the last bytes of input
 * and output are left to careful loops. Measured on Node 20, 10 MB of SQLite pages / 8 MB of a WAL, in GB/s:
 * byte loops 0.53 / 0.64, words in a loop 0.97 / 1.19, words in steps as below 1.10 / 1.39, 8 bytes as BigInt 0.17 /
 * 0.22. Where `set` and `copyWithin` take over, anywhere from 64 to 1024 bytes, makes no difference on such data.
 */
const longCopy = 256;
/** A short copy reads and writes no further than this after where the sequence begins. */
const inputMargin = 32;
const outputMargin = 48;

/**
 * Decodes `src[s, sEnd)` to `dst[d, dEnd)`; matches may reach back to `dst[low]`. Returns the end of what was written, or,
 * when the block is damaged, the complement (`~`) of where in `src` the offending sequence begins.
 *
 * Nothing else is read and nothing outside of those ranges is written; between the end of the decoded bytes and `dEnd` there may be
 * anything. What is wrong is not said here: this is the hot loop, and `describeBlockError` walks the block again to say it.
 */
export function decodeBlock(
  src: Uint8Array,
  s: number,
  sEnd: number,
  dst: Uint8Array,
  low: number,
  d: number,
  dEnd: number,
): number {
  const from = new DataView(src.buffer, src.byteOffset, src.length);
  const to = new DataView(dst.buffer, dst.byteOffset, dst.length);
  const sSafe = sEnd - inputMargin;
  const dSafe = dEnd - outputMargin;
  while (s < sEnd) {
    const sequence = s;
    const token = src[s++]!;
    let length = token >>> 4;
    if (length < 15 && s <= sSafe && d <= dSafe) {
      to.setInt32(d, from.getInt32(s, true), true);
      if (length > 4) {
        to.setInt32(d + 4, from.getInt32(s + 4, true), true);
        if (length > 8) {
          to.setInt32(d + 8, from.getInt32(s + 8, true), true);
          to.setInt32(d + 12, from.getInt32(s + 12, true), true);
        }
      }
      s += length;
      d += length;
    } else {
      if (length === 15) {
        let more = 255;
        while (more === 255) {
          if (s >= sEnd) return ~sequence;
          more = src[s++]!;
          length += more;
        }
      }
      if (length > sEnd - s || length > dEnd - d) return ~sequence;
      if (length > longCopy) {
        dst.set(src.subarray(s, s + length), d);
        s += length;
        d += length;
      } else if (s + length <= sSafe && d + length <= dSafe) {
        const end = d + length;
        for (let at = s; d < end; at += 8, d += 8) {
          to.setInt32(d, from.getInt32(at, true), true);
          to.setInt32(d + 4, from.getInt32(at + 4, true), true);
        }
        s += length;
        d = end;
      } else {
        for (const end = s + length; s < end; ) dst[d++] = src[s++]!;
      }
      if (s >= sEnd) return d;
      if (sEnd - s < 2) return ~sequence;
    }

    const offset = from.getUint16(s, true);
    s += 2;
    if (offset === 0 || offset > d - low) return ~sequence;
    length = (token & 15) + 4;
    let match = d - offset;
    if (length < 19 && offset >= 4 && d <= dSafe) {
      // From 4 bytes back on, every word that is read has been written.
      to.setInt32(d, to.getInt32(match, true), true);
      to.setInt32(d + 4, to.getInt32(match + 4, true), true);
      if (length > 8) {
        to.setInt32(d + 8, to.getInt32(match + 8, true), true);
        to.setInt32(d + 12, to.getInt32(match + 12, true), true);
        to.setInt32(d + 16, to.getInt32(match + 16, true), true);
      }
      d += length;
      continue;
    }
    if (length === 19) {
      let more = 255;
      while (more === 255) {
        if (s >= sEnd) return ~sequence;
        more = src[s++]!;
        length += more;
      }
    }
    if (length > dEnd - d) return ~sequence;
    const end = d + length;
    if (length > longCopy) {
      // The match repeats itself every `offset` bytes, so each copy can double the last; first by hand to a size where
      // the call is worth it, keeping to whole repetitions.
      if (offset < 16) for (const start = d + offset * 16; d < start; ) dst[d++] = dst[match++]!;
      match = end - length - offset;
      while (d < end) {
        const size = Math.min(d - match, end - d);
        dst.copyWithin(d, match, match + size);
        d += size;
      }
    } else if (offset >= 4 && end <= dSafe) {
      for (; d < end; match += 8, d += 8) {
        to.setInt32(d, to.getInt32(match, true), true);
        to.setInt32(d + 4, to.getInt32(match + 4, true), true);
      }
      d = end;
    } else {
      while (d < end) dst[d++] = dst[match++]!;
    }
  }
  return ~s;
}
