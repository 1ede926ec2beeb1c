/** Numbers, sizes, times and positions as people read them. */

import { type Position, parsePosition as parse } from "../../../src/replay/position.ts";

export { formatPosition } from "../../../src/replay/position.ts";

const LOCALE = "en-GB";

const integer = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });

export function formatNumber(n: number): string {
  return integer.format(n);
}

/** `584 bytes`, `38.1 KiB`: written as on the command line. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} ${bytes === 1 ? "byte" : "bytes"}`;
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** `0000001f`: eight hexadecimal digits. */
export function hex(n: number): string {
  return n.toString(16).padStart(8, "0");
}

/** Parses `0000001f:00001038`, or a TXID, also with blanks around it, as people type it; undefined for any other text. */
export function parsePosition(text: string): Position | undefined {
  return parse(text.trim());
}

/** The smallest part of a time that is shown. */
export type Precision = "minute" | "second" | "millisecond";

const DATE = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric" });
const SHORT_DATE = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
const WEEKDAY = new Intl.DateTimeFormat(LOCALE, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const CLOCK: Record<Precision, Intl.DateTimeFormat> = {
  minute: new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" }),
  second: new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  millisecond: new Intl.DateTimeFormat(LOCALE, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
  }),
};

/** `18 Nov 2026` */
export function formatDate(time: number): string {
  return DATE.format(time);
}

/** `18 Nov` */
export function formatShortDate(time: number): string {
  return SHORT_DATE.format(time);
}

/** `Wednesday 18 November 2026` */
export function formatLongDate(time: number): string {
  return WEEKDAY.format(time);
}

/** `08:15:51` */
export function formatClock(time: number, precision: Precision): string {
  return CLOCK[precision].format(time);
}

/** `18 Nov 2026, 08:15` */
export function formatTime(time: number, precision: Precision = "minute"): string {
  return `${formatDate(time)}, ${formatClock(time, precision)}`;
}

/** `18 Nov, 08:15:51` */
export function formatShortTime(time: number, precision: Precision = "second"): string {
  return `${formatShortDate(time)}, ${formatClock(time, precision)}`;
}

/** RFC 3339 in UTC: the command line accepts this form. */
export function formatUtc(time: number): string {
  return new Date(time).toISOString();
}

/** `2026-11-18T1207Z`, for file names: in UTC, and without colons, which some file systems refuse. */
export function formatFileTime(time: number, precision: Precision): string {
  const [day, clock = ""] = new Date(time).toISOString().split("T");
  const digits = { minute: 5, second: 8, millisecond: 12 }[precision];
  return `${day}T${clock.slice(0, digits).replaceAll(":", "")}Z`;
}

/** `UTC+01:00`: the local time zone's offset at that time. */
export function formatZone(time: number): string {
  const minutes = -new Date(time).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  return `UTC${minutes < 0 ? "−" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

/** `15 h`, `2 d 4 h`, `350 ms` */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  if (hours < 48) return `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 || days > 9 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** The precision that is fine enough to tell apart times with `step` milliseconds between them. */
export function precisionFor(step: number): Precision {
  return step < 2_000 ? "millisecond" : step < 120_000 ? "second" : "minute";
}
