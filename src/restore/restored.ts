/** What can be asked of a restore, and what comes of it. */

import type { RestorePlan } from "../replay/plan.ts";
import { type Position, startOf } from "../replay/position.ts";
import type { ExecuteOptions, RestoreResult } from "./execute.ts";
import type { Lost } from "./loss.ts";

/** How a target is restored. */
export interface RestoreOptions extends Omit<ExecuteOptions, "tolerant"> {
  /** Where the target cannot be had exactly: go as far as what is there is right, and say what is lost. */
  salvage?: boolean | undefined;
  /**
   * Where the target cannot be had: find out what can be had instead, by carrying it out, for `available` of the error. `true`
   * by default.
   */
  offer?: boolean | undefined;
  /** Looks at the whole output before it counts; throws a WalkitError to turn it down, then another way is tried. */
  accept?: ((result: RestoreResult) => Promise<void>) | undefined;
  /** Told of each plan before it is carried out. */
  onPlan?: ((plan: RestorePlan) => void) | undefined;
}

/** A database that was restored, by which plan, and what it lacks. */
export interface Restored extends RestoreResult {
  plan: RestorePlan;
  /** Undefined: it is the target itself. */
  lost: Lost | undefined;
}

/** The moment that was restored: the last commit that is in the database, else the snapshot alone. */
export function momentOf({ position, plan }: Pick<Restored, "position" | "plan">): Position {
  return position ?? startOf(plan.snapshot);
}
