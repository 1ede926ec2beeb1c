/**
 * Lineage by content. A generation that began as a restore of another one starts with a snapshot that equals, page for
 * page, a past state of its parent, but for what was written before Litestream looked. Each generation is replayed once,
 * with a hash a page, and held at every commit against the beginnings of all others.
 *
 * Litestream's own counter in `_litestream_seq` only ever grows, and goes along with a copy of the database: where it does
 * not fit, a state is no parent's, however alike. Two databases made by one script are told apart by that, and so are two
 * children of a parent that is gone.
 */

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
import { type Beginning, beganAt, readBeginning } from "./beginning.ts";
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
  for (const generation of generations) {
    const others = beginnings.filter((beginning) => mayDescend(beginning, generation));
    if (others.length === 0) continue;
    const walk = new Walk(storage, generation, others, signal);
    await walk.run();
    for (const match of walk.matches) {
      const claim = match.claim(generation) ?? (await closerLook(storage, generation, match, signal));
      if (!claim) continue;
      const id = match.child.generation.id;
      claims.set(id, [...(claims.get(id) ?? []), claim]);
    }
  }
  const chosen: [child: string, claim: Claim][] = [];
  for (const [id, list] of claims) {
    chosen.push([id, list.reduce((best, claim) => (isCloser(claim, best) ? claim : best))]);
  }
  // Of two that would be each other's parent, the one that is more alike is believed.
  chosen.sort(([, a], [, b]) => a.different - b.different);
  for (const [id, { parent, inference }] of chosen) {
    if (!descends(found, parent, id)) found.set(id, inference);
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
  const walk = new Walk(storage, parent, beginnings, signal, position);
  if (beginnings.length > 0) await walk.run();
  for (const match of walk.matches) {
    const claim = match.claim(parent) ?? (await closerLook(storage, parent, match, signal, position));
    if (claim) found.set(match.child.generation.id, claim.inference);
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
  const there = new Walk(storage, parent, [child], signal, nearest.position);
  await there.run();
  const again = await readBeginning(storage, child.generation, signal, there.differing);
  if (typeof again === "string") return undefined;
  const walk = new Walk(storage, parent, [again], signal, only);
  await walk.run();
  return walk.matches[0]!.claim(parent, nearest.different);
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
  began: bigint;
  inference: Inference;
}

/** The states of one generation, one after another, held against each of the others' beginnings. */
class Walk {
  readonly matches: Match[];
  readonly #storage: Storage;
  readonly #generation: Generation;
  readonly #signal: AbortSignal | undefined;
  /** At the one position to look at: the pages that differ from the first child's. */
  readonly differing = new Set<number>();
  /** The one position to look at; all of them by default. */
  readonly #only: Position | undefined;
  #hashes = new PageHashes();
  /** Litestream's counter, by the page where a child has it. */
  readonly #counters = new Map<number, number>();
  readonly #counterPages: ReadonlySet<number | undefined>;
  #pageCount = 0;
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
    only?: Position,
  ) {
    this.#only = only;
    this.#storage = storage;
    this.#generation = generation;
    this.#signal = signal;
    this.matches = children.map((child) => new Match(child));
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
    const value = this.#counterPages.has(page) ? sequenceValue(data) : undefined;
    if (value !== undefined) this.#counters.set(page, value);
  }

  /** Where some child has written to the page itself. */
  #cellsOf(page: number, data: Uint8Array): Set<number> | undefined {
    const isWanted = page > 1 && this.matches.some(({ child }) => child.own.has(page));
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
    if (this.#only) {
      if (comparePositions(position, this.#only) !== 0) return;
      const [{ child } = { child: undefined }] = this.matches;
      for (let page = 1; child && page <= Math.max(this.#pageCount, child.pageCount); page++) {
        if (this.#hashes.get(page) !== child.hashes.get(page)) this.differing.add(page);
      }
    }
    for (const match of this.matches) {
      const { began } = match.child;
      if (began !== undefined && time !== undefined && time > began) continue;
      const { counterPage } = match.child;
      match.point(position, this.#pageCount, counterPage && this.#counters.get(counterPage));
    }
  }
}

interface Point {
  position: Position;
  /** Pages in which it differs, of all that are held against each other. */
  different: number;
  equal: number;
  telling: number;
  total: number;
  /** Cells of pages that both have written: those in common, and those that the child has not. */
  shared: number;
  extra: number;
  /** 0: the likeliest counter. */
  counter: number;
}

/** A state under way, held against the beginning of another generation. */
class Match {
  readonly child: Beginning;
  #equal = 0;
  #telling = 0;
  #shared = 0;
  #extra = 0;
  readonly #excluded: number;
  readonly #cells = new Map<number, { shared: number; extra: number }>();
  /** Of the pages that the child has written itself, as one number; only equal states have the same. */
  #sum = 0;
  /** All states that may be it. */
  #alike: { first: Position; last: Position; sum: string; differ: boolean } | undefined;
  #start: Position | undefined;
  #nearest: { position: Position; different: number } | undefined;
  #best: Point | undefined;

  constructor(child: Beginning) {
    this.child = child;
    this.#excluded = [...child.own].filter((page) => page <= child.pageCount).length;
  }

  reset(): void {
    this.#equal = this.#telling = this.#shared = this.#extra = this.#sum = 0;
    this.#cells.clear();
  }

  change(page: number, before: number, after: number, cells: Set<number> | undefined): void {
    const { own, hashes, telling, counterPage } = this.child;
    if (own.has(page)) {
      if (page === counterPage) return;
      this.#changeCells(page, cells);
      this.#sum += mix(page, after) - mix(page, before);
      return;
    }
    const wanted = hashes.get(page);
    if (wanted === 0 || before === after) return;
    const step = after === wanted ? 1 : before === wanted ? -1 : 0;
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

  point(position: Position, pageCount: number, counter: number | undefined): void {
    const { counters, pageCount: wanted } = this.child;
    const total = Math.max(pageCount, wanted);
    const different = total - this.#excluded - this.#equal;
    this.#start ??= position;
    if (!this.#nearest || different < this.#nearest.different) {
      this.#nearest = { position, different };
      this.#best = undefined;
      this.#alike = undefined;
    }
    const rank = counters === undefined || counter === undefined ? 0 : counters.indexOf(counter);
    if (different > this.#nearest.different || rank < 0) return;
    const sum = `${this.#sum} ${counter}`;
    this.#alike ??= { first: position, last: position, sum, differ: false };
    this.#alike.last = position;
    if (this.#alike.sum !== sum) this.#alike.differ = true;
    const [equal, telling, shared, extra] = [this.#equal, this.#telling, this.#shared, this.#extra];
    const point = { position, different, equal, telling, total, shared, extra, counter: rank };
    if (!this.#best || isBetter(point, this.#best)) this.#best = point;
  }

  /** The first state of those that differ least. */
  get nearest(): { position: Position; different: number } | undefined {
    return this.#nearest;
  }

  /**
   * What is claimed, if anything. `apart`: so many pages are known to differ, and were left out.
   *
   * The state that the parent began with is believed only where all agrees, as the counter does for certain: of a parent
   * that is gone, its children begin alike.
   */
  claim(parent: Generation, apart = 0): Claim | undefined {
    const best = this.#best;
    if (!best || best.different > 0) return undefined;
    const { position, equal, telling, total, shared, extra } = best;
    const { certain, generation, cells, pageCount } = this.child;
    const isFirst = position === this.#start;
    if (isFirst && (apart > 0 || extra > 0 || !certain)) return undefined;
    // Little else to go by: then what the child has must be nearly all from there, or the other way round.
    const isAlike =
      shared >= 2 && (10 * shared >= 9 * cells.size || (extra === 0 && 2 * shared >= cells.size));
    if (telling < this.child.telling.size || (telling < 2 && !isAlike)) return undefined;
    if (apart > 0 && (4 * equal < 3 * pageCount || 4 * extra > shared)) return undefined;
    const different = apart;
    const index = generation.snapshots[0]!.index;
    const hasWal = generation.segments.some((segment) => segment.index === index && segment.offset === 0);
    const complete = different === 0 && hasWal;
    const { first, last, differ } = this.#alike!;
    const between: [Position, Position] | undefined = differ ? [first, last] : undefined;
    return {
      parent: parent.id,
      different,
      shared,
      extra,
      isFirst,
      began: beganAt(parent) ?? 0n,
      inference: { parent: parent.id, switchPoint: position, equal, total, complete, between },
    };
  }
}

/** A page and its hash as one number: sums of these stay exact for more pages than a database has. */
function mix(page: number, hash: number): number {
  return hash === 0 ? 0 : Math.imul(page, 0x9e3779b1) ^ Math.imul(hash, 0x85ebca6b);
}

/**
 * With the counter that is likelier; then with more in common on the pages that both have written, and less that the child
 * has not; then the later one.
 */
function isBetter(point: Point, best: Point): boolean {
  if (point.counter !== best.counter) return point.counter < best.counter;
  if (point.shared !== best.shared) return point.shared > best.shared;
  return point.extra <= best.extra;
}
