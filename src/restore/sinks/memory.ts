import { WalkitError } from "../../errors.ts";
import type { DatabaseSink, DatabaseWrite } from "./sink.ts";

/** A database in memory. */
export class MemorySink implements DatabaseSink {
  readonly #limit: number;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #size = 0;

  /** A write past `limit` bytes is refused: WalkitError `restore/memory-budget`. `expected` bytes are taken at once. */
  constructor(limit: number = Number.POSITIVE_INFINITY, expected = 0) {
    this.#limit = limit;
    this.#reserve(expected);
  }

  /** What was written, without a copy. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#size);
  }

  async write(chunk: DatabaseWrite): Promise<void> {
    if (chunk.type === "truncate") {
      this.#reserve(chunk.size);
      // Where the database gets longer again, nothing of this may show.
      this.#bytes.fill(0, chunk.size, this.#size);
      this.#size = chunk.size;
      return;
    }
    const end = chunk.position + chunk.data.length;
    this.#reserve(end);
    this.#bytes.set(chunk.data, chunk.position);
    this.#size = Math.max(this.#size, end);
  }

  #reserve(size: number): void {
    if (size > this.#limit) {
      const message = `Expected a database of at most ${this.#limit} bytes, found ${size} or more`;
      throw new WalkitError("restore/memory-budget", message);
    }
    if (size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(size, Math.min(this.#bytes.length * 2, this.#limit)));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}
