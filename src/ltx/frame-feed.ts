/**
 * One LZ4 frame within an LTX file, decoded by the general decoder as its bytes come. Where it ends, only decoding tells: what
 * follows is no further frame, but the file's next element.
 */

import { readUint32BE } from "../bytes.ts";
import { WalkitError } from "../errors.ts";
import { FrameDecoder } from "../lz4/frame-decode.ts";
import { badMagic } from "../lz4/frame-header.ts";
import type { Intake } from "./intake.ts";
import { LZ4_MAGIC } from "./variant.ts";

export class FrameFeed {
  readonly #intake: Intake;
  readonly #path: string | undefined;
  /** Byte offset of the frame in the file. */
  readonly #start: number;
  readonly #decoder = new FrameDecoder({ frames: "first", trailing: "ignore" });
  /** The bytes that are with the decoder, and what it makes of them. */
  #blocks: Iterator<Uint8Array> | undefined;
  #piece = 0;
  #fed = 0;

  /** The frame that begins with the element at hand, whose first 4 bytes are there. Throws `lz4/bad-magic`. */
  constructor(intake: Intake, path: string | undefined) {
    if (!intake.need(4))
      throw new RangeError("Expected the 4 bytes of a magic number to be there, found fewer");
    const { source, position } = intake;
    if (readUint32BE(source, position) !== LZ4_MAGIC) {
      throw badMagic(source.subarray(position, position + 4), path, intake.offset);
    }
    this.#intake = intake;
    this.#path = path;
    this.#start = intake.offset;
  }

  /** Whether the frame is over, and the intake behind it. */
  get done(): boolean {
    return this.#decoder.frames > 0 && this.#blocks === undefined;
  }

  /** Whether the frame says that a checksum of its content ends it. */
  get contentChecksum(): boolean {
    return this.#decoder.header?.contentChecksum ?? false;
  }

  /**
   * The next decoded bytes, valid until the next call; `undefined` where the frame is {@link done}, or needs more input.
   *
   * Throws `lz4/…`, with the offset in the file.
   */
  next(): Uint8Array | undefined {
    for (;;) {
      if (this.#blocks === undefined) {
        this.#piece = this.#intake.together();
        if (this.done || this.#piece === 0) return undefined;
        const { source, position } = this.#intake;
        this.#blocks = this.#decoder.push(source.subarray(position, position + this.#piece));
      }
      const block = this.#pull(this.#blocks);
      if (block !== undefined) return block;
      this.#blocks = undefined;
      const isOver = this.#decoder.frames > 0;
      this.#intake.take(isOver ? this.#decoder.consumed - this.#fed : this.#piece);
      this.#fed += this.#piece;
    }
  }

  #pull(blocks: Iterator<Uint8Array>): Uint8Array | undefined {
    try {
      const { done, value } = blocks.next();
      return done ? undefined : value;
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
      const { code, message, remedy } = error;
      const offset = this.#start + (error.offset ?? 0);
      throw new WalkitError(code, message, { path: this.#path, offset, remedy });
    }
  }
}
