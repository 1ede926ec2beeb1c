/** What is known of a state where not all of the way to it is proven. */

import type { Finding } from "../../../src/findings.ts";
import type { Step } from "../../../src/replay/steps.ts";
import type { Unproven } from "../../../src/restore/execute.ts";
import type { IntegrityView } from "./protocol.ts";

/**
 * - `sure`: all of the way is proven; or all but steps from one WAL index to the next, and neither Litestream's counter nor
 *   SQLite, as far as it was asked, finds anything amiss. Behind the newest snapshot that is the rule
 * - `doubtful`: the state may be none that was committed
 */
export type Trust = "sure" | "doubtful";

/** `integrity`: what SQLite says of the state; undefined: it was not asked. */
export function trustIn(unproven: readonly Unproven[], integrity: IntegrityView["found"] | undefined): Trust {
  if (unproven.length === 0) return "sure";
  return isInLine(unproven) && (integrity === "ok" || integrity === undefined) ? "sure" : "doubtful";
}

/** Not proven is at most that no WAL is missing between indexes, and Litestream's counter goes on by one there. */
export function isInLine(unproven: readonly Unproven[]): boolean {
  return unproven.every((one) => one.what === "step" && one.counter === "follows");
}

/** The snapshot is proven to fit the WAL, whatever the steps in between: a corrupt state is what the replica makes. */
export function fits(unproven: readonly Unproven[]): boolean {
  return unproven.every(({ what }) => what === "step");
}

export function stepsOf(unproven: readonly Unproven[]): Step[] {
  return unproven.flatMap((one) => (one.what === "step" ? one : []));
}

const DOUBTS = new Set<string>([
  "replica/snapshot-unproven",
  "replica/sequence-gap",
  "replica/unproven-step",
]);

/** Why a state is not proven, in the words of the findings, each once. */
export function doubtsIn(findings: readonly Finding[]): string[] {
  return [...new Set(findings.filter(({ code }) => DOUBTS.has(code)).map(({ meaning }) => meaning))];
}
