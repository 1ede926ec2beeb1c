/** What every command prints: JSON objects, findings, errors. */

import type { WalkitError } from "../errors.ts";
import { type Finding, findingOf, type Severity } from "../findings.ts";
import type { Remedy } from "../remedy.ts";
import { describeFinding } from "../words/index.ts";
import { positionText } from "./ltx-words.ts";
import { count, type Paint, paintFor, printable, row, shellQuote } from "./text.ts";

/**
 * One object to standard output. What is not known is `null`, so that the keys are always the same; findings, wherever they are
 * in it, have their words.
 */
export function printJson(value: object, indent = 2): void {
  const text = JSON.stringify(value, (_, v) => (v === undefined ? null : isFinding(v) ? told(v) : v), indent);
  // JSON may hold characters that a terminal acts on; written as escapes they are the same JSON.
  print(text.split("\n").map(printable));
}

/** Lines, or lists of lines: there may be more of them than a call has room for arguments. */
export function print(...lines: (string | readonly string[])[]): void {
  const all = lines.flat();
  if (all.length > 0) process.stdout.write(`${all.join("\n")}\n`);
}

/** To standard error. */
export function printAside(...lines: (string | readonly string[])[]): void {
  const all = lines.flat();
  if (all.length > 0) process.stderr.write(`${all.join("\n")}\n`);
}

/** A command may know better what it means here than what its code says. */
export type FindingToTell = Finding & { meaning?: string };

/** A finding in words. */
interface Told extends Omit<Finding, "remedy"> {
  meaning: string;
  action: string;
}

function told({ remedy, ...finding }: FindingToTell): Told {
  const { code, severity, message, ...rest } = finding;
  return { code, severity, message, ...describeFinding({ ...finding, remedy }), ...rest };
}

function isFinding(value: unknown): value is FindingToTell {
  return typeof value === "object" && value !== null && "severity" in value && "remedy" in value;
}

/** In a command's own words. */
export function say(text: string): Remedy {
  return { do: "say", text };
}

const TITLES: Record<Severity, string> = {
  damage: "Damage",
  inconclusive: "Could not be found out",
  warning: "Warnings",
  info: "For information",
};

const ORDER: readonly Severity[] = ["damage", "inconclusive", "warning", "info"];

/** So many findings of one kind are printed; `--json` has them all. */
const SHOWN: Record<Severity, number> = { damage: 100, inconclusive: 20, warning: 20, info: 3 };

/** Findings by severity, the gravest first; those with the same code, meaning and advice say so once. */
export function findingLines(findings: readonly FindingToTell[], paint: Paint): string[] {
  const lines: string[] = [];
  for (const severity of ORDER) {
    const group = findings.filter((finding) => finding.severity === severity).map(told);
    if (group.length === 0) continue;
    if (lines.length > 0) lines.push("");
    lines.push(paint.bold(colourOf(severity, paint)(`${TITLES[severity]} (${group.length})`)));
    for (const same of groupBy(group, kindOf).values())
      lines.push(...sameFindings(same, SHOWN[severity], paint));
  }
  return lines;
}

function kindOf({ code, meaning, action }: Told): string {
  return `${code}\n${meaning}\n${action}`;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

function sameFindings(same: readonly Told[], shown: number, paint: Paint): string[] {
  const lines: string[] = [];
  for (const finding of same.slice(0, shown)) lines.push(...messageLines(finding, paint));
  if (same.length > shown)
    lines.push(`  … and ${same.length - shown} more like these (all of them with --json)`);
  return [...lines, ...adviceLines(same[0]!, paint)];
}

function messageLines(finding: Told, paint: Paint): string[] {
  return [...row("", printable(finding.message), 2, paint, paint.bold), ...placeLines(finding, paint)];
}

function placeLines(finding: Told, paint: Paint): string[] {
  return placesOf(finding).flatMap(([label, text]) => valueLines(label, text, paint));
}

function adviceLines({ code, meaning, action }: Told, paint: Paint): string[] {
  return [
    ...valueLines("what it means", printable(meaning), paint),
    ...valueLines("what to do", printable(action), paint),
    ...valueLines("code", code, paint).map(paint.dim),
  ];
}

/** A value of a finding, aligned with the others. */
export function valueLines(label: string, text: string, paint: Paint): string[] {
  return row(`    ${label}`, text, 19, paint);
}

/** Where it is: the file, the place in the WAL, the byte. */
function placesOf({ path, position, offset, decoded, frame }: Told): [label: string, text: string][] {
  const places: [string, string][] = [];
  if (path !== undefined) places.push(["file", printable(path)]);
  const at: string[] = [];
  if (position !== undefined) at.push(positionText(position));
  if (offset !== undefined) at.push(`byte ${offset}${decoded ? " of what the file decompresses to" : ""}`);
  if (frame !== undefined) at.push(`frame ${frame}`);
  if (at.length > 0) places.push(["at", at.join(", ")]);
  return places;
}

export function colourOf(severity: Severity, paint: Paint): (text: string) => string {
  return severity === "damage" ? paint.red : severity === "info" ? paint.dim : paint.yellow;
}

/** `1 warning`, `2 problems` … of what there is. */
export function countOf(findings: readonly Finding[], severity: Severity): string | undefined {
  const n = findings.filter((finding) => finding.severity === severity).length;
  const noun = { damage: "problem", inconclusive: "open question", warning: "warning", info: "note" }[
    severity
  ];
  return n === 0 ? undefined : count(n, noun);
}

/** The finding of an error, with the replica that its advice speaks of. */
function findingWith(error: WalkitError, location: string | undefined): Told {
  const finding = told(findingOf(error));
  if (location === undefined) return finding;
  return { ...finding, action: finding.action.replaceAll("<replica>", () => shellQuote(location)) };
}

/** An error among other lines: what, where, what it means, what to do. */
export function errorLines(error: WalkitError, location: string | undefined, paint: Paint): string[] {
  return sameFindings([findingWith(error, location)], 1, paint);
}

/** An error for people, on standard error. */
export function printError(error: WalkitError, location: string | undefined): void {
  const paint = paintFor(process.stderr);
  const finding = findingWith(error, location);
  printAside(
    row(`${paint.red("walkit:")} `, printable(finding.message), 8, { width: paint.width }),
    placeLines(finding, paint),
    adviceLines(finding, paint),
  );
}
