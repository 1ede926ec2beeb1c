/** Verify: the fold that finds everything wrong, and says where. */

export type { IntegrityCheck, VerifyOptions } from "./options.ts";
export {
  type GenerationReport,
  LEVELS,
  type Level,
  type Links,
  type NewestState,
  type Range,
  type StateRun,
  type Status,
  type VerifyReport,
} from "./report.ts";
export { verify } from "./verify.ts";
