/** A replica at length, as `walkit verify` tells people of it. */

import type { Available } from "../errors.ts";
import type { Finding } from "../findings.ts";
import { parsePosition } from "../replay/position.ts";
import { parseTime } from "../time.ts";
import type { GenerationReport, Level, Links, Range, VerifyReport } from "../verify/index.ts";
import { isLostBetween } from "../verify/lost.ts";
import { availableTxid } from "./ltx-words.ts";
import { findingLines } from "./output.ts";
import { count, formatBytes, type Paint, printable, row, shellQuote } from "./text.ts";
import { checkedText, levelsText, rangeTexts, writtenText } from "./verify-ltx.ts";
import { isFilled, verdict } from "./verify-verdict.ts";

export interface Shown {
  location: string;
  /** `--generation`. */
  generation: string | undefined;
  root: string;
  quiet: boolean;
}

export function reportLines(report: VerifyReport, shown: Shown, paint: Paint): string[] {
  const { status, level, generations, findings } = report;
  const { root, quiet } = shown;
  const lines = [verdict(report, paint)];
  if (status === "damaged") lines.push(...whatIsLeft(report, shown, paint));
  const grave = findings.filter((f) => f.severity === "damage" || f.severity === "inconclusive");
  if (quiet) return grave.length === 0 ? lines : [...lines, "", ...findingLines(grave, paint)];
  lines.push("", `Replica ${printable(root)}`);
  const sorted = newestFirst(report);
  const several = sorted !== undefined && sorted.length > 1;
  const empty = generations.filter((g) => !isFilled(g));
  for (const generation of sorted ? [...sorted, ...empty] : generations) {
    const mark = several && generation === sorted[0] ? " (newest)" : "";
    const own = report.findings.filter((finding) => finding.generation === generation.generation);
    lines.push("", ...generationLines(generation, own, level, mark, paint));
  }
  if (findings.length > 0) lines.push("", ...findingLines(findings, paint));
  return lines;
}

/** Those with files, that of the newest state first; undefined where it is not known which that is. */
function newestFirst({
  generations,
  newestGeneration: newest,
}: VerifyReport): GenerationReport[] | undefined {
  const filled = generations.filter(isFilled);
  if (filled.length > 1 && newest === undefined) return undefined;
  const timeOf = (g: GenerationReport) => (g.newest && parseTime(g.newest)) || 0n;
  const rank = (g: GenerationReport) => (g.generation === newest ? 0 : 1);
  return filled.toSorted((a, b) => rank(a) - rank(b) || (timeOf(a) < timeOf(b) ? 1 : -1));
}

/** In a damaged replica, what the owner wants to know first: is the newest state lost? And the command that helps. */
function whatIsLeft(report: VerifyReport, shown: Shown, paint: Paint): string[] {
  const { findings } = report;
  const { location, generation, quiet } = shown;
  const sorted = newestFirst(report);
  const newest = sorted?.[0];
  if (!sorted || !newest) return [];
  // What cannot be read may be newer than all that can.
  const isAll = !findings.some(
    ({ code, generation: id }) =>
      code === "storage/unreadable" &&
      !sorted.some((one) => one.generation === id && one.restorable.length > 0),
  );
  const id = generation ?? (isAll ? undefined : newest.generation);
  const which = id === undefined ? "" : ` --generation ${id}`;
  const command = `  walkit restore ${shellQuote(location)} -o restored.db${which}`;
  const { available } = newest;
  const last = newest.restorable.at(-1);
  if (newest.integrity === "failed") {
    const corrupt = last?.newest
      ? "SQLite finds the newest state corrupt"
      : "The newest state cannot be restored, and SQLite finds what is left of it corrupt";
    if (!available)
      return [...row("", `${corrupt}, and no other that it finds in order is known.`, 0, paint)];
    const text = `${corrupt}. The latest state known that it finds in order is ${momentText(available)}:`;
    return [...row("", text, 0, paint), `${command} --integrity-check full --salvage`];
  }
  if (!last) {
    const others = quiet ? "" : " Others: see below.";
    return sorted.length === 1
      ? ["Nothing of it can be restored completely."]
      : row(
          "",
          `Nothing of the newest generation, ${newest.generation}, can be restored completely.${others}`,
          0,
          paint,
        );
  }
  if (last.newest && !available) {
    const when = last.toTime ? ` (of ${last.toTime})` : "";
    const what = isAll ? "The newest state" : "Of what can be read, the newest state";
    return [...row("", `${what}${when} can be restored:`, 0, paint), command];
  }
  const found = available ? momentText(available) : `${last.to}${last.toTime ? `, of ${last.toTime}` : ""}`;
  const text = `The newest state cannot be restored. The latest moment that can is ${found}:`;
  return [...row("", text, 0, paint), `${command} --salvage`];
}

function momentText(available: Available): string {
  const { position, snapshot, time } = available;
  const txid = availableTxid(available);
  if (txid !== undefined) return `${txid}${time ? `, of ${time}` : ""}`;
  return `${position ?? `the snapshot of index ${snapshot} alone`}${time ? `, of ${time}` : ""}`;
}

/** Where values begin. */
const COLUMN = 16;

function generationLines(
  generation: GenerationReport,
  findings: readonly Finding[],
  level: Level,
  mark: string,
  paint: Paint,
): string[] {
  const { restorable, timesTrusted, oldest, newest, links, integrity } = generation;
  const colour =
    generation.status === "ok" ? paint.green : generation.status === "damaged" ? paint.red : paint.yellow;
  const { levels } = generation;
  const name = levels ? paint.bold("LTX files") : `Generation ${paint.bold(generation.generation)}`;
  const lines = [`${name}${mark}: ${colour(generation.status)}`];
  const add = (label: string, text: string, paintText?: (text: string) => string) =>
    lines.push(...row(`  ${label}`, text, COLUMN, paint, paintText));
  const { snapshots, segments, indexes, bytes } = generation;
  if (!isFilled(generation)) {
    add("files", "none");
    return lines;
  }
  const size = bytes === undefined ? "" : `, ${formatBytes(bytes)}`;
  add(
    "files",
    levels
      ? levelsText(levels, bytes)
      : `${count(snapshots, "snapshot")}, ${count(segments, "WAL segment")} in ${count(indexes, "index")}${size}`,
  );
  if (oldest && newest) {
    const written = levels ? writtenText(generation, level) : `${oldest} to ${newest}`;
    add("written", `${written}${timesTrusted ? "" : " (not to be trusted)"}`);
  }
  const { transactions, frames, pageSize, pageCount } = generation;
  if (frames > 0 && levels) add("checked", checkedText(generation));
  else if (frames > 0) add("checked", `${count(transactions, "transaction")} in ${count(frames, "frame")}`);
  if (links && links.total > 0) add("connected", linksText(links));
  if (pageSize && pageCount) {
    const said = {
      ok: ", SQLite's integrity_check says ok",
      failed: ", SQLite's integrity_check FAILS",
      skipped: ", SQLite's integrity_check was not made",
    };
    add(
      "database",
      `${formatBytes(pageSize * pageCount)}: ${count(pageCount, "page")} of ${pageSize} bytes${integrity ? said[integrity] : ""}`,
    );
  }
  if (restorable.length === 0) add("restorable", "nothing", paint.red);
  else if (level === "names") lines.push("  restorable, if the files are whole");
  for (const [i, range] of restorable.entries()) {
    const end = range.newest ? " (the newest state)" : "";
    const label = i === 0 && level !== "names" ? "restorable" : "";
    const { what, fine } = levels ? rangeTexts(range) : { what: rangeText(range), fine: undefined };
    add(
      label,
      `${what}${end}${range.proven ? "" : range.salvage ? ", not proven: with --salvage only" : ", not proven"}`,
    );
    if (fine !== undefined) add("", fine);
    const next = restorable[i + 1];
    if (next && !isLostBetween(findings, parsePosition(range.to)!, parsePosition(next.from)!)) {
      add("", `no state in between: a file leads from the first TXID to ${next.from} at once`);
    } else if (next) {
      add("", `cannot be restored: what was committed after ${range.to} and before ${next.from}`, paint.red);
    } else if (!end && generation.status === "damaged") {
      add("", `cannot be restored: what was committed after ${range.to}`, paint.red);
    }
  }
  for (const [i, { position, time }] of (generation.apart ?? []).slice(0, SHOWN_APART).entries())
    add(i === 0 ? "in between" : "", `the snapshot of TXID ${position}${time ? `, ${time}` : ""}`);
  const more = (generation.apart ?? []).length - SHOWN_APART;
  if (more > 0) add("", `… and ${count(more, "more snapshot")} (all of them with --json)`);
  return lines;
}

/** So many snapshots between the states of a range are printed. */
const SHOWN_APART = 10;

/** What ties the WAL indexes together, and what it would mean that nothing does. */
export function linksText({ total, snapshot, sequence, unproven }: Links): string {
  const step = "from one WAL index to the next";
  if (snapshot === total) {
    return total === 1
      ? `the one step ${step} is proven by a snapshot`
      : `all ${total} steps ${step} are proven by a snapshot`;
  }
  const parts: string[] = [];
  if (snapshot > 0) parts.push(`${snapshot} proven by a snapshot`);
  if (sequence > 0)
    parts.push(`${sequence} where Litestream's counter shows that no whole index is missing, no more`);
  if (unproven > 0) {
    parts.push(`${unproven} without evidence: a lost last segment of an index there would go unnoticed`);
  }
  return `of ${count(total, "step")} ${step}, ${parts.join(", ")}`;
}

function rangeText({ from, to, fromTime, toTime, snapshot }: Range): string {
  const what =
    from === to ? `the snapshot of index ${snapshot} alone, ${from}` : `every commit from ${from} to ${to}`;
  const times =
    fromTime && toTime ? (fromTime === toTime ? `, ${fromTime}` : `, ${fromTime} to ${toTime}`) : "";
  return what + times;
}
