/** Whether a replica is new enough. What does not ask does not load this. */

import { WalkitError } from "../errors.ts";
import { findingOf } from "../findings.ts";
import type { NewestState, VerifyReport } from "./report.ts";

/** `report`, stale where its newest state is more than `maxAge` seconds old, and inconclusive where its age is not known. */
export function withAge(report: VerifyReport, maxAge: number): VerifyReport {
  const { newestState, checkedAt, status } = report;
  const fault = ageFault(newestState, maxAge, checkedAt);
  if (!fault) return report;
  const finding = findingOf(fault, { generation: newestState?.generation });
  const own = fault.code === "replica/stale" ? "stale" : "inconclusive";
  return { ...report, status: status === "ok" ? own : status, findings: [...report.findings, finding] };
}

const seconds = (count: number) => `${Math.round(count)} s`;

/** What is wrong with the age of the newest state, where it is to be at most `maxAge` seconds; undefined: nothing. */
function ageFault(
  newest: NewestState | undefined,
  maxAge: number,
  checkedAt: string,
): WalkitError | undefined {
  const wanted = `Expected the newest state that can be restored to be at most ${seconds(maxAge)} old at ${checkedAt}`;
  if (newest?.time === undefined || newest.age === undefined) {
    const found = newest
      ? "none, or that it is not known when it was written"
      : "none, or that it is not known which it is";
    return new WalkitError("replica/age-unknown", `${wanted}, found ${found}`);
  }
  const { position, time, age } = newest;
  if (age < -maxAge) {
    const message = `${wanted}, found that it was written ${time}, which is still to come`;
    return new WalkitError("replica/age-unknown", message, { position });
  }
  if (age <= maxAge) return undefined;
  const message = `${wanted}, found that it was written ${time}, ${seconds(age)} before`;
  return new WalkitError("replica/stale", message, { position });
}
