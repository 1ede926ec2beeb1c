/**
 * Which page may follow which: strictly ascending, none beyond the size of the database, never the lock page; and every page
 * where the file is a snapshot.
 */

import type { LtxCode } from "../errors.ts";
import { lockPage } from "./checksum.ts";
import { isSnapshot, type LtxHeader } from "./header.ts";

export interface PageFault {
  code: LtxCode;
  message: string;
}

export class PageRules {
  readonly #commit: number;
  readonly #lockPage: number;
  readonly #isSnapshot: boolean;
  #last = 0;

  constructor(header: LtxHeader) {
    this.#commit = header.commit;
    this.#lockPage = lockPage(header.pageSize);
    this.#isSnapshot = isSnapshot(header);
  }

  /** What is wrong with the next page, or `undefined`. */
  check(page: number): PageFault | undefined {
    const last = this.#last;
    if (page <= last) {
      const message = `Expected a page above ${last}, the page before, found page ${page}`;
      return { code: "ltx/page-order", message };
    }
    if (page === this.#lockPage) {
      const message = `Expected pages that SQLite writes, found page ${page}, which it keeps for locks`;
      return { code: "ltx/page-number", message };
    }
    if (page > this.#commit) {
      const message = `Expected pages up to ${this.#commit}, the size of the database, found page ${page}`;
      return { code: "ltx/page-number", message };
    }
    if (this.#isSnapshot && page !== this.#after(last)) {
      return this.#missing(`page ${page}`);
    }
    return undefined;
  }

  /** Goes on after the page just checked. */
  accept(page: number): void {
    this.#last = page;
  }

  /** At the end of the page block: what is wrong, or `undefined`. */
  end(): PageFault | undefined {
    return this.#isSnapshot && this.#after(this.#last) <= this.#commit ? this.#missing("the end") : undefined;
  }

  #after(page: number): number {
    return page + 1 === this.#lockPage ? page + 2 : page + 1;
  }

  #missing(found: string): PageFault {
    const message = `Expected page ${this.#after(this.#last)}, as a snapshot has every page up to ${this.#commit}, found ${found}`;
    return { code: "ltx/missing-page", message };
  }
}
