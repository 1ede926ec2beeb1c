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
  const snapshot = chooseSnapshot(generation, target, options.avoid ?? new Set());
  const { segments, later } = chooseSegments(generation, snapshot, target, findings);
  checkIndexes(generation, snapshot, segments, later, target);
  const last = segments.at(-1)?.index ?? snapshot.index;
  const proof = last === snapshot.index ? later.filter((segment) => segment.index === last) : [];
  const files = [snapshot, ...segments, ...proof];
  return {
    generation: generation.id,
    snapshot: { index: snapshot.index, path: snapshot.path, size: snapshot.size },
    segments: segments.map(plannedSegment),
    proof: proof.map(plannedSegment),
    end: undefined,
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

function chooseSnapshot(generation: Generation, target: Target, avoid: ReadonlySet<string>): Snapshot {
  const { snapshots, id } = generation;
  if (snapshots.length === 0) throw noSnapshot(generation);
  const { index = Number.POSITIVE_INFINITY, timestamp } = target;
  const fits = snapshots.filter(
    (s) =>
      s.index <= index && (timestamp === undefined || (s.modified !== undefined && s.modified <= timestamp)),
  );
  const chosen = fits.filter((s) => !avoid.has(s.path)).at(-1);
  if (chosen) return chosen;
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

function chooseSegments(
  generation: Generation,
  snapshot: Snapshot,
  target: Target,
  findings: Finding[],
): { segments: Segment[]; later: Segment[] } {
  const all = generation.segments.filter((segment) => segment.index >= snapshot.index);
  const { index, timestamp } = target;
  let count = all.length;
  if (timestamp !== undefined)
    count = all.findIndex((s) => s.modified === undefined || s.modified > timestamp);
  else if (index !== undefined) count = all.findIndex((s) => s.index > index);
  if (count < 0) count = all.length;
  const newest = Math.max(snapshot.index, all.at(-1)?.index ?? 0);
  if (index !== undefined && index > newest) {
    findings.push(
      makeFinding(
        "target/out-of-range",
        `Index ${index} is past the last one, ${newest}: the newest state is restored`,
        {
          severity: "info",
          generation: generation.id,
          hint: "Nothing: Litestream does the same",
        },
      ),
    );
  }
  return { segments: all.slice(0, count), later: all.slice(count) };
}

/**
 * Whether the target is the very time of its last segment. What is missing has no time, but it is younger than the
 * segment before it: then it is past the target.
 */
function endsExactly(segments: readonly Segment[], { timestamp }: Target): boolean {
  return timestamp !== undefined && segments.at(-1)?.modified === timestamp;
}

/** Every index from the snapshot's to the target's must be there, from its first byte on. */
function checkIndexes(
  generation: Generation,
  snapshot: Snapshot,
  segments: Segment[],
  later: Segment[],
  target: Target,
): void {
  let index = snapshot.index - 1;
  for (const segment of segments) {
    if (segment.index === index) continue;
    if (segment.index > index + 1) throw missingIndex(generation.id, index + 1, segment);
    if (segment.offset !== 0) throw missingFirstSegment(generation.id, segment);
    index = segment.index;
  }
  const next = later[0];
  if (!next || endsExactly(segments, target)) return;
  const reached = Math.max(index, snapshot.index - 1);
  if (target.timestamp === undefined ? reached < target.index! : next.index > reached + 1) {
    throw missingIndex(generation.id, reached + 1, next);
  }
  if (target.timestamp !== undefined && next.index > reached && next.offset !== 0) {
    throw missingFirstSegment(generation.id, next);
  }
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
