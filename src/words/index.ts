/**
 * Findings, errors and remedies in words, as the command line says them: what a code means for the owner of the database, and
 * what to do. What verifies and restores leaves these to front ends, and does not load them.
 */

import type { ErrorCode } from "../errors.ts";
import { type Finding, type Severity, severityOf } from "../findings.ts";
import type { Remedy } from "../remedy.ts";
import { FILE_DAMAGED, LTX_WORDS, SNAPSHOT_FILE, WORDS, type Words } from "./codes.ts";
import { wordRemedy } from "./remedies.ts";

export type { Remedy } from "../remedy.ts";
export type { Words } from "./codes.ts";
export { REMEDY_WORDS, type RemedyWords, stepsText, type Word, wordRemedy } from "./remedies.ts";

/** Of a code: how grave it usually is, what it means, and what is usually to be done. */
export interface Rule extends Words {
  severity: Severity;
}

/** All codes: what `docs/findings.md` says of them. */
export const RULES: Readonly<Record<ErrorCode, Rule>> = rules();

function rules(): Record<ErrorCode, Rule> {
  const all = Object.entries(WORDS).map(([code, words]) => {
    return [code, { severity: severityOf(code as ErrorCode), ...words }];
  });
  return Object.fromEntries(all) as Record<ErrorCode, Rule>;
}

/** What a finding means for the owner of the database, and what to do next. Of an error likewise. */
export function describeFinding(finding: Described): Words {
  const { meaning, action } = usualWords(finding);
  return { meaning, action: wordRemedy(finding.remedy, action) ?? action };
}

/** What a finding's words depend on; a WalkitError has it as well. */
export type Described = Pick<Finding, "code" | "path"> & { readonly remedy: Remedy | undefined };

/** Those of its code alone, and of the kind of file. */
export function usualWords({ code, path }: Pick<Finding, "code" | "path">): Words {
  const usual = WORDS[code];
  if (path?.endsWith(".ltx")) return LTX_WORDS[code] ?? usual;
  return usual === FILE_DAMAGED && path?.endsWith(".snapshot.lz4") ? SNAPSHOT_FILE : usual;
}
