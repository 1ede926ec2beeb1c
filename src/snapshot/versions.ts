import type { Position } from "../replay/position.ts";

/** The versions of each page as hashes, and the commit that first brought each version. */
export class Versions {
  readonly #pages = new Map<number, Map<number, Position>>();
  readonly #newest = new Map<number, { hash: number; end: Position }>();
  #pending: [page: number, hash: number][] = [];

  add(page: number, hash: number): void {
    this.#pending.push([page, hash]);
  }

  commit(end: Position): void {
    for (const [page, hash] of this.#pending) {
      let versions = this.#pages.get(page);
      if (!versions) this.#pages.set(page, (versions = new Map()));
      if (!versions.has(hash)) versions.set(hash, end);
      this.#newest.set(page, { hash, end });
    }
    this.#pending = [];
  }

  /** The commit that first brought this version of the page. */
  find(page: number, hash: number): Position | undefined {
    return this.#pages.get(page)?.get(hash);
  }

  newest(page: number): { hash: number; end: Position } | undefined {
    return this.#newest.get(page);
  }

  has(page: number): boolean {
    return this.#pages.has(page);
  }
}
