/** What `walkit restore` says for people: what was restored or would be, and what is lost. */

import type { RestorePlan } from "../replay/index.ts";
import type { Target } from "../replay/plan.ts";
import type { Lost, Restored } from "../restore/restore.ts";
import { formatPosition } from "../snapshot/names.ts";
import { formatTime } from "../snapshot/times.ts";
import { findingLines } from "./output.ts";
import { count, exactBytes, formatSeconds, type Paint, printable } from "./text.ts";

/** So many file names are printed; `--json` has them all. */
const SHOWN = 20;

export function restoredLines(
  restored: Restored,
  about: {
    output: string;
    target: Target;
    time: string | undefined;
    milliseconds: number;
    quiet: boolean;
  },
  paint: Paint,
): string[] {
  const { lost, findings, snapshot, position, plan, generation, proven } = restored;
  const { output, target, time, milliseconds, quiet } = about;
  const lines: string[] = [];
  const row = (label: string, text: string) => lines.push(`  ${label.padEnd(12)}${text}`);
  if (!quiet || lost) {
    const where = output === "-" ? "to standard output" : printable(output);
    const verb = lost ? paint.yellow("SALVAGED, not what was asked for:") : paint.green("Restored");
    lines.push(paint.bold(`${verb} ${where}`));
  }
  if (!quiet) {
    row("asked for", targetText(target));
    row("from", `generation ${generation}, snapshot of index ${snapshot.index} (${snapshot.path})`);
    row(
      "up to",
      position ? `WAL position ${formatPosition(position)}` : "the snapshot alone, no WAL applied",
    );
    if (time) row("", `${plan.segments.length > 0 ? "last WAL segment" : "snapshot"} written ${time}`);
    row(
      "size",
      `${exactBytes(restored.bytes)}: ${count(restored.pageCount, "page")} of ${restored.pageSize} bytes`,
    );
    row(
      "applied",
      `${count(restored.transactions, "transaction")}, ${count(restored.frames, "frame")} from ${count(plan.segments.length, "WAL segment")}`,
    );
    row("took", formatSeconds(milliseconds));
  }
  if (lost) lines.push(...lostLines(lost, proven, paint));
  const shown = quiet ? findings.filter((f) => f.severity !== "info") : findings;
  if (shown.length > 0) lines.push(...(lines.length > 0 ? [""] : []), ...findingLines(shown, paint));
  return lines;
}

function lostLines(lost: Lost, proven: boolean, paint: Paint): string[] {
  const { reached, reachedTime, segments, until, reason } = lost;
  const lines = ["", paint.bold(paint.red("What is lost"))];
  const when = reachedTime ? ` (file of ${reachedTime})` : "";
  lines.push(`  The database ends ${reached ? `at WAL position ${reached}` : "with the snapshot"}${when}.`);
  if (segments.length === 0) {
    lines.push(
      "  No WAL segment was left out as a whole. What a damaged or missing file held and could not be proven right is not in it.",
    );
  } else {
    const last = until ? `; the last of them was written ${until}` : "";
    lines.push(
      `  Everything after that is not in it. ${count(segments.length, "WAL segment")} not applied${last}:`,
    );
    for (const path of segments.slice(0, SHOWN)) lines.push(`    ${printable(path)}`);
    if (segments.length > SHOWN)
      lines.push(`    … and ${segments.length - SHOWN} more (all of them with --json)`);
  }
  if (!proven) lines.push("  It is not proven that this is a committed state: see the warnings.");
  return [...lines, "", "Why", ...findingLines([reason], paint).slice(1)];
}

export function plannedLines(
  { plan, time }: { plan: RestorePlan; time: string | undefined },
  { output, salvage, index, timestamp, generation }: Target & { output?: string; salvage?: boolean },
  paint: Paint,
): string[] {
  const { snapshot, segments, proof, bytes, findings } = plan;
  const lines = [paint.bold("Plan (nothing was written, and no file opened)")];
  const row = (label: string, text: string) => lines.push(`  ${label.padEnd(12)}${text}`);
  row("asked for", targetText({ index, timestamp, generation }));
  if (output !== undefined) row("output", output === "-" ? "standard output" : printable(output));
  row("generation", plan.generation);
  row("snapshot", `index ${snapshot.index}, ${snapshot.path}`);
  const last = segments.at(-1);
  if (!last) row("WAL", "none: the snapshot alone");
  else {
    row(
      "WAL",
      `${count(segments.length, "segment")}, from ${formatPosition(segments[0]!)} to the end of the one at ${formatPosition(last)}`,
    );
    for (const { path } of segments.slice(0, SHOWN)) row("", printable(path));
    if (segments.length > SHOWN) row("", `… and ${segments.length - SHOWN} more (all of them with --json)`);
  }
  if (time) row("moment", `${last ? "last WAL segment" : "snapshot"} written ${time}`);
  if (proof.length > 0) {
    row(
      "proof",
      `${count(proof.length, "more segment")} of the same index, read to prove that the snapshot fits`,
    );
  }
  const files = 1 + segments.length + proof.length;
  row("to read", `${count(files, "file")}${bytes === undefined ? "" : `, ${exactBytes(bytes)}`}`);
  if (salvage) {
    row("salvage", "only if this plan fails; how far it would reach, only reading the files can tell");
  }
  if (findings.length > 0) lines.push("", ...findingLines(findings, paint));
  return lines;
}

function targetText({ generation, index, timestamp }: Target): string {
  const what =
    timestamp !== undefined
      ? `the state at ${formatTime(timestamp)}`
      : index !== undefined
        ? `the state at the end of WAL index ${index} (hexadecimal ${index.toString(16)})`
        : "the newest state";
  return generation ? `${what} of generation ${generation}` : what;
}
