/**
 * Single pages, decompressed: an LZ4 block, or an LZ4 frame as every known writer makes them. Any other frame, and one that
 * is not sound, is left to the general decoder of `lz4`, which takes several times as long for a frame so small.
 *
 * It happens in an arena: first room for the block and what stands around it, then for a page, with room before it for what
 * a checksum takes in with the page.
 */

import { readUint32BE, readUint32LE } from "../bytes.ts";
import { WalkitError } from "../errors.ts";
import { ARENA_START, type Arena } from "../kernel/index.ts";
import { describeBlockError } from "../lz4/block-decode.ts";
import { XXHash32 } from "../lz4/index.ts";
import { LZ4_MAGIC, largestBlock } from "./variant.ts";

/** Room in front of a page, for its header. */
const BEFORE = 16;
/** The decoder copies by words as long as it is farther than this from the end of its room. */
const MARGIN = 64;

/** Bytes of a usual frame before its block: magic, FLG, BD, header checksum, size of the block. */
const HEAD = 11;
/** End mark and content checksum. */
const TAIL = 8;
/** FLG, BD and header checksum of a usual frame, with content checksum: version 01, independent blocks, 64 KiB. */
const USUAL = 0x6440a7;

/** What {@link PageDecoder.frame} says of a frame that is not usual, or not sound. */
export const UNUSUAL = -1;

export class PageDecoder {
  readonly pageSize: number;
  /** Position of the page in the arena. The {@link BEFORE} bytes before it are free. */
  readonly page: number;
  /** What positions an arena must have: see `borrow`. */
  readonly arenaEnd: number;
  readonly #hash = new XXHash32();

  constructor(pageSize: number) {
    this.pageSize = pageSize;
    this.page = (ARENA_START + largestBlock(pageSize) + BEFORE + 15) & ~15;
    this.arenaEnd = this.page + pageSize + MARGIN;
  }

  /**
   * Decodes the block of `size` bytes at `source[start]`, which is at `offset` of the file.
   *
   * Throws `lz4/block-data` where it is damaged, `ltx/page-data` where it is not exactly a page.
   */
  block(arena: Arena, source: Uint8Array, start: number, size: number, offset: number, path?: string): void {
    const { page, pageSize } = this;
    arena.bytes.set(source.subarray(start, start + size), ARENA_START);
    const end = arena.decodeBlock(ARENA_START, ARENA_START + size, page, page, page + pageSize + MARGIN);
    if (end === page + pageSize) return;
    if (end >= 0) throw wrongSize(pageSize, `${end - page}`, offset, path);
    const sequence = ~end - ARENA_START;
    const message = describeBlockError(source.subarray(start, start + size), sequence, pageSize, 0);
    // The block goes on beyond the page: nothing says that its bytes are wrong.
    if (message.startsWith("Expected at most")) throw wrongSize(pageSize, "more", offset, path);
    throw new WalkitError("lz4/block-data", message, { path, offset: offset + sequence });
  }

  /** Size of the usual frame whose first {@link HEAD} bytes are at `source[start]`, or {@link UNUSUAL}. */
  frameSize(source: Uint8Array, start: number): number {
    const descriptor = readUint32BE(source, start + 3) & 0xffffff;
    if (readUint32BE(source, start) !== LZ4_MAGIC || descriptor !== USUAL) return UNUSUAL;
    const size = readUint32LE(source, start + 7) & 0x7fffffff;
    return size > 0 && size <= this.pageSize ? HEAD + size + TAIL : UNUSUAL;
  }

  /**
   * Decodes the frame of `size` bytes at `source[start]`, of which {@link frameSize} has told. `false`: it is not sound, or not
   * exactly a page in one block; nothing has been done.
   */
  frame(arena: Arena, source: Uint8Array, start: number, size: number): boolean {
    const { page, pageSize } = this;
    const block = start + HEAD;
    const end = start + size - TAIL;
    if (readUint32LE(source, end) !== 0) return false;
    if (source[block - 1]! & 0x80) {
      if (end - block !== pageSize) return false;
      arena.bytes.set(source.subarray(block, end), page);
    } else {
      arena.bytes.set(source.subarray(block, end), ARENA_START);
      const to = ARENA_START + end - block;
      const decoded = arena.decodeBlock(ARENA_START, to, page, page, page + pageSize + MARGIN);
      if (decoded !== page + pageSize) return false;
    }
    this.#hash.reset();
    this.#hash.update(arena.bytes.subarray(page, page + pageSize), arena);
    return this.#hash.digest() === readUint32LE(source, end + 4);
  }
}

/** Bytes at the beginning of a frame that {@link PageDecoder.frameSize} looks at. */
export const FRAME_HEAD: number = HEAD;

/** A page that decompresses to other than a page. */
export function wrongSize(pageSize: number, found: string, offset: number, path?: string): WalkitError {
  const message = `Expected a page that decompresses to ${pageSize} bytes, found ${found}`;
  return new WalkitError("ltx/page-data", message, { path, offset });
}
