/** From a catalog and a target to committed transactions in order: the plan, and its replay. */

export type { PageRun, ReplayEvent } from "../../replay/events.ts";
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
export { decodeFile, type ReadContext } from "./files.ts";
export { planRestore } from "./plan.ts";
export { type ReplayOptions, replay } from "./segments.ts";
export { Pages, readSnapshot, type SnapshotPiece } from "./snapshot.ts";
