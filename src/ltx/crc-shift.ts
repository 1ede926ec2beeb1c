/**
 * What zeros do to a CRC, so that one pass over a page serves two of them.
 *
 * A CRC is linear: going on from one state or from another over the same bytes, the results differ by what the difference
 * becomes over as many zero bytes, whatever the bytes were. The file checksum goes over each page in any case; the page's own
 * checksum, which only begins otherwise, then costs eight look-ups instead of a second pass. Measured on Node 20 (x64), a
 * snapshot of v3-block with pages of 4096 bytes: half the time of its decoding would be that pass.
 */

import { crc64 } from "../kernel/index.ts";

export class CrcShift {
  /** Of each of the 8 bytes of a difference, and each value of it: what it becomes, low and high 32 bits. */
  readonly #low = new Int32Array(2048);
  readonly #high = new Int32Array(2048);

  /** Over `size` zero bytes. */
  constructor(size: number) {
    const zeros = new Uint8Array(size);
    const start = new Int32Array(2);
    crc64(start, zeros, 0, size);
    const crc = new Int32Array(2);
    for (let bit = 0; bit < 64; bit++) {
      crc[0] = bit < 32 ? 1 << bit : 0;
      crc[1] = bit < 32 ? 0 : 1 << (bit - 32);
      crc64(crc, zeros, 0, size);
      const first = (bit >> 3) << 8;
      for (let value = 0; value < 256; value++) {
        if ((value & (1 << (bit & 7))) === 0) continue;
        this.#low[first + value]! ^= crc[0] ^ start[0]!;
        this.#high[first + value]! ^= crc[1] ^ start[1]!;
      }
    }
  }

  /** Replaces the difference in `crc` (low and high 32 bits) by what it becomes. */
  apply(crc: Int32Array): void {
    let [low, high] = [0, 0];
    for (let byte = 0; byte < 8; byte++) {
      const word = crc[byte >> 2]!;
      const at = (byte << 8) + ((word >>> ((byte & 3) << 3)) & 255);
      low ^= this.#low[at]!;
      high ^= this.#high[at]!;
    }
    crc[0] = low;
    crc[1] = high;
  }
}

const shifts = new Map<number, CrcShift>();

/** The shift over pages of `size` bytes: there are eight sizes of them. */
export function shiftOver(size: number): CrcShift {
  let shift = shifts.get(size);
  if (shift === undefined) shifts.set(size, (shift = new CrcShift(size)));
  return shift;
}
