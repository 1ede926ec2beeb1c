/** The bytes of a database as sql.js gets them: never copied as a whole, and never changed by what it writes. */

/** Where sql.js writes, a copy of so many bytes is made. */
const BLOCK = 1 << 16;

/**
 * sql.js keeps a database file as one array: it takes a copy by `slice`, reads by `subarray` and writes by `set`. This one
 * has itself taken for the copy, and puts what is written into copies of the blocks that it falls into. So a database of
 * 1 GiB is there once, and a query may write to it what it likes: whoever opens the same bytes again finds them as they were.
 *
 * A file that grows sql.js copies as a whole into an array of its own.
 */
export class CopyOnWrite extends Uint8Array<ArrayBuffer> {
  readonly #blocks = new Map<number, Uint8Array<ArrayBuffer>>();

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    super(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }

  /** Bytes that were written to, in blocks. */
  get copied(): number {
    return this.#blocks.size * BLOCK;
  }

  override slice(start = 0, end = this.length): Uint8Array<ArrayBuffer> {
    return start === 0 && end === this.length ? this : this.subarray(start, end).slice();
  }

  override subarray(start = 0, end = this.length): Uint8Array<ArrayBuffer> {
    const [first, last] = [Math.floor(start / BLOCK), Math.floor((end - 1) / BLOCK)];
    if (this.#blocks.size === 0) return super.subarray(start, end) as Uint8Array<ArrayBuffer>;
    const only = first === last && this.#blocks.get(first);
    if (only) return only.subarray(start - first * BLOCK, end - first * BLOCK);
    const under = super.subarray(start, end) as Uint8Array<ArrayBuffer>;
    const written = this.#written(first, last);
    if (written.length === 0) return under;
    const whole = new Uint8Array(under);
    for (const number of written) {
      const at = number * BLOCK;
      const [from, to] = [Math.max(at, start), Math.min(at + BLOCK, end)];
      whole.set(this.#blocks.get(number)!.subarray(from - at, to - at), from - start);
    }
    return whole;
  }

  override set(data: Uint8Array, position = 0): void {
    for (let done = 0; done < data.length; ) {
      const number = Math.floor((position + done) / BLOCK);
      const at = number * BLOCK;
      let block = this.#blocks.get(number);
      if (!block) {
        block = new Uint8Array(super.subarray(at, Math.min(at + BLOCK, this.length)));
        this.#blocks.set(number, block);
      }
      const start = position + done - at;
      const take = Math.min(data.length - done, block.length - start);
      if (take <= 0) throw new RangeError(`Expected to write within ${this.length} bytes`);
      block.set(data.subarray(done, done + take), start);
      done += take;
    }
  }

  #written(first: number, last: number): number[] {
    const numbers: number[] = [];
    if (last - first > this.#blocks.size) {
      for (const number of this.#blocks.keys()) if (number >= first && number <= last) numbers.push(number);
    } else for (let n = first; n <= last; n++) if (this.#blocks.has(n)) numbers.push(n);
    return numbers;
  }
}
