/** A state of a database in memory, page by page. */

import { Malformed } from "./malformed.ts";

/** Pages are numbered from 1. */
export interface DatabasePages {
  /** Bytes of a page. */
  pageSize: number;
  /** Bytes of a page that are used: extensions may keep some at its end for themselves. */
  usable: number;
  /** How many pages there are. */
  count: number;
  /** @throws Malformed where there is no such page, or its bytes are not known */
  get(page: number): Uint8Array;
}

/** SQLite opens no database with fewer usable bytes in a page. */
const LEAST_USABLE = 480;

/**
 * The pages of a database file's `bytes`, those of `over` in the place of its own. Nothing is copied.
 *
 * @param pageSize as the header tells, a power of two from 512 to 65536
 * @param count pages of the state: all that `bytes` has by default, and more where `over` has the others
 * @throws Malformed where page 1 is not known, or leaves too little of a page
 */
export function pagesOf(
  bytes: Uint8Array,
  pageSize: number,
  count: number = Math.floor(bytes.length / pageSize),
  over: ReadonlyMap<number, Uint8Array> = new Map(),
): DatabasePages {
  const get = (page: number): Uint8Array => {
    const at = (page - 1) * pageSize;
    if (!(Number.isInteger(page) && page >= 1 && page <= count))
      throw new Malformed(`there is no page ${page}`);
    const data = over.get(page) ?? bytes.subarray(at, at + pageSize);
    if (data.length !== pageSize) throw new Malformed(`page ${page} is not known`);
    return data;
  };
  const usable = pageSize - (count > 0 ? get(1)[20]! : 0);
  if (usable < LEAST_USABLE) throw new Malformed(`of a page ${usable} bytes are used`);
  return { pageSize, usable, count, get };
}

/**
 * How many pages one pass over a database may still meet. In a sound database no page is a part of two things, so that a pass
 * meets each once at most. A hostile one has b-trees that share pages, and rows that overflow in circles: a file of 16 MB has
 * room for 290,000 rows that each overflow to all of it, 4.6 TB to read.
 */
export class Visits {
  #left: number;

  constructor({ count }: DatabasePages) {
    this.#left = count;
  }

  /** Counts a page. False where more were met than there are. */
  take(): boolean {
    return this.#left-- > 0;
  }
}
