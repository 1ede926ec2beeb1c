/**
 * The content of one frame after another: blocks decoded where their history is, and held against what the frame says
 * of them. Layout: `frame-decode.ts`.
 */

import { hex, readUint32LE } from "../bytes.ts";
import { type ErrorCode, WalkitError } from "../errors.ts";
import { decodeBlock, describeBlockError } from "./block-decode.ts";
import type { FrameHeader } from "./frame-header.ts";
import { borrow, giveBack } from "./scratch.ts";
import { XXHash32, xxh32 } from "./xxhash32.ts";

/** How far back a match can reach, rounded up. */
const historySize = 65536;

/** Every offset here is where the element at hand begins in the file: for errors. */
export class FrameBody {
  readonly #checksums: boolean;
  readonly #path: string | undefined;
  #header!: FrameHeader;
  /** Decompressed: up to `#windowEnd` history for linked blocks, then room for a block. */
  #window: Uint8Array | undefined;
  #windowEnd = 0;
  /** Decompressed bytes so far. */
  #produced = 0;
  #hash: XXHash32 | undefined;

  constructor(checksums: boolean, path: string | undefined) {
    this.#checksums = checksums;
    this.#path = path;
  }

  begin(header: FrameHeader): void {
    this.#header = header;
    this.#produced = 0;
    this.#windowEnd = 0;
    if (header.contentChecksum && this.#checksums) {
      if (this.#hash === undefined) this.#hash = new XXHash32();
      else this.#hash.reset();
    }
  }

  /**
   * Checks and decodes the block of `size` bytes at `data[start]`, its checksum behind it. What is returned is valid
   * until the next call, and as long as `data` is.
   */
  block(data: Uint8Array, start: number, size: number, stored: boolean, offset: number): Uint8Array {
    const header = this.#header;
    const end = start + size;
    if (header.blockChecksum && this.#checksums) {
      const checksum = readUint32LE(data, end);
      const actual = xxh32(data.subarray(start, end));
      if (actual !== checksum) {
        this.#fail(
          "lz4/block-checksum",
          `Expected block checksum 0x${hex(checksum)}, found that the block has 0x${hex(actual)}`,
          offset,
        );
      }
    }
    let block: Uint8Array;
    if (stored && header.blockIndependence) {
      block = data.subarray(start, end);
    } else {
      const from = this.#makeRoom(stored ? size : Math.min(header.blockMaxSize, size * 255));
      const window = this.#window!;
      let to = from + size;
      if (stored) {
        window.set(data.subarray(start, end), from);
      } else {
        const limit = Math.min(from + header.blockMaxSize, window.length);
        to = decodeBlock(data, start, end, window, from, limit);
        if (to < 0) {
          const message = describeBlockError(data, start, end, ~to, header.blockMaxSize, from);
          this.#fail("lz4/block-data", message, offset + 4 + ~to - start);
        }
      }
      if (!header.blockIndependence) this.#windowEnd = to;
      block = window.subarray(from, to);
    }
    this.#produced += block.length;
    const { contentSize } = header;
    if (contentSize !== undefined && this.#produced > contentSize) {
      this.#failContentSize(contentSize, `${this.#produced} or more`, offset);
    }
    if (header.contentChecksum && this.#checksums) this.#hash!.update(block);
    return block;
  }

  /** At the end mark: the content has the size that the header declares. */
  checkSize(offset: number): void {
    const { contentSize } = this.#header;
    if (contentSize !== undefined && this.#produced !== contentSize) {
      this.#failContentSize(contentSize, `${this.#produced}`, offset);
    }
  }

  checkContent(checksum: number, offset: number): void {
    if (!this.#checksums) return;
    const actual = this.#hash!.digest();
    if (actual !== checksum) {
      this.#fail(
        "lz4/content-checksum",
        `Expected content checksum 0x${hex(checksum)}, found that the content has 0x${hex(actual)}`,
        offset,
      );
    }
  }

  /** The frame is over, and its last block is nobody's any more. */
  release(): void {
    if (this.#window !== undefined) giveBack(this.#window);
    this.#window = undefined;
  }

  /** Sees that the window has room for `size` bytes after its history; returns where they go. */
  #makeRoom(size: number): number {
    const window = this.#window;
    const end = this.#windowEnd;
    if (window !== undefined && end + size <= window.length) return end;
    const kept = Math.min(end, historySize);
    if (window !== undefined && kept + size <= window.length) {
      window.copyWithin(0, end - kept, end);
    } else {
      // Linked blocks get some more, so that the history is not moved for every one of them.
      const larger = borrow(kept + size + (end > 0 ? 4 * historySize : 0));
      if (window !== undefined) {
        larger.set(window.subarray(end - kept, end));
        giveBack(window);
      }
      this.#window = larger;
    }
    this.#windowEnd = kept;
    return kept;
  }

  #failContentSize(declared: number, found: string, offset: number): never {
    const expected = `${declared} bytes of content, as the frame header says`;
    return this.#fail("lz4/content-size", `Expected ${expected}, found ${found}`, offset);
  }

  #fail(code: ErrorCode, message: string, offset: number): never {
    throw new WalkitError(code, message, { path: this.#path, offset });
  }
}
