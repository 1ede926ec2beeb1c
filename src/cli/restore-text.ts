/** What `walkit restore` says for people: what was restored or would be, and what is lost. */

import type { Available, ErrorCode, WalkitError } from "../errors.ts";
import type { Finding } from "../findings.ts";
import { LTX_BRANCH } from "../replay/branch-name.ts";
import type { RestorePlan } from "../replay/plan.ts";
import { formatPosition, sectionOf } from "../replay/position.ts";
import type { RestoredFile } from "../restore/file.ts";
import type { Lost, LostBranch } from "../restore/loss.ts";
import { describeTarget, targetOptions } from "../timeline/target/grammar.ts";
import type { Target } from "../timeline/target/target.ts";
import { stepsText } from "../words/index.ts";
import { availableTxid, positionText } from "./ltx-words.ts";
import { errorLines, findingLines } from "./output.ts";
import type { RestoreFlags } from "./restore-flags.ts";
import type { LtxPlan } from "./restore-ltx.ts";
import { askedText, fileLines, fromText, momentRows } from "./restore-ltx-text.ts";
import {
  count,
  exactBytes,
  formatSeconds,
  type Paint,
  printable,
  row,
  shellQuote,
  shellWord,
} from "./text.ts";

/** So many file names are printed; `--json` has them all. */
const SHOWN = 20;

export function restoredLines(
  restored: RestoredFile,
  about: {
    output: string;
    target: Target;
    time: string | undefined;
    /** When the segment that follows in the replica was written. */
    nextTime: string | undefined;
    /** Of LTX files: which, and what they lead to. */
    ltx: LtxPlan | undefined;
    milliseconds: number;
    quiet: boolean;
    /** Salvaged, but nothing is known to be lost. */
    vouched: boolean;
  },
  paint: Paint,
): string[] {
  const { lost, findings, snapshot, position, plan, generation, unproven, history } = restored;
  const fits = unproven.every(({ what }) => what === "step");
  const { output, target, time, nextTime, ltx, milliseconds, quiet, vouched } = about;
  const lines: string[] = [];
  const add = (label: string, text: string) => lines.push(...row(`  ${label}`, text, 14, paint));
  if (!quiet || lost) {
    const where = output === "-" ? "to standard output" : printable(output);
    const salvaged = vouched
      ? "SALVAGED, and nothing is known to be lost:"
      : "SALVAGED, not what was asked for:";
    const doubt = doubtOf(restored);
    const plain = doubt ? paint.yellow(`Restored, ${doubt} (see below):`) : paint.green("Restored");
    const verb = lost ? paint.yellow(salvaged) : plain;
    lines.push(paint.bold(`${verb} ${where}`));
  }
  if (!quiet && ltx) {
    add("asked for", askedText(target));
    add("from", fromText(ltx));
    for (const [label, text] of momentRows(ltx, target)) add(label, text);
    add("size", sizeText(restored));
    const files = count(restored.transactions, "LTX file");
    add("applied", `the snapshot, and ${count(restored.frames, "page")} from ${files}`);
    if (history !== undefined) add("history", historyText(history));
    add("took", formatSeconds(milliseconds));
  } else if (!quiet) {
    add("asked for", describeTarget(target));
    const wal = [...plan.ancestors, plan];
    const applied = wal.reduce((sum, { segments }) => sum + segments.length, 0);
    const lastWal = wal.findLast(({ segments }) => segments.length > 0);
    const of = lastWal && lastWal !== plan ? ` of generation ${lastWal.generation}` : "";
    const first = plan.ancestors[0]?.generation ?? generation;
    add("from", `generation ${first}, snapshot of index ${snapshot.index} (${printable(snapshot.path)})`);
    for (const [i, { end }] of plan.ancestors.entries()) {
      const next = plan.ancestors[i + 1]?.generation ?? generation;
      add("", `then, at ${end ? formatPosition(end) : "the end of that"}, on to generation ${next}`);
    }
    add(
      "up to",
      position ? `WAL position ${formatPosition(position)}${of}` : "the snapshot alone, no WAL applied",
    );
    if (time) add("", `${applied > 0 ? "last WAL segment" : "snapshot"} written ${time}`);
    if (target.timestamp !== undefined) {
      const next = nextTime ? `; the next one was written ${nextTime}` : "";
      add("exact to", `a WAL segment: what is in one has its time${next}`);
    }
    add("size", sizeText(restored));
    add(
      "applied",
      `${count(restored.transactions, "transaction")}, ${count(restored.frames, "frame")} from ${count(applied, "WAL segment")}`,
    );
    if (unproven.length > 0) add("proven", `all but ${unprovenText(restored)}`);
    if (history !== undefined) add("history", historyText(history));
    add("took", formatSeconds(milliseconds));
  }
  if (lost) lines.push(...lostLines(lost, { fits, vouched, file: ltx ? "LTX file" : "WAL segment" }, paint));
  const shown = quiet ? findings.filter((f) => f.severity !== "info") : findings;
  if (shown.length > 0) lines.push(...(lines.length > 0 ? [""] : []), ...findingLines(shown, paint));
  return lines;
}

function sizeText({ bytes, pageCount, pageSize }: RestoredFile): string {
  return `${exactBytes(bytes)}: ${count(pageCount, "page")} of ${pageSize} bytes`;
}

function historyText(history: string): string {
  return `${printable(history)}: where this database branches off`;
}

/** Undefined: all is proven, or what is not is in line with Litestream's counter, and SQLite finds the result in order. */
function doubtOf({ unproven, integrity }: RestoredFile): string | undefined {
  if (!unproven.every((one) => one.what === "step" && one.counter === "follows")) return "but NOT PROVEN";
  return unproven.length === 0 || integrity === "ok" ? undefined : "not proven throughout";
}

/** What nothing proves on the way, and what SQLite says of the result. */
function unprovenText({ unproven, integrity }: RestoredFile): string {
  const texts: string[] = [];
  if (unproven.some(({ what }) => what === "snapshot"))
    texts.push("that the snapshot holds nothing from after that moment");
  if (unproven.some(({ what }) => what === "parent"))
    texts.push("that nothing was changed between the switch point and the generation's own WAL");
  const steps = unproven.flatMap((one) => (one.what === "step" ? one : []));
  if (steps.length > 0) {
    const follows = steps.filter(({ counter }) => counter === "follows").length;
    const counter =
      follows === 0
        ? ""
        : `; Litestream's counter shows for ${steps.length === 1 ? "it" : follows === steps.length ? "all of them" : `${follows} of them`} that no whole index is missing, no more`;
    const what = steps.length === 1 ? "the step" : `the ${steps.length} steps`;
    texts.push(`${what} from the end of one WAL index to the next (${stepsText(steps, 3)})${counter}`);
  }
  const said = {
    ok: "SQLite's check finds the database in order",
    skipped: "SQLite's check could not be made",
    none: "SQLite's check was not made: --integrity-check full does it",
  }[integrity ?? "none"];
  return `${texts.join("; ")}. ${said}`;
}

function lostLines(
  lost: Lost,
  { fits, vouched, file }: { fits: boolean; vouched: boolean; file: string },
  paint: Paint,
): string[] {
  const { reached, reachedTime, branches, reason } = lost;
  const lines = ["", vouched ? paint.bold("What is lost") : paint.bold(paint.red("What is lost"))];
  const add = (text: string) => lines.push(...row("", text, 2, paint));
  const when = reachedTime ? ` (file of ${reachedTime})` : "";
  const end = `The database ends ${reached ? `at ${positionText(reached)}` : "with the snapshot"}${when}.`;
  if (vouched) {
    add(
      "Nothing that is known. The damaged file fails LZ4's own checks, but every frame that was taken from it is vouched for by the WAL's own checksums, and what follows fits on to it.",
    );
    add(end);
  } else if (branches.length === 0) {
    add(end);
    add(
      `No ${file} was left out as a whole. ${fits ? "All that is in the database was proven right; what" : "What"} else the damaged or missing file held, if anything, is not in it.`,
    );
  } else {
    add(end);
    for (const branch of branches) {
      add(branchText(branch));
      for (const path of branch.segments.slice(0, SHOWN)) lines.push(`    ${printable(path)}`);
      if (branch.segments.length > SHOWN)
        lines.push(`    … and ${branch.segments.length - SHOWN} more (all of them with --json)`);
    }
  }
  if (!fits) add("It is not proven that this is a committed state: see the warnings.");
  return [...lines, "", "Why", ...findingLines([reason], paint).slice(1)];
}

function branchText({
  generation,
  whole,
  snapshots,
  segments,
  transactions,
  from,
  until,
}: LostBranch): string {
  const files = [
    ...(snapshots > 0 && (whole || segments.length === 0) ? [count(snapshots, "snapshot")] : []),
    ...(segments.length > 0
      ? [count(segments.length, generation === LTX_BRANCH ? "LTX file" : "WAL segment")]
      : []),
  ].join(" and ");
  const held = transactions ? ` (${count(transactions, "transaction")})` : "";
  const times = from && until ? (from === until ? `, written ${from}` : `, written ${from} to ${until}`) : "";
  const what = whole
    ? `Nothing of the younger generation ${generation} is in it`
    : "Everything after that is not in it";
  return `${what}: ${files}${held}${times}.`;
}

/** What a dry run found; with `--salvage` also what would be lost. */
export interface Planned {
  plan: RestorePlan;
  time: string | undefined;
  ltx: LtxPlan | undefined;
  findings: Finding[];
  lost: Lost | undefined;
}

export function plannedLines(
  planned: Planned,
  { output, target }: { output: string | undefined; target: Target },
  paint: Paint,
): string[] {
  const { plan, time, ltx, findings, lost } = planned;
  const { segments, proof, bytes } = plan;
  const title = lost
    ? "Plan of what can be salvaged (nothing was written; the files were read)"
    : ltx
      ? "Plan (nothing was written, and of files the headers alone were read)"
      : "Plan (nothing was written, and no file opened)";
  const lines = [paint.bold(title)];
  const add = (label: string, text: string) => lines.push(...row(`  ${label}`, text, 14, paint));
  add("asked for", ltx ? askedText(target) : describeTarget(target));
  if (output !== undefined) add("output", output === "-" ? "standard output" : printable(output));
  if (ltx) {
    add("from", fromText(ltx));
    for (const [i, line] of fileLines(ltx).entries())
      lines.push((i === 0 ? "  files" : "").padEnd(14) + line);
    for (const [label, text] of momentRows(ltx, target)) add(label, text);
  } else walPlanRows(plan, time, add);
  if (proof.length > 0) {
    add(
      "proof",
      `${count(proof.length, "more segment")} of the same index, read to prove that the snapshot fits`,
    );
  }
  const files = 1 + segments.length + proof.length;
  add("to read", `${count(files, "file")}${bytes === undefined ? "" : `, ${exactBytes(bytes)}`}`);
  if (!lost) add("unchecked", "whether these files are whole was not looked at (walkit verify does that)");
  else
    lines.push(
      ...lostLines(lost, { fits: true, vouched: false, file: ltx ? "LTX file" : "WAL segment" }, paint),
    );
  if (findings.length > 0) lines.push("", ...findingLines(findings, paint));
  return lines;
}

function walPlanRows(
  { generation, snapshot, segments }: RestorePlan,
  time: string | undefined,
  add: (label: string, text: string) => void,
): void {
  add("generation", generation);
  add("snapshot", `index ${sectionOf(snapshot)}, ${snapshot.path}`);
  const last = segments.at(-1);
  if (!last) add("WAL", "none: the snapshot alone");
  else {
    add(
      "WAL",
      `${count(segments.length, "segment")}, from ${formatPosition(segments[0]!)} to the end of the one at ${formatPosition(last)}`,
    );
    for (const { path } of segments.slice(0, SHOWN)) add("", printable(path));
    if (segments.length > SHOWN) add("", `… and ${segments.length - SHOWN} more (all of them with --json)`);
  }
  if (time) add("moment", `${last ? "last WAL segment" : "snapshot"} written ${time}`);
}

/**
 * Of a restore that was refused, in this order: that there is no database now, what there could be and how, and why not
 * what was asked for.
 */
export function refusedLines(
  error: WalkitError,
  flags: RestoreFlags & { location: string; target: Target },
  paint: Paint,
): string[] {
  const { available } = error;
  const said = `Cannot restore ${describeTarget(flags.target)}: ${causeOf(error, flags.target)}. Nothing was written.`;
  const lines = row("", printable(said), 0, paint, (text) => paint.bold(paint.red(text)));
  if (available) {
    lines.push("", ...row("", `What can be had: ${availableText(available, error)}:`, 0, paint));
    lines.push(`  ${salvageCommand(flags)}`);
  }
  return [...lines, "", ...errorLines(error, flags.location, paint)];
}

function availableText(available: Available, { path }: WalkitError): string {
  const { position, snapshot, generation, time } = available;
  const txid = availableTxid(available);
  if (txid !== undefined) return `the state of ${txid}${time ? `, written ${time}` : ""}`;
  const what = position ? `every commit up to ${position}` : `the snapshot of index ${snapshot} alone`;
  const which = path?.includes(generation) ? "" : ` of generation ${generation}`;
  return what + which + (time ? ` (file of ${time})` : "");
}

/** The same restore once more, with `--salvage`. */
function salvageCommand({
  location,
  output,
  target,
  integrityCheck,
  force,
}: RestoreFlags & { location: string; target: Target }): string {
  const words = ["walkit restore", shellQuote(location)];
  words.push("-o", output === undefined || output === "-" ? "restored.db" : shellQuote(output));
  words.push(...targetOptions(target).map(shellWord));
  if (integrityCheck !== undefined) words.push("--integrity-check", integrityCheck);
  if (force) words.push("--force");
  return [...words, "--salvage"].join(" ");
}

const A_FILE_IS_MISSING = "a file is missing in the replica";

/** In a few words; the error itself says it exactly. */
const CAUSES: Partial<Record<ErrorCode, string>> = {
  "replica/not-a-replica": "there is no replica at that place",
  "replica/ltx": "LTX files of LiteFS are there, which walkit does not read yet",
  "replica/encrypted": "the files are encrypted with age",
  "replica/snapshot-ambiguous":
    "it cannot be told whether the newest snapshot is newer than the WAL, or older",
  "replica/snapshot-mismatch": "the newest snapshot is not what the WAL leads to",
  "replica/no-snapshot": "there is no snapshot to start from",
  "replica/missing-index": A_FILE_IS_MISSING,
  "replica/missing-first-segment": A_FILE_IS_MISSING,
  "replica/missing-segment": A_FILE_IS_MISSING,
  "replica/missing-transactions": "transactions are missing in the replica",
  "replica/missing-page": "a page of the database is missing in the replica",
  "replica/missing-txid": "LTX files are missing in the replica",
  "replica/merge-mismatch": "LTX files of the replica contradict each other",
  "replica/uncommitted-tail": "the end of the last transaction is missing",
  "replica/overlapping-segment": "two files claim the same part of the WAL",
  "replica/before-mark": "the snapshot holds changes from after that moment",
  "replica/times-untrusted": "the files' times do not tell when they were written",
  "replica/changed-while-reading": "the replica kept changing while it was read",
  "timeline/history": "a history file cannot be understood",
  "timeline/restore-points": "the file of restore points cannot be understood",
  "timeline/contradiction": "the history files contradict each other",
  "timeline/parent-gone": "the parent timeline is no longer in the replica",
  "target/no-timeline": "there is no such timeline",
  "target/no-restore-point": "there is no such restore point",
  "target/not-in-history": "the history of that timeline does not lead through that moment",
  "target/no-generation": "there is no generation to restore from",
  "target/ambiguous-generation": "the files' times do not tell which generation is the newest",
  "target/no-snapshot": "no snapshot serves to start from",
  "target/out-of-range": "the replica does not reach that moment",
  "storage/not-found": "it is not there",
  "storage/unreadable": "it cannot be read",
  "output/exists": "something is in the place of the output",
  "output/in-use": "the database that it would replace is in use",
  "output/unwritable": "the output cannot be written",
  "runtime/permission": "a permission is missing",
  "runtime/memory": "there is not enough memory",
  "runtime/limit": "a limit of this machine was reached",
  "restore/memory-budget": "the memory that was allowed is not enough",
  "lz4/output-limit": "a file decompresses to more than was allowed",
  "database/integrity": "SQLite finds the restored database corrupt",
  "database/integrity-skipped": "SQLite's own check could not be done",
};

function causeOf({ code, path }: WalkitError, { generation }: Target): string {
  if (code === "target/no-generation" && generation !== undefined) return "there is no such generation";
  const name = path?.slice(path.lastIndexOf("/") + 1);
  return CAUSES[code] ?? (name ? `the file ${name} is damaged` : "a file is damaged");
}
