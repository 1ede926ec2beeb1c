/** The states of a branch, held against how others began. */

import { readUint32BE } from "../../bytes.ts";
import type { Branch, Claim } from "../../replay/catalog.ts";
import type { ReplayEvent } from "../../replay/events.ts";
import type { Layout, Replica } from "../../replay/layout.ts";
import { PageHashes } from "../../replay/page-hashes.ts";
import { comparePositions, isSameSection, isStart, type Position, startOf } from "../../replay/position.ts";
import { type ClaimPlace, type ClaimRead, type Fold, Follower, run } from "../../replay/run.ts";
import { IndexWindow } from "../../snapshot/window.ts";
import { sequenceValue } from "../../sqlite/litestream.ts";
import { type Beginning, beganAt } from "./beginning.ts";
import { cellsOf } from "./cells.ts";
import { Match } from "./match.ts";

/** Where to look; by default at every state. */
export interface WalkOptions {
  /** The one position to look at. */
  only?: Position | undefined;
  /** At this position the pages that differ from the first child's are kept. */
  comparedAt?: Position | undefined;
}

/** A version of a page. */
interface Version {
  page: number;
  hash: number;
  /** Where some child has written to the page itself. */
  cells: Set<number> | undefined;
  /** The change counter, of page 1. */
  changes: number | undefined;
  /** Litestream's counter, if the page is its table for some child. */
  counter: number | undefined;
}

interface Commit {
  versions: Version[];
  end: Position;
  pageCount: number;
  time: bigint | undefined;
}

/** The states of one branch, one after another, held against each of the others' beginnings: a fold. */
export class Walk implements Fold {
  readonly matches: Match[];
  /** At the position `comparedAt`: the pages that differ from the first child's. */
  readonly differing: Set<number> = new Set();
  readonly #options: WalkOptions;
  readonly #times: ReadonlyMap<string, bigint | undefined>;
  #hashes = new PageHashes();
  /** Litestream's counter, by the page where a child has it. */
  readonly #counters = new Map<number, number | undefined>();
  readonly #counterPages: ReadonlySet<number | undefined>;
  #pageCount = 0;
  /** The change counter on page 1. */
  #changes = 0;
  /** Whether the state is known: not before the first claim, and not behind damage until the next one. */
  #isKnown = false;
  /**
   * Of the section of a claim that the states begin with: its commits, until the mark is known, before which the claim reaches
   * further than the changes.
   */
  #base: { claim: Claim; window: IndexWindow; commits: Commit[] } | undefined;
  #section: Position | undefined;
  #pending: Version[] = [];

  constructor(layout: Layout, branch: Branch, children: readonly Beginning[], options: WalkOptions = {}) {
    this.#options = options;
    const isTrusted = beganAt(layout, branch) !== undefined;
    this.#times = new Map(
      branch.segments.map(({ path, modified }) => [path, isTrusted ? modified : undefined]),
    );
    this.matches = children.map((child) => new Match(layout, child, options.only !== undefined));
    this.#counterPages = new Set(children.map(({ counterPage }) => counterPage));
  }

  get hashes(): boolean {
    return this.#isKnown;
  }

  claimOpens(_claim: Claim, place: ClaimPlace): boolean {
    if (this.#isKnown || place === "behind") return false;
    // Without changes of its own only the first claim is a state to begin with.
    if (place === "alone" && this.#section) return false;
    this.#hashes = new PageHashes();
    this.#counters.clear();
    for (const match of this.matches) match.reset();
    return true;
  }

  claimPage(page: number, data: Uint8Array, hash: number): void {
    this.#apply(this.#versionOf(page, data, hash));
  }

  claimCloses(claim: Claim, place: ClaimPlace, { error, pages }: ClaimRead): void {
    if (this.#isKnown || place === "behind" || (place === "alone" && this.#section) || error) return;
    this.#isKnown = true;
    this.#pageCount = pages;
    this.#base = { claim, window: new IndexWindow(pages), commits: [] };
    if (place === "alone") this.#settle();
  }

  page(page: number, data: Uint8Array, hash: number, sound: boolean): void {
    if (!this.#isKnown || !sound) return;
    this.#base?.window.change(page, this.#hashes.get(page), hash);
    this.#pending.push(this.#versionOf(page, data, hash));
  }

  on(event: Exclude<ReplayEvent, { type: "pages" }>): void {
    if (event.type === "opens") {
      this.#section = event.section;
      this.#pending = [];
      const { only } = this.#options;
      if (this.#isKnown && only && isStart(only) && isSameSection(only, event.section))
        this.#point(only, undefined);
    } else if (event.type === "commit" && this.#isKnown && event.sound) {
      const { end, pageCount, change } = event;
      const commit = { versions: this.#pending, end, pageCount, time: this.#times.get(change.path) };
      this.#pending = [];
      if (!this.#base) {
        this.#commit(commit);
        this.#point(end, commit.time);
        return;
      }
      this.#base.window.commit(end, pageCount);
      this.#base.commits.push(commit);
    } else if (event.type === "closes") this.#settle();
    else if (event.type === "fault" && event.breaks) {
      this.#settle();
      this.#isKnown = false;
      this.#pending = [];
    }
  }

  /** All has been read. */
  end(): void {
    this.#settle();
    for (const match of this.matches) match.end();
  }

  /** With the mark known: the states from there on. */
  #settle(): void {
    const base = this.#base;
    this.#base = undefined;
    if (!base) return;
    const from = base.window.mark ?? startOf(base.claim);
    if (isStart(from)) this.#point(from, base.claim.modified);
    for (const commit of base.commits) {
      this.#commit(commit);
      if (comparePositions(commit.end, from) >= 0) this.#point(commit.end, commit.time);
    }
  }

  #versionOf(page: number, data: Uint8Array, hash: number): Version {
    const isWanted = this.matches.some(({ child }) => child.cellPages.has(page));
    return {
      page,
      hash,
      cells: isWanted ? cellsOf(page, data) : undefined,
      changes: page === 1 ? readUint32BE(data, 24) : undefined,
      counter: this.#counterPages.has(page) ? sequenceValue(data) : undefined,
    };
  }

  #apply({ page, hash, cells, changes, counter }: Version): void {
    if (changes !== undefined) this.#changes = changes;
    if (this.#counterPages.has(page)) this.#counters.set(page, counter);
    const before = this.#hashes.get(page);
    this.#hashes.set(page, hash);
    for (const match of this.matches) match.change(page, before, hash, cells);
  }

  #commit({ versions, pageCount }: Commit): void {
    for (const version of versions) this.#apply(version);
    for (const match of this.matches) {
      for (let page = pageCount + 1; page <= Math.min(this.#pageCount, match.child.pageCount); page++) {
        match.change(page, this.#hashes.get(page), 0, undefined);
      }
    }
    this.#hashes.truncate(pageCount);
    this.#pageCount = pageCount;
  }

  #point(position: Position, time: bigint | undefined): void {
    const { only, comparedAt } = this.#options;
    if (only && comparePositions(position, only) !== 0) return;
    if (comparedAt && comparePositions(position, comparedAt) === 0) {
      const [{ child } = { child: undefined }] = this.matches;
      for (let page = 1; child && page <= Math.max(this.#pageCount, child.pageCount); page++) {
        if (this.#hashes.get(page) !== child.hashes.get(page)) this.differing.add(page);
      }
    }
    for (const match of this.matches) {
      const { began } = match.child;
      if (began !== undefined && time !== undefined && time > began) continue;
      const { counterPage } = match.child;
      const counter = counterPage && this.#counters.get(counterPage);
      match.point(position, { pageCount: this.#pageCount, changes: this.#changes, counter });
    }
  }
}

/**
 * Walks along a branch in a pass of its own.
 *
 * @throws WalkitError `storage/*`
 */
export async function walkAlong(
  replica: Replica,
  branch: Branch,
  children: readonly Beginning[],
  signal: AbortSignal | undefined,
  options: WalkOptions = {},
  prepare: (walk: Walk) => void = () => {},
): Promise<Walk> {
  const walk = new Walk(replica.layout, branch, children, options);
  prepare(walk);
  await run(replica, branch, new Follower(), [walk], { signal });
  walk.end();
  return walk;
}
