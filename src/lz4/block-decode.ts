/** LZ4 blocks, decoded: what is wrong with one, and the door for whoever has blocks of their own. */

import { WalkitError } from "../errors.ts";
import { decodeBlock } from "../kernel/index.ts";

/** What the sound sequences in `src[0, sEnd)` decode to: the sum of their lengths. */
function decodedSize(src: Uint8Array, sEnd: number): number {
  let s = 0;
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

/**
 * Says what is wrong with the sequence at `sequence` of the block `src`, which {@link decodeBlock} refused to decode into
 * `room` bytes after `historySize` others.
 */
export function describeBlockError(
  src: Uint8Array,
  sequence: number,
  room: number,
  historySize: number,
): string {
  const sEnd = src.length;
  if (sequence >= sEnd) {
    return sEnd === 0
      ? "Expected a compressed block, found no bytes"
      : "Expected a last sequence of literals only, found the end of the block after a match";
  }
  const before = sequence === 0 ? 0 : decodedSize(src, sequence);
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

/** Where a block is decoded to, and what errors say of it. */
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
  const end = decodeBlock(input, 0, input.length, output, 0, start, output.length);
  if (end >= 0) return end;
  const message = describeBlockError(input, ~end, output.length - start, start);
  throw new WalkitError("lz4/block-data", message, { path, offset: offset + ~end });
}
