/** What is known of a moment, a range or a failure, said in words. */

import type { Finding } from "../src/findings.ts";
import { EngineFailure } from "./engine-client.ts";
import {
  formatClock,
  formatDate,
  formatFileTime,
  formatLongDate,
  formatPosition,
  formatShortTime,
  formatTime,
  parsePosition,
} from "./format.ts";
import type { Lane } from "./picture/lanes.ts";
import type { MomentId, Progress } from "./protocol.ts";
import type { Place, Session } from "./session.ts";
import { t } from "./strings.ts";

/** `eebf5555`: as much of a generation's name as tells it apart. */
export function shortGeneration(generation: string | undefined): string {
  return generation === undefined ? t.unknownGeneration : generation.slice(0, 8);
}

/** A moment by its time, or by its position where there is none. */
export function momentName(
  { hasTimes, precision }: Session,
  { lane, stop }: Place,
  length: "short" | "long",
): string {
  const time = hasTimes ? lane.stops.time(stop) : undefined;
  if (time === undefined) return formatPosition(lane.stops.id(stop));
  return length === "short" ? formatShortTime(time, precision) : formatTime(time, precision);
}

/** `app-2026-11-18T1207Z.db`: of which replica, and of when; `app-0000001f-00001038.db` where no time is known. */
export function fileName(session: Session, { lane, stop }: Place): string {
  const time = session.hasTimes ? lane.stops.time(stop) : undefined;
  const when =
    time === undefined
      ? formatPosition(lane.stops.id(stop)).replace(":", "-")
      : formatFileTime(time, session.coarse);
  return `${fileBase(session)}-${when}.db`;
}

/** What the replica is called, with nothing in it that a file system or a shell takes for something else. */
function fileBase({ home, replica, opened }: Session): string {
  const name = (home?.name ?? (replica.name || opened)).split("/").at(-1)!;
  const bare = name
    .replace(/\.(tar|tar\.gz|tgz|zip)$/i, "")
    .replace(/\.(db3?|sqlite3?)$/i, "")
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  const isNameless = bare === "" || bare === "generations" || /^[0-9a-f]{16}$/.test(bare);
  return isNameless ? t.databaseFile : [...bare].slice(0, 60).join("");
}

/** For those who do not see the picture. */
export function momentInWords(session: Session, place: Place): string {
  const { lane, stop } = place;
  const { hasTimes, precision } = session;
  const time = hasTimes ? lane.stops.time(stop) : undefined;
  const parts = [
    time === undefined ? undefined : `${formatLongDate(time)}, ${formatClock(time, precision)}`,
    t.positionIs(formatPosition(lane.stops.id(stop))),
    lane.stops.isSnapshot(stop) ? t.snapshotAlone : t.commitOf(lane.stops.ordinal(stop), lane.stops.commits),
    session.lanes.length > 1 ? t.timeline(lane.timeline.id) : undefined,
    lane.stops.isRestorable(stop) ? t.canBeRestored : t.cannotBeRestored,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

/** The number that `--target-transaction` takes; undefined behind damage, where none is counted. */
export function transactionOf({ stops, timeline }: Lane, stop: number): number | undefined {
  if (stops.isSnapshot(stop)) return undefined;
  const { index, offset } = stops.id(stop);
  const isBehind = timeline.gaps.some(
    ({ after, reason }) =>
      reason.severity !== "info" &&
      after &&
      (after.index < index || (after.index === index && after.offset < offset)),
  );
  return isBehind ? undefined : stops.ordinal(stop);
}

/** One end of a range: its time, else its position. */
export function endName(session: Session, time: string | undefined, position: string): string {
  if (time === undefined) return position;
  return formatTime(Date.parse(time), session.coarse);
}

/** Two ends; the day is said once where it is the same. */
export function spanName(
  session: Session,
  from: [string | undefined, string],
  to: [string | undefined, string],
): [string, string] {
  const start = endName(session, ...from);
  const end = endName(session, ...to);
  const [a, b] = [from[0], to[0]];
  if (a === undefined || b === undefined || formatDate(Date.parse(a)) !== formatDate(Date.parse(b)))
    return [start, end];
  return [start, formatClock(Date.parse(b), session.coarse)];
}

/** Where in the WAL a finding is: as it says, else as the name of its file does. */
export function placeOfFinding({ generation, position, path = "" }: Finding): MomentId | undefined {
  if (generation === undefined) return undefined;
  const file = /([0-9a-f]{8})(?:_([0-9a-f]{8,}))?\.(?:snapshot|wal)\.lz4$/.exec(path);
  const place = parsePosition(position ?? (file ? `${file[1]}:${file[2] ?? "0"}` : ""));
  return place && { generation, ...place };
}

/** A failure in plain words: what happened, and what to do. */
export function failureWords(error: unknown): { title: string; text: string; action: string | undefined } {
  if (error instanceof EngineFailure) {
    const known = t.failures[error.code];
    return {
      title: known?.title ?? error.finding?.meaning ?? t.failed,
      text: error.message,
      action: known?.action ?? error.finding?.action,
    };
  }
  return { title: t.failed, text: error instanceof Error ? error.message : String(error), action: undefined };
}

/** `reading files, 34 %` */
export function progressWords({ phase, done, total }: Progress): string {
  const name = t.phases[phase] ?? phase;
  return total ? t.progress(name, Math.min(Math.floor((done / total) * 100), 100)) : name;
}
