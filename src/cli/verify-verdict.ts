/** The first line of `walkit verify`: the verdict, and what it rests on. */

import type { ErrorCode } from "../errors.ts";
import { parseSnapshotName } from "../layouts/generations/names.ts";
import type { GenerationReport, Level, NewestState, VerifyReport } from "../verify/index.ts";
import { colourOf, countOf } from "./output.ts";
import { count, formatAge, type Paint } from "./text.ts";
import { FOUND } from "./verify-formats.ts";

const OK: Record<Level, string> = {
  names: "OK as far as names tell: nothing is missing by its name. No file was opened (--level names)",
  frames:
    "OK as far as checksums tell: every file is whole and nothing is missing. Snapshots were not compared with the WAL (--level frames)",
  replay: "OK: no damage found",
  integrity: "OK: no damage found",
};

const LTX_FRAMES =
  "OK as far as checksums tell: every file is whole and no TXID is missing. Snapshots and merged files were not compared with the others (--level frames)";

export function verdict(report: VerifyReport, paint: Paint): string {
  const { status, findings } = report;
  const warnings = countOf(findings, "warning");
  const besides = warnings ? `, with ${warnings}` : "";
  if (status === "ok") return paint.bold(paint.green(okText(report))) + besides;
  if (status === "stale") return paint.bold(paint.yellow(staleText(report))) + besides;
  if (status === "damaged") {
    const problems = countOf(findings, "damage")!;
    return `${paint.bold(colourOf("damage", paint)(damageText(report)))} (${problems}${besides})`;
  }
  const unknown = findings.filter(({ severity }) => severity === "inconclusive");
  const [{ code } = { code: undefined }, ...others] = unknown;
  const reason = others.every((other) => other.code === code) && code ? UNKNOWN[code] : undefined;
  const text = `INCONCLUSIVE: ${reason ?? "walkit could not find out whether everything in this replica can be restored"}`;
  return paint.bold(colourOf("inconclusive", paint)(text)) + besides;
}

function damageText(report: VerifyReport): string {
  const broken = brokenForNothing(report);
  if (broken !== undefined)
    return `DAMAGED: ${count(broken, "file")} broken, but every commit can still be restored`;
  const spare = brokenBesideNewest(report);
  if (spare !== undefined)
    return `DAMAGED: ${count(spare, "file")} broken, but the newest state can still be restored`;
  return "DAMAGED: not everything in this replica can be restored";
}

/** Where one thing alone stands in the way. */
const UNKNOWN: Partial<Record<ErrorCode, string>> = {
  "replica/encrypted": "the replica is encrypted with age, so nothing can be said of what it holds",
  "replica/snapshot-ambiguous":
    "no damage found, but whether the newest snapshot is newer than the WAL, or an older one, cannot be told",
  "storage/unreadable": "no damage found in what can be read, but not everything can be",
  "replica/age-unknown": "no damage found, but how old the newest state is cannot be told",
  "replica/empty": "there is no damage, and nothing to restore, either",
  "database/integrity-skipped": "no damage found, but SQLite's own check, which was asked for, was not made",
};

function staleText({ level, newestState }: VerifyReport): string {
  return `STALE: ${FOUND[level]}, but the newest state that can be restored was ${writtenAgo(newestState!)}`;
}

/** `written 2026-…, 3 days 4 h ago`; undefined where that is not known. */
function writtenAgo({ time, age }: NewestState): string | undefined {
  if (time === undefined || age === undefined) return undefined;
  return `written ${time}, ${age < 0 ? "a time still to come" : `${formatAge(age)} ago`}`;
}

function okText(report: VerifyReport): string {
  const { level, newestGeneration: known, generations, newestState } = report;
  if (generations.every((g) => g.snapshots === 0)) {
    return "OK: nothing is wrong here, but there is nothing to restore, either";
  }
  if (level === "frames" && generations.every(({ levels }) => levels)) return LTX_FRAMES;
  if (level === "names" || level === "frames") return OK[level];
  const reachesNewest = generations.filter(isFilled).every((g) => g.restorable.at(-1)?.newest);
  const age = newestState && writtenAgo(newestState);
  const which =
    known === undefined
      ? "s of all generations can be restored, but which is the newest is not known"
      : ` can be restored${age ? `: it was ${age}` : ""}`;
  const newest = reachesNewest ? `. The newest state${which}` : "";
  return OK[level] + newest + uncheckedText(level, generations);
}

/** What the verdict does not rest on. */
function uncheckedText(level: Level, generations: readonly GenerationReport[]): string {
  if (level === "replay") return ". SQLite's own check was not run (--level replay)";
  const asked = generations.filter(({ integrity }) => integrity !== undefined);
  const skipped = asked.filter(({ integrity }) => integrity === "skipped").length;
  if (skipped === 0) return "";
  const which = skipped === asked.length ? "" : ` of ${skipped} of ${asked.length} generations`;
  return `. SQLite's own check${which} was not made`;
}

/** The number of broken files, where all that they held is in others as well: snapshots that the WAL leads past. */
function brokenForNothing({ generations, findings }: VerifyReport): number | undefined {
  const bases = new Map<string, number>();
  for (const { generation, restorable } of generations.filter(isFilled)) {
    const [range, more] = restorable;
    if (!range?.newest || !range.proven || more) return undefined;
    bases.set(generation, range.snapshot);
  }
  const broken = new Set<string>();
  for (const { severity, generation, path } of findings) {
    if (severity !== "damage") continue;
    const base = generation === undefined ? undefined : bases.get(generation);
    const index = path === undefined ? undefined : parseSnapshotName(path.slice(path.lastIndexOf("/") + 1));
    // What a snapshot before the first good one leads to is lost.
    if (base === undefined || index === undefined || index < base) return undefined;
    broken.add(path!);
  }
  return broken.size;
}

/** The number of broken LTX files, where all that there is is LTX files, and others lead to the newest state. */
function brokenBesideNewest({ generations, findings }: VerifyReport): number | undefined {
  const [one, more] = generations.filter(isFilled);
  if (!one?.levels || more || !one.restorable.at(-1)?.newest) return undefined;
  const damage = findings.filter(({ severity }) => severity === "damage");
  if (!damage.every(({ code, path }) => path !== undefined && /^(ltx|lz4)\//.test(code))) return undefined;
  return new Set(damage.map(({ path }) => path)).size;
}

export function isFilled({ snapshots, segments, levels = [] }: GenerationReport): boolean {
  return snapshots + segments + levels.length > 0;
}
