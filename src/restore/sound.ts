/**
 * The newest state of a generation that SQLite finds in order. Files can be whole, each for itself, and the database that
 * they lead to corrupt all the same: where a WAL index lost its last segment, or where it was corrupt before it was copied.
 */

import { type ErrorCode, familyOf, isGone, isOfFile, WalkitError } from "../errors.ts";
import { type Branch, type Catalog, filesIn } from "../replay/catalog.ts";
import { checkTimes, restless } from "../replay/faults.ts";
import type { Replica } from "../replay/layout.ts";
import type { PlanTarget } from "../replay/plan.ts";
import { plannedSegment } from "../replay/plan.ts";
import {
  comparePositions,
  isSameSection,
  type Position,
  positionOf,
  sectionOf,
  startOf,
} from "../replay/position.ts";
import { readChanges, still } from "../replay/replica.ts";
import { formatTime } from "../time.ts";
import { type Dated, holdsChange, holdsMoment } from "./holds.ts";
import { restore } from "./restore.ts";
import { MemorySink } from "./sinks/memory.ts";

/** How the newest state in order is looked for. */
export interface SoundOptions {
  signal?: AbortSignal | undefined;
  /** Files on their way at a time; 8 by default. */
  parallelism?: number | undefined;
  /**
   * SQLite's check of a whole database, which it may change. Throws WalkitError `database/integrity` where the database is
   * not in order; any other error ends the search.
   */
  check: (bytes: Uint8Array<ArrayBuffer>, signal?: AbortSignal) => Promise<void>;
  /** A larger database is not restored; no limit by default. */
  maxBytes?: number | undefined;
  /** Databases that are restored and checked at most; 64 by default. */
  mostTrials?: number | undefined;
  onProgress?: ((progress: SoundProgress) => void) | undefined;
}

/** How far the search has come. */
export interface SoundProgress {
  /** Databases that were restored and checked, and about how many it takes in all. */
  done: number;
  total: number;
  /** The commit that is looked at now. */
  position: Position;
}

/** A moment whose database was restored and found in order. */
export interface SoundMoment {
  generation: string;
  /** The end of its last commit; with offset 0 the snapshot of the index alone. */
  position: Position;
  /** When its segment (or snapshot) was written, RFC 3339; undefined where times cannot be trusted. */
  time: string | undefined;
  /** The next later moment that was looked at, and cannot be had in order; undefined: it is the newest of all. */
  broken: Position | undefined;
  /**
   * Every later moment was looked at, and none is in order. False: the search went by bisection, which takes for granted that
   * what is corrupt stays so; a later moment may be in order all the same.
   */
  exhaustive: boolean;
}

const MOST_TRIALS = 64;
/** So few moments are looked at one by one, from the newest back. */
const FEW = 8;

/**
 * The newest commit of a generation, at or before `target`, whose database SQLite finds in order; undefined: none was found.
 * Ends of WAL indexes are looked at first, in steps that double from the newest back, then by bisection; then the commits
 * of the one index that is left. Each state is restored to memory.
 *
 * @throws WalkitError `target/no-generation`; `replica/times-untrusted` for a time that means nothing;
 * `restore/memory-budget` where nothing in order was found, and databases were too large to look at; `storage/*`; what
 * `check` throws, `database/integrity` aside
 */
export async function newestSound(
  replica: Replica,
  target: PlanTarget & { generation: string },
  options: SoundOptions,
): Promise<SoundMoment | undefined> {
  const { signal } = options;
  const search = ({ generations }: Catalog, held: Replica) =>
    new Search(held, generations.find(({ id }) => id === target.generation)!, target, options).run();
  try {
    return await still({ ...replica, generation: target.generation }, search, { signal });
  } catch (error) {
    throw isGone(error) ? restless(error) : error;
  }
}

class Search {
  readonly #replica: Replica;
  readonly #generation: Branch;
  readonly #target: PlanTarget;
  readonly #options: SoundOptions;
  readonly #most: number;
  /** In order. */
  readonly #moments: Dated[] = [];
  /** By number of the moment: whether SQLite found it in order. */
  readonly #tried = new Map<number, boolean>();
  #size = 0;
  #tooLarge: WalkitError | undefined;

  constructor(replica: Replica, generation: Branch, target: PlanTarget, options: SoundOptions) {
    this.#replica = replica;
    this.#generation = generation;
    this.#target = target;
    this.#options = options;
    this.#most = Math.max(1, options.mostTrials ?? MOST_TRIALS);
  }

  async run(): Promise<SoundMoment | undefined> {
    if (this.#target.timestamp !== undefined) checkTimes(this.#replica.layout, this.#generation);
    await this.#readMoments();
    const moments = this.#moments;
    const isBorder = (moment: Position, next: Position | undefined) => !next || !isSameSection(moment, next);
    const borders = moments.flatMap((moment, i) => (isBorder(moment, moments[i + 1]) ? [i] : []));
    const border = await this.#newestOf(borders);
    // Between the last border in order and the first that is not lie the commits of one index.
    const until = borders.find((one) => one > (border ?? -1)) ?? moments.length;
    const within: number[] = [];
    for (let i = (border ?? -1) + 1; i < until; i++) within.push(i);
    const found = (await this.#newestOf(within)) ?? border;
    if (found === undefined) {
      if (this.#tooLarge) throw this.#tooLarge;
      return undefined;
    }
    const { modified } = moments[found]!;
    let next = found + 1;
    while (next < moments.length && !this.#tried.has(next)) next++;
    const broken = moments[next];
    let exhaustive = true;
    for (let i = found + 1; i < moments.length; i++) exhaustive &&= this.#tried.has(i);
    return {
      generation: this.#generation.id,
      position: positionOf(moments[found]!),
      time:
        modified === undefined || this.#replica.layout.doubt(this.#generation)
          ? undefined
          : formatTime(modified),
      broken: broken && positionOf(broken),
      exhaustive,
    };
  }

  /** The moments that snapshots and whole WAL lead to, up to the target. */
  async #readMoments(): Promise<void> {
    const { id, snapshots, segments } = this.#generation;
    const { signal, parallelism } = this.#options;
    const states = this.#replica.layout.states(this.#generation);
    if (states) {
      const times = new Map(filesIn(this.#generation).map((file) => [file.path, file.modified]));
      for (const state of states)
        this.#add({ ...state, modified: times.get(lastFileTo(this.#generation, state)) });
      return;
    }
    const [first] = snapshots;
    if (!first) return;
    let read = 0;
    /** Moments of snapshots, up to and with that of a section. */
    const alone = (section: number) => {
      for (; snapshots[read] && sectionOf(snapshots[read]!) <= section; read++)
        this.#add({ ...startOf(snapshots[read]!), modified: snapshots[read]!.modified });
    };
    const modified = new Map(segments.map((segment) => [segment.path, segment.modified]));
    const wal = segments
      .filter((segment) => sectionOf(segment) >= sectionOf(first) && holdsChange(this.#target, segment))
      .map(plannedSegment);
    let section = 0;
    const hasSnapshot = () => sectionOf(snapshots[read - 1]!) === section;
    let leads = false;
    for await (const event of readChanges(
      this.#replica,
      { generation: id, segments: wal },
      { signal, parallelism, faults: "report" },
    )) {
      if (event.type === "opens") {
        section = sectionOf(event.section);
        alone(section);
        leads ||= hasSnapshot();
      } else if (event.type === "fault" && event.breaks) {
        // What is missing before a section with a snapshot is no matter to what follows.
        leads &&= sectionOf(event.position) < section && hasSnapshot();
      } else if (event.type === "commit" && leads && event.sound) {
        this.#add({ ...event.end, modified: modified.get(event.change.path) });
      }
    }
    alone(Number.POSITIVE_INFINITY);
  }

  #add(moment: Dated): void {
    if (holdsMoment(this.#target, moment)) this.#moments.push(moment);
  }

  /** Of moments in ascending order the newest that is in order, as far as steps and bisection tell. */
  async #newestOf(list: readonly number[]): Promise<number | undefined> {
    let step = list.length <= FEW ? 0 : 1;
    let broken = list.length;
    let at = list.length - 1;
    while (at >= 0 && !(await this.#isSound(list[at]!, Math.ceil(Math.log2(list.length))))) {
      broken = at;
      if (at === 0) break;
      at = Math.max(0, at - Math.max(1, step));
      step *= 2;
    }
    if (broken === 0 || list.length === 0) return await this.#anyOf(list);
    let sound = at;
    while (broken - sound > FEW) {
      const middle = (sound + broken) >>> 1;
      if (await this.#isSound(list[middle]!, Math.ceil(Math.log2(broken - sound)))) sound = middle;
      else broken = middle;
    }
    for (let i = broken - 1; i > sound; i--) if (await this.#isSound(list[i]!, i - sound)) return list[i];
    return list[sound];
  }

  /** No step met a moment in order: there may be one between them. */
  async #anyOf(list: readonly number[]): Promise<number | undefined> {
    for (let i = list.length - 1; i >= 0; i--) if (await this.#isSound(list[i]!, i)) return list[i];
    return undefined;
  }

  async #isSound(number: number, ahead: number): Promise<boolean> {
    const known = this.#tried.get(number);
    if (known !== undefined) return known;
    if (this.#tried.size >= this.#most) return false;
    const { signal, parallelism, check, maxBytes, onProgress } = this.#options;
    signal?.throwIfAborted();
    const position = positionOf(this.#moments[number]!);
    const done = this.#tried.size;
    onProgress?.({ done, total: Math.min(this.#most, done + 1 + ahead), position });
    let isSound = false;
    try {
      const sink = new MemorySink(maxBytes, Math.min(this.#size, maxBytes ?? this.#size));
      const target = { generation: this.#generation.id, position };
      await restore(this.#replica, target, sink, { signal, parallelism, offer: false });
      this.#size = sink.bytes.length;
      await check(sink.bytes, signal);
      isSound = true;
    } catch (error) {
      if (!isOfThisMoment(error)) throw error;
      if (error.code === "restore/memory-budget") this.#tooLarge ??= error;
    }
    this.#tried.set(number, isSound);
    return isSound;
  }
}

/** Whether an error says something about one moment, and nothing about the next. */
function isOfThisMoment(error: unknown): error is WalkitError {
  if (!(error instanceof WalkitError)) return false;
  const { code } = error;
  const others: ErrorCode[] = ["database/integrity", "restore/memory-budget", "storage/unreadable"];
  return isOfFile(code) || ["replica", "target"].includes(familyOf(code)) || others.includes(code);
}

/** The path of the file that a state ends with. */
function lastFileTo({ snapshots, segments }: Branch, state: Position): string {
  const claim = snapshots.find((one) => comparePositions(one, state) === 0);
  return (claim ?? segments.findLast((one) => comparePositions(one, state) < 0))?.path ?? "";
}
