/** The stops of a timeline, and the lanes that timelines lie in, for replicas as they come. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparePositions, isInWal, isStart, justBefore } from "../../../../src/replay/position.ts";
import type { TimelineView } from "../../../../web/app/protocol/protocol.ts";
import { segmentAt } from "../../../../web/app/protocol/segments.ts";
import { firstLane, hasTimes, historyOf, makeLanes } from "../../../../web/app/session/lanes.ts";
import { Stops } from "../../../../web/app/session/stops.ts";
import { Geometry } from "../../../../web/picture/geometry.ts";
import { forests, plans, stopNumbers, timelineOf } from "../../timelines.ts";

const stopsOf: fc.Arbitrary<Stops> = plans.map((plan) => new Stops(timelineOf(plan)));

describe("stops", () => {
  it("stand in order, and each is found by its position, and by any place up to the next one", () => {
    fc.assert(
      fc.property(stopsOf, (stops) => {
        for (const i of stopNumbers(stops)) {
          const id = stops.id(i);
          if (i > 0) expect(comparePositions(stops.id(i - 1), id)).toBeLessThan(0);
          expect(stops.atOrBefore(id)).toBe(i);
          expect(stops.atOrBefore(justBefore(id))).toBe(i - (isStart(id) && isInWal(id) ? 0 : 1));
          // A position of another kind lies in another history.
          expect(stops.atOrBefore(isInWal(id) ? { txid: 1e6 } : { index: 1e6, offset: 0 })).toBe(-1);
        }
        const far = stops.timeline.files === "ltx" ? { txid: 1e6 } : { index: 1e6, offset: 0 };
        expect(stops.atOrBefore(far)).toBe(stops.length - 1);
      }),
    );
  });

  it("count commits from 1, each in the segment that holds it", () => {
    fc.assert(
      fc.property(stopsOf, (stops) => {
        let commits = 0;
        for (const i of stopNumbers(stops)) {
          if (!stops.isSnapshot(i)) commits++;
          expect(stops.ordinal(i)).toBe(commits);
          const segment = stops.segment(i);
          expect(segment === undefined).toBe(stops.isSnapshot(i));
          if (segment === undefined) continue;
          const { firstMoment } = stops.timeline.segments;
          expect(commits).toBeGreaterThan(firstMoment[segment]!);
          expect(commits).toBeLessThanOrEqual(firstMoment[segment + 1]!);
          const began = segmentAt(stops.timeline.segments, segment);
          expect(comparePositions(began, stops.id(i))).toBeLessThan(0);
          if (isInWal(began)) expect(stops.id(i).index).toBe(began.index);
        }
        expect(stops.commits).toBe(commits);
      }),
    );
  });

  it("are gone through segment by segment, on to the end and back to the beginning", () => {
    fc.assert(
      fc.property(stopsOf, (stops) => {
        for (const i of stopNumbers(stops)) {
          const on = stops.nextSegment(i, 1);
          const back = stops.nextSegment(i, -1);
          const last = stops.length - 1;
          if (i === last) expect(on).toBe(last);
          else expect(on).toBeGreaterThan(i);
          // It is the last one of its segment.
          if (on < last) expect(stops.segment(on)).not.toBe(stops.segment(on + 1));
          if (i === 0) expect(back).toBe(0);
          else expect(back).toBeLessThan(i);
          if (back > 0) expect(stops.segment(back)).not.toBe(stops.segment(back + 1));
        }
      }),
    );
  });

  it("know the nearest one that can be restored", () => {
    fc.assert(
      fc.property(stopsOf, (stops) => {
        const good = stopNumbers(stops).filter((i) => stops.isRestorable(i));
        for (const i of stopNumbers(stops)) {
          expect(stops.restorableFrom(i, 1)).toBe(good.find((at) => at >= i));
          expect(stops.restorableFrom(i, -1)).toBe(good.findLast((at) => at <= i));
        }
      }),
    );
  });

  it("are found by time, of commits in a segment the last", () => {
    const commitsOnly = plans.map((plan) => {
      const segments = plan.segments.map((one) => ({ ...one, snapshot: undefined }));
      return new Stops(timelineOf({ ...plan, segments }));
    });
    fc.assert(
      fc.property(commitsOnly, (stops) => {
        const times = stopNumbers(stops).map((i) => stops.time(i)!);
        for (const time of times) {
          expect(stops.atTime(time)).toBe(times.lastIndexOf(time));
          expect(stops.atTime(time - 0.5)).toBe(times.findLastIndex((one) => one < time));
        }
      }),
    );
  });

  it("say which gap they lie in, not at its edges", () => {
    const plan = { commits: 1, after: 1000, isFirst: false, snapshot: undefined, damaged: false };
    const timeline = timelineOf({ from: 0, segments: Array(5).fill(plan), restorable: [true] });
    const plain = new Stops(timeline);
    const gap = { after: plain.id(1), before: plain.id(3) } as TimelineView["gaps"][number];
    const stops = new Stops({ ...timeline, gaps: [gap] });
    expect(stopNumbers(stops).map((i) => stops.gapAt(i))).toEqual([
      undefined,
      undefined,
      gap,
      undefined,
      undefined,
    ]);
  });

  it("have a snapshot by itself where that can be restored by itself, and no other", () => {
    const plan = { commits: 2, after: 1000, isFirst: true, snapshot: 0, damaged: false };
    const timeline = timelineOf({ from: 0, segments: Array(3).fill(plan), restorable: [true] });
    const withAlone = (...indexes: number[]) => {
      const snapshots = timeline.snapshots.map((one) => ({
        ...one,
        alone: indexes.includes(one.position.index!),
      }));
      const stops = new Stops({ ...timeline, snapshots });
      return stopNumbers(stops).map((i) => (stops.isSnapshot(i) ? stops.id(i).index : "commit"));
    };
    const two = ["commit", "commit"];
    expect(withAlone()).toEqual([...two, ...two, ...two]);
    expect(withAlone(0)).toEqual([0, ...two, ...two, ...two]);
    expect(withAlone(0, 2)).toEqual([0, ...two, ...two, 2, ...two]);
    const snapshots = timeline.snapshots.map((one) => ({ ...one, alone: true }));
    const stops = new Stops({ ...timeline, snapshots });
    for (let n = 1; n <= stops.commits; n++) {
      const stop = stops.ofCommit(n);
      expect([n, stops.isSnapshot(stop), stops.ordinal(stop)]).toEqual([n, false, n]);
    }
    expect([stops.ofCommit(0), stops.ofCommit(1e9)]).toEqual([0, stops.length - 1]);
  });
});

describe("lanes", () => {
  it("have each timeline once, below its parent, and no circles", () => {
    fc.assert(
      fc.property(forests, (timelines) => {
        const lanes = makeLanes(timelines);
        expect(lanes.map(({ timeline }) => timeline.id).sort()).toEqual(timelines.map(({ id }) => id).sort());
        for (const [row, lane] of lanes.entries()) {
          expect(lane.row).toBe(row);
          expect(lane.colour).toBeGreaterThanOrEqual(0);
          if (lane.parent) expect(lane.parent.row).toBeLessThan(row);
          if (lane.parent) expect(lane.leaves).toBeLessThan(lane.parent.stops.length);
          const path = [...historyOf(lane).keys()];
          expect(path[0]).toBe(lane);
          expect(path.at(-1)!.parent).toBeUndefined();
          expect(path.slice(1)).toEqual(path.slice(0, -1).map(({ parent }) => parent));
        }
      }),
    );
  });

  it("that leave later are nearer, and begin behind what they left", () => {
    const plan = { commits: 1, after: 1000, isFirst: false, snapshot: undefined, damaged: false };
    const made = (id: number, left?: number) => {
      const timeline = timelineOf({ from: 1e12, segments: Array(6).fill(plan), restorable: [true] }, { id });
      const switchPoint = left === undefined ? undefined : new Stops(timeline).id(left);
      return { ...timeline, switchPoint, parent: switchPoint && 1 };
    };
    const lanes = makeLanes([made(1), made(2, 1), made(3, 4), made(4, 2)]);
    expect(lanes.map(({ timeline }) => timeline.id)).toEqual([1, 3, 4, 2]);
    expect(lanes.map(({ leaves }) => leaves)).toEqual([-1, 4, 2, 1]);
    const geometry = Geometry.of(lanes, "commits");
    for (const lane of lanes.slice(1)) {
      const { leaves, begin } = geometry.of(lane);
      expect(leaves).toBe(geometry.unitOf(lanes[0]!, lane.leaves));
      expect(begin).toBeGreaterThan(leaves!);
    }
  });

  it("begin with the newest timeline that there is something of", () => {
    fc.assert(
      fc.property(forests, (timelines) => {
        const lanes = makeLanes(timelines);
        const filled = lanes.filter(({ stops }) => stops.length > 0);
        const newest = Math.max(...filled.map(({ timeline }) => timeline.id));
        expect(firstLane(lanes)?.timeline.id).toBe(filled.length > 0 ? newest : undefined);
      }),
    );
  });

  it("go by time only where all times are known and none goes back", () => {
    const plan = { commits: 1, after: 1000, isFirst: false, snapshot: undefined, damaged: false };
    const timeline = timelineOf({ from: 1e12, segments: Array(4).fill(plan), restorable: [true] });
    const withTimes = (...time: number[]) =>
      hasTimes(
        makeLanes([{ ...timeline, segments: { ...timeline.segments, time: Float64Array.from(time) } }]),
      );
    expect(withTimes(1, 2, 2, 3)).toBe(true);
    expect(withTimes(1, 3, 2, 4)).toBe(false);
    expect(withTimes(1, 2, Number.NaN, 4)).toBe(false);
    expect(withTimes(Number.NaN, 2, 3, 4)).toBe(false);
    expect(hasTimes(makeLanes([{ ...timeline, timesTrusted: false }]))).toBe(false);
    expect(hasTimes([])).toBe(false);
  });
});
