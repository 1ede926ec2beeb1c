/** Whether a replica is new enough. What does not ask does not load this. */

import { WalkitError } from "../errors.ts";
import type { VerifyReport } from "./report.ts";

const seconds = (count: number) => `${Math.round(count)} s`;

/** What is wrong with the age of the newest state, where it is to be at most `maxAge` seconds; undefined: nothing. */
export function ageFault(
  { newestState: newest, checkedAt }: Pick<VerifyReport, "newestState" | "checkedAt">,
  maxAge: number,
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
