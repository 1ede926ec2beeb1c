/** Around the snapshots of a generation: where none of them serves, its parent may lead to the target. */

import { WalkitError } from "../../errors.ts";
import type { Remedy } from "../../remedy.ts";
import type { Catalog } from "../../replay/catalog.ts";
import type { Layout } from "../../replay/layout.ts";
import type { PlanTarget, RestorePlan } from "../../replay/plan.ts";
import { catalogOf, whole } from "../../replay/replica.ts";
import { readLineage } from "../lineage.ts";
import type { Goal } from "./target.ts";
import { planThrough } from "./through.ts";

/** What is known of ways around. */
export interface Around {
  /** Paths of snapshots that cannot be used. */
  readonly avoid: ReadonlySet<string>;
  /** A way of which nothing says that it is complete: it is there, or it may be taken. */
  guess: "there" | "taken" | undefined;
}

/**
 * Plans a target through the parent of the generation that it means; `reason` says why its own snapshots do not serve.
 *
 * @throws WalkitError `reason`, with what is known of the parent
 */
export async function planAround(goal: Goal, known: Around, reason: WalkitError): Promise<RestorePlan> {
  const because = (why: string, remedy: Remedy | undefined) =>
    new WalkitError(reason.code, `${reason.message}; through its parent there is ${why}`, {
      path: reason.path,
      remedy,
    });
  let plan: RestorePlan | undefined;
  try {
    plan = await throughParent(goal, known);
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    throw because(`no way: ${error.message}`, error.remedy ?? reason.remedy);
  }
  if (plan?.ancestors.every(({ complete }) => complete)) return plan;
  // Where a snapshot is whole, a state that may never have been is no help.
  if (!plan || reason.code === "replica/before-mark") throw reason;
  if (known.guess === "taken") return plan;
  known.guess = "there";
  throw because(
    "a way, but no history file says that it is complete: what was changed between the switch point and the first byte of the generation's own WAL may be missing",
    { do: "salvage", generation: plan.generation },
  );
}

/** Undefined where no history file says which generation the parent is. */
async function throughParent(
  { replica, catalog, isPart, target, signal }: Goal,
  { avoid }: Around,
): Promise<RestorePlan | undefined> {
  const all = isPart ? await catalogOf(whole(replica), { signal }) : catalog;
  const generation = target.generation ?? meantGeneration(replica.layout, catalog, target);
  if (!all.timelineFiles.some((file) => file.kind === "history" && file.generation === generation))
    return undefined;
  const lineage = await readLineage(replica, all, { signal });
  return planThrough(replica.layout, all, lineage, { ...target, generation }, { avoid });
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
