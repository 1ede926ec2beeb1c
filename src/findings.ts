/**
 * The contract of findings: for every code, how grave it is. What it means for the owner of the database, and what to do, is
 * worded by front ends: see `words/`.
 */

import { type ErrorCode, type ErrorFamily, familyOf, WalkitError } from "./errors.ts";
import type { Remedy } from "./remedy.ts";

/**
 * - `damage`: bytes that are not right, or a moment that can no longer be brought back completely
 * - `inconclusive`: walkit could not find out
 * - `warning`: odd, and worth knowing, but nothing is lost by it
 * - `info`: worth a line
 */
export type Severity = "damage" | "inconclusive" | "warning" | "info";

/** One thing found in a replica, in the owner's terms. */
export interface Finding {
  code: ErrorCode;
  severity: Severity;
  /** What was expected and what was found. */
  message: string;
  /** What to do next, where that is not what is usual for the code. */
  remedy: Remedy | undefined;
  generation: string | undefined;
  /** `<index>:<offset>`, hexadecimal: the place in the generation's WAL. */
  position: string | undefined;
  /** The file, as the storage names it. */
  path: string | undefined;
  /** Byte offset in that file; with `decoded`, in what it decompresses to. */
  offset: number | undefined;
  decoded: boolean | undefined;
  /** Number of the WAL frame within its WAL, from 0. */
  frame: number | undefined;
}

/** Of most codes of a family. */
const USUAL: Readonly<Record<ErrorFamily, Severity>> = {
  lz4: "damage",
  wal: "damage",
  ltx: "damage",
  database: "damage",
  replica: "damage",
  timeline: "inconclusive",
  target: "inconclusive",
  storage: "inconclusive",
  output: "inconclusive",
  restore: "inconclusive",
  runtime: "inconclusive",
  ui: "inconclusive",
};

/** Of the others. By family, as the table is part of all that restores or verifies. */
const UNUSUAL: Readonly<Partial<Record<ErrorCode, Severity>>> = {
  "lz4/trailing-data": "warning",
  "lz4/output-limit": "inconclusive",
  "ltx/extinct": "inconclusive",
  "ltx/database-header": "warning",
  "ltx/unusual": "warning",
  "database/integrity-skipped": "inconclusive",
  "replica/not-a-replica": "inconclusive",
  "replica/ltx": "inconclusive",
  "replica/encrypted": "inconclusive",
  "replica/empty": "info",
  "replica/stray-file": "info",
  "replica/upload-in-progress": "info",
  "replica/leftover-wal": "warning",
  "replica/duplicate-segment": "warning",
  "replica/sequence-gap": "warning",
  "replica/unproven-step": "warning",
  "replica/snapshot-ambiguous": "inconclusive",
  "replica/snapshot-ahead": "warning",
  "replica/snapshot-unproven": "warning",
  "replica/level-gap": "info",
  "replica/wal-gap": "warning",
  "replica/backlog": "warning",
  "replica/clock-set-back": "warning",
  "replica/stale": "warning",
  "replica/age-unknown": "inconclusive",
  "replica/full-copies": "info",
  "replica/deleted": "info",
  "replica/times-untrusted": "warning",
  "replica/changed-while-reading": "inconclusive",
  "timeline/restore-points": "warning",
  "timeline/through-parent": "warning",
  "output/leftover": "info",
  "output/owner": "warning",
};

/** How grave what a code says usually is. */
export function severityOf(code: ErrorCode): Severity {
  return UNUSUAL[code] ?? USUAL[familyOf(code)];
}

/** An error as a finding. */
export function findingOf(
  error: WalkitError,
  details: {
    generation?: string | undefined;
    position?: string | undefined;
    severity?: Severity | undefined;
  } = {},
): Finding {
  return {
    code: error.code,
    severity: details.severity ?? severityOf(error.code),
    message: error.message,
    remedy: error.remedy,
    generation: details.generation,
    position: error.position ?? details.position,
    path: error.path,
    offset: error.offset,
    decoded: error.decoded,
    frame: error.frame,
  };
}

/** A finding that no error stood behind. */
export function makeFinding(
  code: ErrorCode,
  message: string,
  details: {
    path?: string | undefined;
    offset?: number | undefined;
    remedy?: Remedy | undefined;
  } & Parameters<typeof findingOf>[1] = {},
): Finding {
  return findingOf(new WalkitError(code, message, details), details);
}
