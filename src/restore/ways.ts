/**
 * The ways to a target, in order of preference: from the newest snapshot that leads there, from older ones, through the
 * parent of the branch. Of a time, last: to the first later state that is whole with the snapshot that reaches past it.
 */

import { WalkitError } from "../errors.ts";
import { type Finding, findingOf, makeFinding } from "../findings.ts";
import type { Catalog } from "../replay/catalog.ts";
import type { PlanTarget, RestorePlan } from "../replay/plan.ts";
import { type Position, sectionOf } from "../replay/position.ts";
import { catalogOf } from "../replay/replica.ts";
import { planToMark, withMark } from "../snapshot/mark.ts";
import type { Around } from "../timeline/target/around.ts";
import type { Goal } from "../timeline/target/target.ts";

export interface Way {
  plan: RestorePlan;
  /** The way leads to a later state than the target's, for this reason. */
  late: WalkitError | undefined;
}

/** A way that was tried, and what was wrong with it. */
export interface Failed {
  plan: RestorePlan;
  error: WalkitError;
}

/** What has been found out, most of it by ways that failed. It stays true when the replica is listed anew. */
export interface Known extends Around {
  /** No state past this is meant; undefined until the target is looked for. */
  bound: PlanTarget | undefined;
  avoid: Set<string>;
  /** What was wrong with the first snapshot that cannot be used, and with each of them. */
  first: WalkitError | undefined;
  notes: Finding[];
  /** How far snapshots reach into their sections, by path. */
  marks: Map<string, Position>;
  /** Of a time: the first way whose snapshot reaches past it. */
  late: Failed | undefined;
  /** The catalog tells which changes hold every page. */
  bases: boolean;
}

export function nothingKnown(): Known {
  const nothing = { bound: undefined, first: undefined, late: undefined, guess: undefined, bases: false };
  return { ...nothing, avoid: new Set(), notes: [], marks: new Map() };
}

/**
 * Each way is yielded once the one before it has failed: `next` takes what was wrong with that, and `known` learns it.
 *
 * @throws WalkitError why there is no other way
 */
export async function* waysTo(wanted: Goal, known: Known): AsyncGenerator<Way, never, Failed | undefined> {
  const goal = { ...wanted };
  let reason: WalkitError | undefined;
  while (!reason) {
    const plan = await outcome(() => planOf(goal, known));
    if (plan instanceof WalkitError) reason = await dated(goal, known, plan);
    else {
      const failed = (yield { plan, late: undefined })!;
      if (!(await learn(goal, known, failed))) reason = failed.error;
    }
  }
  const { late } = known;
  if (late) {
    // The state at the mark was there at that time, so all that it holds had been committed by then.
    const plan = await outcome(() => planToMark(late.plan));
    if (!(plan instanceof WalkitError)) yield { plan, late: late.error };
  }
  throw reason;
}

/** `error`, which names moments, with the times that files tell themselves: nobody had to know these before. */
async function dated(goal: Goal, known: Known, error: WalkitError): Promise<WalkitError> {
  const { replica, catalog, isPart, target, signal } = goal;
  const isTimed = target.timestamp !== undefined || !catalog.generations.some(({ exact }) => exact);
  if (isTimed || !error.nearest?.length) return error;
  const generation = isPart ? target.generation : undefined;
  const timed = await catalogOf(replica, { generation, signal, times: true, bases: known.bases });
  const again = await outcome(() => planOf({ ...goal, catalog: timed }, known));
  return again instanceof WalkitError && again.code === error.code ? again : error;
}

/** What `work` comes to, or why it comes to nothing. */
async function outcome<T>(work: () => T | Promise<T>): Promise<T | WalkitError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
}

/** Takes in what is wrong with a snapshot; false: something else is wrong, which another one does not mend. */
async function learn(goal: Goal, known: Known, { plan, error }: Failed): Promise<boolean> {
  const { replica, catalog, target, signal } = goal;
  if (isExact(catalog, plan)) {
    // Any other file may hold what this one held.
    const isOfPlan = [plan.snapshot, ...plan.segments].some(({ path }) => path === error.path);
    if (!isOfPlan) return false;
    avoid(known, { plan, error }, error.path);
    // Behind what is damaged it may go on from a change that holds every page.
    if (!known.bases) {
      const generation = goal.isPart ? plan.generation : undefined;
      const times = target.timestamp !== undefined;
      goal.catalog = await catalogOf(replica, { generation, signal, times, bases: true });
      known.bases = true;
    }
    return true;
  }
  if (error.path !== plan.snapshot.path) return false;
  const before = error.code === "replica/before-mark";
  if ((before || error.code === "replica/missing-page") && !plan.mark) {
    // One page of the snapshot looks newer than the target, or is missing in it; all of its pages together may tell otherwise.
    const { mark } = await withMark(replica, plan, signal);
    known.marks.set(error.path, mark!);
    return true;
  }
  if (before && target.timestamp !== undefined && plan.ancestors.length === 0) known.late ??= { plan, error };
  avoid(known, { plan, error });
  return true;
}

function isExact({ generations }: Catalog, { generation }: RestorePlan): boolean {
  return generations.some(({ id, exact }) => id === generation && exact);
}

function avoid(known: Known, { plan, error }: Failed, path: string = plan.snapshot.path): void {
  known.avoid.add(path);
  known.first ??= error;
  known.notes.push(findingOf(error, { generation: plan.generation, severity: "warning" }));
}

/** The plan that is best by what is known; where no other snapshot serves, what was wrong with the first is the reason. */
async function planOf(goal: Goal, known: Known): Promise<RestorePlan> {
  const own = await outcome(() => ownPlan(goal, known).then((plan) => notAhead(goal, known, plan)));
  const plan = own instanceof WalkitError ? await otherPlan(goal, known, own) : own;
  return { ...plan, mark: known.marks.get(plan.snapshot.path) ?? plan.mark };
}

async function otherPlan(goal: Goal, known: Known, error: WalkitError): Promise<RestorePlan> {
  if (!known.first && !/no-snapshot$/.test(error.code)) throw error;
  // What most restores do not need is not loaded: a page has it as a file of its own.
  const { planAround } = await import("../timeline/target/around.ts");
  return await planAround(goal, known, known.first ?? error);
}

/** From a snapshot of the branch itself, save what the listing says cannot be read. */
async function ownPlan({ replica, catalog, target }: Goal, known: Known): Promise<RestorePlan> {
  const snapshots = catalog.generations.flatMap((generation) => generation.snapshots);
  for (;;) {
    const plan = replica.layout.plan(catalog, target, { avoid: known.avoid });
    const error = snapshots.find(({ path }) => path === plan.snapshot.path)?.unreadable;
    if (error) avoid(known, { plan, error });
    else if (!known.first || comesBy(plan, catalog, known.avoid)) return plan;
    else throw known.first;
  }
}

/** `plan`, or one to the same moment that begins with no claim which may be ahead of it. */
async function notAhead(
  { replica, catalog, target, signal }: Goal,
  known: Known,
  plan: RestorePlan,
): Promise<RestorePlan> {
  const { layout, storage } = replica;
  const avoid = new Set(known.avoid);
  for (let one = plan; ; ) {
    if (!(await layout.mayBeAhead?.({ storage, signal }, one))) return one;
    avoid.add(one.snapshot.path);
    const other = await outcome(() => layout.plan(catalog, target, { avoid }));
    if (other instanceof WalkitError) return { ...plan, findings: [...plan.findings, mayHoldMore(plan)] };
    one = other;
  }
}

function mayHoldMore({ generation, snapshot, segments }: RestorePlan): Finding {
  const { path } = snapshot;
  const what = segments.length > 0 ? "what is laid over it" : "the position that it is named by";
  const message = `Expected another way than from ${path}, which may hold changes from behind ${what}, found none`;
  return makeFinding("replica/snapshot-ahead", message, { generation, path, severity: "warning" });
}

/**
 * Whether the way of a plan passes every snapshot that could not be used. It does not where WAL from before such a snapshot
 * is missing, or is younger than the target.
 */
function comesBy(
  { generation: id, segments }: RestorePlan,
  catalog: Catalog,
  avoided: ReadonlySet<string>,
): boolean {
  const generation = catalog.generations.find((g) => g.id === id)!;
  // Numbers say where a way leads, whatever it passes.
  if (generation.exact) return true;
  return generation.snapshots
    .filter((snapshot) => avoided.has(snapshot.path))
    .every((snapshot) => {
      const before = generation.segments.filter((segment) => sectionOf(segment) < sectionOf(snapshot));
      // Litestream uploads in order: where there is WAL of that index, all WAL before it was uploaded.
      const complete = generation.segments.length > before.length;
      const last = before.at(-1);
      return complete && segments.some((segment) => segment.path === last?.path);
    });
}
