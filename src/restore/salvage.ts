/** Salvage: from which snapshots the WAL that is there leads how far, the farthest first. */

import { WalkitError } from "../errors.ts";
import { findingOf } from "../findings.ts";
import { isSettled, type PlanTarget, plannedSegment, type RestorePlan } from "../replay/plan.ts";
import { replay } from "../replay/replay.ts";
import {
  type Catalog,
  type Generation,
  readCatalog,
  type Segment,
  type Snapshot,
} from "../snapshot/catalog.ts";
import { comparePositions, formatPosition, type Position } from "../snapshot/names.ts";
import { formatTime, timeRange } from "../snapshot/times.ts";
import type { Storage } from "../storage/storage.ts";
import { type ExecuteOptions, executePlan } from "./execute.ts";
import type { Lost, Restored, RestoreOptions } from "./restore.ts";
import type { DatabaseSink } from "./sink.ts";

export interface Candidate {
  plan: RestorePlan;
  snapshot: Snapshot;
  /** The segments that the target would need. */
  wanted: Segment[];
}

/**
 * What can be salvaged of `target`: of its generation, then, where the target names none, of the others, newest first.
 * Each plan ends at a commit up to which everything was found sound.
 */
export async function* salvageCandidates(
  storage: Storage,
  catalog: Catalog,
  target: PlanTarget,
  options: Pick<ExecuteOptions, "signal" | "parallelism">,
): AsyncGenerator<Candidate> {
  const generations = catalog.generations
    .filter((g) => g.snapshots.length > 0 && (target.generation ?? g.id) === g.id)
    .sort((a, b) => compareTimes(timeRange(b)?.newest, timeRange(a)?.newest));
  for (const generation of generations) {
    const wanted = generation.segments.filter((segment) => fits(segment, target));
    const found: { candidate: Candidate; reach: Position }[] = [];
    // From the newest snapshot back, each piece of WAL is read once: what leads to a later snapshot's index leads on from
    // there as far as that one's WAL does.
    let later: { index: number; reach: Position | undefined } | undefined;
    for (const snapshot of generation.snapshots.filter((s) => fits(s, target)).reverse()) {
      const own = await reachOf(storage, generation, snapshot, wanted, target, later?.index, options);
      const reaches = [own.reach];
      if (own.connects && later?.reach) reaches.push(later.reach);
      for (const reach of reaches) {
        const candidate = { plan: planOf(generation, snapshot, reach), snapshot, wanted };
        found.push({ candidate, reach: reach ?? { index: snapshot.index, offset: 0 } });
      }
      later = { index: snapshot.index, reach: reaches.at(-1) };
    }
    // Of two that reach the same commit the older snapshot is the one that is sure to hold nothing from after it.
    found.reverse().sort((a, b) => comparePositions(b.reach, a.reach));
    for (const { candidate } of found) yield candidate;
  }
}

function compareTimes(a: bigint | undefined, b: bigint | undefined): number {
  return a === b ? 0 : (a ?? 0n) < (b ?? 0n) ? -1 : 1;
}

function fits(file: Snapshot | Segment, { index, timestamp, commit }: PlanTarget): boolean {
  return (
    (index === undefined || file.index <= index) &&
    (timestamp === undefined || (file.modified !== undefined && file.modified <= timestamp)) &&
    (commit === undefined ||
      ("offset" in file ? comparePositions(file, commit) < 0 : file.index <= commit.index))
  );
}

/**
 * The last commit before index `until`, and not past that of `target`, up to which `wanted` replays from `snapshot` without
 * a fault; `connects`: it leads to the start of that index.
 */
async function reachOf(
  storage: Storage,
  generation: Generation,
  snapshot: Snapshot,
  wanted: Segment[],
  { commit }: PlanTarget,
  until: number = Number.POSITIVE_INFINITY,
  options: Pick<ExecuteOptions, "signal" | "parallelism">,
): Promise<{ reach: Position | undefined; connects: boolean }> {
  let reach: Position | undefined;
  const segments = wanted.filter((s) => s.index >= snapshot.index && s.index < until);
  if (segments[0]?.index !== snapshot.index) return { reach, connects: false };
  const last = segments.at(-1)!;
  const later = generation.segments.filter((s) => comparePositions(s, last) > 0).map(plannedSegment);
  try {
    for await (const event of replay(
      storage,
      { generation: generation.id, segments, snapshot, later },
      { ...options, salvage: true },
    )) {
      if (event.type !== "commit") continue;
      if (commit && comparePositions(event.end, commit) > 0) break;
      reach = event.end;
    }
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    return { reach, connects: false };
  }
  return { reach, connects: segments.at(-1)!.index === until - 1 };
}

function planOf(generation: Generation, snapshot: Snapshot, end: Position | undefined): RestorePlan {
  const own = generation.segments.filter((s) => s.index >= snapshot.index);
  const applied = end ? own.filter((s) => comparePositions(s, end) < 0) : [];
  const last = end?.index ?? snapshot.index;
  const proof = own.filter(
    (s) => s.index === snapshot.index && last === s.index && (!end || comparePositions(s, end) >= 0),
  );
  return {
    generation: generation.id,
    snapshot: { index: snapshot.index, path: snapshot.path, size: snapshot.size },
    segments: applied.map(plannedSegment),
    proof: proof.map(plannedSegment),
    end,
    settled: isSettled(generation, snapshot),
    ancestors: [],
    mark: undefined,
    next: undefined,
    later: own.slice(applied.length).map(plannedSegment),
    bytes: undefined,
    findings: [],
  };
}

/** The refusal, with what can be had instead: what salvage would try first. */
export async function withWhatIsLeft(
  storage: Storage,
  target: PlanTarget,
  options: RestoreOptions,
  error: WalkitError,
): Promise<WalkitError> {
  const catalog = await list(storage, target, options);
  for await (const { plan, snapshot, wanted } of salvageCandidates(storage, catalog, target, options)) {
    const applied = new Set(plan.segments.map((segment) => segment.path));
    const { modified } = wanted.findLast(({ path }) => applied.has(path)) ?? snapshot;
    const available = {
      generation: plan.generation,
      snapshot: snapshot.index,
      position: plan.end && formatPosition(plan.end),
      time: modified === undefined ? undefined : formatTime(modified),
    };
    return error.with({ available });
  }
  return error;
}

/** The farthest that can be had of `target` and is right; undefined where that is nothing. */
export async function restoreSalvaged(
  storage: Storage,
  target: PlanTarget,
  sink: DatabaseSink,
  options: RestoreOptions,
  reason: WalkitError,
): Promise<Restored | undefined> {
  const catalog = await list(storage, target, options);
  for await (const candidate of salvageCandidates(storage, catalog, target, options)) {
    await sink.write({ type: "truncate", size: 0 });
    const { plan } = candidate;
    try {
      options.onPlan?.(plan);
      const result = await executePlan(storage, plan, sink, options);
      await options.accept?.(result);
      // Why the target cannot be had is said once.
      const findings = result.findings.filter(
        ({ code, path }) => code !== reason.code || path !== reason.path,
      );
      return { ...result, findings, plan, lost: lossOf(candidate, result.position, reason) };
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
    }
  }
  return undefined;
}

function lossOf(
  { plan, wanted, snapshot }: Candidate,
  reached: Position | undefined,
  reason: WalkitError,
): Lost {
  const applied = new Set(plan.segments.map((segment) => segment.path));
  const isIn = ({ index, path }: Segment) => index < snapshot.index || applied.has(path);
  const last = wanted.filter(isIn).at(-1);
  const missed = wanted.filter((segment) => !isIn(segment));
  const reachedTime = (last ?? snapshot).modified;
  const until = missed.at(-1)?.modified;
  return {
    reason: findingOf(reason, { generation: plan.generation }),
    reached: reached && formatPosition(reached),
    reachedTime: reachedTime === undefined ? undefined : formatTime(reachedTime),
    segments: missed.map((segment) => segment.path),
    until: until === undefined ? undefined : formatTime(until),
  };
}

function list(
  storage: Storage,
  { generation }: PlanTarget,
  { prefix, signal }: RestoreOptions,
): Promise<Catalog> {
  return readCatalog(storage, { prefix, signal, generation });
}
