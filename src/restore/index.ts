/** Restore: the fold that makes a database file of the newest version of each page. */
export {
  type ExecuteOptions,
  executePlan,
  type Progress,
  type RestoreResult,
  type Unproven,
} from "./execute.ts";
export type { Lost, LostBranch } from "./loss.ts";
export type { Spill } from "./page-store.ts";
export { planTarget, restore } from "./restore.ts";
export type { Restored, RestoreOptions } from "./restored.ts";
export { MemorySink } from "./sinks/memory.ts";
export type { DatabaseSink, DatabaseWrite } from "./sinks/sink.ts";
export { newestSound, type SoundMoment, type SoundOptions, type SoundProgress } from "./sound.ts";
