/** Bytes that come in chunks cut anywhere, handed on in elements: in place where a chunk holds one whole, else gathered. */

export class Intake {
  /** Where the element lies that {@link need} has found whole. */
  source: Uint8Array = new Uint8Array(0);
  position = 0;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** The beginning of an element whose rest comes with the next chunk. */
  #carry = new Uint8Array(64);
  #carried = 0;
  #offset: number;

  /** `offset`: where the first byte stands, for errors. */
  constructor(offset = 0) {
    this.#offset = offset;
  }

  /** Byte offset of the element at hand. */
  get offset(): number {
    return this.#offset;
  }

  /** How many bytes are there from the element at hand on. */
  get available(): number {
    return this.#carried + this.#chunk.length - this.#at;
  }

  /** Byte offset of the end of what is there. */
  get end(): number {
    return this.#offset + this.available;
  }

  /** Takes the next chunk, after all of the last one has been taken up. It must not change until then. */
  give(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** Whether the next `size` bytes are there, at `source[position]`; if not, what is there is kept. */
  need(size: number): boolean {
    if (this.#carried === 0 && this.#chunk.length - this.#at >= size) {
      this.source = this.#chunk;
      this.position = this.#at;
      return true;
    }
    return this.#gather(size);
  }

  /** The bytes that are there, in place, as far as they lie together: at `source[position]`. How many. */
  together(): number {
    if (this.#carried > 0) {
      this.source = this.#carry;
      this.position = 0;
      return this.#carried;
    }
    this.source = this.#chunk;
    this.position = this.#at;
    return this.#chunk.length - this.#at;
  }

  /** Goes on behind the next `size` bytes, which are there: together, or found whole by {@link need}. */
  take(size: number): void {
    this.#offset += size;
    if (this.#carried === 0) this.#at += size;
    else {
      this.#carry.copyWithin(0, size, this.#carried);
      this.#carried -= size;
    }
  }

  #gather(size: number): boolean {
    if (this.#carry.length < size) {
      const larger = new Uint8Array(size);
      larger.set(this.#carry.subarray(0, this.#carried));
      this.#carry = larger;
    }
    if (this.#carried < size) {
      const end = Math.min(this.#chunk.length, this.#at + size - this.#carried);
      this.#carry.set(this.#chunk.subarray(this.#at, end), this.#carried);
      this.#carried += end - this.#at;
      this.#at = end;
    }
    this.source = this.#carry;
    this.position = 0;
    return this.#carried >= size;
  }
}
