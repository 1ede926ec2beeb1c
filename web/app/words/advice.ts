/** What a finding means and what to do, in the library's words. */

import type { Finding } from "../../../src/findings.ts";
import { describeFinding } from "../../../src/words/index.ts";

/** What it means for the owner of the database. */
export function meaningOf(finding: Finding): string {
  return describeFinding(finding).meaning;
}

/** What to do next. */
export function actionOf(finding: Finding): string {
  return describeFinding(finding).action;
}

const DOUBTS = new Set<string>([
  "replica/snapshot-unproven",
  "replica/sequence-gap",
  "replica/unproven-step",
]);

/** The reasons why a state is not proven, in words, each once. */
export function doubtsIn(findings: readonly Finding[]): string[] {
  return [...new Set(findings.filter(({ code }) => DOUBTS.has(code)).map(meaningOf))];
}
