/** A page index in the making: its entries as they will stand in the file, about 9 bytes a page. */

import { LONGEST_ENTRY, writeUvarint } from "./uvarint.ts";

const PIECE = 65536;

export class IndexBytes {
  readonly #full: Uint8Array<ArrayBuffer>[] = [];
  #last = new Uint8Array(0);
  #end = 0;
  #size = 0;

  /** Bytes of all entries. */
  get size(): number {
    return this.#size;
  }

  /** The page whose header is at `offset` of the file, `size` bytes with that. */
  add(page: number, offset: number, size: number): void {
    if (this.#last.length - this.#end < LONGEST_ENTRY) {
      if (this.#end > 0) this.#full.push(this.#last.subarray(0, this.#end));
      // Most files have few pages.
      this.#last = new Uint8Array(this.#size === 0 ? 1024 : PIECE);
      this.#end = 0;
    }
    const start = this.#end;
    let end = writeUvarint(this.#last, start, page);
    end = writeUvarint(this.#last, end, offset);
    this.#end = writeUvarint(this.#last, end, size);
    this.#size += this.#end - start;
  }

  /** The entries, in pieces. */
  *pieces(): Generator<Uint8Array, void, undefined> {
    yield* this.#full;
    if (this.#end > 0) yield this.#last.subarray(0, this.#end);
  }
}
