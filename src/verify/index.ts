/** Verify: the fold that finds everything wrong, and says where. */
export {
  type GenerationReport,
  LEVELS,
  type Level,
  type Links,
  type Range,
  type Status,
  type VerifyReport,
} from "./report.ts";
export { type IntegrityCheck, type VerifyOptions, verify } from "./verify.ts";
