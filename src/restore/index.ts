/** Restore: the fold that makes a database file of the newest version of each page. */
export {
  type ExecuteOptions,
  executePlan,
  type Progress,
  type RestoreResult,
} from "./execute.ts";
export { MemorySink } from "./memory-sink.ts";
export type { Spill } from "./page-store.ts";
export { type Lost, planTarget, type Restored, type RestoreOptions, restore } from "./restore.ts";
export { newestSound, type SoundMoment, type SoundOptions, type SoundProgress } from "./sound.ts";
export type { DatabaseSink, DatabaseWrite } from "./sink.ts";
