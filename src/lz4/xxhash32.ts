/**
 * xxHash32: the checksum of LZ4 frames.
 *
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 *
 * ```
 * stripes of 16 bytes   four lanes of 32 bits, little-endian: lane = rotl(lane + word * P2, 13) * P1
 * converge              rotl(v1,1) + rotl(v2,7) + rotl(v3,12) + rotl(v4,18), or seed + P5 when shorter than 16 bytes
 * length                + the number of bytes, modulo 2^32
 * remaining words       rotl(h + word * P3, 17) * P4
 * remaining bytes       rotl(h + byte * P5, 11) * P1
 * avalanche             h ^= h >>> 15; h *= P2; h ^= h >>> 13; h *= P3; h ^= h >>> 16
 * ```
 */

import { type Arena, stripes } from "../kernel/index.ts";

const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f | 0;
const P5 = 0x165667b1 | 0;

function rotl(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function resetLanes(lanes: Int32Array, seed: number): void {
  lanes[0] = (seed + P1 + P2) | 0;
  lanes[1] = (seed + P2) | 0;
  lanes[2] = seed;
  lanes[3] = (seed - P1) | 0;
}

/** The converged lanes, or the start value of an input without one whole stripe. */
function converge(lanes: Int32Array, seed: number, length: number): number {
  if (length < 16) return (seed + P5) | 0;
  return (rotl(lanes[0]!, 1) + rotl(lanes[1]!, 7) + rotl(lanes[2]!, 12) + rotl(lanes[3]!, 18)) | 0;
}

/** Folds in the last bytes, fewer than 16, and mixes. */
function finish(h: number, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (; end - at >= 4; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    h = Math.imul(rotl((h + Math.imul(word, P3)) | 0, 17), P4);
  }
  for (; at < end; at++) h = Math.imul(rotl((h + Math.imul(bytes[at]!, P5)) | 0, 11), P1);
  h = Math.imul(h ^ (h >>> 15), P2);
  h = Math.imul(h ^ (h >>> 13), P3);
  return (h ^ (h >>> 16)) >>> 0;
}

const oneShot = new Int32Array(4);

/** xxHash32 of `bytes`: an unsigned 32-bit integer. */
export function xxh32(bytes: Uint8Array, seed = 0): number {
  const whole = bytes.length & ~15;
  if (whole !== 0) {
    resetLanes(oneShot, seed | 0);
    stripes(oneShot, bytes, 0, whole);
  }
  const h = (converge(oneShot, seed | 0, bytes.length) + bytes.length) | 0;
  return finish(h, bytes, whole, bytes.length);
}

/** xxHash32 of what comes in pieces. `digest` may be asked at any time and changes nothing. */
export class XXHash32 {
  readonly #seed: number;
  readonly #lanes = new Int32Array(4);
  readonly #rest = new Uint8Array(16);
  #restSize = 0;
  #length = 0;

  constructor(seed = 0) {
    this.#seed = seed | 0;
    this.reset();
  }

  /** Back to the state of a new one, with the same seed. */
  reset(): void {
    resetLanes(this.#lanes, this.#seed);
    this.#restSize = 0;
    this.#length = 0;
  }

  /** `arena`: where `bytes` may lie, which is faster. */
  update(bytes: Uint8Array, arena?: Arena): this {
    const size = bytes.length;
    this.#length += size;
    let at = 0;
    if (this.#restSize !== 0) {
      while (at < size && this.#restSize < 16) this.#rest[this.#restSize++] = bytes[at++]!;
      if (this.#restSize < 16) return this;
      stripes(this.#lanes, this.#rest, 0, 16);
      this.#restSize = 0;
    }
    const whole = at + ((size - at) & ~15);
    if (arena?.bytes.buffer === bytes.buffer) {
      arena.stripes(this.#lanes, bytes.byteOffset + at, bytes.byteOffset + whole);
    } else if (whole !== at) stripes(this.#lanes, bytes, at, whole);
    for (at = whole; at < size; at++) this.#rest[this.#restSize++] = bytes[at]!;
    return this;
  }

  /** The hash of all bytes so far: an unsigned 32-bit integer. */
  digest(): number {
    const h = (converge(this.#lanes, this.#seed, this.#length) + this.#length) | 0;
    return finish(h, this.#rest, 0, this.#restSize);
  }
}
