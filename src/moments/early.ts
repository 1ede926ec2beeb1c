/**
 * Commits before a claim's mark that can be restored all the same: by then the changes have brought every page that the claim
 * holds too new, as with the first commits of a new database. A fold.
 */

import type { Claim } from "../replay/catalog.ts";
import type { ReplayEvent } from "../replay/events.ts";
import { PageHashes } from "../replay/page-hashes.ts";
import { formatPosition, type Position } from "../replay/position.ts";
import type { ClaimPlace, ClaimRead, Fold } from "../replay/run.ts";
import { IndexWindow } from "../snapshot/window.ts";

interface Commit {
  end: Position;
  pageCount: number;
  written: number[];
}

/** A claim, and the section that is laid over it. */
class Base {
  readonly claim: Claim;
  readonly hashes = new PageHashes();
  readonly window = new IndexWindow(0);
  readonly commits: Commit[] = [];
  written: number[] = [];
  /** Pages that page 1 tells of, and those of the file. */
  inHeader: number | undefined;
  pages = 0;

  constructor(claim: Claim) {
    this.claim = claim;
  }

  /** Ends of the commits whose pages do not come from the claim where it is too new. */
  get early(): Set<string> {
    /** Pages of which the claim has a version from its section, until the section brings them. */
    const newer = new Set<number>();
    for (const page of this.window.pages) if (this.window.find(page, this.hashes.get(page))) newer.add(page);
    const early = new Set<string>();
    let { inHeader } = this;
    for (const { end, pageCount, written } of this.commits) {
      for (const page of written) newer.delete(page);
      if (written.includes(1)) inHeader = undefined;
      // A file may be longer than its header says, but not longer than the claim.
      const fits =
        (inHeader ?? pageCount) === pageCount || (inHeader! < pageCount && pageCount <= this.pages);
      if (fits && !hasUpTo(newer, pageCount)) early.add(formatPosition(end));
    }
    return early;
  }
}

export class Early implements Fold {
  /** By the path of the claim: ends of commits, as text. */
  readonly byClaim: Map<string, ReadonlySet<string>> = new Map();
  #base: Base | undefined;

  get hashes(): boolean {
    return this.#base !== undefined;
  }

  claimOpens(claim: Claim, place: ClaimPlace): boolean {
    if (place === "before") this.#base = new Base(claim);
    return place === "before";
  }

  claimPage(page: number, _data: Uint8Array, hash: number): void {
    this.#base!.hashes.set(page, hash);
  }

  claimCloses(_claim: Claim, place: ClaimPlace, { header, pages }: ClaimRead): void {
    if (place !== "before") return;
    if (!header) this.#base = undefined;
    else Object.assign(this.#base!, { inHeader: header.pageCount, pages });
  }

  page(page: number, _data: Uint8Array, hash: number, sound: boolean): void {
    if (!this.#base || !sound) return;
    this.#base.window.change(page, this.#base.hashes.get(page), hash);
    this.#base.written.push(page);
  }

  on(event: Exclude<ReplayEvent, { type: "pages" }>): void {
    const base = this.#base;
    if (!base) return;
    if (event.type === "commit" && event.sound) {
      const { end, pageCount } = event;
      base.window.commit(end, pageCount);
      base.commits.push({ end, pageCount, written: base.written });
      base.written = [];
    } else if (event.type === "closes") {
      this.byClaim.set(base.claim.path, base.early);
      this.#base = undefined;
    }
  }
}

/** Copies nothing: it runs at every commit, and mostly ends at the first page. */
function hasUpTo(pages: Iterable<number>, pageCount: number): boolean {
  for (const page of pages) if (page <= pageCount) return true;
  return false;
}
