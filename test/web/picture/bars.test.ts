/** The picture's bars: the same, found bar by bar, as segment by segment. */

import fc from "fast-check";
import { expect, it } from "vitest";
import type { TimelineView } from "../../../web/app/protocol/protocol.ts";
import { firstIn } from "../../../web/app/protocol/search.ts";
import { columnsOf } from "../../../web/app/protocol/segments.ts";
import { makeLanes } from "../../../web/app/session/lanes.ts";
import { eachBar } from "../../../web/picture/draw-bars.ts";
import { DAMAGED, Geometry, type LaneGeometry, LOST, WHOLE } from "../../../web/picture/geometry.ts";
import { View } from "../../../web/picture/view.ts";

type Bar = [x: number, width: number, commits: number, look: number];

const BIN = 3;
const OWN = 4;

/** A timeline of segments that were written so many milliseconds after each other. */
function geometryOf(segments: { wait: number; moments: number; look: number }[], view: View): LaneGeometry {
  let time = 1_700_000_000_000;
  let offset = 0;
  const all = segments.map(({ wait, moments, look }) => {
    time += wait;
    offset += 4152;
    return { index: 0, offset, bytes: undefined, time, damaged: look === DAMAGED, moments };
  });
  const commits = segments.flatMap(({ moments, look }, segment) =>
    Array.from({ length: moments }, (_, i) => ({ segment, restorable: look === LOST && i === 0 ? 0 : 1 })),
  );
  const timeline: TimelineView = {
    ...{ id: 1, generation: "0123456789abcdef", parent: undefined, switchPoint: undefined },
    ...{ reason: undefined, inferred: false, state: "whole", current: true, timesTrusted: true },
    ...{ files: "wal", levels: [], snapshots: [], gaps: [], restorePoints: [], segments: columnsOf("", all) },
    moments: {
      section: new Float64Array(commits.length),
      offset: Float64Array.from(commits, (_, i) => i + 1),
      segment: Uint32Array.from(commits, ({ segment }) => segment),
      restorable: Uint8Array.from(commits, ({ restorable }) => restorable),
    },
  };
  const geometry = Geometry.of(makeLanes([timeline]), "time");
  view.measure(700, geometry.scale.length, geometry.scale.step);
  view.fit();
  return geometry.lanes[0]!;
}

/** One segment after the other. */
function plainly({ from, to, look, lane }: LaneGeometry, view: View): Bar[] {
  const bars: Bar[] = [];
  let last = Number.NaN;
  for (const [i, end] of to.entries()) {
    const x = view.toPixel(from[i]!);
    const width = view.toPixel(end) - x;
    const { firstMoment } = lane.timeline.segments;
    const commits = firstMoment[i + 1]! - firstMoment[i]!;
    const bin = Math.floor(view.toPixel(end) / BIN);
    if (width >= OWN) bars.push([x + 0.5, width - 1, commits, look[i]!]);
    else if (bin === last) {
      const bar = bars.at(-1)!;
      bar[2] += commits;
      if (look[i] === DAMAGED || (look[i] === LOST && bar[3] === WHOLE)) bar[3] = look[i]!;
    } else bars.push([bin * BIN, BIN - 0.75, commits, look[i]!]);
    last = width >= OWN ? Number.NaN : bin;
  }
  return bars;
}

it("are those of all segments, wide or narrow, whole or not", () => {
  const segment = fc.record({
    wait: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 20_000 })),
    moments: fc.integer({ min: 0, max: 5 }),
    look: fc.constantFrom(WHOLE, WHOLE, WHOLE, LOST, DAMAGED),
  });
  let [wide, shared] = [0, 0];
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 600 }), (segments) => {
      const view = new View();
      const one = geometryOf(segments, view);
      const bars: Bar[] = [];
      eachBar({ view }, one, (...bar) => bars.push(bar));
      expect(bars).toEqual(plainly(one, view));
      wide += bars.filter(([, width]) => width >= BIN).length;
      shared += segments.length - bars.length;
    }),
    { numRuns: 150 },
  );
  expect(Math.min(wide, shared), "there were bars of either kind").toBeGreaterThan(100);
});

it("begin and end with what is in sight", () => {
  const view = new View();
  const one = geometryOf(
    Array.from({ length: 500 }, () => ({ wait: 1000, moments: 1, look: WHOLE })),
    view,
  );
  view.zoomAt(350, 8);
  const bars: Bar[] = [];
  eachBar({ view }, one, (...bar) => bars.push(bar));
  expect(bars[0]![0]).toBeLessThan(20);
  expect(bars.at(-1)![0]).toBeGreaterThan(680);
  expect(bars.length).toBeLessThan(80);
  expect(firstIn(Float64Array.of(1, 2, 2, 5), 2)).toBe(1);
  expect(firstIn(Float64Array.of(1, 2), 3)).toBe(2);
});
