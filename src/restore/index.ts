/** Restore: the fold that makes a database file of the newest version of each page. */
export {
  type DatabaseSink,
  type DatabaseWrite,
  type ExecuteOptions,
  executePlan,
  type Progress,
  type RestoreResult,
} from "./execute.ts";
export { MemorySink } from "./memory-sink.ts";
export type { Spill } from "./page-store.ts";
export { type Lost, type Restored, type RestoreOptions, restore } from "./restore.ts";
