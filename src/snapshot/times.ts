/**
 * Times of a replica's files: nanoseconds since 1970 as `bigint`, RFC 3339 as text, and whether they can be trusted.
 *
 * Litestream takes a file's modification time as the moment of its creation. Nothing in the file says it, so a copy
 * without times, a clone by git or an unpacked archive destroys point-in-time information without a trace in the data.
 */

import type { Generation, Segment, Snapshot } from "./catalog.ts";
import { formatPosition } from "./names.ts";

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * Nanoseconds since 1970 of an RFC 3339 time with a zone and up to nine decimal places.
 *
 * @throws RangeError where `text` is none
 */
export function parseTime(text: string): bigint {
  const match = RFC3339.exec(text);
  if (!match) throw noTime(text);
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const zoneHour = Number(match[10] ?? 0);
  const zoneMinute = Number(match[11] ?? 0);
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) throw noTime(text);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw noTime(text);
  date.setUTCHours(hour, minute, second);
  const zone = (match[9] === "-" ? -1 : 1) * (zoneHour * 60 + zoneMinute) * 60;
  const seconds = BigInt(date.getTime() / 1000 - zone);
  return seconds * 1_000_000_000n + BigInt((match[7] ?? "").padEnd(9, "0"));
}

function noTime(text: string): RangeError {
  return new RangeError(`Expected an RFC 3339 time with a zone, such as 2026-11-20T12:15:47Z, found ${text}`);
}

/** RFC 3339 in UTC, with as many decimal places as the time has, none for a whole second. */
export function formatTime(time: bigint): string {
  const nanos = ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const date = new Date(Number((time - nanos) / 1_000_000n));
  // Storage may claim any time; RFC 3339 has four digits for the year.
  if (!(date.getUTCFullYear() >= 0 && date.getUTCFullYear() <= 9999)) return `${time} ns since 1970`;
  const fraction = nanos === 0n ? "" : `.${nanos.toString().padStart(9, "0").replace(/0+$/, "")}`;
  return `${date.toISOString().slice(0, 19)}${fraction}Z`;
}

/** The times of the oldest and the newest file of a generation; undefined where it has no file with a time. */
export function timeRange(generation: Generation): { oldest: bigint; newest: bigint } | undefined {
  let oldest: bigint | undefined;
  let newest: bigint | undefined;
  for (const { modified } of [...generation.snapshots, ...generation.segments]) {
    if (modified === undefined) continue;
    if (oldest === undefined || modified < oldest) oldest = modified;
    if (newest === undefined || modified > newest) newest = modified;
  }
  return oldest === undefined || newest === undefined ? undefined : { oldest, newest };
}

/**
 * Why the times of a generation's files cannot be those of their creation; undefined where nothing speaks against them.
 *
 * On a replica as Litestream wrote it the times of WAL segments ascend with (index, offset), and no snapshot is newer
 * than a segment of a later index. Snapshots may well be older than segments of earlier indexes: uploads of WAL wait for
 * the sync interval, snapshots do not. Measured on 13 generations that Litestream wrote: no two segments at the same time,
 * 31 ms and more per segment on the whole, a snapshot at most 3 indexes ahead of the WAL. A clone by git or `cp -r` writes
 * 26 segments within 1 ms; a copy in the order of names writes all snapshots before any WAL.
 */
export function timesUntrusted(generation: Generation): { path: string; reason: string } | undefined {
  // Of what cannot be read no time is known; that says nothing about the others.
  const snapshots = generation.snapshots.filter(({ unreadable }) => !unreadable);
  const segments = generation.segments.filter(({ unreadable }) => !unreadable);
  for (const file of [...snapshots, ...segments]) {
    if (file.modified === undefined) return { path: file.path, reason: "the storage keeps no times" };
  }
  return untrustedSegments(segments) ?? untrustedSnapshots(snapshots, segments);
}

/** A file written by Litestream takes longer than this: nanoseconds. */
const LEAST_PER_SEGMENT = 1_000_000n;
/** From this many on, chance is out. */
const MANY_SEGMENTS = 8;
/** A snapshot this many indexes ahead of the WAL was not written in its time. */
const FAR_AHEAD = 5;

function untrustedSegments(segments: readonly Segment[]): { path: string; reason: string } | undefined {
  let ties = 0;
  for (let i = 1; i < segments.length; i++) {
    const [before, after] = [segments[i - 1]!, segments[i]!];
    const [was, is] = [before.modified!, after.modified!];
    const names = `segment ${formatPosition(after)} (${formatTime(is)}) and segment ${formatPosition(before)} before it (${formatTime(was)})`;
    if (is < was) return { path: after.path, reason: `${names} are in the wrong order` };
    // Where the storage keeps milliseconds or whole seconds only, neighbours may well fall into one; else a file put there
    // by hand, with the time of another, is one tie.
    if (is === was && is % 1_000_000n !== 0n && ++ties > 1) {
      return { path: after.path, reason: `${names} have the same time, and so do others` };
    }
  }
  const [first, last] = [segments[0], segments.at(-1)];
  const count = segments.length;
  if (count < 2) return undefined;
  const span = last!.modified! - first!.modified!;
  if (span === 0n) return { path: first!.path, reason: `all ${count} WAL segments have the same time` };
  if (count >= MANY_SEGMENTS && span < LEAST_PER_SEGMENT * BigInt(count)) {
    return {
      path: first!.path,
      reason: `all ${count} WAL segments were written within ${span / 1000n} microseconds`,
    };
  }
  return undefined;
}

function untrustedSnapshots(
  snapshots: readonly Snapshot[],
  segments: readonly Segment[],
): { path: string; reason: string } | undefined {
  // Segments ascend in time, so the first one of a later index is the oldest of them, and so on.
  let next = 0;
  for (const { index, path, modified } of snapshots) {
    while (next < segments.length && segments[next]!.index <= index) next++;
    const later = segments[next];
    const name = `the snapshot of index ${index} (${formatTime(modified!)})`;
    const at = (segment: Segment) => `segment ${formatPosition(segment)} (${formatTime(segment.modified!)})`;
    if (later && modified! > later.modified!) {
      return { path, reason: `${name} is newer than ${at(later)} of a later index` };
    }
    const after = segments.find((segment) => segment.modified! > modified!);
    if (after && after.index <= index - FAR_AHEAD) {
      return { path, reason: `${name} is older than ${at(after)} of a much earlier index` };
    }
  }
  return undefined;
}
