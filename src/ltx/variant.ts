/**
 * The five variants of the format. All have the same magic and no version number: a file tells by its flags, and by what
 * its page block looks like.
 *
 *     variant   written by                                      page header      payload                     index
 *     v1-raw    LiteFS 0.2, 0.3; with data.compress: false      pgno 4           the page                    no
 *     v1-lz4    LiteFS 0.4, 0.5 (header flag bit 0)             pgno 4           as v1-raw, the whole page   no
 *                                                                                block in one LZ4 frame
 *     v2-frame  Litestream 0.5.0-test.1, -test.2                pgno 4           an LZ4 frame                yes
 *     v3-frame  Litestream 0.5.0 to 0.5.15                      pgno 4, 0000 2   an LZ4 frame                yes
 *     v3-block  Litestream from 0.5.16 on                       pgno 4, 0001 2,  an LZ4 block                yes
 *                                                               its size 4
 *
 * A page header of zeros (without a size) ends the page block. In v3 each page says by its own flag what it is, so one
 * file may have both.
 */

import { readUint16BE, readUint32BE } from "../bytes.ts";
import { compressBlockBound } from "../lz4/index.ts";

/** `v3-frame` for a v3 file without pages too: every reader of v3 reads it. */
export type LtxVariant = "v1-raw" | "v1-lz4" | "v2-frame" | "v3-frame" | "v3-block";

/** All variants that released programs have written, oldest first. */
export const LTX_VARIANTS: readonly LtxVariant[] = ["v1-raw", "v1-lz4", "v2-frame", "v3-frame", "v3-block"];

/** Page flag of v3: the size of an LZ4 block follows, and the block. */
export const PAGE_FLAG_BLOCK = 1;

/** How an LZ4 frame begins. */
export const LZ4_MAGIC = 0x04224d18;

/** Size of a page header, without the size of a block: of the zeros that end the page block too. */
export function pageHeaderSize(variant: LtxVariant): 4 | 6 {
  return variant === "v3-frame" || variant === "v3-block" ? 6 : 4;
}

/** Whether there is a page index behind the page block. */
export function hasPageIndex(variant: LtxVariant): boolean {
  return variant !== "v1-raw" && variant !== "v1-lz4";
}

/** The largest LZ4 block that a page of `pageSize` bytes can become: one run of literals. */
export function largestBlock(pageSize: number): number {
  return compressBlockBound(pageSize);
}

/** How many bytes of the page block {@link recognizeVariant} looks at, at the most. */
export const RECOGNIZE_SIZE = 13;

/**
 * The variant of a file without header flag bit 0, by the first 13 bytes of its page block (`bytes` at `at`).
 *
 * It can be fooled only by a v1-raw file whose first page is made to look like a compressed one. An empty block is told
 * by what follows the zeros: in v1-raw a post-apply checksum, which is 0 or has its highest bit set, and at byte 12 a file
 * checksum, which has it set; in v2 and v3 an index of one byte, and at byte 12 a part of its size.
 */
export function recognizeVariant(bytes: Uint8Array, at: number, pageSize: number): LtxVariant {
  const flags = readUint16BE(bytes, at + 4);
  if (readUint32BE(bytes, at) === 0) {
    const byte = bytes[at + 12]!;
    if ((flags === 0 ? byte : bytes[at + 4]!) >= 0x80) return "v1-raw";
    return flags === 0 && byte === 1 ? "v2-frame" : "v3-frame";
  }
  if (readUint32BE(bytes, at + 4) === LZ4_MAGIC) return "v2-frame";
  const next = readUint32BE(bytes, at + 6);
  if (flags === 0 && next === LZ4_MAGIC) return "v3-frame";
  if (flags === PAGE_FLAG_BLOCK && next >= 1 && next <= largestBlock(pageSize)) return "v3-block";
  return "v1-raw";
}
