/**
 * Restore, a target: lists, plans, carries out, and where that fails looks whether another way leads to the very same
 * state: another snapshot, a listing made anew. `salvage` then goes as far as what is there is right.
 */

import { type Available, familyOf, isGone, WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import { type Catalog, hasChanged } from "../replay/catalog.ts";
import { refuseBesideLtx, restless } from "../replay/faults.ts";
import type { Layout, Replica } from "../replay/layout.ts";
import type { PlanTarget, RestorePlan } from "../replay/plan.ts";
import { formatPosition, type Position, sectionOf } from "../replay/position.ts";
import { catalogOf } from "../replay/replica.ts";
import { planToMark, withMark } from "../snapshot/mark.ts";
import { formatTime } from "../time.ts";
import { isPlain, needsTimelines, type Target } from "../timeline/target/target.ts";
import { executePlan, type RestoreResult } from "./execute.ts";
import { judgeSnapshot } from "./judge.ts";
import type { Lost } from "./loss.ts";
import type { Restored, RestoreOptions } from "./restored.ts";
import { MemorySink } from "./sinks/memory.ts";
import type { DatabaseSink } from "./sinks/sink.ts";

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
  const attempt = new Attempt(replica, target, sink, { ...options, salvage: false });
  try {
    return await attempt.run();
  } catch (error) {
    if (!(error instanceof WalkitError) || !isSalvageable(error)) throw error;
    // Without a generation to look at there is nothing to go by.
    if (!attempt.bound || (options.offer === false && !options.salvage)) throw error;
    // What is offered in place of the target is what salvage comes to: it is carried out, whether it is kept or not.
    const quiet = options.salvage ? {} : { onPlan: undefined, onProgress: undefined };
    const { restoreSalvaged } = await import("./salvage.ts");
    const salvaged =
      (await restoreSalvaged(replica, attempt.bound, sink, { ...options, ...quiet }, error)) ??
      (await attempt.byGuess(error));
    if (options.salvage) return salvaged;
    throw error.with({ available: availableOf(salvaged) });
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
  return await new Attempt(replica, target, new MemorySink(0), options).plan();
}

/** A restore of the very target, by whatever way leads there. */
class Attempt {
  /** No state past this is meant; undefined until it is known. */
  bound: PlanTarget | undefined;
  readonly #replica: Replica;
  readonly #target: Target;
  readonly #sink: DatabaseSink;
  readonly #options: RestoreOptions;
  /** Snapshots that cannot be used, and what was wrong with the first of them. */
  readonly #avoid = new Set<string>();
  #first: WalkitError | undefined;
  readonly #notes: Finding[] = [];
  readonly #marks = new Map<string, Position>();
  /** Of a time: the plan whose snapshot reaches past it. */
  #late: { plan: RestorePlan; error: WalkitError } | undefined;
  /** Whether there is a way of which nothing says that it is complete, and whether to take it. */
  #hasGuess = false;
  #guesses = false;

  constructor(replica: Replica, target: Target, sink: DatabaseSink, options: RestoreOptions) {
    this.#replica = replica;
    this.#target = within(replica, target);
    this.#sink = sink;
    this.#options = options;
  }

  async run(): Promise<Restored> {
    let catalog = await this.#list();
    let exact: PlanTarget | undefined;
    for (let relistings = 0; ; ) {
      let plan: RestorePlan | undefined;
      try {
        exact ??= await this.#choose(catalog);
        plan = await this.#plan(catalog, exact);
        plan = await judgeSnapshot(this.#replica, catalog, plan, this.#options);
        const result = await this.#carryOut(plan);
        return { ...result, findings: [...this.#notes, ...result.findings], plan, lost: undefined };
      } catch (error) {
        if (!(error instanceof WalkitError)) throw error;
        const now = await this.#list();
        if (hasChanged(catalog, now)) {
          if (++relistings > RELISTINGS) throw isGone(error) ? restless(error) : error;
          catalog = now;
          exact = undefined;
        } else if (plan && error.path === plan.snapshot.path) await this.#mend(plan, error, exact!);
        else {
          const late = await this.#toMark(catalog);
          if (late) return late;
          throw error;
        }
      }
      await this.#sink.write({ type: "truncate", size: 0 });
    }
  }

  /** What only salvage does, and last: the way of which nothing says that it is complete. */
  async byGuess(reason: WalkitError): Promise<Restored> {
    const generation = this.bound?.generation;
    if (!this.#hasGuess || generation === undefined) throw reason;
    this.#guesses = true;
    await this.#sink.write({ type: "truncate", size: 0 });
    try {
      const restored = await this.run();
      const { position, plan, findings } = restored;
      const lost: Lost = {
        reason: findingOf(reason, { generation }),
        reached: position && formatPosition(position),
        reachedTime: writtenAt(plan.segments.at(-1)?.path, await this.#list()),
        segments: [],
        until: undefined,
        branches: [],
      };
      // Why the target cannot be had is said once.
      const others = findings.filter(({ code, path }) => code !== reason.code || path !== reason.path);
      return { ...restored, findings: others, lost };
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
      // It was offered as a way, and is none.
      throw new WalkitError(reason.code, reason.message, { path: reason.path, position: reason.position });
    }
  }

  async plan(): Promise<RestorePlan> {
    const catalog = await this.#list();
    return await this.#plan(catalog, await this.#choose(catalog));
  }

  async #list(): Promise<Catalog> {
    const { generation } = this.#target;
    return await list(this.#replica, needsTimelines(this.#target) ? undefined : generation, this.#options);
  }

  async #choose(catalog: Catalog): Promise<PlanTarget> {
    const { generation, index, timestamp, timeline = "current", immediate } = this.#target;
    if (timeline === "latest" || (immediate && timeline === "current"))
      refuseBesideLtx(catalog, { generation });
    if (isPlain(this.#target)) {
      this.bound = { generation, index, timestamp };
      return this.bound;
    }
    // What most restores do not need is not loaded: a page has it as a file of its own.
    const { chooseTarget } = await import("../timeline/target/resolve.ts");
    const chosen = await chooseTarget(this.#replica, catalog, this.#target, this.#options.signal);
    this.bound = chosen.bound;
    this.bound = await chosen.exact();
    return this.bound;
  }

  /** The next plan; where no other snapshot serves, what was wrong with the first one is the reason to give. */
  async #plan(catalog: Catalog, target: PlanTarget): Promise<RestorePlan> {
    const [avoid, first] = [this.#avoid, this.#first];
    try {
      const plan = this.#readable(catalog, this.#replica.layout.plan(catalog, target, { avoid }));
      if (!plan) return await this.#plan(catalog, target);
      if (first && !comesBy(plan, catalog, avoid)) throw first;
      return this.#withMark(plan);
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
      let reason = first ?? error;
      if (!first && !/no-snapshot$/.test(error.code)) throw reason;
      try {
        const through = await this.#through(catalog, target);
        if (through?.ancestors.every(({ complete }) => complete)) return this.#withMark(through);
        // Where a snapshot is whole, a state that may never have been is no help.
        if (through && reason.code !== "replica/before-mark") {
          if (this.#guesses) return this.#withMark(through);
          this.#hasGuess = true;
          reason = new WalkitError(
            reason.code,
            `${reason.message}; through its parent there is a way, but no history file says that it is complete: what was changed between the switch point and the first byte of the generation's own WAL may be missing`,
            {
              path: reason.path,
              remedy: { do: "salvage", generation: through.generation },
            },
          );
        }
      } catch (other) {
        if (!(other instanceof WalkitError)) throw other;
        throw new WalkitError(
          reason.code,
          `${reason.message}; through its parent there is no way: ${other.message}`,
          {
            path: reason.path,
            remedy: other.remedy ?? reason.remedy,
          },
        );
      }
      throw reason;
    }
  }

  /** Undefined where the listing says that its snapshot cannot be read, which is noted then. */
  #readable(catalog: Catalog, plan: RestorePlan): RestorePlan | undefined {
    const { path } = plan.snapshot;
    const snapshots = catalog.generations.flatMap((generation) => generation.snapshots);
    const error = snapshots.find((snapshot) => snapshot.path === path)?.unreadable;
    if (!error) return plan;
    this.#avoid.add(path);
    this.#first ??= error;
    this.#notes.push(findingOf(error, { generation: plan.generation, severity: "warning" }));
    return undefined;
  }

  /** With what is known of its snapshot by now. */
  #withMark(plan: RestorePlan): RestorePlan {
    const mark = this.#marks.get(plan.snapshot.path);
    return mark ? { ...plan, mark } : plan;
  }

  /** Through the parent, where a history file says which it is. */
  async #through(catalog: Catalog, target: PlanTarget): Promise<RestorePlan | undefined> {
    const { signal } = this.#options;
    const whole =
      this.#target.generation === undefined ? catalog : await list(this.#replica, undefined, this.#options);
    const generation = target.generation ?? meantGeneration(this.#replica.layout, catalog, target);
    if (!whole.timelineFiles.some((file) => file.kind === "history" && file.generation === generation))
      return undefined;
    const [{ readLineage }, { planThrough }] = await Promise.all([
      import("../timeline/lineage.ts"),
      import("../timeline/target/through.ts"),
    ]);
    const lineage = await readLineage(this.#replica, whole, { signal });
    return planThrough(
      this.#replica.layout,
      whole,
      lineage,
      { ...target, generation },
      { avoid: this.#avoid },
    );
  }

  async #carryOut(plan: RestorePlan): Promise<RestoreResult> {
    this.#options.onPlan?.(plan);
    const result = await executePlan(this.#replica, plan, this.#sink, this.#options);
    await this.#options.accept?.(result);
    return result;
  }

  /** After the snapshot was found wrong: what is known of it now, for the next attempt. */
  async #mend(plan: RestorePlan, error: WalkitError, target: PlanTarget): Promise<void> {
    const { path } = plan.snapshot;
    const before = error.code === "replica/before-mark";
    if ((before || error.code === "replica/missing-page") && !plan.mark) {
      // One page of the snapshot looks newer than the target, or is missing in it; all of its pages together may tell otherwise.
      const { mark } = await withMark(this.#replica, plan, this.#options.signal);
      this.#marks.set(path, mark!);
      return;
    }
    if (before && target.timestamp !== undefined && plan.ancestors.length === 0)
      this.#late ??= { plan, error };
    this.#avoid.add(path);
    this.#first ??= error;
    this.#notes.push(findingOf(error, { generation: plan.generation, severity: "warning" }));
  }

  /**
   * By time, where no other snapshot leads to the very moment: the state at the mark of the one that reaches past it. It was
   * there at that time, so all that it holds had been committed by then.
   */
  async #toMark(catalog: Catalog): Promise<Restored | undefined> {
    if (!this.#late) return undefined;
    const { plan, error } = this.#late;
    try {
      const marked = planToMark(plan);
      await this.#sink.write({ type: "truncate", size: 0 });
      const restored = { ...(await this.#carryOut(marked)), plan: marked, lost: undefined };
      const about = { generation: plan.generation, severity: "warning" } as const;
      const note = findingOf(laterThanAsked(error, restored, catalog), about);
      const others = this.#notes.filter(({ path }) => path !== error.path);
      return { ...restored, findings: [...others, note, ...restored.findings] };
    } catch (other) {
      if (other instanceof WalkitError) return undefined;
      throw other;
    }
  }
}

/**
 * Whether the way of a plan passes every snapshot that could not be used. It does not where WAL from before such a snapshot
 * is missing, or is younger than the target.
 */
function comesBy(
  { generation: id, segments }: RestorePlan,
  catalog: Catalog,
  avoid: ReadonlySet<string>,
): boolean {
  const generation = catalog.generations.find((g) => g.id === id)!;
  return generation.snapshots
    .filter((snapshot) => avoid.has(snapshot.path))
    .every((snapshot) => {
      const before = generation.segments.filter((segment) => sectionOf(segment) < sectionOf(snapshot));
      // Litestream uploads in order: where there is WAL of that index, all WAL before it was uploaded.
      const complete = generation.segments.length > before.length;
      const last = before.at(-1);
      return complete && segments.some((segment) => segment.path === last?.path);
    });
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
  const written = writtenAt(plan.segments.at(-1)?.path, catalog);
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

/** When a segment was written, RFC 3339; undefined where there is none or the storage keeps no times. */
function writtenAt(path: string | undefined, { generations }: Catalog): string | undefined {
  const written = generations.flatMap((g) => g.segments).find((s) => s.path === path)?.modified;
  return written === undefined ? undefined : formatTime(written);
}

function list(
  replica: Replica,
  generation: string | undefined,
  { signal }: RestoreOptions,
): Promise<Catalog> {
  return catalogOf({ ...replica, generation }, { signal });
}

/** What another snapshot, or stopping earlier, may mend. */
function isSalvageable(error: WalkitError): boolean {
  // Nothing that walkit reads leads to what LTX files hold.
  if (error.code === "replica/ltx") return false;
  return (
    (["lz4", "wal", "database", "replica"].includes(familyOf(error.code)) &&
      error.code !== "replica/encrypted") ||
    error.code === "target/no-snapshot" ||
    error.code === "storage/unreadable"
  );
}

/** The generation of a target that names none, where it can be told: that of the plan, or the only one with WAL. */
function meantGeneration(layout: Layout, catalog: Catalog, target: PlanTarget): string | undefined {
  try {
    return layout.choose(catalog, target).id;
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    const filled = catalog.generations.filter(({ segments }) => segments.length > 0);
    return filled.length === 1 ? filled[0]!.id : undefined;
  }
}
