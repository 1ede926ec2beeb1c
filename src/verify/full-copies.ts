/**
 * Copies of the whole database among changes, in series. Litestream writes one where it lost its place in the WAL: once in a while, as
 * after a restart. 0.5.9 lost it after every checkpoint: of 26 files 9 were copies, of the same work 1 by 0.5.6 and by 0.5.17.
 */

import { type Finding, makeFinding } from "../findings.ts";
import type { Change } from "../replay/catalog.ts";
import { formatPosition, type Position } from "../replay/position.ts";

/** Pages that a database has at least: all of a smaller one may well be written at once. */
const LARGE = 64;
/** So many copies at least, and one change in so many. */
const MANY = 5;
const ONE_IN = 4;

export class FullCopies {
  #changes = 0;
  #copies = 0;
  #first: { path: string; end: Position } | undefined;

  /** `pages`: so many the change has; `pageCount`: of the database behind it. */
  add(
    { path, level }: Pick<Change, "path" | "level">,
    end: Position,
    pages: number,
    pageCount: number,
  ): void {
    if (level !== 0) return;
    this.#changes++;
    // The page for locks is in no file.
    if (pageCount < LARGE || pages < pageCount - 1) return;
    this.#copies++;
    this.#first ??= { path, end };
  }

  finding(generation: string): Finding | undefined {
    const [all, copies] = [this.#changes, this.#copies];
    if (!this.#first || copies < MANY || copies * ONE_IN < all) return undefined;
    const { path, end } = this.#first;
    const message = `Expected changes, found that ${copies} of ${all} files of level 0 hold the whole database, the first of them ${path}`;
    return makeFinding("replica/full-copies", message, { generation, path, position: formatPosition(end) });
  }
}
