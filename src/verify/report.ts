/** What verify reports: a documented contract (`docs/json.md`), plain JSON. */

import type { Available } from "../errors.ts";
import type { Finding, Severity } from "../findings.ts";
import type { FilesOfLevel } from "../replay/catalog.ts";
import type { Step } from "../replay/steps.ts";

/** How deep to look; each level includes the ones before it. */
export const LEVELS = ["names", "frames", "replay", "integrity"] as const;

/**
 * - `names`: the listing alone: names, gaps between indexes, times
 * - `frames`: every LZ4 checksum, every WAL checksum and salt, that segments abut and indexes end on a commit
 * - `replay`: that snapshots agree with the WAL before them, that every page of every commit is there
 * - `integrity`: SQLite's integrity_check of the newest state
 */
export type Level = (typeof LEVELS)[number];

/** The verdict: see {@link statusOf}. */
export type Status = "ok" | "damaged" | "inconclusive";

/** The newest state that can be restored. */
export interface NewestState {
  generation: string;
  /** Undefined: a snapshot alone. */
  position: string | undefined;
  /** RFC 3339: when the file was written that leads there; undefined where times cannot be trusted. */
  time: string | undefined;
  /** How long before `checkedAt` that was, in seconds; below 0 where it is still to come. */
  age: number | undefined;
}

/** Moments that can be brought back: every commit from `from` to `to`. */
export interface Range {
  /** `<index>:<offset>`, hexadecimal: the first consistent position, behind the snapshot's mark. */
  from: string;
  to: string;
  /** RFC 3339; undefined where times cannot be trusted. A segment's time is that of all commits in it. */
  fromTime: string | undefined;
  toTime: string | undefined;
  /** Index of the snapshot that a restore begins with, at the latest. */
  snapshot: number;
  /** The newest commit of the generation is in it. */
  newest: boolean;
  /** False where the WAL that could show how far the snapshot reaches is missing or broken. */
  proven: boolean;
  /** True where that WAL is broken, or the snapshot may be an older one: a restore gives these moments with `salvage` only. */
  salvage: boolean;
  /** Of LTX: how finely the states in it lie. Left out elsewhere. */
  runs?: StateRun[] | undefined;
}

/** States that follow on one another, each the end of a file of the same level. */
export interface StateRun {
  /** The more often files were merged, the fewer states are left. */
  level: number;
  states: number;
  /** TXIDs of the first state and the last one. */
  from: string;
  to: string;
  /** RFC 3339, by the files' headers; undefined where none is known. */
  fromTime: string | undefined;
  toTime: string | undefined;
}

/** What ties a WAL index to the one before it: nothing in the files' headers does. */
export interface Links {
  /** Pairs of neighbouring indexes. */
  total: number;
  /** A snapshot agrees with the replay across the border. */
  snapshot: number;
  /** Litestream's counter goes on by one: no whole index is missing. More no snapshot says. */
  sequence: number;
  /** Neither. */
  unproven: number;
  /** Those that no snapshot proves, as far as the replay led over them. */
  steps: Step[];
}

/** What was found of one branch. */
export interface GenerationReport {
  generation: string;
  status: Status;
  snapshots: number;
  segments: number;
  indexes: number;
  /** Compressed bytes; undefined where the listing tells no sizes. */
  bytes: number | undefined;
  /** Of LTX: the files by level. Left out elsewhere. */
  levels?: FilesOfLevel[] | undefined;
  /** From level `frames` on: committed transactions and frames that were checked. */
  transactions: number;
  frames: number;
  /** Newest state: size in pages of `pageSize` bytes; undefined where no commit was seen. */
  pageSize: number | undefined;
  pageCount: number | undefined;
  oldest: string | undefined;
  newest: string | undefined;
  /** `false`: a time may be refused, or all of them are. */
  timesTrusted: boolean;
  restorable: Range[];
  /**
   * Of LTX: moments between those that a range comes by, which a snapshot has. Left out where there are none, and at level
   * `names`.
   */
  apart?: { position: string; time: string | undefined }[] | undefined;
  /** From level `replay` on. */
  links: Links | undefined;
  /** At level `integrity`: what SQLite said of the newest state. */
  integrity: "ok" | "failed" | "skipped" | undefined;
  /**
   * At level `integrity`, where the newest state cannot be restored or SQLite finds it corrupt: what a restore with
   * `salvage` was found to give in its place.
   */
  available: Available | undefined;
}

/** What was found of a replica. */
export interface VerifyReport {
  /** `stale`: nothing is wrong but that the newest state is older than `maxAge`. */
  status: Status | "stale";
  level: Level;
  /** The generation of the newest state, which a restore without a target is about; undefined where that is not known. */
  newestGeneration?: string | undefined;
  /** RFC 3339: when the check began. */
  checkedAt: string;
  /** Undefined where nothing can be restored, or it is not known in which branch it is. */
  newestState: NewestState | undefined;
  generations: GenerationReport[];
  findings: Finding[];
}

/** The gravest finding decides. */
export function statusOf(findings: readonly Finding[]): Status {
  const has = (severity: Severity) => findings.some((finding) => finding.severity === severity);
  return has("damage") ? "damaged" : has("inconclusive") ? "inconclusive" : "ok";
}
