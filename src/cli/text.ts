/** Small words for people: sizes, counts, durations, tables, colours, and nothing that a terminal would obey. */

/** `text` without characters that a terminal acts on: file names may hold anything. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// Control characters, line separators, and those that turn the direction of writing or show nothing.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

/** `584 bytes`, `38.1 KiB` */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return count(bytes, "byte");
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** `38.1 KiB (39014 bytes)` */
export function exactBytes(bytes: number): string {
  return bytes < 1024 ? formatBytes(bytes) : `${formatBytes(bytes)} (${bytes} bytes)`;
}

/** `1 segment`, `2 segments`, `6 indexes` */
export function count(n: number, noun: string): string {
  return `${n} ${n === 1 ? noun : /x$/.test(noun) ? `${noun}es` : `${noun}s`}`;
}

export function formatSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.floor(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long ago, in seconds, in its two largest units. */
export function formatAge(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.floor(seconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return `${days} ${days === 1 ? "day" : "days"} ${hours % 24} h`;
}

/** A path as a shell takes it, and a terminal shows it. */
export function shellQuote(path: string): string {
  return shellWord(/^-./.test(path) ? `./${path}` : path);
}

/** Any word as a shell takes it. */
export function shellWord(text: string): string {
  if (printable(text) !== text) {
    const escaped = text.replace(/[\\']/g, "\\$&");
    return `$'${printable(escaped)}'`;
  }
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `text` in lines of at most `width` characters, broken at spaces; in one where the width is unknown. */
export function wrap(text: string, width: number | undefined): string[] {
  if (width === undefined || text.length <= width) return [text];
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A label and its value, which begins at `column` and is wrapped there. */
export function row(
  label: string,
  value: string,
  column: number,
  { width }: Pick<Paint, "width">,
  colour: (text: string) => string = (text) => text,
): string[] {
  const lines = wrap(value, width === undefined ? undefined : width - column);
  return lines.map((line, i) => (i === 0 ? label : "").padEnd(column) + colour(line));
}

/** Columns padded to two spaces behind their widest entry, the last one not at all: as Litestream prints its lists. */
export function table(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
  }
  return rows.map((row) =>
    row.map((cell, i) => (i < row.length - 1 ? String(cell).padEnd(widths[i]! + 2) : String(cell))).join(""),
  );
}

/** How a stream is written to. */
export interface Paint {
  /** Where lines are wrapped; undefined: not at all. */
  width?: number | undefined;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
}

/** On a terminal lines are wrapped, and coloured unless `NO_COLOR` (https://no-color.org) is set. */
export function paintFor(stream: { isTTY?: boolean | undefined; columns?: number | undefined }): Paint {
  const on = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const code = (open: number, close: number) => (text: string) =>
    on ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    width: stream.isTTY ? Math.min(120, Math.max(60, stream.columns || 80)) : undefined,
    bold: code(1, 22),
    dim: code(2, 22),
    red: code(31, 39),
    yellow: code(33, 39),
    green: code(32, 39),
  };
}
