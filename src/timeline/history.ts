/**
 * History files: which timelines a generation descends from, and where it left each. PostgreSQL's format, with positions
 * of a Litestream WAL, and comments that say which generation has which timeline ID.
 *
 * ```
 * # timeline 1 is generation 386e2c145a976578
 * # timeline 2 is generation 89c0220745ddaaba
 * # complete: the parent up to the switch point and the own WAL hold every change
 * 1	0000001f:00001038	inferred: 391 of 393 pages equal
 * ```
 */

import { type TimelineCode, WalkitError } from "../errors.ts";
import { isBranchName, pathBeside } from "../replay/branch-name.ts";
import { formatPosition, type Position, parsePosition } from "../replay/position.ts";
import { type Line, linesOf, quoted } from "./restore-points.ts";

/** One ancestor, and where it was left. */
export interface HistoryLine {
  /** Timeline ID, from 1 to 2^31 - 1. */
  parent: number;
  /** The place in the parent's WAL at which it was left. */
  switchPoint: Position;
  /** In words; may be empty. */
  reason: string;
}

/** What a history file says. */
export interface History {
  /** Ancestors, the oldest first; the last one is the parent. Empty: a timeline without a parent. */
  lines: HistoryLine[];
  /** Which generation has which timeline ID: the own one, greater than the others, and the ancestors'. */
  generations: Map<number, string>;
  /**
   * The parent up to the switch point plus the generation's own WAL from its first byte holds every change; nothing is
   * only in the snapshot.
   */
  complete: boolean;
}

/** Characters; a line has some 60. */
export const MAX_HISTORY_SIZE: number = 1 << 20;

export const MAX_TIMELINE: number = 2 ** 31 - 1;

const NAMES_GENERATION = /^#\s*timeline\s+(\S+)\s+is\s+generation\s+(\S+)$/;
const SAYS_COMPLETE = /^#\s*complete:/;
const COMPLETE = "# complete: the parent up to the switch point and the own WAL hold every change";
const FIELDS = /^(\S+)\s+(\S+)(?:\s+(.*))?$/s;

/**
 * What a history file says. Fields may stand any number of blanks apart, lines may end as on Windows.
 *
 * @throws WalkitError `timeline/history` where a line cannot be understood, `timeline/contradiction` where it belies another
 */
export function parseHistory(text: string, path: string): History {
  if (text.length > MAX_HISTORY_SIZE) {
    const message = `Expected at most ${MAX_HISTORY_SIZE} characters, found ${text.length}`;
    throw new WalkitError("timeline/history", message, { path });
  }
  const lines: HistoryLine[] = [];
  const named = new Map<number, Named>();
  let complete = false;
  const fail: Fail = (line, expected, found, code = "timeline/history") => {
    throw new WalkitError(code, `Expected ${expected}, found ${found} in line ${line.number}`, { path });
  };
  for (const line of linesOf(text)) {
    const content = line.text.trim();
    if (content === "") continue;
    if (!content.startsWith("#")) {
      lines.push(parseLine({ ...line, text: content }, lines.at(-1)?.parent ?? 0, fail));
      continue;
    }
    complete ||= SAYS_COMPLETE.test(content);
    const [, id, generation] = NAMES_GENERATION.exec(content) ?? [];
    if (id !== undefined && generation !== undefined) addName(named, id, generation, line, fail);
  }
  checkNames(named, lines, fail);
  const generations = new Map([...named].map(([id, { generation }]) => [id, generation]));
  return { lines, generations, complete };
}

type Fail = (line: Line, expected: string, found: string, code?: TimelineCode) => never;

interface Named {
  generation: string;
  line: Line;
}

function parseLine(line: Line, before: number, fail: Fail): HistoryLine {
  const [, id, place, reason = ""] = FIELDS.exec(line.text) ?? [];
  if (id === undefined || place === undefined) {
    return fail(line, "a timeline ID, a position <index>:<offset> and a reason", quoted(line.text));
  }
  const parent = parseId(id, line, fail);
  if (parent <= before) {
    fail(line, `a timeline ID greater than ${before} of the line before`, id, "timeline/contradiction");
  }
  const switchPoint = parsePosition(place);
  if (!switchPoint) return fail(line, "a position such as 0000001f:00001038", quoted(place));
  // A file that was cut off here reads as another position, and a restore would leave the parent too early.
  if (!line.ended && reason === "" && formatPosition(switchPoint) !== place.toLowerCase()) {
    fail(line, "a line break behind a position that is not written in full", quoted(place));
  }
  return { parent, switchPoint, reason };
}

function parseId(text: string, line: Line, fail: Fail): number {
  const id = Number(text);
  if (/^\d+$/.test(text) && id >= 1 && id <= MAX_TIMELINE) return id;
  return fail(line, `a timeline ID from 1 to ${MAX_TIMELINE}`, quoted(text));
}

function addName(named: Map<number, Named>, word: string, generation: string, line: Line, fail: Fail): void {
  const id = parseId(word, line, fail);
  if (!isBranchName(generation)) {
    fail(line, "a generation of 16 lowercase hexadecimal digits", quoted(generation));
  }
  const known = named.get(id);
  if (known && known.generation !== generation) {
    const expected = `timeline ${id} to be generation ${known.generation}, as in line ${known.line.number}`;
    fail(line, expected, generation, "timeline/contradiction");
  }
  if (!known) named.set(id, { generation, line });
}

/** One ID per generation, and no other timelines than the ancestors and the own one, which is younger than they. */
function checkNames(named: ReadonlyMap<number, Named>, lines: readonly HistoryLine[], fail: Fail): void {
  const parents = new Set(lines.map(({ parent }) => parent));
  const youngest = lines.at(-1)?.parent ?? 0;
  const ids = new Map<string, number>();
  let own: number | undefined;
  for (const [id, { generation, line }] of named) {
    const other = ids.get(generation);
    if (other !== undefined) {
      const expected = `generation ${generation} to be timeline ${other} only`;
      fail(line, expected, `timeline ${id}`, "timeline/contradiction");
    }
    ids.set(generation, id);
    if (parents.has(id)) continue;
    if (id < youngest) {
      const expected = `an ancestor's timeline ID or one greater than ${youngest}`;
      fail(line, expected, String(id), "timeline/contradiction");
    }
    // Also what a file without its last lines looks like: an ancestor is named, but has no line.
    if (own !== undefined) {
      fail(line, `no other timeline than ${own} besides the ancestors`, String(id), "timeline/contradiction");
    }
    own = id;
  }
}

/**
 * The text of a history file. Control characters, line breaks and unpaired surrogates in a reason become blanks.
 *
 * @throws RangeError where the history is none that {@link parseHistory} could return
 */
export function formatHistory({ lines, generations, complete }: History): string {
  for (const generation of generations.values()) {
    if (!isBranchName(generation)) throw new RangeError(`Expected a generation, found ${quoted(generation)}`);
  }
  const names = [...generations].sort(([a], [b]) => a - b);
  const text = [
    ...names.map(([id, generation]) => `# timeline ${id} is generation ${generation}`),
    ...(complete ? [COMPLETE] : []),
    ...lines.map(formatLine),
  ]
    .map((line) => `${line}\n`)
    .join("");
  try {
    parseHistory(text, "");
  } catch (error) {
    throw new RangeError(`No such history can be written. ${(error as Error).message}`, { cause: error });
  }
  return text;
}

function formatLine({ parent, switchPoint, reason }: HistoryLine): string {
  const words = reason.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, " ").trim();
  return `${parent}\t${formatPosition(switchPoint)}${words === "" ? "" : `\t${words}`}`;
}

/** `generations/386e2c145a976578.history`, where `prefix` is `generations/`. */
export function historyPath(prefix: string, generation: string): string {
  return pathBeside(prefix, generation, "history");
}
