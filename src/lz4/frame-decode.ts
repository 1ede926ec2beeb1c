/**
 * LZ4 frames, decoded as they come.
 *
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md (version 1.6.x); headers: `frame-header.ts`.
 *
 * ```
 * block    | size 4, LE: highest bit set = stored as it is; the other bits = bytes of data | data | checksum 0/4, LE |
 *          size 0 is the end mark: no data, no checksum
 * ```
 *
 * Memory: one compressed block, where the input cuts it; one decompressed block; 64 KiB before it where blocks are
 * linked. What an error says, and where, does not depend on how the input is cut.
 */

import { hexBytes, readUint32LE } from "../bytes.ts";
import { type ErrorCode, WalkitError } from "../errors.ts";
import { compressBlockBound } from "./block-encode.ts";
import type { BlockInfo, DecodeObserver, DecodeOptions } from "./decode-options.ts";
import { FrameBody } from "./frame-body.ts";
import {
  badMagic,
  beginsMagic,
  checkDescriptor,
  type FrameHeader,
  frameKind,
  headerBytesNeeded,
  LARGEST_HEADER,
  LEGACY_BLOCK_SIZE,
  parseFrameHeader,
} from "./frame-header.ts";

const largestLegacyBlock = compressBlockBound(LEGACY_BLOCK_SIZE);

type State = "header" | "skip" | "block-header" | "block" | "content-checksum" | "trailing";

/** Decodes LZ4 frames, one after another, in bounded memory. */
export class FrameDecoder {
  #frames = 0;
  #header: FrameHeader | undefined;
  #consumed = 0;
  #produced = 0;
  #trailingOffset: number | undefined;

  readonly #body: FrameBody;
  readonly #maxOutputSize: number;
  readonly #firstOnly: boolean;
  readonly #ignoreTrailing: boolean;
  readonly #path: string | undefined;
  readonly #observer: DecodeObserver | undefined;

  #state: State = "header";
  /** Bytes pushed so far, the present chunk included. */
  #received = 0;
  /** A header or a size or a checksum, as far as it is there. */
  readonly #field = new Uint8Array(LARGEST_HEADER);
  #fieldSize = 0;
  /** What is still to come of a skippable frame. */
  #skip = 0;
  #stored = false;
  /** Bytes of data in the block being read. */
  #blockSize = 0;
  /** Bytes of that block, and the checksum behind it, that the body holds, where the input cuts it. */
  #heldSize = 0;
  #pushing = false;
  #failure: unknown;

  /** `observer` is for `inspect.ts`. */
  constructor(options: DecodeOptions = {}, observer?: DecodeObserver) {
    this.#body = new FrameBody(options.checksums ?? true, options.path);
    this.#maxOutputSize = options.maxOutputSize ?? Number.POSITIVE_INFINITY;
    this.#firstOnly = options.frames === "first";
    this.#ignoreTrailing = options.trailing === "ignore";
    this.#path = options.path;
    this.#observer = observer;
  }

  /** Complete data frames so far. Skippable frames do not count. */
  get frames(): number {
    return this.#frames;
  }

  /** Header of the data frame being decoded, or of the last one. */
  get header(): FrameHeader | undefined {
    return this.#header;
  }

  /** Compressed bytes consumed: where the last complete element (header, block, checksum, skippable frame) ends. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Decompressed bytes in all. */
  get produced(): number {
    return this.#produced;
  }

  /** Where trailing data begins, once met under `trailing: "ignore"`. */
  get trailingOffset(): number | undefined {
    return this.#trailingOffset;
  }

  /**
   * Takes the next piece of the input, cut anywhere, and yields what it completes, block by block.
   *
   * A yielded array is valid until the generator is advanced or left: it may be the piece itself or a buffer that is used
   * again. The generator must be drained before the next call; `input` must not change until then.
   *
   * @throws WalkitError with any of the codes `lz4/…`; after that the decoder only repeats the error
   */
  push(input: Uint8Array): Generator<Uint8Array, void, undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#pushing) throw new TypeError("Expected the generator of the last push to be drained");
    this.#pushing = true;
    return this.#guarded(input);
  }

  *#guarded(input: Uint8Array): Generator<Uint8Array, void, undefined> {
    try {
      yield* this.#run(input);
      this.#pushing = false;
    } catch (error) {
      this.#fall(error);
    } finally {
      // Left before its end: there is no going on, and nobody may look at what was yielded.
      if (this.#pushing && this.#failure === undefined) {
        this.#failure = new TypeError("Expected the generator of the last push to be drained");
        this.#body.release();
      }
    }
  }

  *#run(input: Uint8Array): Generator<Uint8Array, void, undefined> {
    let at = 0;
    this.#received += input.length;
    for (;;) {
      switch (this.#state) {
        case "header": {
          if (this.#firstOnly && this.#frames > 0) {
            if (this.#fieldSize === 0 && at === input.length) return;
            this.#meetTrailing("Expected the end of the file after the first frame, found more data");
            break;
          }
          const needed = headerBytesNeeded(this.#field, this.#fieldSize);
          at = this.#gather(input, at, needed);
          if (this.#fieldSize < needed) return;
          this.#headerPart();
          break;
        }
        case "skip": {
          const size = Math.min(this.#skip, input.length - at);
          at += size;
          this.#skip -= size;
          if (this.#skip > 0) return;
          this.#consumed = this.#received - (input.length - at);
          this.#observer?.frameEnd(this.#consumed, undefined);
          this.#state = "header";
          break;
        }
        case "block-header": {
          at = this.#gather(input, at, 4);
          if (this.#fieldSize < 4) return;
          this.#blockHeader(readUint32LE(this.#field, 0));
          break;
        }
        case "block": {
          const size = this.#blockSize + (this.#header!.blockChecksum ? 4 : 0);
          const start = at;
          const isWhole = this.#heldSize === 0 && input.length - at >= size;
          at = Math.min(at + size - this.#heldSize, input.length);
          if (!isWhole) {
            this.#body.hold(input.subarray(start, at), this.#heldSize);
            this.#heldSize += at - start;
            if (this.#heldSize < size) return;
            this.#heldSize = 0;
          }
          const block = this.#block(isWhole ? input : undefined, start);
          if (block.length > 0) yield block;
          break;
        }
        case "content-checksum": {
          at = this.#gather(input, at, 4);
          if (this.#fieldSize < 4) return;
          this.#contentChecksum(readUint32LE(this.#field, 0));
          break;
        }
        case "trailing":
          return;
      }
    }
  }

  /**
   * Says that the input is at its end.
   *
   * @throws WalkitError `lz4/truncated` when it stopped inside a frame, or held nothing at all
   */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#pushing) throw new TypeError("Expected the generator of the last push to be drained");
    try {
      this.#end();
    } catch (error) {
      this.#fall(error);
    }
  }

  /** What was yielded before is nobody's any more, so the arena can go on to the next decoder. */
  #fall(error: unknown): never {
    this.#failure = error;
    this.#body.release();
    throw error;
  }

  #end(): void {
    const has = this.#fieldSize;
    const after = has === 0 ? "the end of the file" : `the end of the file after ${has}`;
    switch (this.#state) {
      case "trailing":
        return;
      case "header":
        if (this.#received === 0) this.#truncated("Expected an LZ4 frame, found an empty file");
        if (has === 0) return;
        if (has < 4 && !beginsMagic(this.#field, has)) {
          this.#notAFrame();
          return;
        }
        if (has < 4) this.#truncated(`Expected the 4 bytes of an LZ4 magic number, found ${after}`);
        this.#truncated(
          `Expected ${Math.max(headerBytesNeeded(this.#field, has), 7)} bytes of frame header, found ${after}`,
        );
        break;
      case "skip":
        this.#truncated(`Expected ${this.#skip} more bytes of a skippable frame, found the end of the file`);
        break;
      case "block-header":
        if (this.#header!.kind === "legacy" && has === 0) {
          this.#frameEnd(undefined);
          return;
        }
        this.#truncated(
          has === 0
            ? `Expected another block or the end mark of the frame, found ${after}`
            : `Expected the 4 bytes of a block size, found ${after}`,
        );
        break;
      case "block": {
        const size = this.#blockSize + (this.#header!.blockChecksum ? 4 : 0);
        this.#truncated(
          `Expected a block of ${size} bytes, found the end of the file after ${this.#heldSize}`,
        );
        break;
      }
      case "content-checksum":
        this.#truncated(`Expected the 4 bytes of the content checksum, found ${after}`);
    }
  }

  /** Collects a field of `size` bytes; returns where the input goes on. */
  #gather(input: Uint8Array, at: number, size: number): number {
    while (at < input.length && this.#fieldSize < size) this.#field[this.#fieldSize++] = input[at++]!;
    return at;
  }

  /** A part of a header is there: as much as tells what is next. */
  #headerPart(): void {
    const size = this.#fieldSize;
    const kind = frameKind(readUint32LE(this.#field, 0));
    if (kind === undefined) {
      this.#notAFrame();
      return;
    }
    const place = { path: this.#path, offset: this.#consumed };
    if (kind === "lz4" && size >= 6) checkDescriptor(this.#field, place);
    if (size < headerBytesNeeded(this.#field, size)) return;
    const header = parseFrameHeader(this.#field.subarray(0, size), place);
    this.#fieldSize = 0;
    this.#consumed += size;
    this.#observer?.header(header);
    if (header.skippableSize !== undefined) {
      this.#skip = header.skippableSize;
      this.#consumed -= size; // a skippable frame is one element
      this.#state = "skip";
      return;
    }
    this.#header = header;
    this.#body.begin(header);
    this.#state = "block-header";
  }

  #blockHeader(value: number): void {
    const header = this.#header!;
    if (header.kind === "legacy") {
      if (frameKind(value) !== undefined || value > largestLegacyBlock) {
        // Not the size of a block: the frame is over, and these 4 bytes are the next thing in the file.
        this.#frameEnd(undefined);
        return;
      }
      if (value === 0) {
        this.#fail("lz4/block-size", `Expected a block size from 1 to ${largestLegacyBlock}, found 0`);
      }
      this.#stored = false;
      this.#blockSize = value;
    } else {
      if (value === 0) {
        this.#endMark();
        return;
      }
      this.#stored = value > 0x7fffffff;
      this.#blockSize = value & 0x7fffffff;
      if (this.#blockSize > header.blockMaxSize) {
        this.#fail(
          "lz4/block-size",
          `Expected a block of at most ${header.blockMaxSize} bytes, found a size of ${this.#blockSize}`,
        );
      }
    }
    this.#fieldSize = 0;
    this.#state = "block";
  }

  /** Takes the block of `#blockSize` bytes, its checksum behind it, at `data[start]` or held. */
  #block(data: Uint8Array | undefined, start: number): Uint8Array {
    const size = this.#blockSize;
    const { block, checksum } = this.#body.block(data, start, size, this.#stored, this.#consumed);
    if (this.#produced + block.length > this.#maxOutputSize) {
      this.#fail(
        "lz4/output-limit",
        `Expected at most ${this.#maxOutputSize} decompressed bytes, found ${this.#produced + block.length} or more`,
      );
    }
    this.#produced += block.length;
    if (this.#observer !== undefined) {
      const info: BlockInfo = {
        offset: this.#consumed,
        compressedSize: size,
        stored: this.#stored,
        decompressedSize: block.length,
      };
      if (checksum !== undefined) info.checksum = checksum;
      this.#observer.block(info);
    }
    this.#consumed += 4 + size + (checksum === undefined ? 0 : 4);
    this.#state = "block-header";
    return block;
  }

  #endMark(): void {
    this.#body.checkSize(this.#consumed);
    this.#consumed += 4;
    this.#fieldSize = 0;
    if (this.#header!.contentChecksum) this.#state = "content-checksum";
    else this.#frameEnd(undefined);
  }

  #contentChecksum(checksum: number): void {
    this.#body.checkContent(checksum, this.#consumed);
    this.#consumed += 4;
    this.#fieldSize = 0;
    this.#frameEnd(checksum);
  }

  #frameEnd(contentChecksum: number | undefined): void {
    this.#frames++;
    this.#observer?.frameEnd(this.#consumed, contentChecksum);
    this.#body.release();
    this.#state = "header";
  }

  /** What should be a magic number is none. */
  #notAFrame(): void {
    const found = this.#field.subarray(0, Math.min(this.#fieldSize, 4));
    if (this.#frames === 0) throw badMagic(found, this.#path, this.#consumed);
    this.#meetTrailing(`Expected the end of the file or another LZ4 frame, found ${hexBytes(found)}`);
  }

  #meetTrailing(message: string): void {
    if (!this.#ignoreTrailing) this.#fail("lz4/trailing-data", message);
    this.#trailingOffset = this.#consumed;
    this.#state = "trailing";
  }

  #truncated(message: string): never {
    throw new WalkitError("lz4/truncated", message, {
      path: this.#path,
      offset: this.#received,
      remedy: this.#received === 0 ? undefined : { do: "fetch-again", what: "file" },
    });
  }

  /** Fails `at` bytes after the last complete element. */
  #fail(code: ErrorCode, message: string, at = 0): never {
    throw new WalkitError(code, message, { path: this.#path, offset: this.#consumed + at });
  }
}
