/**
 * The chain that holds the frames of a WAL together: whether a frame fits what came before.
 *
 * A frame fits as in SQLite's own recovery (`walDecodeFrame`), in its order: its salts are the header's, its page
 * number is not 0, its stored checksum is the running one. The salts are not under the checksum.
 *
 * After a frame that does not fit, the chain can be taken up again without knowing which bytes were hit:
 *
 *     what was damaged            the next frame fits on to
 *     page, page number, commit   the stored checksum (SQLite computed it over what was there before the damage)
 *     stored checksum             the computed checksum
 *     salts                       either: they are equal
 *
 * With several damaged frames in a row each of them may be either case. Kept are the stored checksum and one computed
 * one for each candidate before, at most {@link MAX_CANDIDATES}: a frame costs at most that many passes over it,
 * and two neighbours damaged in any way are still told from the sound frame after them.
 */

import { readUint32BE } from "../bytes.ts";
import { frameChecksum, type WalChecksum } from "./checksum.ts";
import { hexPair, type WalHeader } from "./header.ts";
import type { WalStop } from "./stop.ts";

const MAX_CANDIDATES = 3;

export class FrameChain {
  readonly header: WalHeader;
  /** What the next frame's checksum may go on from, the likeliest first; none: unknown, its own is adopted. */
  candidates: readonly WalChecksum[];
  #computed: WalChecksum[] = [];
  #stored: WalChecksum = [0, 0];
  #fits: WalChecksum | undefined;

  constructor(header: WalHeader, candidates: readonly WalChecksum[]) {
    this.header = header;
    this.candidates = candidates;
  }

  /**
   * Why the frame at `at` does not fit, or `undefined`. Changes nothing but what {@link accept} and {@link skip} then
   * take up, one of which must follow before the next check.
   */
  check(bytes: Uint8Array, view: DataView, at: number): Omit<WalStop, "offset" | "frame"> | undefined {
    const { bigEndian, pageSize, salt1, salt2 } = this.header;
    const found1 = readUint32BE(bytes, at + 8);
    const found2 = readUint32BE(bytes, at + 12);
    const stored: WalChecksum = [readUint32BE(bytes, at + 16), readUint32BE(bytes, at + 20)];
    this.#stored = stored;
    this.#fits = undefined;
    this.#computed = [];
    for (const seed of this.candidates) {
      const sum = frameChecksum(seed, view, at, pageSize, bigEndian);
      if (sum[0] === stored[0] && sum[1] === stored[1]) {
        this.#fits = stored;
        break;
      }
      this.#computed.push(sum);
    }
    if (found1 !== salt1 || found2 !== salt2) {
      return { reason: "salt", expected: hexPair(salt1, salt2), found: hexPair(found1, found2) };
    }
    if (readUint32BE(bytes, at) === 0) return { reason: "page-number", expected: "1", found: "0" };
    const [computed] = this.#computed;
    if (this.#fits !== undefined || computed === undefined) return undefined;
    return { reason: "checksum", expected: hexPair(...computed), found: hexPair(...stored) };
  }

  /** Goes on after the frame just checked, which fitted. */
  accept(): void {
    this.candidates = [this.#stored];
  }

  /** Goes on after the frame just checked, which did not fit. */
  skip(): void {
    this.candidates =
      this.#fits === undefined ? [this.#stored, ...this.#computed].slice(0, MAX_CANDIDATES) : [this.#fits];
  }
}
