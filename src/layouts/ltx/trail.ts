/**
 * The way that the files of level 0 took through the WAL: each says where in it its pages stood. Litestream's own checks look at
 * TXIDs alone, which go on whatever was left out.
 */

import { WalkitError } from "../../errors.ts";
import type { LtxHeader } from "../../ltx/index.ts";

/** Where a WAL's frames begin: behind its header of 32 bytes. */
const FIRST_FRAME = 32;

export class WalTrail {
  /** Of the file before, if it was of level 0 and says where it ends. */
  #before: { path: string; salts: string; end: number } | undefined;

  /** What comes next follows on nothing. */
  breaks(): void {
    this.#before = undefined;
  }

  /**
   * A file that follows on the one before. Returns what is missing between the two, as far as they say: with the same salts it
   * begins where the one before ended, or anew at the first frame, as where the WAL was read again from its beginning. With
   * others, of another WAL, there is no place but its first frame.
   */
  follow(
    path: string,
    { walOffset, walSize, walSalt1, walSalt2 }: LtxHeader,
    level: number,
  ): WalkitError | undefined {
    const before = this.#before;
    const salts = `${walSalt1.toString(16)} ${walSalt2.toString(16)}`;
    this.#before = level === 0 && walOffset > 0 ? { path, salts, end: walOffset + walSize } : undefined;
    if (!before || !this.#before || walOffset === FIRST_FRAME) return undefined;
    if (before.salts !== salts) {
      const message = `Expected the file's pages to have stood in the WAL from its first frame on, as its salts ${salts} are not those of ${before.path}, ${before.salts}, found them from byte ${walOffset} on`;
      return new WalkitError("replica/wal-gap", message, { path, offset: 48 });
    }
    if (walOffset <= before.end) return undefined;
    const message = `Expected the file's pages to have stood in the WAL from byte ${before.end} on, where those of ${before.path} ended, found them from byte ${walOffset} on`;
    return new WalkitError("replica/wal-gap", message, { path, offset: 48 });
  }
}
