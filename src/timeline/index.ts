/**
 * Timelines: how generations descend from each other, history files, restore points, targets. A door of its own, because
 * what verify and restore need of it they load themselves, when they need it.
 */

export { tieToParent } from "./content/tie.ts";
export { formatHistory, type History, type HistoryLine, historyPath, parseHistory } from "./history.ts";
export {
  historyOf,
  type Lineage,
  type LineageOptions,
  pathTo,
  readLineage,
  type Timeline,
} from "./lineage.ts";
export { type GenerationPoint, readRestorePoints } from "./points.ts";
export {
  checkRestorePointName,
  formatRestorePoints,
  parseRestorePoints,
  type RestorePoint,
  restorePointsPath,
} from "./restore-points.ts";
export { describeTarget, parseTarget, parseTargetTime } from "./target/grammar.ts";
export type { Target } from "./target/target.ts";
