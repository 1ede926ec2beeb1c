/**
 * Times of a replica's files: nanoseconds since 1970 as `bigint`, RFC 3339 as text, and whether they can be trusted.
 *
 * Litestream takes a file's modification time as the moment of its creation. Nothing in the file says it, so a copy
 * without times, a clone by git or an unpacked archive destroys point-in-time information without a trace in the data.
 */

import type { Generation } from "./catalog.ts";
import { formatPosition } from "./names.ts";

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|([+-])(\d\d):(\d\d))$/;

/** Nanoseconds since 1970 of an RFC 3339 time with a zone and up to nine decimal places; undefined where it is none. */
export function parseTime(text: string): bigint | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
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
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  date.setUTCHours(hour, minute, second);
  const zone = (match[9] === "-" ? -1 : 1) * (zoneHour * 60 + zoneMinute) * 60;
  const seconds = BigInt(date.getTime() / 1000 - zone);
  return seconds * 1_000_000_000n + BigInt((match[7] ?? "").padEnd(9, "0"));
}

/** RFC 3339 in UTC, with as many decimal places as the time has, none for a whole second. */
export function formatTime(time: bigint): string {
  const nanos = ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = new Date(Number((time - nanos) / 1_000_000n)).toISOString().slice(0, 19);
  const fraction = nanos === 0n ? "" : `.${nanos.toString().padStart(9, "0").replace(/0+$/, "")}`;
  return `${seconds}${fraction}Z`;
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
 * the sync interval, snapshots do not.
 */
export function timesUntrusted(generation: Generation): { path: string; reason: string } | undefined {
  const { snapshots, segments } = generation;
  for (const file of [...snapshots, ...segments]) {
    if (file.modified === undefined) return { path: file.path, reason: "the storage keeps no times" };
  }
  for (let i = 1; i < segments.length; i++) {
    const [before, after] = [segments[i - 1]!, segments[i]!];
    if (after.modified! < before.modified!) {
      return {
        path: after.path,
        reason: `segment ${formatPosition(after)} (${formatTime(after.modified!)}) is older than segment ${formatPosition(before)} before it (${formatTime(before.modified!)})`,
      };
    }
  }
  const [first, last] = [segments[0], segments.at(-1)];
  if (segments.length > 1 && first!.modified === last!.modified) {
    return { path: first!.path, reason: `all ${segments.length} WAL segments have the same time` };
  }
  // Segments ascend in time from here on, so the first one of a later index is the oldest of them.
  let next = 0;
  for (const snapshot of snapshots) {
    while (next < segments.length && segments[next]!.index <= snapshot.index) next++;
    const later = segments[next];
    if (later && snapshot.modified! > later.modified!) {
      return {
        path: snapshot.path,
        reason: `the snapshot of index ${snapshot.index} (${formatTime(snapshot.modified!)}) is newer than segment ${formatPosition(later)} of a later index (${formatTime(later.modified!)})`,
      };
    }
  }
  return undefined;
}
