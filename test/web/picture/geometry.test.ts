/** Where stops, segments and snapshots lie along the axis, for replicas as they come. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Lane, makeLanes } from "../../../web/app/session/lanes.ts";
import { Geometry } from "../../../web/picture/geometry.ts";
import { forests, stopNumbers, timelineOf } from "../timelines.ts";

function expectInOrder(geometry: Geometry, lane: Lane): void {
  const { from, to, snapshots, levels, points, begin, end, leaves } = geometry.of(lane);
  for (const places of [from, to, snapshots, points]) expect(places.some(Number.isNaN)).toBe(false);
  for (const places of [from, to, snapshots])
    for (let i = 1; i < places.length; i++) expect(places[i]!).toBeGreaterThanOrEqual(places[i - 1]!);
  for (const [i, left] of from.entries()) expect(left).toBeLessThanOrEqual(to[i]!);
  expect(levels.length).toBe(lane.timeline.levels.length);
  for (const { from, to } of levels) {
    for (const [i, right] of to.entries()) {
      expect(from[i]!).toBeLessThanOrEqual(right);
      if (i > 0) expect(from[i]!).toBe(to[i - 1]!);
    }
  }
  if (lane.stops.length > 0) expect(begin).toBeLessThanOrEqual(end);
  if (leaves !== undefined && lane.parent!.stops.length > 0) expect(leaves).not.toBeNaN();
  let last = Number.NEGATIVE_INFINITY;
  for (const i of stopNumbers(lane.stops)) {
    const unit = geometry.unitOf(lane, i);
    expect(unit).toBeGreaterThanOrEqual(last);
    expect(unit).toBeLessThanOrEqual(geometry.scale.length);
    expect(geometry.unitOf(lane, geometry.nearest(lane, unit))).toBe(unit);
    last = unit;
  }
}

describe("geometry", () => {
  it("by commits: all in order, one step apart, and the nearest stop to a stop is itself", () => {
    fc.assert(
      fc.property(forests, (timelines) => {
        const lanes = makeLanes(timelines);
        const geometry = Geometry.of(lanes, "commits");
        for (const lane of lanes) {
          if (lane.timeline.restorePoints.length === 0 || lane.stops.length > 0)
            expectInOrder(geometry, lane);
          for (const i of stopNumbers(lane.stops))
            expect(geometry.nearest(lane, geometry.unitOf(lane, i))).toBe(i);
          for (const [i, unit] of geometry.of(lane).snapshots.entries()) {
            const before = lane.stops.atOrBefore(lane.timeline.snapshots[i]!.position);
            if (before >= 0) expect(unit).toBeGreaterThanOrEqual(geometry.unitOf(lane, before));
            if (before + 1 < lane.stops.length) expect(unit).toBeLessThan(geometry.unitOf(lane, before + 1));
          }
        }
      }),
    );
  });

  it("by time: all in order, where each snapshot is older than what follows it", () => {
    const inTime = forests.map((timelines) =>
      makeLanes(
        timelines.map((one) => ({
          ...one,
          snapshots: one.snapshots.map((snapshot, i, { length }) => ({
            ...snapshot,
            ...(one.files === "wal" && { time: (one.segments.time[0] ?? 0) - length + i }),
          })),
        })),
      ),
    );
    fc.assert(
      fc.property(inTime, (lanes) => {
        const geometry = Geometry.of(lanes, "time");
        for (const lane of lanes)
          if (lane.timeline.restorePoints.length === 0 || lane.stops.length > 0)
            expectInOrder(geometry, lane);
      }),
    );
  });

  // Fails until a segment cannot begin behind its end: a snapshot takes long to write, and WAL of its index goes on.
  it("by time: in order also where the first snapshot was finished after WAL of its own index", () => {
    const plan = { commits: 2, after: 1000, isFirst: false, snapshot: 3500, damaged: false };
    const lanes = makeLanes([timelineOf({ from: 1e12, segments: Array(9).fill(plan), restorable: [true] })]);
    const { from, to } = Geometry.of(lanes, "time").of(lanes[0]!);
    for (const [i, left] of from.entries()) expect(left).toBeLessThanOrEqual(to[i]!);
  });
});
