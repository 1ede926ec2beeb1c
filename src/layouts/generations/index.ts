/** From a catalog and a target to committed transactions in order: the plan, and its replay. */
export { decodeFile, type ReadContext } from "./files.ts";
export {
  type PlannedAncestor,
  type PlannedFile,
  type PlannedSegment,
  type PlannedWal,
  type PlanOptions,
  type PlanTarget,
  planRestore,
  type RestorePlan,
} from "./plan.ts";
export {
  type ReplayEvent,
  type ReplayOptions,
  type ReplayPlan,
  replay,
} from "./segments.ts";
export { Pages, readSnapshot, type SnapshotPiece } from "./snapshot.ts";
