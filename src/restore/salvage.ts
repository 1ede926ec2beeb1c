/** Salvage: how far the WAL leads from each snapshot, and the farthest state that is right. */

import { WalkitError } from "../errors.ts";
import type { Branch, Catalog, Change, Claim } from "../replay/catalog.ts";
import type { Layout, Replica } from "../replay/layout.ts";
import type { PlanTarget, RestorePlan } from "../replay/plan.ts";
import { plannedSegment } from "../replay/plan.ts";
import {
  comparePositions,
  isSameSection,
  isStart,
  nextSection,
  type Position,
  parsePosition,
  sectionOf,
  startOf,
} from "../replay/position.ts";
import { catalogOf, commitsOf } from "../replay/replica.ts";
import { type ExecuteOptions, executePlan, type RestoreResult } from "./execute.ts";
import { holdsChange, holdsMoment } from "./holds.ts";
import { judgeSnapshot } from "./judge.ts";
import { lossOf, newestFirst } from "./loss.ts";
import type { Restored, RestoreOptions } from "./restored.ts";
import type { DatabaseSink } from "./sinks/sink.ts";

export interface Candidate {
  generation: Branch;
  snapshot: Claim;
  plan: RestorePlan;
}

/**
 * Plans that salvage `target`, each up to a commit that sound files lead to. Where the target names no generation, all are
 * tried, the newest first.
 */
export async function* salvageCandidates(
  replica: Replica,
  catalog: Catalog,
  target: PlanTarget,
  options: Pick<ExecuteOptions, "signal" | "parallelism">,
): AsyncGenerator<Candidate> {
  for (const generation of newestFirst(catalog, target)) {
    const wanted = generation.segments.filter((segment) => holdsChange(target, segment));
    const found: { candidate: Candidate; reach: Position }[] = [];
    // The newest snapshot comes first, and all WAL is read once: what leads to a later snapshot's section reaches as far as the
    // WAL from there does.
    let later: { snapshot: Claim; reach: Position | undefined } | undefined;
    for (const snapshot of generation.snapshots.filter((s) => holdsMoment(target, s)).reverse()) {
      const own = await reachOf(replica, generation, snapshot, wanted, target, later?.snapshot, options);
      const reaches = [own.reach];
      if (own.connects && later?.reach) reaches.push(later.reach);
      for (const reach of reaches) {
        const candidate = { plan: planOf(replica.layout, generation, snapshot, reach), snapshot, generation };
        found.push({ candidate, reach: reach ?? startOf(snapshot) });
      }
      later = { snapshot, reach: reaches.at(-1) };
    }
    // Where two reach the same commit, the older snapshot comes first: it surely holds nothing from after that.
    found.reverse().sort((a, b) => comparePositions(b.reach, a.reach));
    for (const { candidate } of found) yield candidate;
  }
}

/**
 * The last commit before the section of `until`, and not past that of `target`, up to which `wanted` replays from `snapshot`
 * without a fault; `connects`: it leads to the start of that section.
 */
async function reachOf(
  replica: Replica,
  generation: Branch,
  snapshot: Claim,
  wanted: Change[],
  { commit }: PlanTarget,
  until: Claim | undefined,
  options: Pick<ExecuteOptions, "signal" | "parallelism">,
): Promise<{ reach: Position | undefined; connects: boolean }> {
  let reach: Position | undefined;
  const segments = wanted.filter(
    (s) => sectionOf(s) >= sectionOf(snapshot) && (!until || sectionOf(s) < sectionOf(until)),
  );
  const [first, last] = [segments[0], segments.at(-1)];
  if (!first || !last || !isSameSection(first, snapshot)) return { reach, connects: false };
  const later = generation.segments.filter((s) => comparePositions(s, last) > 0).map(plannedSegment);
  const leg = { generation: generation.id, segments, snapshot, later };
  try {
    for await (const { end } of commitsOf(replica, leg, { ...options, salvage: true })) {
      if (commit && comparePositions(end, commit) > 0) break;
      reach = end;
    }
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    return { reach, connects: false };
  }
  return { reach, connects: until !== undefined && isSameSection(nextSection(last), until) };
}

function planOf(layout: Layout, generation: Branch, snapshot: Claim, end: Position | undefined): RestorePlan {
  const own = generation.segments.filter((s) => sectionOf(s) >= sectionOf(snapshot));
  const applied = end ? own.filter((s) => comparePositions(s, end) < 0) : [];
  // Past its own section a snapshot cannot reach: there is nothing to prove.
  const proof =
    end && !isSameSection(end, snapshot)
      ? []
      : own.filter((s) => isSameSection(s, snapshot) && (!end || comparePositions(s, end) >= 0));
  return {
    generation: generation.id,
    snapshot: plannedSegment(snapshot),
    segments: applied.map(plannedSegment),
    proof: proof.map(plannedSegment),
    end,
    settled: layout.isSettled(generation, snapshot),
    ancestors: [],
    mark: undefined,
    next: undefined,
    later: own.slice(applied.length).map(plannedSegment),
    bytes: undefined,
    findings: [],
  };
}

/** Writes the farthest state of `target` that is right to `sink`; undefined where there is none. */
export async function restoreSalvaged(
  replica: Replica,
  target: PlanTarget,
  sink: DatabaseSink,
  options: RestoreOptions,
  reason: WalkitError,
): Promise<Restored | undefined> {
  const { signal } = options;
  const catalog = await catalogOf(replica, { signal, generation: target.generation });
  const salvage = new Salvage(replica, catalog, sink, { ...options, salvage: true });
  for await (const candidate of salvageCandidates(replica, catalog, target, options)) {
    const { reached, corrupt } = await salvage.attempt(candidate.plan);
    const found = reached ?? (corrupt && (await salvage.backOverSteps(candidate, corrupt)));
    if (!found) continue;
    const { result, plan } = found;
    const lost = await lossOf(replica, catalog, target, plan, result.position, reason, signal);
    return { ...result, plan, lost };
  }
  return undefined;
}

interface Reached {
  plan: RestorePlan;
  result: RestoreResult;
}

/** Tries plans on one sink, each in the place of the one before. */
class Salvage {
  readonly #replica: Replica;
  readonly #catalog: Catalog;
  readonly #sink: DatabaseSink;
  readonly #options: RestoreOptions;

  constructor(replica: Replica, catalog: Catalog, sink: DatabaseSink, options: RestoreOptions) {
    this.#replica = replica;
    this.#catalog = catalog;
    this.#sink = sink;
    this.#options = options;
  }

  /** Carries a plan out. `corrupt`: what came of a plan whose database SQLite finds corrupt. */
  async attempt(plan: RestorePlan): Promise<{ reached?: Reached; corrupt?: RestoreResult | undefined }> {
    const { onPlan, accept } = this.#options;
    await this.#sink.write({ type: "truncate", size: 0 });
    let result: RestoreResult | undefined;
    try {
      const judged = await this.#judge(plan);
      onPlan?.(judged);
      result = await executePlan(this.#replica, judged, this.#sink, this.#options);
      await accept?.(result);
      return { reached: { plan: judged, result } };
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
      return { corrupt: error.code === "database/integrity" ? result : undefined };
    }
  }

  /** A snapshot that nobody can judge is taken, as not proven; one that is older is not. */
  async #judge(plan: RestorePlan): Promise<RestorePlan> {
    try {
      return await judgeSnapshot(this.#replica, this.#catalog, plan, this.#options);
    } catch (error) {
      if (error instanceof WalkitError && error.code === "replica/snapshot-ambiguous") return plan;
      throw error;
    }
  }

  /**
   * Where a WAL lost its end without a trace, the next WAL is laid over the wrong state, and SQLite finds that corrupt. Looks
   * for the newest end of a WAL at which the database is in order, among the steps that nothing proves: by bisection, as a
   * corrupt database stays corrupt.
   */
  async backOverSteps(
    { generation, snapshot }: Candidate,
    { unproven }: RestoreResult,
  ): Promise<Reached | undefined> {
    const plans = unproven
      .flatMap((one) => (one.what === "step" ? parsePosition(one.from)! : []))
      .filter((end) => !isStart(end) || isSameSection(end, snapshot))
      .map((end) => planOf(this.#replica.layout, generation, snapshot, isStart(end) ? undefined : end));
    let [good, bad] = [-1, plans.length];
    let held: Reached | undefined;
    while (good + 1 < bad) {
      const middle = (good + bad + 1) >> 1;
      held = (await this.attempt(plans[middle]!)).reached;
      if (held) good = middle;
      else bad = middle;
    }
    // The sink holds the last trial, which may have been a bad one.
    return held ?? (good < 0 ? undefined : (await this.attempt(plans[good]!)).reached);
  }
}
