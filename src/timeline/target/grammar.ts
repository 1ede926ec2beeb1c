/** Moments as text: what is written on the command line for a {@link Target}, what people read, what is a mistake. */

import { isBranchName } from "../../replay/branch-name.ts";
import { checkIndex, formatPosition, isInWal, type Position, parsePosition } from "../../replay/position.ts";
import { formatTime, parseTime } from "../../time.ts";
import { MAX_TIMELINE } from "../history.ts";
import { expectRestorePointName, MAX_NAME_LENGTH, quoted } from "../restore-points.ts";
import type { Target } from "./target.ts";

/** RFC 3339 goes no further back: nanoseconds since 1970. */
const YEAR_0 = -62_167_219_200_000_000_000n;
const TIMES = '2026-01-31T18:30:00Z (RFC 3339, with a zone), now or "1 hour 30 minutes ago"';

/**
 * Nanoseconds since 1970, as `now` is, of an RFC 3339 time or of so long ago: weeks, days (of 24 hours), hours, minutes,
 * seconds, the larger unit first. `now` itself stays a word: it means the newest state, as a replica reaches to its newest
 * file and not up to this moment.
 *
 * @throws RangeError with what was expected
 */
export function parseTargetTime(text: string, now: bigint): bigint | "now" {
  const time = timeOf(text, now);
  if (time !== undefined) return time;
  throw expected(`a time such as ${TIMES}`, text);
}

function timeOf(text: string, now: bigint): bigint | "now" | undefined {
  const words = text.trim();
  if (words.length > 200) return undefined;
  if (/^now$/i.test(words)) return "now";
  const ago = durationOf(/^(.*)\sago$/is.exec(words)?.[1]?.toLowerCase() ?? "");
  if (ago !== undefined) return now - ago < YEAR_0 ? undefined : now - ago;
  try {
    return parseTime(words);
  } catch {
    return undefined;
  }
}

/** In seconds, the largest first. No months: they differ, and `m` is a minute. */
const UNITS: readonly (readonly [RegExp, bigint])[] = [
  [/^w(eeks?)?$/, 604_800n],
  [/^d(ays?)?$/, 86_400n],
  [/^h(ours?)?$/, 3_600n],
  [/^m(in|inutes?)?$/, 60n],
  [/^s(ec|econds?)?$/, 1n],
];

/**
 * Seconds of such as `1h`, `90 min` or "1 day 12 hours".
 *
 * @throws RangeError with what was expected
 */
export function parseDuration(text: string): number {
  const duration = text.length > 200 ? undefined : durationOf(text.trim().toLowerCase());
  if (duration === undefined) throw expected('a duration such as 1h, 90m or "1 day 12 hours"', text);
  return Number(duration / 1_000_000n) / 1000;
}

/** Nanoseconds; undefined where `text` is no duration. */
function durationOf(text: string): bigint | undefined {
  const part = /\s*(\d{1,9})(?:\.(\d{1,9}))?\s*([a-z]+)\s*/y;
  let sum: bigint | undefined;
  for (let last = -1; part.lastIndex < text.length; ) {
    const [, whole, fraction = "", name] = part.exec(text) ?? [];
    const unit = UNITS.findIndex(([pattern]) => name !== undefined && pattern.test(name));
    if (unit <= last) return undefined;
    last = unit;
    sum = (sum ?? 0n) + BigInt(`${whole}${fraction.padEnd(9, "0")}`) * UNITS[unit]![1];
  }
  return sum;
}

/**
 * One word or phrase for a moment: `<index>:<offset>`, a time as {@link parseTargetTime} takes it, `index:<hex>`,
 * `transaction:<n>`, `name:<restore point>`, `immediate`, `newest` or, which is the same, `now`. `now` is in nanoseconds since 1970.
 *
 * @throws RangeError with what was expected
 */
export function parseTarget(text: string, now: bigint): Target {
  const words = text.trim();
  const [, kind = "", value = ""] = /^(index|transaction|name):\s*(.*)$/is.exec(words) ?? [];
  if (/^newest$/i.test(words)) return {};
  if (/^immediate$/i.test(words)) return { immediate: true };
  if (/^index$/i.test(kind)) return { index: parseTargetIndex(value) };
  if (/^transaction$/i.test(kind)) return { transaction: parseTargetTransaction(value) };
  if (/^name$/i.test(kind)) return { name: expectRestorePointName(value) };
  // 12:30 is a time of day to whoever wrote it; as a position it lies before any commit.
  const position = /^\d\d:\d\d$/.test(words) ? undefined : parsePosition(words);
  if (position) return { position };
  const timestamp = timeOf(words, now);
  if (timestamp === "now") return {};
  if (timestamp !== undefined) return { timestamp };
  const others = "index:1f, transaction:12, name:<restore point>, immediate or newest";
  throw expected(
    `a position such as 0000001f:00001038, a TXID of 16 hexadecimal digits, a time such as ${TIMES}, ${others}`,
    text,
  );
}

/** `<index>:<offset>`, both hexadecimal. @throws RangeError */
export function parseTargetPosition(text: string): Position {
  const position = parsePosition(text);
  if (position) return position;
  throw expected("a position such as 0000001f:00001038, or a TXID of 16 hexadecimal digits", text);
}

/** From 1, decimal. @throws RangeError */
export function parseTargetTransaction(text: string): number {
  const transaction = Number(text);
  if (/^\d+$/.test(text) && transaction >= 1 && Number.isSafeInteger(transaction)) return transaction;
  throw expected("the number of a transaction, from 1", text);
}

/** A generation (16 lowercase hexadecimal digits, decimal ones too), a decimal timeline ID, or a word. @throws RangeError */
export function parseTargetTimeline(text: string): "current" | "latest" | string | number {
  if (text === "current" || text === "latest" || isBranchName(text)) return text;
  const id = Number(text);
  if (/^\d+$/.test(text) && id >= 1 && id <= MAX_TIMELINE) return id;
  throw expected(
    `current, latest, a timeline ID up to ${MAX_TIMELINE}, 16 lowercase hex digits, or ltx`,
    text,
  );
}

function parseTargetIndex(text: string): number {
  const digits = /^(?:0x)?0*([0-9a-f]{1,8})$/i.exec(text)?.[1];
  if (digits !== undefined) return Number.parseInt(digits, 16);
  throw expected("a WAL index in hexadecimal, such as 0000001f or 1f", text);
}

/** What is asked for, for people: `the last commit at or before 0000001f:00001038 along timeline 2`. */
export function describeTarget(target: Target): string {
  const { generation, timeline } = target;
  const of = generation === undefined ? "" : ` of generation ${generation}`;
  if (timeline === undefined || timeline === "current") return describeMoment(target) + of;
  const along = typeof timeline === "number" || timeline === "latest" ? "" : "the timeline of generation ";
  return `${describeMoment(target)}${of} along ${along || "timeline "}${timeline}`;
}

function describeMoment({ exclusive, immediate, ...target }: Target): string {
  const { index, timestamp, position, transaction, name } = target;
  const before = exclusive ? "the state just before " : "";
  if (position && !isInWal(position))
    return `the state ${exclusive ? "before" : "of"} TXID ${formatPosition(position)}`;
  if (position) return `the last commit ${exclusive ? "" : "at or "}before ${formatPosition(position)}`;
  if (timestamp !== undefined) return `${before || "the state at "}${formatTime(timestamp)}`;
  if (transaction !== undefined) return `${before}transaction ${transaction}`;
  if (name !== undefined) return `${before}restore point ${quoted(name, MAX_NAME_LENGTH)}`;
  if (index !== undefined) {
    return `${before || "the state at the end of "}WAL index ${index} (hexadecimal ${index.toString(16)})`;
  }
  return immediate ? "the first consistent moment after the newest snapshot" : "the newest state";
}

/** The option of the command line that a position is the value of. */
export function positionOption(position: Position): "--target-position" | "--txid" {
  return isInWal(position) ? "--target-position" : "--txid";
}

/** The options of the command line that ask for `target`, each value as it is, without a shell's quotation marks. */
export function targetOptions(target: Target): string[] {
  const { generation, timeline, index, timestamp, position, transaction, name } = target;
  const options: string[] = [];
  if (generation !== undefined) options.push("--generation", generation);
  if (timeline !== undefined) options.push("--target-timeline", String(timeline));
  if (index !== undefined) options.push("--index", index.toString(16));
  if (timestamp !== undefined)
    options.push(target.strict ? "--timestamp" : "--target-time", formatTime(timestamp));
  if (position) options.push(positionOption(position), formatPosition(position));
  if (transaction !== undefined) options.push("--target-transaction", String(transaction));
  // A word that begins with a dash would be taken for an option.
  if (name?.startsWith("-")) options.push(`--target-name=${name}`);
  else if (name !== undefined) options.push("--target-name", name);
  if (target.immediate) options.push("--target-immediate");
  if (target.exclusive) options.push("--target-exclusive");
  return options;
}

const MOMENTS = ["index", "timestamp", "position", "transaction", "name", "immediate"] as const;

/**
 * Whether a program may ask so at all; what the replica has is another question.
 *
 * @throws TypeError where parts exclude each other or are of the wrong type, RangeError where one is out of range
 */
export function checkTarget(target: Target): void {
  checkValues(target);
  const given = MOMENTS.filter((key) => target[key] !== undefined && target[key] !== false);
  if (given.length > 1) throw new TypeError(`Expected one moment, found both ${given[0]} and ${given[1]}`);
  if (target.exclusive && (given.length === 0 || target.immediate)) {
    throw new TypeError(`Expected a moment that exclusive can leave out, found ${given[0] ?? "none"}`);
  }
  if (target.generation !== undefined && target.timeline !== undefined && target.timeline !== "current") {
    throw new TypeError("Expected a generation or a timeline, found both generation and timeline");
  }
}

const TYPES = {
  string: ["generation", "name"],
  number: ["index", "transaction"],
  bigint: ["timestamp"],
  object: ["position"],
  boolean: ["immediate", "exclusive"],
} as const;

function checkValues(target: Target): void {
  for (const [type, keys] of Object.entries(TYPES)) {
    for (const key of keys) {
      const found = target[key] === null ? "null" : typeof target[key];
      if (found === type || found === "undefined") continue;
      throw new TypeError(`Expected ${key} to be a ${type}, found ${found}`);
    }
  }
  const { timeline, index, position, transaction, name } = target;
  if (timeline !== undefined && parseTargetTimeline(String(timeline)) !== timeline) {
    throw expected("current, latest, a timeline ID as a number, or a generation", String(timeline));
  }
  if (index !== undefined) checkIndex(index);
  if (position) formatPosition(position);
  if (transaction !== undefined) parseTargetTransaction(String(transaction));
  if (name !== undefined) expectRestorePointName(name);
}

function expected(what: string, found: string): RangeError {
  return new RangeError(`Expected ${what}, found ${quoted(found)}`);
}
