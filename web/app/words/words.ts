/** Moments, ranges, findings and failures in words. */

import type { Finding } from "../../../src/findings.ts";
import { comparePositions, type Position } from "../../../src/replay/position.ts";
import type { Step } from "../../../src/replay/steps.ts";
import type { MomentId, Progress } from "../protocol/protocol.ts";
import type { Lane } from "../session/lanes.ts";
import type { Place, Session } from "../session/session.ts";
import {
  formatClock,
  formatDate,
  formatDuration,
  formatFileTime,
  formatLongDate,
  formatPosition,
  formatShortTime,
  formatTime,
  parsePosition,
} from "../strings/format.ts";
import type { StepsPlace } from "../strings/sign.ts";
import { t } from "../strings/strings.ts";
import { EngineFailure } from "../workers/engine-client.ts";
import { actionOf, meaningOf } from "./advice.ts";

/** `eebf5555`: the first digits of a generation's name, which are enough to tell it from others. */
export function shortGeneration(generation: string | undefined): string {
  return generation === undefined ? t.unknownGeneration : generation.slice(0, 8);
}

/** Name of a moment: its time, or its number if times are unknown. */
export function momentName(session: Session, { lane, stop }: Place, length: "short" | "long"): string {
  const { hasTimes, precision } = session;
  const time = hasTimes ? lane.stops.time(stop) : undefined;
  if (time === undefined) return stopName(session, lane, stop);
  return length === "short" ? formatShortTime(time, precision) : formatTime(time, precision);
}

function stopName({ unit }: Session, { stops }: Lane, stop: number): string {
  const ordinal = stops.ordinal(stop);
  return stops.isSnapshot(stop) ? t.snapshotBefore(ordinal + 1, unit) : t.commitNumber(ordinal, unit);
}

/** Name of a position: the number of the commit that ends there. If none is known to end there: the position itself. */
function positionName(session: Session, position: string, generation: string | undefined): string {
  const { lanes } = session;
  const filled = lanes.filter(({ stops }) => stops.length > 0);
  const lane = generation === undefined && filled.length === 1 ? filled[0] : laneOf(filled, generation);
  const place = parsePosition(position);
  const stop = lane && place ? lane.stops.atOrBefore(place) : -1;
  if (!lane || !place || stop < 0) return position;
  return comparePositions(lane.stops.id(stop), place) === 0 ? stopName(session, lane, stop) : position;
}

function laneOf(lanes: readonly Lane[], generation: string | undefined): Lane | undefined {
  return lanes.find(({ timeline }) => timeline.generation === generation);
}

/** File name for a restored database: `app-2026-11-18T1207Z.db`, or `app-0000001f-00001038.db` if the time is unknown. */
export function fileName(session: Session, { lane, stop }: Place): string {
  const time = session.hasTimes ? lane.stops.time(stop) : undefined;
  const when =
    time === undefined
      ? formatPosition(lane.stops.id(stop)).replace(":", "-")
      : formatFileTime(time, session.coarse);
  return `${fileBase(session)}-${when}.db`;
}

/** The replica's name, without characters that have a meaning for file systems or shells. */
function fileBase({ home, replica, opened }: Session): string {
  const name = (home?.name ?? (replica.name || opened)).split("/").at(-1)!;
  const bare = name
    .replace(/\.(tar|tar\.gz|tgz|zip)$/i, "")
    .replace(/\.(db3?|sqlite3?)$/i, "")
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}._]+/gu, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  const isNameless = bare === "" || bare === "generations" || /^[0-9a-f]{16}$/.test(bare);
  return isNameless ? t.databaseFile : [...bare].slice(0, 60).join("");
}

/** A moment in words for screen readers. */
export function momentInWords(session: Session, place: Place): string {
  const { lane, stop } = place;
  const { hasTimes, precision, unit } = session;
  const { stops } = lane;
  const time = hasTimes ? stops.time(stop) : undefined;
  const parts = [
    time === undefined ? undefined : `${formatLongDate(time)}, ${formatClock(time, precision)}`,
    stops.isSnapshot(stop) ? t.snapshotAlone : t.commitOf(stops.ordinal(stop), stops.commits, unit),
    session.lanes.length > 1 ? t.timeline(lane.timeline.id) : undefined,
    !stops.isRestorable(stop)
      ? t.cannotBeRestored
      : session.conditionOf(place) === "corrupt"
        ? t.corrupt
        : t.canBeRestored,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

/** The number of a commit for `--target-transaction`; undefined after damage, where commits cannot be counted. */
export function transactionOf({ stops, timeline }: Lane, stop: number): number | undefined {
  if (stops.isSnapshot(stop)) return undefined;
  const id = stops.id(stop);
  const isBehind = timeline.gaps.some(
    ({ after, reason }) => reason.severity !== "info" && after && comparePositions(after, id) < 0,
  );
  return isBehind ? undefined : stops.ordinal(stop);
}

/** Name of one end of a range: its time, else its commit's number. */
export function endName(
  session: Session,
  time: string | undefined,
  position: string,
  generation?: string | undefined,
): string {
  if (time === undefined) return positionName(session, position, generation);
  return formatTime(Date.parse(time), session.coarse);
}

type End = [time: string | undefined, position: string, generation?: string];

/** Names of both ends of a range. If both are on one day, only the first says the day. */
export function spanName(session: Session, from: End, to: End): [string, string] {
  const start = endName(session, ...from);
  const end = endName(session, ...to);
  const [a, b] = [from[0], to[0]];
  if (a === undefined || b === undefined || formatDate(Date.parse(a)) !== formatDate(Date.parse(b)))
    return [start, end];
  return [start, formatClock(Date.parse(b), session.coarse)];
}

/** Where unproven steps are; undefined if there are none. */
export function placeOfSteps(
  session: Session,
  generation: string,
  steps: readonly Step[],
): StepsPlace | undefined {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last) return undefined;
  const [from, to] = [first.from, last.to];
  const lane = laneOf(session.lanes, generation);
  const [begin, end] = [parsePosition(from), parsePosition(to)];
  const before = lane && begin ? lane.stops.atOrBefore(begin) : -1;
  const after = lane && end ? lane.stops.atOrBefore(end) + 1 : 0;
  const count = steps.length;
  if (!lane || before < 0 || after <= before || after >= lane.stops.length) return { count, from, to };
  const names = [before, after].map((stop) => momentName(session, { lane, stop }, "long"));
  if (names[0] === names[1])
    return { count, from: stopName(session, lane, before), to: stopName(session, lane, after) };
  const times = session.hasTimes ? [lane.stops.time(before), lane.stops.time(after)] : [];
  const [time, next] = times;
  const isOneDay = time !== undefined && next !== undefined && formatDate(time) === formatDate(next);
  return { count, from: names[0]!, to: isOneDay ? formatClock(next, session.precision) : names[1]! };
}

/** How far a moment lies before the newest moment of its timeline, in time and in commits; without times, in commits only. */
export function beforeNewest({ hasTimes, unit }: Session, { lane, stop }: Place): string | undefined {
  const last = lane.stops.length - 1;
  if (stop === last) return lane.timeline.current === false ? t.lastOfTimeline : t.theNewest;
  const [time, end] = hasTimes ? [lane.stops.time(stop), lane.stops.time(last)] : [];
  const behind = lane.stops.ordinal(last) - lane.stops.ordinal(stop);
  if (time === undefined || end === undefined || end <= time) return t.commitsBefore(behind, unit);
  return t.timeBefore(formatDuration(end - time), behind, unit);
}

/** The position of a finding: its own, else the one in its file's name; undefined if there is neither. */
export function placeOfFinding({ generation, position, path = "" }: Finding): MomentId | undefined {
  if (generation === undefined) return undefined;
  const place = position === undefined ? placeInName(path) : parsePosition(position);
  return place && { generation, ...place };
}

/** Of an LTX file the state that it leads to; of a file of a generation where it begins. */
export function placeInName(path: string): Position | undefined {
  const file = /([0-9a-f]{8})(?:_([0-9a-f]{8,}))?\.(?:snapshot|wal)\.lz4$/.exec(path);
  const txid = /-([0-9a-f]{16})\.ltx$/.exec(path)?.[1];
  return parsePosition(file ? `${file[1]}:${file[2] ?? "0"}` : (txid ?? ""));
}

/**
 * Where a finding is, in words that the replica's owner knows: kind of file, timeline, moment before it. Undefined if the finding
 * is not about one place.
 */
export function placeInWords(session: Session, finding: Finding): string | undefined {
  const { path = "", generation } = finding;
  const lane = laneOf(session.lanes, generation);
  const place = placeOfFinding(finding);
  if (!lane || !place) return undefined;
  const where = [t.findingIn[kindOfFile(path)]];
  if (session.lanes.length > 1) where.push(t.onTimeline(lane.timeline.id));
  // A broken file may have no readable moment: it is placed after the last moment before it.
  const stop = lane.stops.atOrBefore(place);
  if (stop >= 0) where.push(t.afterMoment(momentName(session, { lane, stop }, "long")));
  else if (lane.stops.length > 0) where.push(t.beforeFirst);
  return t.asSentence(where.join(", "));
}

function kindOfFile(path: string): keyof typeof t.findingIn {
  if (/\.snapshot\.lz4/.test(path)) return "snapshot";
  if (/\.wal\.lz4/.test(path)) return "segment";
  return path.endsWith(".ltx") ? "ltx" : "place";
}

/** A failure in plain words: what happened, and what to do. */
export function failureWords(error: unknown): { title: string; text: string; action: string | undefined } {
  if (error instanceof EngineFailure) {
    const known = t.failures[error.code];
    return {
      title: known?.title ?? (error.finding && meaningOf(error.finding)) ?? t.failed,
      text: known?.text ?? error.message,
      action: known?.action ?? (error.finding && actionOf(error.finding)),
    };
  }
  return { title: t.failed, text: error instanceof Error ? error.message : String(error), action: undefined };
}

/** What SQLite's message says is missing here: something that the application brings itself. Undefined: nothing of the kind. */
export function lackOf(
  message: string,
): { what: "module" | "collation" | "function" | "tokenizer"; name: string } | undefined {
  const found = /(?:no such|unknown) (module|collation|function|tokenizer)(?: sequence)?:? (\S+)/i.exec(
    message,
  );
  if (!found) return undefined;
  const what = found[1]!.toLowerCase() as "module" | "collation" | "function" | "tokenizer";
  return { what, name: found[2]!.replace(/[()]+$/, "") };
}

/** `reading files, 34 %` */
export function progressWords({ phase, done, total }: Progress): string {
  const name = t.phases[phase] ?? phase;
  return total ? t.progress(name, Math.min(Math.floor((done / total) * 100), 100)) : name;
}
