/**
 * Restore, a target: tries the ways that lead to it until one does, each on a listing that still holds. Where none does,
 * `salvage` goes as far as what is there is right.
 */

import { type Available, familyOf, isGone, isOfFile, WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import { type Catalog, hasChanged } from "../replay/catalog.ts";
import { restless } from "../replay/faults.ts";
import type { Replica } from "../replay/layout.ts";
import type { RestorePlan } from "../replay/plan.ts";
import { formatPosition, sectionOf } from "../replay/position.ts";
import { catalogOf } from "../replay/replica.ts";
import { type Goal, isPlain, needsTimelines, type Target } from "../timeline/target/target.ts";
import { executePlan } from "./execute.ts";
import { writtenAt } from "./holds.ts";
import { judgeSnapshot } from "./judge.ts";
import type { Lost } from "./loss.ts";
import type { Restored, RestoreOptions } from "./restored.ts";
import type { DatabaseSink } from "./sinks/sink.ts";
import { type Failed, type Known, nothingKnown, type Way, waysTo } from "./ways.ts";

export type { Restored, RestoreOptions } from "./restored.ts";

/** A replica may change while it is read; a listing is made anew this often. */
const RELISTINGS = 5;

/**
 * Restores `target` into `sink`. After a failed attempt the sink is truncated to 0 and written anew; if the promise is
 * rejected, what the sink holds is to be thrown away.
 *
 * @throws WalkitError why the target cannot be had, with what to do next
 */
export async function restore(
  replica: Replica,
  target: Target,
  sink: DatabaseSink,
  options: RestoreOptions = {},
): Promise<Restored> {
  const asked = { replica, target: within(replica, target), options };
  const known = nothingKnown();
  try {
    return await tryWays(asked, sink, known);
  } catch (error) {
    if (!(error instanceof WalkitError) || !isSalvageable(error)) throw error;
    // Without a generation to look at there is nothing to go by.
    if (!known.bound || (options.offer === false && !options.salvage)) throw error;
    // What is offered in place of the target is what salvage comes to: it is carried out, whether it is kept or not.
    const quiet = options.salvage ? {} : { onPlan: undefined, onProgress: undefined };
    const { restoreSalvaged } = await import("./salvage.ts");
    const salvaged =
      (await restoreSalvaged(replica, known.bound, sink, { ...options, ...quiet }, error)) ??
      (await byGuess(asked, sink, known, error));
    if (!options.salvage) throw error.with({ available: availableOf(salvaged) });
    // Why the target cannot be had is said once.
    const { code, path } = error;
    const findings = salvaged.findings.filter((finding) => finding.code !== code || finding.path !== path);
    return { ...salvaged, findings };
  }
}

/**
 * The plan that a restore of `target` begins with. It opens files only where the target does: a position, a transaction,
 * the first consistent moment, a restore point, a timeline.
 *
 * @throws WalkitError why there is none
 */
export async function planTarget(
  replica: Replica,
  target: Target,
  options: Pick<RestoreOptions, "signal"> = {},
): Promise<RestorePlan> {
  const asked = { replica, target: within(replica, target), options };
  const known = nothingKnown();
  const ways = waysTo(await goalOf(asked, await list(asked), known), known);
  return (await ways.next()).value.plan;
}

interface Asked {
  replica: Replica;
  target: Target;
  options: RestoreOptions;
}

/** Tries one way after another. Where the replica has changed meanwhile, the ways are looked for anew. */
async function tryWays(asked: Asked, sink: DatabaseSink, known: Known): Promise<Restored> {
  const { replica, options } = asked;
  let catalog = await list(asked, known.bases);
  let ways: ReturnType<typeof waysTo> | undefined;
  let failed: Failed | undefined;
  for (let relistings = 0; ; ) {
    let plan: RestorePlan | undefined;
    try {
      ways ??= waysTo(await goalOf(asked, catalog, known), known);
      const { value: way } = await ways.next(failed);
      plan = way.plan;
      plan = await judgeSnapshot(replica, catalog, plan, options);
      options.onPlan?.(plan);
      const result = await executePlan(replica, plan, sink, options);
      await options.accept?.(result);
      const restored = { ...result, plan, lost: undefined };
      return { ...restored, findings: [...notesOf(way, restored, catalog, known), ...result.findings] };
    } catch (error) {
      // What the last way failed by is thrown where there is no other: the replica was listed since.
      if (!(error instanceof WalkitError) || error === failed?.error) throw error;
      const now = await list(asked, known.bases);
      if (hasChanged(catalog, now)) {
        if (++relistings > RELISTINGS) throw isGone(error) ? restless(error) : error;
        catalog = now;
        ways = failed = undefined;
      } else if (plan) failed = { plan, error };
      else throw error;
    }
    await sink.write({ type: "truncate", size: 0 });
  }
}

/** What only salvage does, and last: the way of which nothing says that it is complete. */
async function byGuess(
  asked: Asked,
  sink: DatabaseSink,
  known: Known,
  reason: WalkitError,
): Promise<Restored> {
  const generation = known.bound?.generation;
  if (known.guess === undefined || generation === undefined) throw reason;
  known.guess = "taken";
  await sink.write({ type: "truncate", size: 0 });
  try {
    const restored = await tryWays(asked, sink, known);
    const { position, plan } = restored;
    const lost: Lost = {
      reason: findingOf(reason, { generation }),
      reached: position && formatPosition(position),
      reachedTime: writtenAt(plan.segments.at(-1), await list(asked)),
      segments: [],
      until: undefined,
      branches: [],
    };
    return { ...restored, lost };
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    // It was offered as a way, and is none.
    throw new WalkitError(reason.code, reason.message, { path: reason.path, position: reason.position });
  }
}

function list({ replica, target, options: { signal } }: Asked, bases = false): Promise<Catalog> {
  const generation = needsTimelines(target) ? undefined : target.generation;
  // Where files tell their own times, only a time needs them.
  const times = target.timestamp !== undefined;
  return catalogOf({ ...replica, generation }, { signal, times, bases });
}

/** What the ways are to lead to, as names, times and, where it takes that, files tell. */
async function goalOf(asked: Asked, catalog: Catalog, known: Known): Promise<Goal> {
  const { replica, options } = asked;
  const { generation, index, timestamp, strict } = asked.target;
  const { signal } = options;
  if (isPlain(asked.target)) known.bound = { generation, index, timestamp, ...(strict && { strict }) };
  else {
    // What most restores do not need is not loaded: a page has it as a file of its own.
    const { chooseTarget } = await import("../timeline/target/resolve.ts");
    const chosen = await chooseTarget(replica, catalog, asked.target, signal);
    known.bound = chosen.bound;
    known.bound = await chosen.exact();
  }
  return { replica, catalog, isPart: generation !== undefined, target: known.bound, signal };
}

/** What is worth knowing of ways that failed, and of where this one leads. */
function notesOf({ late }: Way, restored: Restored, catalog: Catalog, { notes }: Known): Finding[] {
  if (!late) return notes;
  const about = { generation: restored.plan.generation, severity: "warning" } as const;
  return [
    ...notes.filter(({ path }) => path !== late.path),
    findingOf(laterThanAsked(late, restored, catalog), about),
  ];
}

/**
 * A page that equals the version of a commit shows that the snapshot holds that commit, unless SQLite wrote the page without
 * changing it. Which of the two it is cannot be told.
 */
function laterThanAsked(
  { message, path }: WalkitError,
  { position, plan }: Restored,
  catalog: Catalog,
): WalkitError {
  const written = writtenAt(plan.segments.at(-1), catalog);
  const when = written === undefined ? "" : `, whose WAL was written at ${written}`;
  return new WalkitError(
    "replica/before-mark",
    `${message}: the restored state is that of ${formatPosition(position!)}${when}, the first that is whole with this snapshot`,
    { path, remedy: { do: "restore-earlier-index" } },
  );
}

/** Of a replica that is one branch the target is that branch's. */
function within({ generation }: Replica, target: Target): Target {
  return generation === undefined ? target : { generation, ...target };
}

function availableOf({ plan, position, lost }: Restored): Available {
  return {
    generation: plan.generation,
    snapshot: sectionOf(plan.snapshot),
    position: position && formatPosition(position),
    time: lost?.reachedTime,
  };
}

/** Whether another snapshot, or an earlier end, may help. */
function isSalvageable({ code }: WalkitError): boolean {
  // Nothing that walkit reads leads to what encrypted files hold, nor tells which moment an uncertain time means.
  if (code === "replica/encrypted" || code === "replica/times-untrusted") return false;
  const isOfOne = code === "target/no-snapshot" || code === "storage/unreadable";
  return isOfOne || isOfFile(code) || ["database", "replica"].includes(familyOf(code));
}
