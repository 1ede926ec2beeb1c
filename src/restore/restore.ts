/**
 * Restore, a target: lists, plans, carries out, and where that fails looks whether another way leads to the very same
 * state: another snapshot, a listing made anew. `salvage` then goes as far as what is there is right.
 */

import { WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import { planRestore, type RestorePlan, type Target } from "../replay/plan.ts";
import { type Catalog, hasChanged, readCatalog, type Segment } from "../snapshot/catalog.ts";
import { formatPosition, type Position } from "../snapshot/names.ts";
import { formatTime } from "../snapshot/times.ts";
import type { Storage } from "../storage/storage.ts";
import { type ExecuteOptions, executePlan, type RestoreResult } from "./execute.ts";
import { planToMark } from "./mark.ts";
import { type Candidate, salvageCandidates } from "./salvage.ts";
import type { DatabaseSink } from "./sink.ts";

export interface RestoreOptions extends ExecuteOptions {
  /** What stands before a generation's name in paths; `generations/` by default. */
  prefix?: string | undefined;
  /** Where the target cannot be had exactly: go as far as what is there is right, and say what is lost. */
  salvage?: boolean | undefined;
  /** Looks at the whole output before it counts; throws a WalkitError to turn it down, then another way is tried. */
  accept?: ((result: RestoreResult) => Promise<void>) | undefined;
  /** Told of each plan before it is carried out. */
  onPlan?: ((plan: RestorePlan) => void) | undefined;
}

/** What a salvaged database lacks of the target. */
export interface Lost {
  /** Why the target itself cannot be had. */
  reason: Finding;
  /** The last commit that is in the database; undefined where it is the snapshot alone. */
  reached: string | undefined;
  /** When the last segment that was applied (or the snapshot) was written, RFC 3339. */
  reachedTime: string | undefined;
  /** WAL segments of the target that are not in the database. */
  segments: string[];
  /** When the newest of them was written, RFC 3339. */
  until: string | undefined;
}

export interface Restored extends RestoreResult {
  plan: RestorePlan;
  /** Undefined: it is the target itself. */
  lost: Lost | undefined;
}

/** A replica may change while it is read; a listing is made anew this often. */
const RELISTINGS = 5;

/**
 * Restores `target` into `sink`. After a failed attempt the sink is truncated to 0 and written anew; if the promise is
 * rejected, what the sink holds is to be thrown away.
 *
 * @throws WalkitError why the target cannot be had, with what to do next
 */
export async function restore(
  storage: Storage,
  target: Target,
  sink: DatabaseSink,
  options: RestoreOptions = {},
): Promise<Restored> {
  try {
    return await restoreExactly(storage, target, sink, { ...options, salvage: false });
  } catch (error) {
    if (!(error instanceof WalkitError) || !isSalvageable(error)) throw error;
    if (options.salvage) return await restoreSalvaged(storage, target, sink, options, error);
    throw await withWhatIsLeft(storage, target, options, error);
  }
}

/** The refusal, with what can be had instead: what salvage would try first. */
async function withWhatIsLeft(
  storage: Storage,
  target: Target,
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

async function restoreExactly(
  storage: Storage,
  target: Target,
  sink: DatabaseSink,
  options: RestoreOptions,
): Promise<Restored> {
  const avoid = new Set<string>();
  const notes: Finding[] = [];
  let first: WalkitError | undefined;
  let relistings = 0;
  let catalog = await list(storage, target, options);
  for (;;) {
    let plan: RestorePlan | undefined;
    try {
      plan = planAround(catalog, target, avoid, first);
      const result = await attempt(storage, plan, sink, options);
      return { ...result, findings: [...notes, ...result.findings], plan, lost: undefined };
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
      const now = await list(storage, target, options);
      if (hasChanged(catalog, now)) {
        if (++relistings > RELISTINGS) throw error.code === "storage/not-found" ? restless(error) : error;
        catalog = now;
      } else if (!plan) throw error;
      else if (error.path === plan.snapshot.path) {
        if (error.code === "replica/before-mark" && target.timestamp !== undefined) {
          // The snapshot was there at that time, so all that it holds had been committed by then.
          const marked = await toMark(storage, plan, sink, options);
          if (marked) {
            const note = findingOf(laterThanAsked(error, marked, catalog), {
              generation: plan.generation,
              severity: "warning",
            });
            return { ...marked, findings: [...notes, note, ...marked.findings] };
          }
        }
        avoid.add(plan.snapshot.path);
        first ??= error;
        notes.push(findingOf(error, { generation: plan.generation, severity: "warning" }));
      } else throw error;
    }
    await sink.write({ type: "truncate", size: 0 });
  }
}

function restless({ message, path }: WalkitError): WalkitError {
  return new WalkitError(
    "replica/changed-while-reading",
    `Expected the replica to stand still for one reading, found it changed each time, the last time with: ${message}`,
    { path },
  );
}

/** The next plan; where no other snapshot serves, what was wrong with the first one is the reason to give. */
function planAround(
  catalog: Catalog,
  target: Target,
  avoid: ReadonlySet<string>,
  first: WalkitError | undefined,
): RestorePlan {
  try {
    const plan = planRestore(catalog, target, { avoid });
    if (first && !comesBy(plan, catalog, avoid)) throw first;
    return plan;
  } catch (error) {
    throw first && error instanceof WalkitError ? first : error;
  }
}

/**
 * Whether a plan comes by all snapshots that could not be used: their states are then states on its way. It does not
 * where WAL from before such a snapshot is not there, or is younger than the target.
 */
function comesBy(
  { generation: id, segments }: RestorePlan,
  catalog: Catalog,
  avoid: ReadonlySet<string>,
): boolean {
  const generation = catalog.generations.find((g) => g.id === id)!;
  return generation.snapshots
    .filter((snapshot) => avoid.has(snapshot.path))
    .every(({ index }) => {
      const before = generation.segments.filter((segment) => segment.index < index);
      // Litestream uploads in order: where there is WAL of that index, all WAL before it was uploaded.
      const complete = generation.segments.length > before.length;
      const last = before.at(-1);
      return complete && segments.some((segment) => segment.path === last?.path);
    });
}

async function attempt(
  storage: Storage,
  plan: RestorePlan,
  sink: DatabaseSink,
  options: RestoreOptions,
): Promise<RestoreResult> {
  options.onPlan?.(plan);
  const result = await executePlan(storage, plan, sink, options);
  await options.accept?.(result);
  return result;
}

async function toMark(
  storage: Storage,
  plan: RestorePlan,
  sink: DatabaseSink,
  options: RestoreOptions,
): Promise<Restored | undefined> {
  try {
    const marked = await planToMark(storage, plan, options.signal);
    await sink.write({ type: "truncate", size: 0 });
    return { ...(await attempt(storage, marked, sink, options)), plan: marked, lost: undefined };
  } catch (error) {
    if (error instanceof WalkitError) return undefined;
    throw error;
  }
}

/**
 * That the snapshot holds a commit shows in a page that equals its version of it. SQLite may write a page without changing
 * it, though, and then the snapshot need not have been that far: which of the two it is cannot be told.
 */
function laterThanAsked(
  { message, path }: WalkitError,
  { position, plan }: Restored,
  { generations }: Catalog,
): WalkitError {
  const last = plan.segments.at(-1)?.path;
  const written = generations.flatMap((g) => g.segments).find((s) => s.path === last)?.modified;
  const when = written === undefined ? "" : `, whose WAL was written at ${formatTime(written)}`;
  return new WalkitError(
    "replica/before-mark",
    `${message}: the restored state is that of ${formatPosition(position!)}${when}, the first that is whole with this snapshot`,
    { path, hint: "For an earlier state restore the end of an earlier index, with --index" },
  );
}

function list(storage: Storage, target: Target, options: RestoreOptions): Promise<Catalog> {
  const { prefix, signal } = options;
  return readCatalog(storage, { prefix, signal, generation: target.generation });
}

/** What another snapshot, or stopping earlier, may mend. */
function isSalvageable(error: WalkitError): boolean {
  return (
    /^(lz4|wal|database|replica)\//.test(error.code) ||
    error.code === "target/no-snapshot" ||
    error.code === "storage/unreadable"
  );
}

async function restoreSalvaged(
  storage: Storage,
  target: Target,
  sink: DatabaseSink,
  options: RestoreOptions,
  reason: WalkitError,
): Promise<Restored> {
  const catalog = await list(storage, target, options);
  for await (const candidate of salvageCandidates(storage, catalog, target, options)) {
    await sink.write({ type: "truncate", size: 0 });
    const { plan } = candidate;
    try {
      const result = await attempt(storage, plan, sink, options);
      // Why the target cannot be had is said once.
      const findings = result.findings.filter(
        ({ code, path }) => code !== reason.code || path !== reason.path,
      );
      return { ...result, findings, plan, lost: lossOf(candidate, result.position, reason) };
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
    }
  }
  throw reason;
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
