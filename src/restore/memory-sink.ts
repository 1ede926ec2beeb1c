import type { DatabaseSink, DatabaseWrite } from "./execute.ts";

/** A database in memory. */
export class MemorySink implements DatabaseSink {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #size = 0;

  /** What was written, without a copy. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#size);
  }

  async write(chunk: DatabaseWrite): Promise<void> {
    if (chunk.type === "truncate") {
      this.#reserve(chunk.size);
      this.#size = chunk.size;
      return;
    }
    const end = chunk.position + chunk.data.length;
    this.#reserve(end);
    this.#bytes.set(chunk.data, chunk.position);
    this.#size = Math.max(this.#size, end);
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}
