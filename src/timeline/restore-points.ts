/**
 * Named restore points of a generation: a text file beside the generation's folder, a line for each.
 *
 * ```
 * 0000001f:00001038	before migration	2026-11-20T12:15:47Z
 * ```
 *
 * Also what every such text file needs: its lines, and words of it for messages.
 */

import { WalkitError } from "../errors.ts";
import { pathBeside } from "../replay/branch-name.ts";
import { formatPosition, type Position, parsePosition } from "../replay/position.ts";
import { parseTime } from "../time.ts";

/** A position that has a name. */
export interface RestorePoint {
  name: string;
  position: Position;
  /** RFC 3339; when it was recorded. */
  recorded: string | undefined;
}

/** Characters; a line has some 60. */
export const MAX_RESTORE_POINTS_SIZE: number = 16 << 20;

/** Characters of a name, as in PostgreSQL. */
export const MAX_NAME_LENGTH = 63;

/**
 * The restore points of a file, in its order. Position, name and time stand one tab apart; the time may be missing. Blank
 * lines and those that begin with `#` say nothing; lines may end as on Windows.
 *
 * @throws WalkitError `timeline/restore-points`
 */
export function parseRestorePoints(text: string, path: string): RestorePoint[] {
  const fail = (expected: string, found: string, where: string): never => {
    const message = `Expected ${expected}, found ${found}${where}`;
    throw new WalkitError("timeline/restore-points", message, { path });
  };
  if (text.length > MAX_RESTORE_POINTS_SIZE) {
    fail(`at most ${MAX_RESTORE_POINTS_SIZE} characters`, String(text.length), "");
  }
  const points: RestorePoint[] = [];
  const lineOf = new Map<string, number>();
  for (const line of linesOf(text)) {
    if (/^\s*(#|$)/.test(line.text)) continue;
    const where = ` in line ${line.number}`;
    const [place = "", name, time = "", more] = line.text.split("\t", 4);
    if (name === undefined || more !== undefined) {
      return fail("a position, a name and at most a time, a tab apart", quoted(line.text), where);
    }
    const position = parsePosition(place.trim());
    if (!position) return fail("a position such as 0000001f:00001038", quoted(place), where);
    const wrong = checkRestorePointName(name);
    if (wrong !== undefined) fail("the name of a restore point", quoted(name), `${where}: ${wrong}`);
    const before = lineOf.get(name);
    if (before !== undefined) fail(`another name than that of line ${before}`, quoted(name), where);
    lineOf.set(name, line.number);
    const recorded = time.trim() || undefined;
    if (recorded !== undefined && !isTime(recorded)) fail("an RFC 3339 time", quoted(recorded), where);
    points.push({ name, position, recorded });
  }
  return points;
}

/**
 * The text of a file of restore points, in their order.
 *
 * @throws RangeError where {@link parseRestorePoints} would refuse it
 */
export function formatRestorePoints(points: readonly RestorePoint[]): string {
  const names = new Set<string>();
  const lines = points.map(({ name, position, recorded }) => {
    expectRestorePointName(name);
    if (names.has(name)) throw new RangeError(`Expected every name once, found ${quoted(name)} twice`);
    names.add(name);
    if (recorded !== undefined && !isTime(recorded)) {
      throw new RangeError(`Expected an RFC 3339 time, found ${quoted(recorded)}`);
    }
    return `${formatPosition(position)}\t${name}${recorded === undefined ? "" : `\t${recorded}`}\n`;
  });
  const text = lines.join("");
  if (text.length > MAX_RESTORE_POINTS_SIZE) {
    throw new RangeError(`Expected at most ${MAX_RESTORE_POINTS_SIZE} characters, found ${text.length}`);
  }
  return text;
}

function isTime(text: string): boolean {
  try {
    parseTime(text);
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with the name of a restore point, in words; undefined: nothing. */
export function checkRestorePointName(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > 2 * MAX_NAME_LENGTH || [...name].length > MAX_NAME_LENGTH) {
    return `it is longer than ${MAX_NAME_LENGTH} characters`;
  }
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return "it holds a control character or a line break";
  // Two names that look the same would not be.
  if (/[\u202a-\u202e\u2066-\u2069]/.test(name))
    return "it holds a character that turns the direction of writing";
  if (/\p{Cs}/u.test(name)) return "it holds half a character (an unpaired surrogate)";
  if (/^[\s\p{Default_Ignorable_Code_Point}]*$/u.test(name)) return "it holds nothing that can be seen";
  if (name !== name.trim()) return "it begins or ends with a blank";
  return undefined;
}

/** The name as it is. @throws RangeError where {@link checkRestorePointName} objects to it */
export function expectRestorePointName(name: string): string {
  const wrong = checkRestorePointName(name);
  if (wrong === undefined) return name;
  throw new RangeError(`Expected the name of a restore point, found ${quoted(name)}: ${wrong}`);
}

/** `generations/386e2c145a976578.restore-points`, where `prefix` is `generations/`. */
export function restorePointsPath(prefix: string, generation: string): string {
  return pathBeside(prefix, generation, "restore-points");
}

/** A line of a text file, without its line break. */
export interface Line {
  /** From 1. */
  number: number;
  text: string;
  /** False: the last one, and no line break follows it. */
  ended: boolean;
}

/** The lines of `text`, one at a time: a file of nothing but line breaks takes no memory. */
export function* linesOf(text: string): Generator<Line> {
  for (let number = 1, start = 0; start < text.length; number++) {
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end < 0 ? text.length : end);
    yield { number, text: line.endsWith("\r") ? line.slice(0, -1) : line, ended: end >= 0 };
    start = end < 0 ? text.length : end + 1;
  }
}

/** `text` in quotation marks for a message: its first `most` characters, those that a terminal would obey escaped. */
export function quoted(text: string, most = 60): string {
  const characters = [...text.slice(0, 2 * most + 2)];
  const start = characters.length > most ? `${characters.slice(0, most).join("")}…` : text;
  return JSON.stringify(start).replace(
    /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
