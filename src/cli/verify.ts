/** `walkit verify`: is it good, and what can be brought back. */

import { parseTime } from "../snapshot/times.ts";
import { openReplica } from "../storage/locate.ts";
import { type GenerationReport, type Level, type Range, type VerifyReport, verify } from "../verify/index.ts";
import { generationOf } from "./arguments.ts";
import { exitCodeOf } from "./exit.ts";
import { colourOf, countOf, findingLines, print, printJson } from "./output.ts";
import { ProgressBar } from "./progress.ts";
import { count, formatBytes, type Paint, paintFor, printable, shellQuote } from "./text.ts";

export interface VerifyFlags {
  level: Level;
  generation?: string;
  json?: boolean;
  quiet?: boolean;
  parallelism: number;
}

export async function runVerify(location: string, flags: VerifyFlags, signal: AbortSignal): Promise<number> {
  const { level, json = false, quiet = false, parallelism } = flags;
  const replica = await openReplica(location);
  const { storage, prefix } = replica;
  const bar = new ProgressBar("verifying", !json && !quiet);
  let report: VerifyReport;
  try {
    report = await verify(storage, {
      prefix,
      generation: generationOf(replica, flags.generation),
      level,
      parallelism,
      signal,
      onProgress: ({ done, total }) => bar.update(done, total),
    });
  } finally {
    bar.clear();
  }
  const { status, generations, findings } = report;
  if (json) printJson({ command: "verify", status, replica: location, level, generations, findings });
  else print(...reportLines(report, { location, root: storage.root, quiet }, paintFor(process.stdout)));
  return exitCodeOf(status);
}

interface Shown {
  location: string;
  root: string;
  quiet: boolean;
}

export function reportLines(report: VerifyReport, { location, root, quiet }: Shown, paint: Paint): string[] {
  const { status, generations, findings } = report;
  const lines = [verdict(report, paint)];
  const grave = findings.filter((f) => f.severity === "damage" || f.severity === "inconclusive");
  if (quiet) return grave.length === 0 ? lines : [...lines, "", ...findingLines(grave, paint)];
  if (status === "damaged") lines.push(...whatIsLeft(report, location));
  lines.push("", `Replica ${printable(root)}`);
  for (const generation of generations) lines.push("", ...generationLines(generation, paint));
  if (findings.length > 0) lines.push("", ...findingLines(findings, paint));
  return lines;
}

const OK: Record<Level, string> = {
  names: "OK as far as names tell: nothing is missing by its name. No file was opened (--level names)",
  frames:
    "OK as far as checksums tell: every file is whole and nothing is missing. Snapshots were not compared with the WAL (--level frames)",
  replay: "OK: everything in this replica can be restored. SQLite's own check was not run (--level replay)",
  integrity: "OK: everything in this replica can be restored",
};

function verdict({ status, level, findings, generations }: VerifyReport, paint: Paint): string {
  const warnings = countOf(findings, "warning");
  const besides = warnings ? `, with ${warnings}` : "";
  if (status === "ok") {
    const nothing = generations.every((g) => g.snapshots === 0);
    const text = nothing ? "OK: nothing is wrong here, but there is nothing to restore, either" : OK[level];
    return paint.bold(paint.green(text)) + besides;
  }
  if (status === "damaged") {
    const problems = countOf(findings, "damage")!;
    return `${paint.bold(colourOf("damage", paint)("DAMAGED: not everything in this replica can be restored"))} (${problems}${besides})`;
  }
  const text = "INCONCLUSIVE: walkit could not find out whether everything in this replica can be restored";
  return paint.bold(colourOf("inconclusive", paint)(text)) + besides;
}

/** In a damaged replica, what the owner wants to know first: is the newest state lost? */
function whatIsLeft({ generations }: VerifyReport, location: string): string[] {
  const filled = generations.filter((g) => g.snapshots + g.segments > 0);
  const restore = `walkit restore ${shellQuote(printable(location))} -o <file>`;
  const certain = filled.length === 1 || filled.every((g) => g.timesTrusted && g.newest !== undefined);
  const timeOf = (g: GenerationReport) => (g.newest && parseTime(g.newest)) || 0n;
  const newest = filled.toSorted((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1))[0];
  if (!newest || !certain) return [];
  const last = newest.restorable.at(-1);
  if (last?.newest) {
    const flaw = newest.integrity === "failed" ? ", but SQLite finds it corrupt" : "";
    const when = last.toTime ? ` (of ${last.toTime})` : "";
    return [`The newest state${when} can be restored${flaw}: ${restore}`];
  }
  if (!last) {
    return filled.length === 1
      ? ["Nothing of it can be restored completely."]
      : [
          `Nothing of the newest generation, ${newest.generation}, can be restored completely. Others: see below.`,
        ];
  }
  const when = last.toTime ? `, of ${last.toTime}` : "";
  return [
    `The newest state cannot be restored. The latest moment that surely can is ${last.to}${when}: ${restore} --salvage`,
  ];
}

function generationLines(generation: GenerationReport, paint: Paint): string[] {
  const { restorable, timesTrusted, oldest, newest, links, integrity } = generation;
  const colour =
    generation.status === "ok" ? paint.green : generation.status === "damaged" ? paint.red : paint.yellow;
  const lines = [`Generation ${paint.bold(generation.generation)}: ${colour(generation.status)}`];
  const row = (label: string, text: string) => lines.push(`  ${label.padEnd(14)}${text}`);
  const { snapshots, segments, indexes, bytes } = generation;
  if (snapshots + segments === 0) {
    row("files", "none");
    return lines;
  }
  const size = bytes === undefined ? "" : `, ${formatBytes(bytes)}`;
  row(
    "files",
    `${count(snapshots, "snapshot")}, ${count(segments, "WAL segment")} in ${count(indexes, "index")}${size}`,
  );
  if (oldest && newest) row("written", `${oldest} to ${newest}${timesTrusted ? "" : " (not to be trusted)"}`);
  const { transactions, frames, pageSize, pageCount } = generation;
  if (frames > 0) row("checked", `${count(transactions, "transaction")} in ${count(frames, "frame")}`);
  if (links && links.total > 0) {
    row(
      "connected",
      `of ${count(links.total, "step")} from one WAL index to the next, ${links.snapshot} proven by a snapshot, ${links.sequence} in line with Litestream's counter, ${links.unproven} without evidence`,
    );
  }
  if (pageSize && pageCount) {
    const said = {
      ok: ", SQLite's integrity_check says ok",
      failed: ", SQLite's integrity_check FAILS",
      skipped: "",
    };
    row(
      "database",
      `${formatBytes(pageSize * pageCount)}: ${count(pageCount, "page")} of ${pageSize} bytes${integrity ? said[integrity] : ""}`,
    );
  }
  if (restorable.length === 0) row("restorable", paint.red("nothing"));
  for (const [i, range] of restorable.entries()) {
    const end = range.newest ? " (the newest state)" : "";
    row(i === 0 ? "restorable" : "", `${rangeText(range)}${end}${range.proven ? "" : ", not proven"}`);
    const next = restorable[i + 1];
    if (next)
      row("", paint.red(`cannot be restored: what was committed after ${range.to} and before ${next.from}`));
    else if (!end && generation.status === "damaged") {
      row("", paint.red(`cannot be restored: what was committed after ${range.to}`));
    }
  }
  return lines;
}

function rangeText({ from, to, fromTime, toTime, snapshot }: Range): string {
  const what =
    from === to ? `the snapshot of index ${snapshot} alone, ${from}` : `every commit from ${from} to ${to}`;
  const times =
    fromTime && toTime ? (fromTime === toTime ? `, ${fromTime}` : `, ${fromTime} to ${toTime}`) : "";
  return what + times;
}
