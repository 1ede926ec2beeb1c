import { comparePositions, type Position } from "../replay/position.ts";

/** A page that a commit needs the snapshot to bring. */
export interface Hole {
  /** The end of the commit. */
  end: Position;
  /** The largest page, numbered from 1, that no WAL has brought by then. */
  page: number;
  /** Pages of the database. */
  pageCount: number;
}

/**
 * The commits of the snapshot's own section, and up to which page each of them needs the snapshot. A shorter snapshot is older
 * than its name: even where later commits bring the pages that it lacks, others of its pages are too old. Commits before the
 * snapshot's mark do not count: they may need pages that the database lost before the snapshot was made.
 */
export class Holes {
  /** Ends ascend, pages descend: a commit that needs less than a later one does not count. */
  readonly #holes: Hole[] = [];
  #pageCount = 0;
  #page = 0;

  /** A commit; `isThere` tells whether WAL has brought a page by now. */
  commit(end: Position, pageCount: number, isThere: (page: number) => boolean): void {
    // Between the last hole and the last end of the database all pages are there.
    let page = pageCount;
    while (page > this.#pageCount && isThere(page)) page--;
    if (page <= this.#pageCount) {
      page = Math.min(page, this.#page);
      while (page > 0 && isThere(page)) page--;
    }
    this.#page = page;
    this.#pageCount = pageCount;
    while (this.#holes.length > 0 && this.#holes.at(-1)!.page <= page) this.#holes.pop();
    if (page > 0) this.#holes.push({ end, page, pageCount });
  }

  /** The commit that needs most, of those from `mark` on, where it needs more than `count` pages. */
  past(count: number, mark: Position | undefined): Hole | undefined {
    return this.#holes.find(({ end, page }) => page > count && (!mark || comparePositions(end, mark) >= 0));
  }
}
