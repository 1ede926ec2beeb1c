/**
 * LZ4 blocks, decoded.
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

import { WalkitError } from "../errors.ts";

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
 * Decodes `src[s, sEnd)` to `dst[d, dEnd)`; matches may reach back to the beginning of `dst`. Returns the end of what was
 * written, or, when the block is damaged, the complement (`~`) of where in `src` the offending sequence begins.
 *
 * Nothing else is read and nothing outside of those ranges is written; between the end of the decoded bytes and `dEnd` there may be
 * anything. What is wrong is not said here: this is the hot loop, and {@link describeBlockError} walks the block again
 * to say it.
 */
export function decodeBlock(
  src: Uint8Array,
  s: number,
  sEnd: number,
  dst: Uint8Array,
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
    if (offset === 0 || offset > d) return ~sequence;
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

/** What the sound sequences in `src[s, sEnd)` decode to: the sum of their lengths. */
function decodedSize(src: Uint8Array, s: number, sEnd: number): number {
  let size = 0;
  while (s < sEnd) {
    const token = src[s++]!;
    for (let shift = 4; shift >= 0; shift -= 4) {
      let length = (token >>> shift) & 15;
      if (length === 15) {
        let more = 255;
        while (more === 255 && s < sEnd) {
          more = src[s++]!;
          length += more;
        }
      }
      if (shift === 4) {
        s += length;
        size += length;
        if (s >= sEnd) return size;
        s += 2;
      } else {
        size += length + 4;
      }
    }
  }
  return size;
}

/** Says what is wrong with the sequence at `sequence`, which {@link decodeBlock} refused; same arguments. */
export function describeBlockError(
  src: Uint8Array,
  start: number,
  sEnd: number,
  sequence: number,
  room: number,
  historySize: number,
): string {
  if (sequence >= sEnd) {
    return sEnd === start
      ? "Expected a compressed block, found no bytes"
      : "Expected a last sequence of literals only, found the end of the block after a match";
  }
  const before = sequence === start ? 0 : decodedSize(src, start, sequence);
  const left = room - before;
  let s = sequence;
  const token = src[s++]!;
  const readLength = (length: number): number => {
    if (length !== 15) return length;
    for (let more = 255; more === 255; ) {
      if (s >= sEnd) return -1;
      more = src[s++]!;
      length += more;
    }
    return length;
  };
  const literals = readLength(token >>> 4);
  if (literals < 0) return "Expected the rest of a literal length, found the end of the block";
  if (literals > sEnd - s) {
    return `Expected ${literals} literal bytes, found ${sEnd - s} before the end of the block`;
  }
  if (literals > left)
    return `Expected at most ${room} bytes in the block, found ${before + literals} or more`;
  s += literals;
  if (sEnd - s < 2) return "Expected the 2 bytes of a match offset, found the end of the block";
  const offset = src[s]! | (src[s + 1]! << 8);
  s += 2;
  const reach = before + literals + historySize;
  if (offset === 0) return "Expected a match offset from 1 to 65535, found 0";
  if (offset > reach)
    return `Expected a match offset of at most ${reach}, the bytes decoded so far, found ${offset}`;
  const match = readLength(token & 15);
  if (match < 0) return "Expected the rest of a match length, found the end of the block";
  return `Expected at most ${room} bytes in the block, found ${before + literals + match + 4} or more`;
}

export interface DecompressBlockOptions {
  /** The first byte to write in the output. What lies before it is history: matches may reach into it. Default 0. */
  start?: number | undefined;
  /** The file, for errors. */
  path?: string | undefined;
  /** Byte offset of the block in that file, for errors. Default 0. */
  offset?: number | undefined;
}

/**
 * Decodes one raw LZ4 block into `output`, and returns the position after the last decoded byte. What lies in `output`
 * from there on may be overwritten.
 *
 * @throws WalkitError `lz4/block-data` when the block is damaged or `output` has no room for it, with the offset of the
 * sequence at fault.
 */
export function decompressBlock(
  input: Uint8Array,
  output: Uint8Array,
  options: DecompressBlockOptions = {},
): number {
  const { start = 0, path, offset = 0 } = options;
  if (!Number.isInteger(start) || start < 0 || start > output.length) {
    throw new RangeError(
      `Expected a start from 0 to ${output.length}, the size of the output, found ${start}`,
    );
  }
  const end = decodeBlock(input, 0, input.length, output, start, output.length);
  if (end >= 0) return end;
  const message = describeBlockError(input, 0, input.length, ~end, output.length - start, start);
  throw new WalkitError("lz4/block-data", message, { path, offset: offset + ~end });
}
