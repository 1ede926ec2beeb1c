/**
 * Lineage by content. A generation that began as a restore of another one starts with a snapshot that equals, page for
 * page, a past state of its parent, but for what was written before Litestream looked. Each generation is replayed once,
 * with a hash a page, and held at every commit against the beginnings of all others.
 *
 * Litestream's own counter in `_litestream_seq` only ever grows, and goes along with a copy of the database: where it does
 * not fit, a state is no parent's, however alike. Two databases made by one script are told apart by that, and so are two
 * children of a parent that is gone.
 */

import { readUint32BE } from "../bytes.ts";
import { WalkitError } from "../errors.ts";
import { xxh32 } from "../lz4/index.ts";
import { findMark } from "../replay/mark.ts";
import { PageHashes } from "../replay/page-hashes.ts";
import { plannedSegment } from "../replay/plan.ts";
import { replay } from "../replay/replay.ts";
import { sequenceValue } from "../replay/sequence.ts";
import { Pages, readSnapshot } from "../replay/snapshot.ts";
import { comparePositions, type Generation, type Position, type Snapshot } from "../snapshot/index.ts";
import type { Storage } from "../storage/storage.ts";
import { forEachPage } from "../wal/index.ts";
import { type Beginning, beganAt, LAST_FIRST_INDEX, readBeginning } from "./beginning.ts";
import { cellsOf } from "./cells.ts";

/** What was found out about where a generation came from. */
export type Inference =
  | {
      parent: string;
      switchPoint: Position;
      /** Pages that the generation's first snapshot and the parent's state have in common, of all. */
      equal: number;
      total: number;
      /** The generation's own WAL has brought every other page: parent and WAL together are all there is. */
      complete: boolean;
      /**
       * Where several states of the parent agree on all pages but those that the generation's own WAL has written since: the
       * first and the last of them. The one that has most in common on these pages, too, is `switchPoint`.
       */
      between: [Position, Position] | undefined;
    }
  /** Nothing in common with any of the others, or why it cannot be told. */
  | { parent: undefined; reason: string | undefined };

/**
 * Finds the parents of `children` among `generations`.
 *
 * @throws WalkitError `storage/*`; damage in the replica only hides states
 */
export async function inferParents(
  storage: Storage,
  generations: readonly Generation[],
  children: readonly Generation[],
  signal?: AbortSignal,
): Promise<Map<string, Inference>> {
  const found = new Map<string, Inference>();
  const beginnings: Beginning[] = [];
  if (generations.length < 2) return found;
  for (const child of children) {
    const beginning = await readBeginning(storage, child, signal);
    const reason = typeof beginning === "string" ? beginning : beginning.isNew ? NEW : undefined;
    if (reason !== undefined) found.set(child.id, { parent: undefined, reason });
    else beginnings.push(beginning as Beginning);
  }
  const claims = new Map<string, Claim[]>();
  const nearest = new Map<string, number>();
  for (const generation of generations) {
    const others = beginnings.filter((beginning) => mayDescend(beginning, generation));
    if (others.length === 0) continue;
    const walk = new Walk(storage, generation, others, signal);
    await walk.run();
    for (const match of walk.matches) {
      const claim = match.claim(generation) ?? (await closerLook(storage, generation, match, signal));
      const id = match.child.generation.id;
      const least = match.nearest?.different ?? Number.POSITIVE_INFINITY;
      nearest.set(id, Math.min(nearest.get(id) ?? least, least));
      if (!claim) continue;
      claims.set(id, [...(claims.get(id) ?? []), claim]);
    }
  }
  const chosen: [child: string, claim: Claim][] = [];
  for (const [id, list] of claims) {
    const best = list.reduce((best, claim) => (isCloser(claim, best) ? claim : best));
    const rival = list.find((claim) => claim !== best && isRival(claim, best));
    if (rival) {
      const reason = `two generations come into question, ${best.parent} and ${rival.parent}`;
      found.set(id, { parent: undefined, reason });
      // Where another one is nearer, though too little speaks for it, this one is not it either.
    } else if (!best.isDoubtful && best.different <= nearest.get(id)!) chosen.push([id, best]);
  }
  // Of two that would be each other's parent, the one that is more alike is believed.
  chosen.sort(([, a], [, b]) => a.different - b.different);
  // A state that a generation only began with may be its parent's: where that one is gone, it cannot be told.
  const isKnown = (id: string) => {
    const about = found.get(id);
    return about
      ? about.parent !== undefined || about.reason === NEW
      : !children.some((child) => child.id === id);
  };
  let open = chosen;
  for (let before = -1; open.length !== before; ) {
    before = open.length;
    open = open.filter(([id, { parent, fromStart, inference }]) => {
      if (fromStart && !isKnown(parent)) return true;
      if (!descends(found, parent, id)) found.set(id, inference);
      return false;
    });
  }
  for (const { id } of children) {
    if (!found.has(id)) found.set(id, { parent: undefined, reason: undefined });
  }
  return found;
}

/** Whether `id` is `ancestor`, or comes from it. */
function descends(found: ReadonlyMap<string, Inference>, id: string, ancestor: string): boolean {
  for (let up: string | undefined = id; up !== undefined; up = found.get(up)?.parent) {
    if (up === ancestor) return true;
  }
  return false;
}

/** Whether times allow it: a child begins after its parent did. */
function mayDescend({ generation, began }: Beginning, parent: Generation): boolean {
  // A generation without WAL is one that Litestream gave up at its start: what it holds came from elsewhere.
  if (generation.id === parent.id || parent.snapshots.length === 0 || parent.segments.length === 0)
    return false;
  const parentBegan = beganAt(parent);
  return began === undefined || parentBegan === undefined || parentBegan < began;
}

/**
 * Of `children` those that began as the state of `parent` at `position`, and how alike they are.
 *
 * @throws WalkitError `storage/*`
 */
export async function childrenOf(
  storage: Storage,
  parent: Generation,
  position: Position,
  children: readonly Generation[],
  signal?: AbortSignal,
): Promise<Map<string, Inference>> {
  const found = new Map<string, Inference>();
  const beginnings: Beginning[] = [];
  for (const child of children) {
    const beginning = await readBeginning(storage, child, signal);
    if (typeof beginning !== "string" && !beginning.isNew && mayDescend(beginning, parent))
      beginnings.push(beginning);
  }
  const walk = new Walk(storage, parent, beginnings, signal, { only: position });
  if (beginnings.length > 0) await walk.run();
  for (const match of walk.matches) {
    const claim = match.claim(parent) ?? (await closerLook(storage, parent, match, signal, position));
    if (claim && !claim.isDoubtful) found.set(match.child.generation.id, claim.inference);
  }
  return found;
}

/**
 * A parent all of whose states differ from the child's beginning, as where the application went on before Litestream looked
 * and no WAL has what it wrote: the pages that differ least are compared cell by cell.
 */
async function closerLook(
  storage: Storage,
  parent: Generation,
  { child, nearest }: Match,
  signal: AbortSignal | undefined,
  only?: Position,
): Promise<Claim | undefined> {
  if (!nearest || nearest.different === 0 || 2 * nearest.different > child.pageCount) return undefined;
  const there = new Walk(storage, parent, [child], signal, { only, comparedAt: nearest.position });
  there.matches[0]!.nearLimit = NEAR * nearest.different;
  await there.run();
  const again = await readBeginning(storage, child.generation, signal, there.differing);
  if (typeof again === "string") return undefined;
  const walk = new Walk(storage, parent, [again], signal, { only });
  await walk.run();
  return walk.matches[0]!.claim(parent, { different: nearest.different, near: there.matches[0]!.near });
}

/** A state that differs in so many times as many pages as the nearest one may be it just as well. */
const NEAR = 2;

/** Whether `claim` is as close as the best one: by one measure at least, or in all. */
function isRival(claim: Claim, best: Claim): boolean {
  const behind = best.shared - best.extra - (claim.shared - claim.extra);
  if (claim.different !== best.different || behind > 0) return false;
  if (behind < 0 || claim.shared !== best.shared || claim.isFirst === best.isFirst) return true;
  // What only begins with the state of the other is no rival, unless that state is but one of several.
  return (claim.isFirst ? claim : best).between !== undefined;
}

/** Less that differs, then more in common on pages that both have written. */
function isCloser(claim: Claim, best: Claim): boolean {
  if (claim.different !== best.different) return claim.different < best.different;
  if (claim.shared !== best.shared) return claim.shared > best.shared;
  if (claim.extra !== best.extra) return claim.extra < best.extra;
  // Two copies of one state: the one that came to it by itself is the parent of both.
  return claim.isFirst !== best.isFirst ? best.isFirst : claim.began < best.began;
}

/** Litestream made its tables in it, so the database is no copy of one that had been replicated. */
const NEW = "it began as a new database";

interface Claim {
  parent: string;
  different: number;
  shared: number;
  extra: number;
  /** It is the state that the parent itself began with. */
  isFirst: boolean;
  /** It may be that state, for all that is known. */
  fromStart: boolean;
  /** Too little speaks for it. */
  isDoubtful: boolean;
  began: bigint;
  between: [Position, Position] | undefined;
  inference: Inference;
}

/** The states of one generation, one after another, held against each of the others' beginnings. */
class Walk {
  readonly matches: Match[];
  readonly #storage: Storage;
  readonly #generation: Generation;
  readonly #signal: AbortSignal | undefined;
  /** At the position `comparedAt`: the pages that differ from the first child's. */
  readonly differing = new Set<number>();
  readonly #comparedAt: Position | undefined;
  /** The one position to look at; all of them by default. */
  readonly #only: Position | undefined;
  #hashes = new PageHashes();
  /** Litestream's counter, by the page where a child has it. */
  readonly #counters = new Map<number, number | undefined>();
  readonly #counterPages: ReadonlySet<number | undefined>;
  #pageCount = 0;
  /** The change counter on page 1. */
  #changes = 0;
  /** Whether the state is known: not before the first snapshot, and not behind damage until the next one. */
  #known = false;
  /** From here on the state is a committed one: before it, the snapshot reaches further than the WAL. */
  #from: Position | undefined;
  #pending: { page: number; hash: number; cells: Set<number> | undefined }[] = [];

  constructor(
    storage: Storage,
    generation: Generation,
    children: readonly Beginning[],
    signal: AbortSignal | undefined,
    { only, comparedAt }: { only?: Position | undefined; comparedAt?: Position } = {},
  ) {
    this.#only = only;
    this.#comparedAt = comparedAt;
    this.#storage = storage;
    this.#generation = generation;
    this.#signal = signal;
    this.matches = children.map((child) => new Match(child, only !== undefined));
    this.#counterPages = new Set(children.map(({ counterPage }) => counterPage));
  }

  async run(): Promise<void> {
    const { id, segments, snapshots } = this.#generation;
    const start = snapshots[0]!.index;
    const modified = new Map(segments.map((segment) => [segment.path, segment.modified]));
    const trusted = beganAt(this.#generation) !== undefined;
    if (!segments.some((segment) => segment.index === start)) await this.#begin(snapshots[0]!);
    const plan = { generation: id, segments: segments.filter((s) => s.index >= start).map(plannedSegment) };
    for await (const event of replay(this.#storage, plan, { signal: this.#signal, faults: "report" })) {
      if (event.type === "index") {
        this.#pending = [];
        if (this.#known && this.#only?.offset === 0 && event.index === this.#only.index)
          this.#point(this.#only, undefined);
        const snapshot = this.#known ? undefined : snapshots.find(({ index }) => index === event.index);
        if (snapshot) await this.#begin(snapshot);
      } else if (event.type === "fault" && event.breaks) {
        this.#known = false;
        this.#pending = [];
      } else if (event.type === "frames" && this.#known && event.run.sound) {
        forEachPage(event.run, event.pageSize, (page, data) => this.#take(page, data));
      } else if (event.type === "commit" && this.#known && event.sound) {
        this.#commit(event.commitSize);
        if (this.#from && comparePositions(event.end, this.#from) < 0) continue;
        this.#point(event.end, trusted ? modified.get(event.segment.path) : undefined);
      }
    }
    for (const match of this.matches) match.end();
  }

  /** Takes a snapshot as the state. */
  async #begin(snapshot: Snapshot): Promise<void> {
    const { index } = snapshot;
    this.#hashes = new PageHashes();
    this.#counters.clear();
    for (const match of this.matches) match.reset();
    const pages = new Pages((page, data) => {
      this.#count(page, data);
      this.#set(page, xxh32(data) || 1, this.#cellsOf(page, data));
    });
    const { id, segments } = this.#generation;
    const wal = segments.filter((segment) => segment.index === index).map(plannedSegment);
    try {
      for await (const piece of readSnapshot(snapshot, { storage: this.#storage, signal: this.#signal })) {
        pages.add(piece);
      }
      const mark = await findMark(this.#storage, id, snapshot, wal, this.#signal);
      this.#from = mark ?? { index, offset: 0 };
    } catch (error) {
      if (error instanceof WalkitError && error.code !== "storage/not-found") return;
      throw error;
    }
    this.#pageCount = pages.count;
    this.#known = true;
    if (this.#from.offset === 0) this.#point(this.#from, snapshot.modified);
  }

  #take(page: number, data: Uint8Array): void {
    this.#count(page, data);
    this.#pending.push({ page, hash: xxh32(data) || 1, cells: this.#cellsOf(page, data) });
  }

  #count(page: number, data: Uint8Array): void {
    if (page === 1) this.#changes = readUint32BE(data, 24);
    if (this.#counterPages.has(page)) this.#counters.set(page, sequenceValue(data));
  }

  /** Where some child has written to the page itself. */
  #cellsOf(page: number, data: Uint8Array): Set<number> | undefined {
    const isWanted = this.matches.some(({ child }) => child.cellPages.has(page));
    return isWanted ? cellsOf(page, data) : undefined;
  }

  #set(page: number, hash: number, cells: Set<number> | undefined): void {
    const before = this.#hashes.get(page);
    this.#hashes.set(page, hash);
    for (const match of this.matches) match.change(page, before, hash, cells);
  }

  #commit(commitSize: number): void {
    for (const { page, hash, cells } of this.#pending) this.#set(page, hash, cells);
    this.#pending = [];
    for (const match of this.matches) {
      for (let page = commitSize + 1; page <= Math.min(this.#pageCount, match.child.pageCount); page++) {
        match.change(page, this.#hashes.get(page), 0, undefined);
      }
    }
    this.#hashes.truncate(commitSize);
    this.#pageCount = commitSize;
  }

  #point(position: Position, time: bigint | undefined): void {
    if (this.#only && comparePositions(position, this.#only) !== 0) return;
    if (this.#comparedAt && comparePositions(position, this.#comparedAt) === 0) {
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

interface Point {
  position: Position;
  /** Pages in which it differs, of all that are held against each other. */
  different: number;
  equal: number;
  /** With those that are left out. */
  allEqual: number;
  telling: number;
  total: number;
  /** Cells of pages that both have written: those in common, and those that the child has not. */
  shared: number;
  extra: number;
  /** 0: the likeliest counter. */
  counter: number;
  /** Only equal states have the same. */
  sum: string;
}

interface StateNumbers {
  pageCount: number;
  /** The change counter on page 1. */
  changes: number;
  /** Litestream's counter, where the child has it. */
  counter: number | undefined;
}

/** A state under way, held against the beginning of another generation. */
class Match {
  readonly child: Beginning;
  #equal = 0;
  /** Of pages that are not to be held against each other. */
  #equalOwn = 0;
  #telling = 0;
  #shared = 0;
  #extra = 0;
  readonly #excluded: number;
  readonly #cells = new Map<number, { shared: number; extra: number }>();
  /** Of the pages that the child has written itself, as one number; only equal states have the same. */
  #sum = 0;
  /** All states that may be it. */
  #alike: { first: Point; last: Position; differ: boolean } | undefined;
  #start: Position | undefined;
  #nearest: { position: Position; different: number } | undefined;
  #best: Point | undefined;
  /** The first and the last state that differ in at most so many pages. */
  nearLimit = -1;
  near: [Position, Position] | undefined;
  /** Only if no state follows. */
  #held: Point | undefined;
  /** There is but one state to look at. */
  readonly #isOnly: boolean;

  constructor(child: Beginning, isOnly: boolean) {
    this.child = child;
    this.#isOnly = isOnly;
    this.#excluded = [...child.own].filter((page) => page <= child.pageCount).length;
  }

  reset(): void {
    this.#equal = this.#equalOwn = this.#telling = this.#shared = this.#extra = this.#sum = 0;
    this.#cells.clear();
  }

  change(page: number, before: number, after: number, cells: Set<number> | undefined): void {
    const { own, hashes, telling, counterPage, cellPages } = this.child;
    const wanted = hashes.get(page);
    const step = before === after || wanted === 0 ? 0 : after === wanted ? 1 : before === wanted ? -1 : 0;
    if (own.has(page)) {
      this.#equalOwn += step;
      if (page === counterPage) return;
      if (cellPages.has(page)) this.#changeCells(page, cells);
      this.#sum += mix(page, after) - mix(page, before);
      return;
    }
    this.#equal += step;
    if (telling.has(page)) this.#telling += step;
  }

  #changeCells(page: number, cells: Set<number> = new Set()): void {
    const was = this.#cells.get(page);
    let shared = 0;
    for (const cell of cells) if (this.child.cells.has(cell)) shared++;
    const is = { shared, extra: cells.size - shared };
    this.#cells.set(page, is);
    this.#shared += is.shared - (was?.shared ?? 0);
    this.#extra += is.extra - (was?.extra ?? 0);
  }

  point(position: Position, { pageCount, changes, counter }: StateNumbers): void {
    const { own, counters, pageCount: wanted, countBefore, mostChanges, changesBefore } = this.child;
    // Pages past its end may have gone with what its own WAL brought, which then holds page 1 with the number of them.
    const total = Math.max(pageCount, wanted);
    const different = (own.has(1) ? wanted : total) - this.#excluded - this.#equal;
    this.#start ??= position;
    this.#held = undefined;
    const rank = counters === undefined || counter === undefined ? 0 : counters.indexOf(counter);
    if (rank < 0 || changes > mostChanges) return;
    if (different <= this.nearLimit) this.near = [this.near?.[0] ?? position, position];
    const [equal, telling, shared, extra] = [this.#equal, this.#telling, this.#shared, this.#extra];
    const sum = `${this.#sum} ${counter}`;
    const allEqual = equal + this.#equalOwn;
    const point = { position, different, equal, allEqual, telling, total, shared, extra, counter: rank, sum };
    if (different === 0) {
      if (pageCount < countBefore[0] || pageCount > countBefore[1]) return;
      if (own.has(1) && changesBefore !== undefined && changes !== changesBefore) {
        if (changes === changesBefore + 1) this.#held = point;
        return;
      }
    }
    this.#consider(point);
  }

  /** No state follows: an application that has had the database open all the time may have gone on from here. */
  end(): void {
    if (this.#held) this.#consider(this.#held);
  }

  #consider(point: Point): void {
    const { position, different, sum } = point;
    if (!this.#nearest || different < this.#nearest.different) {
      this.#nearest = { position, different };
      this.#best = undefined;
      this.#alike = undefined;
    }
    if (different > this.#nearest.different) return;
    this.#alike ??= { first: point, last: position, differ: false };
    this.#alike.last = position;
    if (this.#alike.first.sum !== sum) this.#alike.differ = true;
    if (!this.#best || isBetter(point, this.#best)) this.#best = point;
  }

  /** The first state of those that differ least. */
  get nearest(): { position: Position; different: number } | undefined {
    return this.#nearest;
  }

  /** What is claimed, if anything. `apart`: how many pages are known to differ, and were left out, and where more would. */
  claim(
    parent: Generation,
    apart?: { different: number; near: [Position, Position] | undefined },
  ): Claim | undefined {
    const best = this.#best;
    if (!best || best.different > 0) return undefined;
    const { position, allEqual, total, shared, extra } = best;
    const { generation, cells } = this.child;
    const { first, last, differ } = this.#alike!;
    const different = apart?.different ?? 0;
    // What was added to the parent later on, and is in the child, shows that it is from after that.
    const isEarly = !this.#isOnly && first.position === this.#start && shared <= first.shared;
    // Then states before those that are known may be as much alike.
    const isOpen = isEarly && (different > 0 || (parent.snapshots[0]!.index > 0 && cells.size > 0));
    const index = generation.snapshots[0]!.index;
    const hasWal = generation.segments.some((segment) => segment.index === index && segment.offset === 0);
    const complete = different === 0 && hasWal;
    const ends: [Position, Position] = apart?.near ?? [first.position, last];
    const between = differ || (apart && comparePositions(...ends) !== 0) ? ends : undefined;
    return {
      ...{ parent: parent.id, different, shared, extra, began: beganAt(parent) ?? 0n, between },
      isFirst: position === this.#start && position.offset === 0,
      fromStart: isEarly && first.position.index <= LAST_FIRST_INDEX,
      isDoubtful: isOpen || !this.#isEnough(best, different),
      inference: {
        ...{ parent: parent.id, switchPoint: position, equal: allEqual, total, complete, between },
      },
    };
  }

  /**
   * Whether enough of the child is from there: most of it where so many pages are `apart`. Where but few pages are left to
   * compare, nearly all that it has on the others, as after it deleted a part; or nearly all that is there, as after it
   * added some.
   */
  #isEnough({ equal, telling, shared, extra }: Point, apart: number): boolean {
    const { generation, own, cells, pageCount, telling: wanted } = this.child;
    if (telling < wanted.size) return false;
    if (apart > 0) {
      // What begins with index 1 may well be all that retention left, with a whole index of WAL before it.
      if (!this.#isOnly && generation.snapshots[0]!.index > 0) return false;
      return telling >= 2 && 4 * equal >= 3 * pageCount && 4 * extra <= shared;
    }
    if (shared >= 2 && 10 * shared >= 9 * cells.size) return true;
    if (telling >= 2) return 2 * equal >= pageCount || shared >= extra;
    if (shared < 2) return false;
    if (telling === 0) return shared >= 10 * extra && 3 * shared >= 2 * cells.size;
    return shared >= 3 * extra && (2 * shared >= cells.size || !own.has(1));
  }
}

/** A page and its hash as one number: sums of these stay exact for more pages than a database has. */
function mix(page: number, hash: number): number {
  return hash === 0 ? 0 : Math.imul(page, 0x9e3779b1) ^ Math.imul(hash, 0x85ebca6b);
}

/**
 * With the counter that is likelier; then with more in common on the pages that both have written, less what the child has
 * not; then the later one.
 */
function isBetter(point: Point, best: Point): boolean {
  if (point.counter !== best.counter) return point.counter < best.counter;
  return point.shared - point.extra >= best.shared - best.extra;
}
