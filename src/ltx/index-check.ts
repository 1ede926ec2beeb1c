/**
 * The page index, held against the page block before it, without keeping either.
 *
 *     | page number | offset | size |   for every page, ascending: numbers as in `uvarint.ts`
 *     | 0 |                             one zero byte
 *     | size 8 |                        bytes of everything above, big-endian
 *
 * `offset` is where the page's header begins in the file, `size` that of header and payload: entries follow on each other
 * from byte 100 to the zeros that end the page block. There is one way to write it, so its size and its CRC are known
 * when the last page has been seen, and a file of tens of millions of pages takes no more memory than one of two. That the
 * entries follow on each other is checked as well, since it tells which one is wrong.
 */

import { crc64 } from "../kernel/index.ts";
import { LTX_HEADER_SIZE } from "./header.ts";
import { LONGEST_ENTRY, UvarintReader, writeUvarint } from "./uvarint.ts";

export class IndexCheck {
  /** Bytes of the index, the zero at its end included. */
  size = 1;
  /** What is wrong, once {@link take} has met it: what was expected and what was found. */
  fault: string | undefined;
  #pages = 0;
  readonly #entry = new Uint8Array(LONGEST_ENTRY);
  readonly #expected = new Int32Array(2);
  readonly #found = new Int32Array(2);
  readonly #number = new UvarintReader();
  /** Which number of its entry is next: page number, offset, size. */
  #field = 0;
  #taken = 0;
  #entries = 0;
  #lastPage = 0;
  /** Where the next entry's page begins, and the last page of the page block ends. */
  #next = LTX_HEADER_SIZE;
  #blockEnd = LTX_HEADER_SIZE;

  /** A page of the page block, `size` bytes with its header at `offset`. */
  page(pageNumber: number, offset: number, size: number): void {
    let end = writeUvarint(this.#entry, 0, pageNumber);
    end = writeUvarint(this.#entry, end, offset);
    end = writeUvarint(this.#entry, end, size);
    crc64(this.#expected, this.#entry, 0, end);
    this.size += end;
    this.#pages++;
    this.#blockEnd = offset + size;
  }

  /** Whether all of the index has been taken. */
  get done(): boolean {
    return this.#taken === this.size;
  }

  /** Takes `bytes[start, end)` up to the end of the index. Returns where that goes on, or where the {@link fault} is. */
  take(bytes: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + this.size - this.#taken);
    for (let at = start; at < stop; at++) {
      const said = this.#number.push(bytes[at]!);
      if (said === 0) continue;
      const rest = this.size - this.#taken - (at + 1 - start);
      this.fault =
        said < 0 ? "Expected numbers below 2^53 in the page index, found a larger one" : this.#take(rest);
      if (this.fault !== undefined) return at;
    }
    crc64(this.#found, bytes, start, stop);
    this.#taken += stop - start;
    if (!this.done) return stop;
    crc64(this.#expected, ZERO, 0, 1);
    if (this.#expected[0] !== this.#found[0] || this.#expected[1] !== this.#found[1]) {
      this.fault = `Expected a page index of the ${this.#pages} pages before it, found one that disagrees with them`;
    }
    return stop;
  }

  /** What is wrong with the number just read, as far as the entries before it tell. `rest`: bytes of index to come. */
  #take(rest: number): string | undefined {
    const { value } = this.#number;
    const expected = (what: string) =>
      `Expected ${what} in entry ${this.#entries} of the page index, found ${value}`;
    if (this.#field === 0) {
      if (value === 0 && rest === 0) return undefined;
      if (value === 0) return `Expected a page index of ${this.#pages} pages, found ${this.#entries}`;
      if (value <= this.#lastPage) return expected(`a page number above ${this.#lastPage}`);
      this.#lastPage = value;
    } else if (this.#field === 1) {
      if (value !== this.#next) return expected(`offset ${this.#next}, where the page before ends,`);
    } else {
      const room = this.#blockEnd - this.#next;
      if (value < 1 || value > room) return expected(`a size from 1 to ${room}`);
      this.#next += value;
      this.#entries++;
    }
    this.#field = (this.#field + 1) % 3;
    return undefined;
  }
}

const ZERO = new Uint8Array(1);
