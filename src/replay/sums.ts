/** What the pages of a database sum up to, for layouts whose files tell: see `Layout.pageSum`. */

import { WalkitError } from "../errors.ts";
import { PageMap } from "./page-map.ts";
import { formatPosition, type Position } from "./position.ts";

/** The sum of each page, and of all: 8 bytes a page. */
export class PageSums {
  readonly #low = new PageMap();
  readonly #high = new PageMap();
  #highest = 0;
  #sumLow = 0;
  #sumHigh = 0;

  /** Of all pages, 63 bits. */
  get value(): bigint {
    return (BigInt(this.#sumHigh >>> 0) << 32n) | BigInt(this.#sumLow >>> 0);
  }

  /** Puts the sum of a page in the place of the one that it had. */
  set(page: number, sum: bigint): void {
    const low = Number(sum & 0xffffffffn);
    const high = Number(sum >> 32n);
    this.#sumLow ^= this.#low.get(page) ^ low;
    this.#sumHigh ^= this.#high.get(page) ^ high;
    this.#low.set(page, low);
    this.#high.set(page, high);
    if (page > this.#highest) this.#highest = page;
  }

  /** Forgets every page past `count`. */
  truncate(count: number): void {
    if (this.#highest <= count) return;
    this.#low.truncate(count, (low) => {
      this.#sumLow ^= low;
    });
    this.#high.truncate(count, (high) => {
      this.#sumHigh ^= high;
    });
    this.#highest = count;
  }
}

/** The database that a file was made from is not the one that leads to it. */
export function chainBroken(path: string, expected: bigint, found: bigint): WalkitError {
  const message = `Expected the file to follow on the database of checksum ${sumText(expected)}, found that it follows on ${sumText(found)}`;
  return new WalkitError("ltx/chain", message, { path, offset: 40 });
}

/** The pages that files lead to are not those that the last of them tells of. */
export function sumDiffers(path: string, end: Position, computed: bigint, told: bigint): WalkitError {
  const position = formatPosition(end);
  const message = `Expected the database behind TXID ${position} to have the checksum ${sumText(told)}, as the file says, found that its pages have ${sumText(computed)}`;
  return new WalkitError("ltx/database-checksum", message, { path, position });
}

/** A sum as files have it: with bit 63 set, which says that there is one. */
export function sumText(sum: bigint): string {
  return (sum | (1n << 63n)).toString(16).padStart(16, "0");
}
