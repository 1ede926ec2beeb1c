/** Moments: what can be restored, at its true granularity, and where a target lies among it. */
export type { Gap } from "./gaps.ts";
export {
  type CommitMoment,
  type GenerationMoments,
  listMoments,
  type MomentsOptions,
  type PointMoment,
  type SegmentMoments,
  type SnapshotMoment,
} from "./moments.ts";
export { type FoundPosition, positionOf } from "./position.ts";
