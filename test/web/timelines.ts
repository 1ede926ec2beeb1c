/** Timelines as the worker tells of them, made from a few numbers. */

import fc from "fast-check";
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
  from: number;
  segments: SegmentPlan[];
  /** Of each commit in turn, again and again. */
  restorable: boolean[];
}

export const plans: fc.Arbitrary<Plan> = fc.record({
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
  { from, segments, restorable }: Plan,
  more: Partial<TimelineView> = {},
): TimelineView {
  const generation = "9e4d08f40df91f4f";
  const made: Segment[] = [];
  const snapshots: TimelineView["snapshots"] = [];
  const moments: { index: number; offset: number; segment: number }[] = [];
  let [index, offset, time] = [-1, 0, from];
  for (const { commits, after, isFirst, snapshot, damaged } of segments) {
    if (isFirst || index === -1) [index, offset] = [index + 1, 0];
    if (snapshot !== undefined && snapshots.at(-1)?.index !== index) {
      const alone = snapshots.length === 0 && index === 0;
      snapshots.push({ index, path: "", bytes: undefined, time: time + snapshot, damaged: false, alone });
    }
    time += after;
    made.push({ index, offset, bytes: undefined, time, damaged, moments: commits });
    for (let i = 0; i < commits; i++)
      moments.push({ index, offset: (offset += 4120), segment: made.length - 1 });
    offset += 24;
  }
  return {
    ...{ id: 1, generation, parent: undefined, switchPoint: undefined, reason: undefined, inferred: false },
    ...{ state: "whole", current: true, timesTrusted: true, gaps: [], restorePoints: [] },
    snapshots,
    segments: columnsOf("", made),
    moments: {
      index: Uint32Array.from(moments, (one) => one.index),
      offset: Float64Array.from(moments, (one) => one.offset),
      segment: Uint32Array.from(moments, (one) => one.segment),
      restorable: Uint8Array.from(moments, (_, i) => (restorable[i % restorable.length] ? 1 : 0)),
    },
    ...more,
  };
}

const place = fc.record({ index: fc.nat(20), offset: fc.nat(20_000) });

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
