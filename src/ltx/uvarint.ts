/**
 * The numbers of the page index: seven bits a byte, the least significant first, bit 7 set on every byte but the last. (Go's
 * `encoding/binary` has it so. It is not SQLite's varint, which begins with the most significant bits.)
 */

/** The longest entry of an index: three numbers of at most 10 bytes. */
export const LONGEST_ENTRY = 30;

/** The longest number: what 64 bits need. */
const LONGEST = 10;

/** Writes `value`, from 0 to 2^53 - 1, to `bytes` at `at`. Returns the position behind it. */
export function writeUvarint(bytes: Uint8Array, at: number, value: number): number {
  while (value >= 0x80) {
    bytes[at++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  bytes[at++] = value;
  return at;
}

/** Reads one number after another. `value` is the last one, as a number, where {@link push} has said that it is whole. */
export class UvarintReader {
  value = 0;
  #scale = 1;
  #size = 0;

  /** Takes a byte: 1 it is the last of a number, 0 there are more, -1 the number is too large: not below 2^53. */
  push(byte: number): -1 | 0 | 1 {
    if (this.#size === 0) {
      this.value = 0;
      this.#scale = 1;
    }
    this.#size++;
    this.value += (byte & 0x7f) * this.#scale;
    this.#scale *= 128;
    if (!Number.isSafeInteger(this.value) || this.#size > LONGEST) return -1;
    if (byte & 0x80) return 0;
    this.#size = 0;
    return 1;
  }
}
