/** Moments: what can be restored, at its true granularity, and where a target lies among it. */
export type {
  CommitMoment,
  Gap,
  GenerationMoments,
  PointMoment,
  SegmentMoments,
  SnapshotMoment,
} from "./moment.ts";
export {
  listMoments,
  type MomentsOptions,
  type Overview,
  type OverviewOptions,
  overview,
} from "./moments.ts";
export { type FoundPosition, positionOf } from "./position.ts";
