import type { VerifyReport } from "../../src/verify/index.ts";

/** A report but for when the check was made, which no two have in common. */
export function timeless(report: VerifyReport): VerifyReport {
  const { newestState } = report;
  return { ...report, checkedAt: "", newestState: newestState && { ...newestState, age: undefined } };
}
