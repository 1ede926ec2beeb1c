/** From a catalog and a target to committed transactions in order: the plan, and its replay. */

export type { PageRun, ReplayEvent } from "../../replay/events.ts";
export type { ReadContext } from "../../replay/layout.ts";
export { Pages } from "../../replay/pages.ts";
export type {
  Leg,
  PlannedAncestor,
  PlannedFile,
  PlannedSegment,
  PlannedWal,
  PlanOptions,
  PlanTarget,
  RestorePlan,
} from "../../replay/plan.ts";
export { decodeFile } from "./files.ts";
export { planRestore } from "./plan.ts";
export { readSegments } from "./segments.ts";
export { readSnapshot } from "./snapshot.ts";
