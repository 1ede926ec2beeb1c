import { WalkitError } from "../../errors.ts";
import { BlobParts } from "../../storage/blob.ts";
import type { DatabaseSink, DatabaseWrite } from "./sink.ts";

/**
 * A database into a Blob, to be downloaded where a page cannot write files. It is made of parts of 4 MiB, which a browser may
 * keep on disk, so that little of it is in memory. Positions must ascend without a gap; `truncate` must be to 0.
 */
export class BlobSink implements DatabaseSink {
  readonly #limit: number;
  #parts = new BlobParts();

  /** A write past `limit` bytes is refused: WalkitError `restore/memory-budget`. */
  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** Bytes written. */
  get size(): number {
    return this.#parts.size;
  }

  async write(chunk: DatabaseWrite): Promise<void> {
    if (chunk.type === "truncate") {
      if (chunk.size !== 0) throw new RangeError(`Expected to begin anew at 0, found ${chunk.size}`);
      this.#parts = new BlobParts();
      return;
    }
    const { position, data } = chunk;
    if (position !== this.size)
      throw new RangeError(`Expected a write at ${this.size}, found one at ${position}`);
    const size = position + data.length;
    if (size > this.#limit) {
      const message = `Expected a database of at most ${this.#limit} bytes, found ${size} or more`;
      throw new WalkitError("restore/memory-budget", message);
    }
    this.#parts.add(data);
  }

  /** What was written. */
  blob(): Blob {
    return this.#parts.blob("application/vnd.sqlite3");
  }
}
