/**
 * LZ4 frames, encoded.
 *
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md (version 1.6.x); layouts: `frame-header.ts`,
 * `frame-decode.ts`.
 */

import { concat, writeUint32LE } from "../bytes.ts";
import { ARENA_START, type Arena, encodeIn } from "../kernel/index.ts";
import { borrow, giveBack } from "./arenas.ts";
import { encodedBlock } from "./block-encode.ts";
import { formatFrameHeader, LEGACY_BLOCK_SIZE, LEGACY_MAGIC, SKIPPABLE_MAGIC } from "./frame-header.ts";
import { XXHash32, xxh32 } from "./xxhash32.ts";

const historySize = 65536;

/** What a frame is to be like. */
export interface EncodeOptions {
  /** Bytes of content in each block but the last. Default 4194304, as Litestream writes. */
  blockMaxSize?: 65536 | 262144 | 1048576 | 4194304;
  /** No block refers to the ones before it. Default true. */
  blockIndependence?: boolean;
  /** A checksum after each block. Default false. */
  blockChecksum?: boolean;
  /** A checksum of the content at the end of the frame. Default true. */
  contentChecksum?: boolean;
  /** The size of the content, to be declared in the header. Default: not declared. */
  contentSize?: number;
}

/**
 * Writes one LZ4 frame. Blocks are cut at `blockMaxSize`, however the content is pushed: the same content and options
 * give the same bytes.
 */
export class FrameEncoder {
  readonly #blockMaxSize: number;
  readonly #independent: boolean;
  readonly #blockChecksum: boolean;
  readonly #contentSize: number | undefined;
  readonly #hash: XXHash32 | undefined;
  #header: Uint8Array | undefined;
  /** Holds the history for linked blocks and the block that is being filled, then what that becomes. */
  #arena: Arena | undefined;
  /** Where that block begins and ends in the arena. */
  #blockStart = ARENA_START;
  #end = ARENA_START;
  #size = 0;
  #state: "open" | "pushing" | "ended" = "open";

  /** @throws RangeError for a block size or a content size that the format does not have */
  constructor(options: EncodeOptions = {}) {
    const { blockMaxSize = 4194304, contentSize } = options;
    if (![65536, 262144, 1048576, 4194304].includes(blockMaxSize)) {
      throw new RangeError(
        `Expected a blockMaxSize of 65536, 262144, 1048576 or 4194304, found ${blockMaxSize}`,
      );
    }
    if (contentSize !== undefined && (!Number.isSafeInteger(contentSize) || contentSize < 0)) {
      throw new RangeError(`Expected a contentSize that is a whole number of bytes, found ${contentSize}`);
    }
    this.#blockMaxSize = blockMaxSize;
    this.#independent = options.blockIndependence ?? true;
    this.#blockChecksum = options.blockChecksum ?? false;
    this.#contentSize = contentSize;
    const contentChecksum = options.contentChecksum ?? true;
    this.#hash = contentChecksum ? new XXHash32() : undefined;
    this.#header = formatFrameHeader({
      blockMaxSize,
      blockIndependence: this.#independent,
      blockChecksum: this.#blockChecksum,
      contentChecksum,
      contentSize,
    });
  }

  /**
   * Takes the next piece of the content, and yields what it completes of the frame: the caller's to keep. The generator
   * must be drained before the next call.
   *
   * @throws RangeError when the content grows beyond the declared size
   */
  push(input: Uint8Array): Generator<Uint8Array, void, undefined> {
    this.#begin();
    if (this.#contentSize !== undefined && this.#size + input.length > this.#contentSize) {
      throw new RangeError(
        `Expected ${this.#contentSize} bytes of content, as declared, found ${this.#size + input.length} or more`,
      );
    }
    this.#state = "pushing";
    return this.#push(input);
  }

  *#push(input: Uint8Array): Generator<Uint8Array, void, undefined> {
    yield* this.#takeHeader();
    this.#size += input.length;
    this.#arena ??= borrow(this.#encoded + 4 + this.#blockMaxSize + 4);
    for (let at = 0; at < input.length; ) {
      const size = Math.min(this.#blockStart + this.#blockMaxSize - this.#end, input.length - at);
      this.#arena.bytes.set(input.subarray(at, at + size), this.#end);
      this.#end += size;
      at += size;
      if (this.#end - this.#blockStart === this.#blockMaxSize) yield this.#block(this.#arena);
    }
    this.#state = "open";
  }

  /**
   * Yields the rest of the frame.
   *
   * @throws RangeError when the content is smaller than declared
   */
  end(): Generator<Uint8Array, void, undefined> {
    this.#begin();
    if (this.#contentSize !== undefined && this.#size !== this.#contentSize) {
      throw new RangeError(
        `Expected ${this.#contentSize} bytes of content, as declared, found ${this.#size}`,
      );
    }
    this.#state = "ended";
    return this.#finish();
  }

  *#finish(): Generator<Uint8Array, void, undefined> {
    yield* this.#takeHeader();
    if (this.#arena !== undefined) {
      if (this.#end > this.#blockStart) yield this.#block(this.#arena);
      giveBack(this.#arena);
      this.#arena = undefined;
    }
    const tail = new Uint8Array(this.#hash === undefined ? 4 : 8);
    if (this.#hash !== undefined) writeUint32LE(tail, 4, this.#hash.digest());
    yield tail;
  }

  #begin(): void {
    if (this.#state === "ended") throw new TypeError("Expected a new encoder: the frame has ended");
    if (this.#state === "pushing") {
      throw new TypeError("Expected the generator of the last push to be drained");
    }
  }

  *#takeHeader(): Generator<Uint8Array, void, undefined> {
    const header = this.#header;
    this.#header = undefined;
    if (header !== undefined) yield header;
  }

  /** Where the block goes in the arena once it is encoded. */
  get #encoded(): number {
    return ARENA_START + (this.#independent ? 0 : historySize) + this.#blockMaxSize;
  }

  /** Encodes the block; keeps of it what the next one may refer to. */
  #block(arena: Arena): Uint8Array<ArrayBuffer> {
    const { bytes } = arena;
    const [start, end, out] = [this.#blockStart, this.#end, this.#encoded];
    const size = end - start;
    this.#hash?.update(bytes.subarray(start, end), arena);
    // Room for one byte less than the block has: what does not shrink is stored as it is.
    const to = encodeIn(arena, start, end, ARENA_START, out + 4, out + 4 + size - 1);
    let dataEnd = to;
    if (to >= 0) {
      writeUint32LE(bytes, out, to - out - 4);
    } else {
      writeUint32LE(bytes, out, size | 0x80000000);
      bytes.copyWithin(out + 4, start, end);
      dataEnd = out + 4 + size;
    }
    if (this.#blockChecksum) {
      writeUint32LE(bytes, dataEnd, xxh32(bytes.subarray(out + 4, dataEnd)));
      dataEnd += 4;
    }
    const kept = this.#independent ? 0 : Math.min(end - ARENA_START, historySize);
    bytes.copyWithin(ARENA_START, end - kept, end);
    this.#blockStart = this.#end = ARENA_START + kept;
    return bytes.slice(out, dataEnd);
  }
}

/** Compresses `input` to one LZ4 frame. */
export function compress(input: Uint8Array, options: EncodeOptions = {}): Uint8Array {
  const encoder = new FrameEncoder(options);
  return concat([...encoder.push(input), ...encoder.end()]);
}

/** Compresses `input` to a frame of the legacy format (`lz4 -l`, Linux kernels): no checksum, no sizes. */
export function compressLegacy(input: Uint8Array): Uint8Array {
  const magic = new Uint8Array(4);
  writeUint32LE(magic, 0, LEGACY_MAGIC);
  const parts = [magic];
  for (let at = 0; at < input.length; at += LEGACY_BLOCK_SIZE) {
    const end = Math.min(at + LEGACY_BLOCK_SIZE, input.length);
    const size = new Uint8Array(4);
    const block = encodedBlock(input.subarray(at, end));
    writeUint32LE(size, 0, block.length);
    parts.push(size, block);
  }
  return concat(parts);
}

/**
 * A skippable frame around `payload`: decoders of LZ4 pass over it.
 *
 * @throws RangeError when `id` is not 0 to 15, or the payload is larger than 2^32 - 1 bytes
 */
export function skippableFrame(payload: Uint8Array, id = 0): Uint8Array {
  if (!Number.isInteger(id) || id < 0 || id > 15) {
    throw new RangeError(`Expected an id from 0 to 15, found ${id}`);
  }
  if (payload.length > 0xffffffff) {
    throw new RangeError(`Expected a payload below 2^32 bytes, found ${payload.length}`);
  }
  const head = new Uint8Array(8);
  writeUint32LE(head, 0, SKIPPABLE_MAGIC + id);
  writeUint32LE(head, 4, payload.length);
  return concat([head, payload]);
}
