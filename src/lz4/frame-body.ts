/**
 * The content of one frame after another: blocks decoded where their history is, and held against what the frame says
 * of them. Layout: `frame-decode.ts`.
 *
 * It happens in an arena: first room for a compressed block, then the window, which is history for linked blocks and the
 * block that is decoded.
 */

import { hex, readUint32LE } from "../bytes.ts";
import { type ErrorCode, WalkitError } from "../errors.ts";
import { ARENA_START, type Arena } from "../kernel/index.ts";
import { borrow, giveBack } from "./arenas.ts";
import { describeBlockError } from "./block-decode.ts";
import { compressBlockBound } from "./block-encode.ts";
import type { FrameHeader } from "./frame-header.ts";
import { XXHash32, xxh32 } from "./xxhash32.ts";

/** How far back a match can reach, rounded up. */
const historySize = 65536;

/** Every offset here is where the element at hand begins in the file: for errors. */
export class FrameBody {
  readonly #checksums: boolean;
  readonly #path: string | undefined;
  #header!: FrameHeader;
  #arena: Arena | undefined;
  /** The window, as positions in the arena, and the end of the history in it. */
  #window = 0;
  #windowSize = 0;
  #historyEnd = 0;
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
    // With the checksum behind it; a multiple of 16 keeps copies aligned.
    this.#window = ARENA_START + ((compressBlockBound(header.blockMaxSize) + 4 + 15) & ~15);
    // Linked blocks get some more, so that the history is not moved for every one of them.
    this.#windowSize = header.blockMaxSize + (header.blockIndependence ? 0 : 5 * historySize);
    this.#historyEnd = this.#window;
    if (header.contentChecksum && this.#checksums) {
      if (this.#hash === undefined) this.#hash = new XXHash32();
      else this.#hash.reset();
    }
  }

  /** Takes bytes of a compressed block, and the checksum behind it, that the input cuts; `at` bytes of it are there. */
  hold(bytes: Uint8Array, at: number): void {
    this.#borrowed().bytes.set(bytes, ARENA_START + at);
  }

  /**
   * Checks and decodes the block of `size` bytes at `data[start]`, its checksum behind it; without `data`, the one that
   * {@link hold} took. What is returned is valid until the next call, and as long as `data` is.
   */
  block(
    data: Uint8Array | undefined,
    start: number,
    size: number,
    stored: boolean,
    offset: number,
  ): { block: Uint8Array; checksum: number | undefined } {
    const header = this.#header;
    const source = data ?? this.#borrowed().bytes;
    const from = data ? start : ARENA_START;
    const checksum = header.blockChecksum ? readUint32LE(source, from + size) : undefined;
    if (checksum !== undefined && this.#checksums) {
      const actual = xxh32(source.subarray(from, from + size));
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
      block = source.subarray(from, from + size);
    } else {
      const arena = this.#borrowed();
      const to = this.#makeRoom(arena);
      let end = to + size;
      if (stored) {
        arena.bytes.set(source.subarray(from, from + size), to);
      } else {
        if (data) arena.bytes.set(data.subarray(start, start + size), ARENA_START);
        const limit = to + header.blockMaxSize;
        end = arena.decodeBlock(ARENA_START, ARENA_START + size, this.#window, to, limit);
        if (end < 0) {
          const compressed = arena.bytes.subarray(ARENA_START, ARENA_START + size);
          const sequence = ~end - ARENA_START;
          const message = describeBlockError(compressed, sequence, header.blockMaxSize, to - this.#window);
          this.#failBlock(message, offset + 4 + sequence);
        }
      }
      if (!header.blockIndependence) this.#historyEnd = end;
      block = arena.bytes.subarray(to, end);
    }
    this.#produced += block.length;
    const { contentSize } = header;
    if (contentSize !== undefined && this.#produced > contentSize) {
      this.#failContentSize(contentSize, `${this.#produced} or more`, offset);
    }
    if (header.contentChecksum && this.#checksums) this.#hash!.update(block, this.#arena);
    return { block, checksum };
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
    if (this.#arena !== undefined) giveBack(this.#arena);
    this.#arena = undefined;
  }

  #borrowed(): Arena {
    return (this.#arena ??= borrow(this.#window + this.#windowSize));
  }

  /** Sees that the window has room for a block after its history; returns where it goes. */
  #makeRoom({ bytes }: Arena): number {
    const end = this.#historyEnd;
    if (end + this.#header.blockMaxSize <= this.#window + this.#windowSize) return end;
    const kept = Math.min(end - this.#window, historySize);
    bytes.copyWithin(this.#window, end - kept, end);
    this.#historyEnd = this.#window + kept;
    return this.#historyEnd;
  }

  #failContentSize(declared: number, found: string, offset: number): never {
    const expected = `${declared} bytes of content, as the frame header says`;
    return this.#fail("lz4/content-size", `Expected ${expected}, found ${found}`, offset);
  }

  /** A match that reaches back past the first byte may mean the dictionary that the header names. */
  #failBlock(message: string, offset: number): never {
    const { dictionaryId } = this.#header;
    if (dictionaryId === undefined || !message.includes("a match offset of at most")) {
      return this.#fail("lz4/block-data", message, offset);
    }
    throw new WalkitError("lz4/dictionary", `${message}: the frame needs dictionary 0x${hex(dictionaryId)}`, {
      path: this.#path,
      offset,
      remedy: { do: "recompress" },
    });
  }

  #fail(code: ErrorCode, message: string, offset: number): never {
    throw new WalkitError(code, message, { path: this.#path, offset });
  }
}
