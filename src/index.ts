/**
 * walkit: verify and restore replicas of SQLite databases. Portable: no dependency, no global that a browser lacks.
 * Storage on disk and output to files come through `walkit/node`, a browser's storages through `walkit/web`, timelines
 * through `walkit/timeline`, words for findings and remedies through `walkit/words`; the formats by themselves through
 * `walkit/lz4`, `walkit/wal` and `walkit/snapshot`.
 */
export {
  type Available,
  type ErrorCode,
  GoneError,
  type Moment as NearbyMoment,
  WalkitError,
} from "./errors.ts";
export { type Finding, findingOf, type Severity, severityOf } from "./findings.ts";
export {
  type Leg,
  type PageRun,
  type PlannedAncestor,
  type PlannedFile,
  type PlannedSegment,
  type PlannedWal,
  type PlanOptions,
  type PlanTarget,
  planRestore,
  type ReplayEvent,
  type RestorePlan,
} from "./layouts/generations/index.ts";
export { replicaIn } from "./layouts/open.ts";
export {
  type CommitMoment,
  type FoundPosition,
  type Gap as MomentsGap,
  type GenerationMoments,
  listMoments,
  type MomentsOptions,
  type Overview,
  type OverviewOptions,
  overview,
  type PointMoment,
  positionOf,
  type SegmentMoments,
  type SnapshotMoment,
} from "./moments/index.ts";
export type { Remedy } from "./remedy.ts";
export type { ChangesOptions, ClaimPiece, Layout, ReadContext, Replica } from "./replay/layout.ts";
export { catalogOf, readChanges, readClaim, still } from "./replay/replica.ts";
export {
  type ClaimPlace,
  type ClaimRead,
  type Fold,
  Follower,
  type Lead,
  type RunOptions,
  run,
} from "./replay/run.ts";
export {
  type DatabaseSink,
  type DatabaseWrite,
  type ExecuteOptions,
  executePlan,
  type Lost as LostState,
  MemorySink,
  newestSound,
  type Progress,
  planTarget,
  type Restored,
  type RestoreOptions,
  type RestoreResult,
  restore,
  type SoundMoment,
  type SoundOptions,
  type SoundProgress,
  type Spill,
} from "./restore/index.ts";
export {
  type Branch,
  type Catalog,
  type Change,
  type Claim,
  formatPosition,
  formatTime,
  type Position,
  parsePosition,
  parseTime,
  readCatalog,
} from "./snapshot/index.ts";
export {
  type Entry as StorageEntry,
  type ListOptions,
  type MemoryFile,
  MemoryStorage,
  type ReadOptions,
  type Storage,
} from "./storage/index.ts";
export type { Target } from "./timeline/target/target.ts";
export {
  type GenerationReport,
  type IntegrityCheck,
  LEVELS,
  type Level,
  type Links as SectionLinks,
  type NewestState,
  type Range as RestorableRange,
  type StateRun,
  type Status as VerifyStatus,
  type VerifyOptions,
  type VerifyReport,
  verify,
} from "./verify/index.ts";
