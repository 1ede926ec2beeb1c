/**
 * What the times of a replica's files prove. The rules, with what they were measured on: `docs/times.md`.
 *
 * Litestream takes a file's modification time as the moment of its creation. Nothing in the file says it, so a copy
 * without times, a clone by git or an unpacked archive destroys it without a trace in the data. Names alone give the order
 * within a generation; times are held against that order. A copy can only make a time later, never earlier.
 */

import { formatPosition } from "../../replay/position.ts";
import type { Doubt } from "../../replay/times.ts";
import { formatTime } from "../../time.ts";
import type { Generation, Segment, Snapshot } from "./types.ts";

export interface Evidence {
  /** Undefined: nothing speaks against the times. */
  doubt: Doubt | undefined;
  /** Of the first file by name, nanoseconds since 1970. In a copy it is later than its creation. */
  begin: bigint | undefined;
  /** Of the last file by name: nothing of the generation was created later, in a copy neither. */
  end: bigint | undefined;
}

/**
 * Between two segments of one index, two snapshots, two generations Litestream's clock ticks. Nanoseconds; measured: copies
 * take up to 5 ms on the whole, Litestream at its busiest 20 ms, by default 1 s.
 */
const LEAST_STEP = 8_000_000;
/** An upload to a file, flushed: nanoseconds. */
const LEAST_UPLOAD = 200_000;
/** From so many on, chance is out. */
const MANY = 8;
const SECOND = 1_000_000_000n;

/**
 * What the times of each generation are worth, in the light of them all: a generation of a few files is too short to show
 * at which pace it was written.
 */
export function judgeTimes(generations: readonly Generation[]): ReadonlyMap<Generation, Evidence> {
  const known = judgements.get(generations);
  if (known) return known;
  // Of what cannot be read no time is known; that says nothing about the others.
  const readable = new Map(generations.map((generation) => [withoutUnreadable(generation), generation]));
  const judged = new Map(
    [...judge([...readable.keys()])].map(([one, evidence]) => [readable.get(one)!, evidence]),
  );
  judgements.set(generations, judged);
  return judged;
}

function withoutUnreadable(generation: Generation): Generation {
  const [snapshots, segments] = [generation.snapshots, generation.segments];
  if (![...snapshots, ...segments].some(({ unreadable }) => unreadable)) return generation;
  return {
    ...generation,
    snapshots: snapshots.filter(({ unreadable }) => !unreadable),
    segments: segments.filter(({ unreadable }) => !unreadable),
  };
}

/** Verify asks for each generation of a catalog, which nobody changes. */
const judgements = new WeakMap<readonly Generation[], ReadonlyMap<Generation, Evidence>>();

function judge(generations: readonly Generation[]): ReadonlyMap<Generation, Evidence> {
  const filled = generations.filter((g) => g.snapshots.length + g.segments.length > 0);
  const judged = new Map(filled.map((generation) => [generation, endsOf(generation)]));
  const dated = filled.filter((generation) => {
    const evidence = judged.get(generation)!;
    evidence.doubt = withoutTime(generation) ?? disorder(generation);
    return evidence.doubt === undefined;
  });
  const few: Generation[] = [];
  for (const generation of dated) {
    const own = stepsOf(generation);
    if (own.length < MANY) few.push(generation);
    else judged.get(generation)!.doubt = copied(generation, tooFast(own, timesOf(generation)));
  }
  const inTime = [...dated].sort((a, b) => (judged.get(a)!.begin! < judged.get(b)!.begin! ? -1 : 1));
  const gaps = inTime
    .slice(1)
    .map((generation, i) => Number(judged.get(generation)!.begin! - judged.get(inTime[i]!)!.end!));
  const steps = [...few.flatMap(stepsOf), ...gaps.filter((gap) => gap >= 0)];
  const fast = tooFast(steps, few.flatMap(timesOf)) ?? tooFastInAll(filled.filter((g) => !withoutTime(g)));
  for (const generation of few) {
    judged.get(generation)!.doubt = copied(generation, fast) ?? uploadedTooFast(generation);
  }
  return judged;
}

/** Why the times of a generation cannot simply be those of its files' creation; undefined where nothing says so. */
export function timesUntrusted(
  generation: Generation,
  among: readonly Generation[] = [generation],
): Doubt | undefined {
  return judgeTimes(among).get(generation)?.doubt;
}

/** Whether the times of a generation can be those of its files' creation at all, if only by a clock that was set back. */
export function isDated({ doubt }: Evidence): boolean {
  return doubt === undefined || doubt.kind === "clock";
}

/**
 * Whether all of one generation was created before the other, so far as times tell. Only one is written at a time; with
 * times in whole seconds the last file of the one and the first of the other may share theirs.
 */
export function isBefore(one: Evidence, other: Evidence): boolean {
  if (one.end === undefined || other.begin === undefined || other.end === undefined) return false;
  const gap = other.begin - one.end;
  // Within one tick the order is open.
  if (gap < 0n || (gap === 0n && one.begin !== undefined && one.begin >= other.end)) return false;
  return gap + tickOf([one.end, other.begin]) >= BigInt(LEAST_STEP);
}

function endsOf({ snapshots, segments }: Generation): Evidence {
  const [first, last] = [segments[0], segments.at(-1)];
  const base = snapshots[0];
  const top = snapshots.at(-1);
  const begins = [first?.modified, base?.modified].filter((time) => time !== undefined);
  const ends = [last?.modified, !last || (top && top.index >= last.index) ? top?.modified : undefined].filter(
    (time) => time !== undefined,
  );
  return {
    doubt: undefined,
    begin: begins.reduce<bigint | undefined>((a, b) => (a !== undefined && a < b ? a : b), undefined),
    end: ends.reduce<bigint | undefined>((a, b) => (a !== undefined && a > b ? a : b), undefined),
  };
}

function withoutTime({ snapshots, segments }: Generation): Doubt | undefined {
  const file = [...snapshots, ...segments].find(({ modified }) => modified === undefined);
  return file && { kind: "none", path: file.path, reason: "the storage keeps no times" };
}

/** Times that are not in the order of the names. */
function disorder({ snapshots, segments }: Generation): Doubt | undefined {
  const falls = segments.filter((segment, i) => i > 0 && segment.modified! < segments[i - 1]!.modified!);
  const [fall] = falls;
  if (fall) {
    const before = segments[segments.indexOf(fall) - 1]!;
    const names = `${nameOf(fall)} and ${nameOf(before)} before it are in the wrong order`;
    // Set back, a clock leaves long stretches in order, at Litestream's own pace. A copy in another order does neither.
    const isClock =
      segments.length >= MANY &&
      falls.length * MANY <= segments.length &&
      !tooFast(stepsOf({ snapshots: [], segments }), timesOf({ snapshots, segments }));
    if (!isClock) return { kind: "copy", path: fall.path, reason: names };
    const times = falls.length === 1 ? "" : ` ${falls.length} times`;
    return { kind: "clock", path: fall.path, reason: `${names}, as where the clock was set back${times}` };
  }
  return misplacedSnapshot(snapshots, segments);
}

/**
 * Segments ascend in time here. A snapshot is no newer than WAL of a later index. It may well be older than WAL of earlier
 * ones, as uploads of WAL wait for the sync interval; but when it was made all of that had been written, so the next
 * upload takes each of these indexes whole: a segment each, two of the first where an upload was under way.
 */
function misplacedSnapshot(snapshots: readonly Snapshot[], segments: readonly Segment[]): Doubt | undefined {
  // Both lists ascend: what the one before has passed need not be looked at again.
  let later = 0;
  let newer = 0;
  // How many segments up to each one are not the first of their index.
  const further: number[] = [];
  for (const [i, segment] of segments.entries()) {
    further.push((further[i - 1] ?? 0) + (i > 0 && segments[i - 1]!.index === segment.index ? 1 : 0));
  }
  for (const [i, snapshot] of snapshots.entries()) {
    const before = snapshots[i - 1];
    const name = `the snapshot of index ${snapshot.index} (${formatTime(snapshot.modified!)})`;
    const wrong = (reason: string): Doubt => ({
      kind: "copy",
      path: snapshot.path,
      reason: `${name} is ${reason}`,
    });
    if (before && before.modified! > snapshot.modified!) {
      return wrong(`older than that of index ${before.index} (${formatTime(before.modified!)})`);
    }
    while (later < segments.length && segments[later]!.index <= snapshot.index) later++;
    while (newer < segments.length && segments[newer]!.modified! <= snapshot.modified!) newer++;
    const next = segments[later];
    if (next && snapshot.modified! > next.modified!)
      return wrong(`newer than ${nameOf(next)} of a later index`);
    // From `newer` to the last one of an earlier index.
    let own = later;
    while (own > 0 && segments[own - 1]!.index === snapshot.index) own--;
    if (own - newer < 2) continue;
    const first = segments[newer]!.index;
    let rest = newer;
    while (rest < own && segments[rest]!.index === first) rest++;
    const inFirst = rest - newer;
    const inOthers = rest < own ? further[own - 1]! - further[rest]! : 0;
    if (inFirst > 2 || inOthers > 0) {
      return wrong(
        `older than ${nameOf(segments[own - 1]!)} and others of earlier indexes, which were written one after another`,
      );
    }
  }
  return undefined;
}

/** The steps that only Litestream's clock leads over: nanoseconds, none negative. */
function stepsOf({ snapshots, segments }: Pick<Generation, "snapshots" | "segments">): number[] {
  const steps: number[] = [];
  const add = (before: Snapshot | Segment, after: Snapshot | Segment) => {
    const step = Number(after.modified! - before.modified!);
    if (step >= 0) steps.push(step);
  };
  for (let i = 1; i < segments.length; i++) {
    if (segments[i - 1]!.index === segments[i]!.index) add(segments[i - 1]!, segments[i]!);
  }
  for (let i = 1; i < snapshots.length; i++) add(snapshots[i - 1]!, snapshots[i]!);
  return steps;
}

function isFast(steps: readonly number[], least = LEAST_STEP): boolean {
  return steps.length > 0 && Float64Array.from(steps).sort()[(steps.length - 1) >> 1]! < least;
}

function copied({ snapshots, segments }: Generation, fast: string | undefined): Doubt | undefined {
  if (fast === undefined) return undefined;
  const isOne = segments.length > 1 && segments[0]!.modified === segments.at(-1)!.modified;
  const reason = isOne ? `all ${segments.length} WAL segments have the same time` : fast;
  return { kind: "copy", path: (segments[0] ?? snapshots[0])!.path, reason };
}

/** An index is one segment where the sync interval is long: then the uploads alone tell. */
function uploadedTooFast(generation: Generation): Doubt | undefined {
  const { segments } = generation;
  if (segments.length < MANY || tickOf(timesOf(generation)) > 0n) return undefined;
  const uploads = segments.slice(1).map(({ modified }, i) => Number(modified! - segments[i]!.modified!));
  return isFast(uploads, LEAST_UPLOAD) ? copied(generation, TOO_FAST) : undefined;
}

const TOO_FAST = "its files follow faster one after another than Litestream writes them";

/** Why steps between files of these times were not made by Litestream; undefined where they may have been. */
function tooFast(steps: readonly number[], times: readonly bigint[]): string | undefined {
  const tick = tickOf(times);
  if (tick === 0n) return isFast(steps) ? TOO_FAST : undefined;
  // Within a tick no order is to be seen, only how much falls into it.
  const ticks = new Set(times).size;
  if (Number(tick) * ticks >= LEAST_STEP * steps.length) return undefined;
  return `${times.length} files have ${ticks} different times`;
}

/** The same where the files of several small generations lie about in time, in which no step is that of neighbours. */
function tooFastInAll(generations: readonly Generation[]): string | undefined {
  const times = generations.flatMap(timesOf).sort((a, b) => (a < b ? -1 : 1));
  if (generations.length < 2 || tickOf(times) > 0n) return undefined;
  const steps = generations.reduce((sum, generation) => sum + needed(generation), generations.length - 1);
  return Number(times.at(-1)! - times[0]!) < LEAST_STEP * steps ? TOO_FAST : undefined;
}

/** How many steps a generation takes at least. */
function needed({ snapshots, segments }: Generation): number {
  const indexes = new Set(segments.map(({ index }) => index)).size;
  return segments.length - indexes + Math.max(0, snapshots.length - 1);
}

function timesOf({ snapshots, segments }: Pick<Generation, "snapshots" | "segments">): bigint[] {
  return [...snapshots, ...segments].map(({ modified }) => modified!);
}

/** How far apart times are at least where all are whole seconds; 0 where they are finer. */
function tickOf(times: readonly bigint[]): bigint {
  if (times.every((time) => time % (2n * SECOND) === 0n)) return 2n * SECOND;
  return times.every((time) => time % SECOND === 0n) ? SECOND : 0n;
}

function nameOf(segment: Segment): string {
  return `segment ${formatPosition(segment)} (${formatTime(segment.modified!)})`;
}
