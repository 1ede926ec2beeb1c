/** Restore: the fold that makes a database file of the newest version of each page. */
export {
  type ExecuteOptions,
  executePlan,
  type Progress,
  type RestoreResult,
  type Unproven,
} from "./execute.ts";
export { MemorySink } from "./memory-sink.ts";
export type { Spill } from "./page-store.ts";
export type { Lost, LostBranch } from "./loss.ts";
export { planTarget, type Restored, type RestoreOptions, restore } from "./restore.ts";
export type { DatabaseSink, DatabaseWrite } from "./sink.ts";
