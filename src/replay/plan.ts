/**
 * The plan: which snapshot, which WAL segments, in which order. A pure, synchronous function of the catalog and a
 * target: no I/O, and what it returns is plain JSON.
 *
 * It chooses as Litestream 0.3 does (generation, snapshot, segments), and refuses what names alone show to be
 * incomplete. What only the bytes can show, `replay` finds.
 */

import { WalkitError } from "../errors.ts";
import { type Finding, makeFinding } from "../findings.ts";
import type { Catalog, Generation, Segment, Snapshot } from "../snapshot/catalog.ts";
import type { Position } from "../snapshot/names.ts";
import { formatTime, timeRange, timesUntrusted } from "../snapshot/times.ts";
import { missingFirstSegment, missingIndex } from "./faults.ts";

/** The moment that is wanted. At most one of `index` and `timestamp`; neither: the newest there is. */
export interface Target {
  /** By default the generation with the newest file, or with `timestamp` the one whose times contain it. */
  generation?: string | undefined;
  /** The state at the end of this WAL index; past the last one: the newest state, as with Litestream. */
  index?: number | undefined;
  /** Nanoseconds since 1970: snapshots and segments created at or before it. */
  timestamp?: bigint | undefined;
}

export interface PlannedFile {
  path: string;
  /** Compressed bytes, where the listing tells. */
  size: number | undefined;
}

export interface PlannedSegment extends PlannedFile, Position {}

export interface RestorePlan {
  generation: string;
  snapshot: PlannedFile & { index: number };
  /** Applied in this order, each whole unless `end` says otherwise. */
  segments: PlannedSegment[];
  /**
   * The rest of the snapshot's own WAL index where the target lies within that: read but not applied, to prove that the
   * snapshot holds no page from after the target.
   */
  proof: PlannedSegment[];
  /** The last commit to apply ends here; undefined: at the end of the last segment. */
  end: Position | undefined;
  /**
   * Whether the WAL of the snapshot's own index is there as far as the snapshot may reach (see {@link isSettled}). Where it
   * is not, and the target lies in that index, the snapshot may hold pages from after the target.
   */
  settled: boolean;
  /** The segment that follows the target: where it does not abut, something in between is missing. */
  next: Position | undefined;
  /** Compressed bytes to read; undefined where the listing tells no sizes. */
  bytes: number | undefined;
  /** What is worth knowing about the choice. */
  findings: Finding[];
}

export interface PlanOptions {
  /** Paths of snapshots that are known not to serve. */
  avoid?: ReadonlySet<string> | undefined;
}

/**
 * Plans the restore of `target`.
 *
 * @throws WalkitError `target/*`, `replica/no-snapshot`, `replica/times-untrusted`, `replica/missing-index`,
 * `replica/missing-first-segment`
 * @throws TypeError, RangeError where the target is none: both an index and a time, or a time that is no bigint
 */
export function planRestore(catalog: Catalog, target: Target = {}, options: PlanOptions = {}): RestorePlan {
  checkTarget(target);
  const findings: Finding[] = [];
  const generation = chooseGeneration(catalog, target, findings);
  const { snapshot, segments, later } = chooseFiles(generation, target, options.avoid ?? new Set());
  notePastEnd(generation, snapshot, target, findings);
  const last = segments.at(-1)?.index ?? snapshot.index;
  const proof = last === snapshot.index ? later.filter((segment) => segment.index === last) : [];
  const files = [snapshot, ...segments, ...proof];
  return {
    generation: generation.id,
    snapshot: { index: snapshot.index, path: snapshot.path, size: snapshot.size },
    segments: segments.map(plannedSegment),
    proof: proof.map(plannedSegment),
    end: undefined,
    settled: isSettled(generation, snapshot),
    next:
      later[0] && !endsExactly(segments, target)
        ? { index: later[0].index, offset: later[0].offset }
        : undefined,
    bytes: files.every((file) => file.size !== undefined)
      ? files.reduce((sum, file) => sum + file.size!, 0)
      : undefined,
    findings,
  };
}

function checkTarget({ index, timestamp }: Target): void {
  if (index !== undefined && timestamp !== undefined) {
    throw new TypeError("Expected an index or a timestamp, found both");
  }
  if (index !== undefined && (!Number.isInteger(index) || index < 0)) {
    throw new RangeError(`Expected a WAL index from 0, found ${index}`);
  }
  if (timestamp !== undefined && typeof timestamp !== "bigint") {
    throw new TypeError(`Expected a timestamp in nanoseconds as a bigint, found ${typeof timestamp}`);
  }
}

export function plannedSegment({ index, offset, path, size }: Segment): PlannedSegment {
  return { index, offset, path, size };
}

function chooseGeneration(catalog: Catalog, target: Target, findings: Finding[]): Generation {
  const filled = catalog.generations.filter((g) => g.snapshots.length + g.segments.length > 0);
  if (target.generation !== undefined) {
    const generation = catalog.generations.find((g) => g.id === target.generation);
    if (!generation) throw unknownGeneration(target.generation, catalog);
    if (target.timestamp !== undefined) checkTime([generation], target.timestamp);
    return generation;
  }
  if (filled.length === 0) {
    throw new WalkitError(
      "target/no-generation",
      "Expected at least one generation, found none with any file in it",
      {
        hint: "Check that this is the replica's folder: it holds generations/<16 hex digits>/snapshots and wal",
      },
    );
  }
  if (target.timestamp !== undefined) return checkTime(filled, target.timestamp);
  const usable = filled.filter((g) => g.snapshots.length > 0);
  if (usable.length === 0) throw noSnapshot(filled[0]!);
  const generation = usable.length === 1 ? usable[0]! : newestOf(usable);
  const range = timeRange(generation);
  for (const other of filled) {
    if (other.snapshots.length > 0) continue;
    const otherRange = timeRange(other);
    if (usable.length > 1 && !(range && otherRange && otherRange.newest > range.newest)) continue;
    findings.push(
      makeFinding(
        "replica/no-snapshot",
        `Generation ${other.id} has ${other.segments.length} WAL segments but no snapshot: generation ${generation.id} is restored instead`,
        {
          severity: "warning",
          generation: other.id,
          hint: `If ${other.id} is the newer one, what it held is not in the restored database`,
        },
      ),
    );
  }
  return generation;
}

/** The generation with the newest file. Only one is written at a time, so their times must not overlap. */
function newestOf(generations: Generation[]): Generation {
  const dated = generations.map((generation) => {
    const untrusted = timesUntrusted(generation);
    const range = timeRange(generation);
    if (untrusted || !range)
      throw ambiguous(`in ${generation.id} ${untrusted?.reason ?? "there are no times"}`);
    return { generation, ...range };
  });
  dated.sort((a, b) => (a.newest < b.newest ? -1 : 1));
  for (let i = 1; i < dated.length; i++) {
    const [before, after] = [dated[i - 1]!, dated[i]!];
    if (after.oldest < before.newest) {
      throw ambiguous(`the times of ${before.generation.id} and ${after.generation.id} overlap`);
    }
  }
  return dated.at(-1)!.generation;
}

function ambiguous(reason: string): WalkitError {
  return new WalkitError(
    "target/ambiguous-generation",
    `Expected times that tell which generation is the newest, found that they cannot be trusted: ${reason}`,
    { hint: "Choose one with --generation; list them with: walkit generations <replica>" },
  );
}

/** Among `generations` the newest one whose files' times contain `time`. */
function checkTime(generations: Generation[], time: bigint): Generation {
  let chosen: { generation: Generation; newest: bigint } | undefined;
  const ranges: string[] = [];
  for (const generation of generations) {
    const untrusted = timesUntrusted(generation);
    if (untrusted) {
      throw new WalkitError(
        "replica/times-untrusted",
        `Expected file times that tell when each file was written, found that those of generation ${generation.id} cannot: ${untrusted.reason}`,
        {
          path: untrusted.path,
          hint: "Copy the replica again with its times (cp -p, rsync -t, tar), or restore by --index",
        },
      );
    }
    const range = timeRange(generation);
    if (!range) continue;
    ranges.push(`${generation.id} from ${formatTime(range.oldest)} to ${formatTime(range.newest)}`);
    if (time < range.oldest || time > range.newest) continue;
    if (!chosen || range.newest > chosen.newest) chosen = { generation, newest: range.newest };
  }
  if (chosen) return chosen.generation;
  throw new WalkitError(
    "target/out-of-range",
    `Expected a time that the replica reaches, found ${formatTime(time)}; there is ${ranges.join("; ") || "nothing with a time"}`,
    { hint: "Choose a time within these; without --timestamp the newest state is restored" },
  );
}

/**
 * The newest snapshot that fits, and the segments from there to the target. Where that snapshot is not settled, an older
 * one with all WAL since then leads to the same commit, and surely no further.
 */
function chooseFiles(generation: Generation, target: Target, avoid: ReadonlySet<string>): Files {
  const snapshots = fittingSnapshots(generation, target, avoid);
  const newest = chooseSegments(generation, snapshots[0]!, target);
  const hasOwn = generation.segments.some((segment) => segment.index === newest.snapshot.index);
  if (hasOwn && !isSettled(generation, newest.snapshot)) {
    for (const snapshot of snapshots.slice(1)) {
      const files = chooseSegments(generation, snapshot, target);
      if (!gapIn(generation, files, target)) return files;
    }
  }
  const gap = gapIn(generation, newest, target);
  if (gap) throw gap;
  return newest;
}

interface Files {
  snapshot: Snapshot;
  segments: Segment[];
  /** What follows them in the replica. */
  later: Segment[];
}

/**
 * Whether all that a snapshot may hold of its own index's WAL is in the replica: there is WAL of a later index, or a
 * segment of its own that was written after it. Litestream uploads in order, and all that there is, so by then the WAL up
 * to the snapshot's mark had been uploaded. A snapshot newer than all WAL may hold transactions that were never uploaded.
 */
export function isSettled(generation: Generation, { index, modified }: Snapshot): boolean {
  const last = generation.segments.at(-1);
  if (!last || last.index < index) return false;
  if (last.index > index) return true;
  if (modified === undefined || last.modified === undefined || last.modified <= modified) return false;
  return timesUntrusted(generation) === undefined;
}

/** Newest first. */
function fittingSnapshots(generation: Generation, target: Target, avoid: ReadonlySet<string>): Snapshot[] {
  const { snapshots, id } = generation;
  if (snapshots.length === 0) throw noSnapshot(generation);
  const { index = Number.POSITIVE_INFINITY, timestamp } = target;
  const fits = snapshots.filter(
    (s) =>
      s.index <= index && (timestamp === undefined || (s.modified !== undefined && s.modified <= timestamp)),
  );
  const chosen = fits.filter((s) => !avoid.has(s.path)).reverse();
  if (chosen.length > 0) return chosen;
  const first = snapshots[0]!;
  const wanted = timestamp === undefined ? `index ${target.index ?? first.index}` : formatTime(timestamp);
  const found =
    fits.length > 0
      ? `${fits.length === 1 ? "one that does" : `${fits.length} that do`} not serve`
      : `the first of index ${first.index}${first.modified === undefined ? "" : ` at ${formatTime(first.modified)}`}`;
  throw new WalkitError(
    "target/no-snapshot",
    `Expected a snapshot of generation ${id} at or before ${wanted}, found ${found}`,
    { hint: "List the snapshots with: walkit snapshots <replica>" },
  );
}

function chooseSegments(generation: Generation, snapshot: Snapshot, { index, timestamp }: Target): Files {
  const all = generation.segments.filter((segment) => segment.index >= snapshot.index);
  let count = -1;
  if (timestamp !== undefined) {
    count = all.findIndex((s) => s.modified === undefined || s.modified > timestamp);
  } else if (index !== undefined) count = all.findIndex((s) => s.index > index);
  if (count < 0) count = all.length;
  return { snapshot, segments: all.slice(0, count), later: all.slice(count) };
}

function notePastEnd(
  { id, segments }: Generation,
  snapshot: Snapshot,
  { index }: Target,
  findings: Finding[],
): void {
  const newest = Math.max(snapshot.index, segments.at(-1)?.index ?? 0);
  if (index === undefined || index <= newest) return;
  findings.push(
    makeFinding(
      "target/out-of-range",
      `Index ${index} is past the last one, ${newest}: the newest state is restored`,
      { severity: "info", generation: id, hint: "Nothing: Litestream does the same" },
    ),
  );
}

/**
 * Whether the target is the very time of its last segment. What is missing has no time, but it is younger than the
 * segment before it: then it is past the target.
 */
function endsExactly(segments: readonly Segment[], { timestamp }: Target): boolean {
  return timestamp !== undefined && segments.at(-1)?.modified === timestamp;
}

/** Every index from the snapshot's to the target's must be there, from its first byte on: what is missing. */
function gapIn(
  { id }: Generation,
  { snapshot, segments, later }: Files,
  target: Target,
): WalkitError | undefined {
  let index = snapshot.index - 1;
  for (const segment of segments) {
    if (segment.index === index) continue;
    if (segment.index > index + 1) return missingIndex(id, index + 1, segment);
    if (segment.offset !== 0) return missingFirstSegment(id, segment);
    index = segment.index;
  }
  const next = later[0];
  if (!next || endsExactly(segments, target)) return undefined;
  const reached = Math.max(index, snapshot.index - 1);
  if (target.timestamp === undefined ? reached < target.index! : next.index > reached + 1) {
    return missingIndex(id, reached + 1, next);
  }
  if (target.timestamp !== undefined && next.index > reached && next.offset !== 0) {
    return missingFirstSegment(id, next);
  }
  return undefined;
}

function noSnapshot({ id, segments }: Generation): WalkitError {
  const found = segments.length === 0 ? "nothing" : `${segments.length} WAL segments and no snapshot`;
  return new WalkitError("replica/no-snapshot", `Expected a snapshot in generation ${id}, found ${found}`, {
    path: segments[0]?.path,
  });
}

function unknownGeneration(id: string, catalog: Catalog): WalkitError {
  const found = catalog.generations.map((g) => g.id);
  return new WalkitError(
    "target/no-generation",
    `Expected generation ${id}, found ${found.length === 0 ? "no generation" : found.slice(0, 20).join(", ")}`,
    { hint: "List the generations with: walkit generations <replica>" },
  );
}
