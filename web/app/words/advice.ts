/** What a finding means and what to do, in the page's words, or in the library's where these suit a page. */

import type { Finding } from "../../../src/findings.ts";
import { usualWords, wordRemedy } from "../../../src/words/index.ts";
import { t } from "../strings/strings.ts";

export type Advised = Pick<Finding, "code" | "path" | "remedy">;

/** What it means for the owner of the database. */
export function meaningOf(finding: Pick<Finding, "code" | "path">): string {
  return t.meaningByCode[finding.code] ?? usualWords(finding).meaning;
}

/** What to do next. */
export function actionOf(finding: Advised): string {
  const words = usualWords(finding);
  const usual = t.usualByCode[finding.code] ?? t.usualByWords.get(words) ?? words.action;
  return wordRemedy(finding.remedy, usual, t.remedyWords) ?? usual;
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
