/** Timelines as the worker tells of them, made from a few numbers. */

import fc from "fast-check";
import type { Position, WalPosition } from "../../src/replay/position.ts";
import { positionsAsColumns } from "../../web/app/protocol/positions.ts";
import type { TimelineView } from "../../web/app/protocol/protocol.ts";
import { columnsOf, type Segment } from "../../web/app/protocol/segments.ts";
import type { Stops } from "../../web/app/session/stops.ts";

export interface SegmentPlan {
  commits: number;
  /** Milliseconds since the segment before it. */
  after: number;
  /** A WAL index begins with it. */
  isFirst: boolean;
  /** Of its index: a snapshot, so many milliseconds later than the segment before. */
  snapshot: number | undefined;
  damaged: boolean;
}

export interface Plan {
  /** Of LTX files each segment has a TXID, or some merged, and one moment at most. */
  files?: TimelineView["files"];
  from: number;
  segments: SegmentPlan[];
  /** Of each commit in turn, again and again. */
  restorable: boolean[];
}

export const plans: fc.Arbitrary<Plan> = fc.record({
  files: fc.constantFrom("wal", "ltx"),
  from: fc.integer({ min: 0, max: 2e12 }),
  segments: fc.array(
    fc.record({
      commits: fc.integer({ min: 0, max: 4 }),
      after: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 3_600_000, max: 1e8 }),
      ),
      isFirst: fc.boolean(),
      snapshot: fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined, freq: 4 }),
      damaged: fc.boolean(),
    }),
    { maxLength: 20 },
  ),
  restorable: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
});

export function timelineOf(
  { files = "wal", from, segments, restorable }: Plan,
  more: Partial<TimelineView> = {},
): TimelineView {
  const generation = "9e4d08f40df91f4f";
  const made: Segment[] = [];
  const snapshots: TimelineView["snapshots"] = [];
  const moments: { position: Position; segment: number }[] = [];
  let [index, offset, time, txid] = [-1, 0, from, 1];
  for (const { commits, after, isFirst, snapshot, damaged } of segments) {
    const isBegun = isFirst || index === -1;
    if (isBegun) [index, offset] = [index + 1, 0];
    if (snapshot !== undefined && (files === "ltx" || isBegun)) {
      const alone = snapshots.length === 0 && index === 0;
      const about = { path: "", bytes: undefined, damaged: false, alone };
      // A snapshot of LTX files has the time of its state.
      if (files === "ltx") snapshots.push({ position: { txid }, time, ...about });
      else snapshots.push({ position: { index, offset: 0 }, time: time + snapshot, ...about });
    }
    time += after;
    const about = { bytes: undefined, time, damaged };
    if (files === "ltx") {
      made.push({ txid, ...about, moments: Math.min(commits, 1) });
      txid += isFirst ? 3 : 1;
      if (commits > 0) moments.push({ position: { txid }, segment: made.length - 1 });
      continue;
    }
    made.push({ index, offset, ...about, moments: commits });
    for (let i = 0; i < commits; i++)
      moments.push({ position: { index, offset: (offset += 4120) }, segment: made.length - 1 });
    offset += 24;
  }
  return {
    ...{ id: 1, generation, parent: undefined, switchPoint: undefined, reason: undefined, inferred: false },
    ...{ state: "whole", current: true, timesTrusted: true, gaps: [], restorePoints: [] },
    ...{
      files,
      snapshots,
      levels: files === "ltx" ? levelsOver(moments.map(({ position }) => position)) : [],
    },
    segments: columnsOf("", made, files === "ltx" ? made.map((_, i) => `${i}.ltx`) : undefined),
    moments: {
      ...positionsAsColumns(moments.map(({ position }) => position)),
      segment: Uint32Array.from(moments, (one) => one.segment),
      restorable: Uint8Array.from(moments, (_, i) => (restorable[i % restorable.length] ? 1 : 0)),
    },
    ...more,
  };
}

const place: fc.Arbitrary<Position> = fc.oneof(
  fc.record({ index: fc.nat(20), offset: fc.nat(20_000) }),
  fc.record({ txid: fc.nat(40) }),
);

/** Parents that are there, that are not, that are younger, and that lead round in circles. */
export const forests: fc.Arbitrary<TimelineView[]> = fc
  .array(fc.tuple(plans, fc.option(fc.integer({ min: 0, max: 8 })), fc.option(place)), { maxLength: 7 })
  .map((many) =>
    many.map(([plan, parent, switchPoint], i) =>
      timelineOf(plan, {
        id: i + 1,
        current: i === many.length - 1,
        parent: parent ?? undefined,
        switchPoint: switchPoint ?? undefined,
        restorePoints: switchPoint ? [{ name: "point", ...switchPoint, restorable: true }] : [],
      }),
    ),
  );

/** The numbers of all stops, from 0. */
export function stopNumbers(stops: Stops): number[] {
  return Array.from({ length: stops.length }, (_, i) => i);
}

/** A position that is known to lie in a WAL. */
export function inWal({ index, offset }: Position): WalPosition {
  if (index === undefined) throw new TypeError("Expected a position in a WAL");
  return { index, offset };
}

/** Level 1 merges every two steps, level 2 every four. */
function levelsOver(positions: readonly Position[]): TimelineView["levels"] {
  const ends = positions.map(({ txid }) => txid!);
  return [1, 2].map((level) => {
    const to = ends.filter((_, i) => i % (2 * level) === 0);
    return {
      level,
      from: Float64Array.from([0, ...to.slice(0, -1)].slice(0, to.length)),
      to: Float64Array.from(to),
    };
  });
}
