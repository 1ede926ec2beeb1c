/** Makes timelines up: segments that a shop would write in its opening hours, branches, losses. */

import type { Finding } from "../../src/findings.ts";
import { formatPosition, type Position, sectionAt, type WalPosition } from "../../src/replay/position.ts";
import { positionAt, positionsAsColumns } from "../app/protocol/positions.ts";
import type { GapView, SnapshotView, TimelineView } from "../app/protocol/protocol.ts";
import type { Segment } from "../app/protocol/segments.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Bytes of a frame of a WAL with pages of 4096 bytes. */
const FRAME = 4120;

/** A timeline while it is being made up. */
export type Draft = Omit<TimelineView, "segments"> & { segments: (Segment & { firstMoment: number })[] };

export function placeAt({ moments }: Draft, i: number): Position {
  return positionAt(moments, i);
}

/** Pseudo-random numbers from 0 to 1 (without 1), the same each time. */
function chance(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 4294967296;
  };
}

export interface Plan {
  id: number;
  generation: string;
  from: number;
  to: number;
  /** Minutes between segments in working hours. */
  every: number;
  /** Hours between snapshots. */
  snapshots?: number;
  nightly?: boolean;
  firstIndex?: number;
}

export function timelineOf({
  id,
  generation,
  from,
  to,
  every,
  snapshots: apart = 24,
  nightly = true,
  firstIndex = 0,
}: Plan): Draft {
  const random = chance(id * 977 + every * 31);
  const segments: Draft["segments"] = [];
  const snapshots: SnapshotView[] = [];
  const moments: (WalPosition & { segment: number })[] = [];
  let index = firstIndex;
  let offset = 0;
  let nextSnapshot = from;
  const folder = `generations/${generation}`;
  for (let time = from; time <= to; ) {
    const hour = new Date(time).getHours() + new Date(time).getMinutes() / 60;
    const day = new Date(time).getDay();
    const isOpen = hour >= 7.5 && hour < 19 && day !== 0 && !(day === 6 && hour > 13);
    if (nightly && !isOpen) {
      time += 20 * MINUTE;
      continue;
    }
    if (time >= nextSnapshot) {
      if (offset > 0) [index, offset] = [index + 1, 0];
      snapshots.push({
        position: sectionAt(index),
        path: `${folder}/snapshots/${hex(index)}.snapshot.lz4`,
        bytes: Math.round(1_400_000 + 9_000 * snapshots.length + random() * 4000),
        time: time - 4000,
        damaged: false,
        alone: snapshots.length === 0,
      });
      nextSnapshot = time + apart * HOUR;
    }
    const rush = Math.exp(-((hour - 11) ** 2) / 3) + 0.8 * Math.exp(-((hour - 16) ** 2) / 5) + 0.08;
    const count = Math.max(1, Math.round(rush * 9 * random() * random() + random() * 2));
    const number = segments.length;
    segments.push({
      index,
      offset,
      bytes: 0,
      time: Math.round(time),
      damaged: false,
      firstMoment: moments.length,
      moments: count,
    });
    const start = offset;
    if (offset === 0) offset = 32;
    for (let i = 0; i < count; i++) {
      offset += FRAME * (1 + Math.floor(random() * 3));
      moments.push({ index, offset, segment: number });
    }
    segments[number]!.bytes = Math.round((offset - start) * 0.38);
    if (offset > 4_000_000) [index, offset] = [index + 1, 0];
    time += (every * MINUTE * (0.25 + 1.5 * random())) / Math.min(1, rush + 0.35);
  }
  return {
    id,
    generation,
    parent: undefined,
    switchPoint: undefined,
    reason: undefined,
    inferred: false,
    state: "whole",
    current: false,
    timesTrusted: true,
    files: "wal",
    levels: [],
    snapshots,
    segments,
    gaps: [],
    restorePoints: [],
    moments: {
      ...positionsAsColumns(moments),
      segment: Uint32Array.from(moments, (moment) => moment.segment),
      restorable: new Uint8Array(moments.length).fill(1),
    },
  };
}

function hex(n: number): string {
  return n.toString(16).padStart(8, "0");
}

export function pathOf({ generation }: Draft, position: Position): string {
  return `generations/${generation}/wal/${formatPosition(position).replace(":", "_")}.wal.lz4`;
}

/** Number of the last commit of the last segment written at or before a time. */
export function commitAt({ segments }: Draft, time: number): number {
  const segment = segments.findLast((one) => one.time! <= time) ?? segments[0]!;
  return segment.firstMoment + segment.moments - 1;
}

export function point(timeline: Draft, name: string, time: number): void {
  const place = placeAt(timeline, commitAt(timeline, time));
  timeline.restorePoints.push({ name, ...place, restorable: true });
}

export function branch(timeline: Draft, parent: Draft, time: number, inferred: boolean): void {
  const switchPoint = placeAt(parent, commitAt(parent, time));
  timeline.parent = parent.id;
  timeline.switchPoint = switchPoint;
  timeline.inferred = inferred;
  timeline.reason = inferred ? "inferred: 391 of 393 pages equal" : `before ${new Date(time).toISOString()}`;
}

/** Makes commits `from` up to and without `to` impossible to restore. */
export function lose(timeline: Draft, from: number, to: number, reason: Finding): GapView {
  const { moments } = timeline;
  moments.restorable.fill(0, from, to);
  const at = (i: number) => ({ generation: timeline.generation!, ...placeAt(timeline, i) });
  const gap: GapView = {
    after: from > 0 ? at(from - 1) : undefined,
    before: to < moments.segment.length ? at(to) : undefined,
    reason,
  };
  timeline.gaps.push(gap);
  timeline.state = "damaged";
  return gap;
}

/** Removes segment `i` and its commits. */
export function remove(timeline: Draft, i: number): void {
  const [gone] = timeline.segments.splice(i, 1);
  const { firstMoment, moments: count } = gone!;
  for (const segment of timeline.segments.slice(i)) segment.firstMoment -= count;
  const keep = (_: unknown, k: number) => k < firstMoment || k >= firstMoment + count;
  const { segment, restorable } = timeline.moments;
  const positions = Array.from(segment, (_, k) => placeAt(timeline, k));
  timeline.moments = {
    ...positionsAsColumns(positions.filter(keep)),
    segment: segment.filter(keep).map((n) => (n > i ? n - 1 : n)),
    restorable: restorable.filter(keep),
  };
}
