/** Timelines: history files, restore points, lineage, targets. */

export {
  describeTarget,
  parseTarget,
  parseTargetPosition,
  parseTargetTime,
  parseTargetTimeline,
  parseTargetTransaction,
  targetOptions,
} from "./grammar.ts";
export { formatHistory, type History, type HistoryLine, historyPath, parseHistory } from "./history.ts";
export { type Inference, inferParents } from "./infer.ts";
export {
  historyOf,
  type Lineage,
  type LineageOptions,
  pathTo,
  readLineage,
  type Timeline,
} from "./lineage.ts";
export { type GenerationPoint, readRestorePoints } from "./points.ts";
export { chooseTarget, newestCommit } from "./resolve.ts";
export {
  checkRestorePointName,
  formatRestorePoints,
  parseRestorePoints,
  type RestorePoint,
  restorePointsPath,
} from "./restore-points.ts";
export type { Target } from "./target.ts";
export { tieToParent } from "./tie.ts";
