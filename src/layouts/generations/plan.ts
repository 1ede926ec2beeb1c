/**
 * The plan: which snapshot, which WAL segments, in which order. A pure, synchronous function of the catalog and a
 * target: no I/O, and what it returns is plain JSON.
 *
 * It chooses as Litestream 0.3 does (generation, snapshot, segments), and refuses what names alone show to be
 * incomplete. What only the bytes can show is found while they are read.
 */

import { WalkitError } from "../../errors.ts";
import { type Finding, makeFinding } from "../../findings.ts";

import {
  type PlannedWal,
  type PlanOptions,
  plannedSegment,
  type RestorePlan,
  sizeOf,
} from "../../replay/plan.ts";
import { comparePositions, formatPosition, type WalPosition } from "../../replay/position.ts";
import { formatTime } from "../../time.ts";
import { chooseGeneration, noSnapshot, refuseUnknown } from "./choose.ts";
import { missingFirstSegment, missingIndex } from "./faults.ts";
import { timesUntrusted } from "./times.ts";
import type { Generation, Generations, Segment, Snapshot, WalTarget } from "./types.ts";

/**
 * Plans the restore of `target`.
 *
 * @throws WalkitError `target/*`, `replica/no-snapshot`, `replica/times-untrusted`, `replica/missing-index`,
 * `replica/missing-first-segment`; `storage/unreadable` where what cannot be read may be on the way
 * @throws TypeError, RangeError where the target is none: both an index and a time, or a time that is no bigint
 */
export function planRestore(
  catalog: Generations,
  target: WalTarget = {},
  options: PlanOptions = {},
): RestorePlan {
  checkTarget(target);
  const findings: Finding[] = [];
  const generation = chooseGeneration(catalog, target);
  refuseUnknown(generation);
  const files = chooseFiles(generation, target, options.avoid ?? new Set());
  const { snapshot, segments, later } = files;
  notePastEnd(generation, snapshot, target, findings);
  refuseUnreadable(files, target);
  const last = segments.at(-1)?.index ?? snapshot.index;
  const proof = last === snapshot.index ? later.filter((segment) => segment.index === last) : [];
  return {
    ...plannedWal(generation, files, target),
    snapshot: plannedSegment(snapshot),
    ancestors: [],
    proof: proof.map(plannedSegment),
    settled: isSettled(generation, snapshot),
    mark: undefined,
    bytes: sizeOf([snapshot, ...segments, ...proof]),
    findings,
  };
}

/**
 * Plans the WAL of a generation from its first byte to `target`, for a database that stands at its beginning.
 *
 * @throws WalkitError `replica/missing-index`, `replica/missing-first-segment`, `target/out-of-range`
 */
export function planWal(generation: Generation, target: WalTarget): PlannedWal {
  refuseUnknown(generation);
  const index = generation.segments[0]?.index ?? 0;
  const files = chooseSegments(generation, index, target);
  refuseUnreadable(files, target);
  const gap = gapIn(generation, files, target);
  if (gap) throw gap;
  return plannedWal(generation, files, target);
}

function plannedWal({ id }: Generation, { segments, later }: WalFiles, target: WalTarget): PlannedWal {
  const { commit } = target;
  const follows = endsExactly(segments, target) ? undefined : later[0];
  return {
    generation: id,
    segments: segments.map(plannedSegment),
    proof: [],
    end: commit && commit.offset > 0 ? commit : undefined,
    next: follows && { index: follows.index, offset: follows.offset },
    later: later.map(plannedSegment),
  };
}

function checkTarget({ index, timestamp, commit }: WalTarget): void {
  const given = Object.entries({ index, timestamp, commit }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    throw new TypeError(`Expected one target, found ${given.map(([name]) => name).join(" and ")}`);
  }
  if (index !== undefined && (!Number.isInteger(index) || index < 0)) {
    throw new RangeError(`Expected a WAL index from 0, found ${index}`);
  }
  if (timestamp !== undefined && typeof timestamp !== "bigint") {
    throw new TypeError(`Expected a timestamp in nanoseconds as a bigint, found ${typeof timestamp}`);
  }
}

/**
 * The newest snapshot that fits, and the segments from there to the target. Where that snapshot is not settled, an older
 * one with all WAL since then leads to the same commit, and surely no further.
 */
function chooseFiles(generation: Generation, target: WalTarget, avoid: ReadonlySet<string>): Files {
  const snapshots = fittingSnapshots(generation, target, avoid);
  const filesFrom = (snapshot: Snapshot) => ({
    snapshot,
    ...chooseSegments(generation, snapshot.index, target),
  });
  const newest = filesFrom(snapshots[0]!);
  const hasOwn = generation.segments.some((segment) => segment.index === newest.snapshot.index);
  if (hasOwn && !isSettled(generation, newest.snapshot)) {
    for (const snapshot of snapshots.slice(1)) {
      const files = filesFrom(snapshot);
      if (!gapIn(generation, files, target)) return files;
    }
  }
  const gap = gapIn(generation, newest, target);
  if (gap) throw gap;
  return newest;
}

/** A segment on the way cannot be read; or, by time, the next segment cannot, whose time may be the target's. */
function refuseUnreadable({ segments, later }: WalFiles, target: WalTarget): void {
  const next = target.timestamp !== undefined && !endsExactly(segments, target) ? later.slice(0, 1) : [];
  const error = [...segments, ...next].find(({ unreadable }) => unreadable)?.unreadable;
  if (error) throw error;
}

interface WalFiles {
  /** The first index. */
  from: number;
  segments: Segment[];
  /** What follows them in the replica. */
  later: Segment[];
}

interface Files extends WalFiles {
  snapshot: Snapshot;
}

/**
 * Whether all that a snapshot may hold of its own index's WAL is in the replica: there is WAL of a later index, or a
 * segment of its own that was written after it. Litestream uploads in order, and all that there is, so by then the WAL up
 * to the snapshot's mark had been uploaded. A snapshot newer than all WAL may hold transactions that were never uploaded;
 * where the WAL of its own index is gone, nothing shows what it holds of that.
 */
export function isSettled(generation: Generation, { index, modified }: Snapshot): boolean {
  const last = generation.segments.at(-1);
  if (!last || last.index < index) return false;
  if (last.index > index) return generation.segments.some((segment) => segment.index === index);
  if (modified === undefined || last.modified === undefined || last.modified <= modified) return false;
  return timesUntrusted(generation) === undefined;
}

/** Newest first. */
function fittingSnapshots(generation: Generation, target: WalTarget, avoid: ReadonlySet<string>): Snapshot[] {
  const { snapshots, id } = generation;
  if (snapshots.length === 0) throw noSnapshot(generation);
  const { timestamp } = target;
  const index = target.index ?? target.commit?.index ?? Number.POSITIVE_INFINITY;
  const fits = snapshots.filter(
    (s) =>
      s.index <= index && (timestamp === undefined || (s.modified !== undefined && s.modified <= timestamp)),
  );
  const chosen = fits.filter((s) => !avoid.has(s.path)).reverse();
  if (chosen.length > 0) return chosen;
  const first = snapshots[0]!;
  const wanted =
    timestamp !== undefined
      ? formatTime(timestamp)
      : target.commit
        ? formatPosition(target.commit)
        : `index ${target.index ?? first.index}`;
  const found =
    fits.length > 0
      ? `${fits.length === 1 ? "one that does" : `${fits.length} that do`} not serve`
      : `the first of index ${first.index}${first.modified === undefined ? "" : ` at ${formatTime(first.modified)}`}`;
  throw new WalkitError(
    "target/no-snapshot",
    `Expected a snapshot of generation ${id} at or before ${wanted}, found ${found}`,
    { remedy: { do: "list", what: "snapshots" } },
  );
}

function chooseSegments(
  generation: Generation,
  from: number,
  { index, timestamp, commit }: WalTarget,
): WalFiles {
  const all = generation.segments.filter((segment) => segment.index >= from);
  let count = -1;
  if (timestamp !== undefined) {
    count = all.findIndex((s) => s.modified === undefined || s.modified > timestamp);
  } else if (commit) count = all.findIndex((s) => comparePositions(s, commit) >= 0);
  else if (index !== undefined) count = all.findIndex((s) => s.index > index);
  if (count < 0) count = all.length;
  return { from, segments: all.slice(0, count), later: all.slice(count) };
}

function notePastEnd(
  { id, segments }: Generation,
  snapshot: Snapshot,
  { index }: WalTarget,
  findings: Finding[],
): void {
  const newest = Math.max(snapshot.index, segments.at(-1)?.index ?? 0);
  if (index === undefined || index <= newest) return;
  findings.push(
    makeFinding(
      "target/out-of-range",
      `Index ${index} is past the last one, ${newest}: the newest state is restored`,
      { severity: "info", generation: id, remedy: { do: "nothing", why: "as-litestream" } },
    ),
  );
}

/**
 * Whether the target ends with the last segment, whatever is missing behind it. A commit does. So does a time that is the very
 * time of that segment: a segment that is missing behind it is younger.
 */
function endsExactly(segments: readonly Segment[], { timestamp, commit }: WalTarget): boolean {
  return commit !== undefined || (timestamp !== undefined && segments.at(-1)?.modified === timestamp);
}

/** What is missing: every index from the snapshot's to the target's must be there, from its first byte on. */
function gapIn(
  { id }: Generation,
  { from, segments, later }: WalFiles,
  target: WalTarget,
): WalkitError | undefined {
  let index = from - 1;
  for (const segment of segments) {
    if (segment.index === index) continue;
    if (segment.index > index + 1) return missingIndex(id, index + 1, segment);
    if (segment.offset !== 0) return missingFirstSegment(id, segment);
    index = segment.index;
  }
  const next = later[0];
  if (target.commit) {
    const last = target.commit.offset > 0 ? target.commit.index : target.commit.index - 1;
    if (index >= last) return undefined;
    return next ? missingIndex(id, index + 1, next) : notReached(id, target.commit);
  }
  if (!next || endsExactly(segments, target)) return undefined;
  if (target.timestamp === undefined ? index < target.index! : next.index > index + 1) {
    return missingIndex(id, index + 1, next);
  }
  if (target.timestamp !== undefined && next.index > index && next.offset !== 0) {
    return missingFirstSegment(id, next);
  }
  return undefined;
}

function notReached(id: string, commit: WalPosition): WalkitError {
  return new WalkitError(
    "target/out-of-range",
    `Expected WAL of generation ${id} up to ${formatPosition(commit)}, found that it ends before that`,
    { position: formatPosition(commit) },
  );
}
