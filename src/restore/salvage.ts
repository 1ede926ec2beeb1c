/** Salvage: how far the WAL leads from each snapshot, and the farthest state that is right. */

import { isOfFile, WalkitError } from "../errors.ts";
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
import { catalogOf, commitsOf, guarded } from "../replay/replica.ts";
import { checkBranch } from "../verify/check.ts";
import { type ExecuteOptions, executePlan, type RestoreResult } from "./execute.ts";
import { holdsChange, holdsMoment } from "./holds.ts";
import { judgeSnapshot } from "./judge.ts";
import { lossOf, newestFirst } from "./loss.ts";
import type { Restored, RestoreOptions } from "./restored.ts";
import type { DatabaseSink } from "./sinks/sink.ts";

interface Candidate {
  generation: Branch;
  snapshot: Claim;
  plan: RestorePlan;
}

/** Plans that salvage `target` of a generation, each up to a commit that sound files lead to, the farthest first. */
async function* salvageCandidates(
  replica: Replica,
  generation: Branch,
  target: PlanTarget,
  options: Pick<ExecuteOptions, "signal" | "parallelism">,
): AsyncGenerator<Candidate> {
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
    for await (const { end } of commitsOf(replica, leg, { ...options, tolerant: true })) {
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
  const catalog = await catalogOf(replica, { signal, generation: target.generation, times: true });
  const salvage = new Salvage(replica, catalog, sink, options);
  const finish = async ({ plan, result }: Reached, reached: Position | undefined): Promise<Restored> => {
    const lost = await lossOf(replica, catalog, target, plan, reached, reason, signal);
    return { ...result, plan, lost };
  };
  for (const generation of newestFirst(catalog, target)) {
    if (generation.exact) {
      const found = await salvage.newestState(generation, target);
      if (found) return await finish(found, found.result.position ?? startOf(found.plan.snapshot));
      continue;
    }
    /** Where the WAL from an older snapshot does not lead on to: which of the two is wrong is not known. */
    let unled: Position | undefined;
    for await (const candidate of salvageCandidates(replica, generation, target, options)) {
      const { end } = candidate.plan;
      const isAtOdds = unled && end && comparePositions(unled, end) === 0;
      const plan = isAtOdds ? { ...candidate.plan, settled: false } : candidate.plan;
      const { reached, corrupt, error } = await salvage.attempt(plan);
      unled = error?.code === "replica/missing-transactions" ? end : undefined;
      const found = reached ?? (corrupt && (await salvage.backOverSteps(candidate, corrupt)));
      if (found) return await finish(found, found.result.position);
    }
  }
  return undefined;
}

const AT_ODDS = new Set(["replica/merge-mismatch", "replica/snapshot-mismatch"]);

interface Reached {
  plan: RestorePlan;
  result: RestoreResult;
}

interface Attempted {
  reached?: Reached;
  error?: WalkitError;
  corrupt?: RestoreResult | undefined;
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

  /** Carries a plan out. `error`: why that is not to be; `corrupt`: what came of a plan whose database SQLite finds corrupt. */
  async attempt(plan: RestorePlan): Promise<Attempted> {
    const { onPlan, accept } = this.#options;
    await this.#sink.write({ type: "truncate", size: 0 });
    let result: RestoreResult | undefined;
    try {
      const judged = await this.#judge(plan);
      onPlan?.(judged);
      result = await executePlan(this.#replica, judged, this.#sink, { ...this.#options, tolerant: true });
      await accept?.(result);
      return { reached: { plan: judged, result } };
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
      return { error, corrupt: error.code === "database/integrity" ? result : undefined };
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
    const ends = unproven
      .flatMap((one) => (one.what === "step" ? parsePosition(one.from)! : []))
      .filter((end) => !isStart(end) || isSameSection(end, snapshot));
    return await this.#newestGood(ends, (end) =>
      planOf(this.#replica.layout, generation, snapshot, isStart(end) ? undefined : end),
    );
  }

  /**
   * Of a branch whose states names tell: the newest up to `target` that files lead to which verify finds right; where SQLite finds
   * that corrupt, the newest that it finds in order, by bisection.
   */
  async newestState(generation: Branch, target: PlanTarget): Promise<Reached | undefined> {
    const { layout } = this.#replica;
    const { signal, parallelism } = this.#options;
    const reading = { signal, parallelism, onRead: () => {} };
    const { findings, ranges, apart } = await checkBranch(
      guarded(this.#replica, generation),
      generation,
      reading,
    );
    const damaged = new Set(findings.flatMap(({ code, path }) => (isOfFile(code) && path) || []));
    // Of two that are at odds a plan takes the one, and where SQLite finds that corrupt, the other.
    const disputed = findings.flatMap(({ code, path }) => (AT_ODDS.has(code) && path) || []);
    const all = new Set([...damaged, ...disputed]);
    const isIn = (state: Position) =>
      apart.some((claim) => comparePositions(claim, state) === 0) ||
      ranges.some(
        ({ from, to }) =>
          comparePositions(parsePosition(from)!, state) <= 0 &&
          comparePositions(state, parsePosition(to ?? from)!) <= 0,
      );
    const timeOf = new Map(
      [...generation.segments, ...generation.snapshots].map((file) => [file.path, file.modified]),
    );
    const catalog = { generations: [generation], timelineFiles: [], strays: [] };
    const planTo = (commit: Position, avoid: ReadonlySet<string> = damaged) =>
      layout.plan(catalog, { generation: generation.id, commit }, { avoid });
    const isMeant = (state: Position) => {
      if (target.commit) return comparePositions(state, target.commit) <= 0;
      if (target.timestamp === undefined) return true;
      const { segments, snapshot } = planTo(state);
      const modified = timeOf.get((segments.at(-1) ?? snapshot).path);
      if (modified === undefined) return false;
      return target.strict ? modified < target.timestamp : modified <= target.timestamp;
    };
    const states = layout.states(generation)!.filter((state) => isIn(state) && isMeant(state));
    for (let last = states.length - 1; last >= 0; last--) {
      const { reached, corrupt } = await this.attempt(planTo(states[last]!));
      if (reached) return reached;
      if (!corrupt) continue;
      const other = disputed.length > 0 && (await this.#attemptIf(() => planTo(states[last]!, all)));
      return other || (await this.#newestGood(states.slice(0, last), planTo));
    }
    return undefined;
  }

  /** Carries out a plan, if there is one. */
  async #attemptIf(plan: () => RestorePlan): Promise<Reached | undefined> {
    try {
      return (await this.attempt(plan())).reached;
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
      return undefined;
    }
  }

  /** Of ends in ascending order the newest whose database is in order: what is corrupt stays so, so by bisection. */
  async #newestGood(
    ends: readonly Position[],
    planTo: (end: Position) => RestorePlan,
  ): Promise<Reached | undefined> {
    let [good, bad] = [-1, ends.length];
    let held: Reached | undefined;
    while (good + 1 < bad) {
      const middle = (good + bad + 1) >> 1;
      held = (await this.attempt(planTo(ends[middle]!))).reached;
      if (held) good = middle;
      else bad = middle;
    }
    // The sink holds the last trial, which may have been a bad one.
    return held ?? (good < 0 ? undefined : (await this.attempt(planTo(ends[good]!))).reached);
  }
}
