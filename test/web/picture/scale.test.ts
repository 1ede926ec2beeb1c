/** The axis and what of it is in sight, over times that a replica may have and over such as it should not. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Scale } from "../../../web/picture/scale.ts";
import { View } from "../../../web/picture/view.ts";

const HOUR = 3_600_000;

/** Ascending: bursts with pauses between them, from before 1970 to year 9999, many or few, the same twice. */
const times: fc.Arbitrary<Float64Array> = fc
  .tuple(
    fc.integer({ min: -6e13, max: 2e14 }),
    fc.array(
      fc.oneof(
        fc.constant(0),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: HOUR, max: 1000 * HOUR }),
        fc.integer({ min: 1e11, max: 1e12 }),
      ),
      { maxLength: 60 },
    ),
  )
  .map(([first, gaps]) => {
    let at = first;
    return Float64Array.from([first, ...gaps.map((gap) => (at += gap))]);
  });

const scales: fc.Arbitrary<Scale> = fc.oneof(
  times.map((all) => Scale.ofTimes(all)),
  fc.nat(1e6).map((count) => Scale.ofCommits(count)),
);

describe("a scale", () => {
  it("has a length, folds that lie in it one after another, and nothing that is no number", () => {
    fc.assert(
      fc.property(scales, ({ length, step, breaks }) => {
        expect(length).toBeGreaterThan(0);
        expect(length).toBeLessThan(Number.POSITIVE_INFINITY);
        expect(step).toBeGreaterThan(0);
        let end = 0;
        let last = Number.NEGATIVE_INFINITY;
        for (const fold of breaks) {
          expect(fold.from).toBeGreaterThan(last);
          expect(fold.to).toBeGreaterThan(fold.from);
          expect(fold.start).toBeGreaterThanOrEqual(end);
          expect(fold.length).toBeGreaterThan(0);
          expect(fold.length).toBeLessThanOrEqual(fold.to - fold.from);
          [last, end] = [fold.to, fold.start + fold.length];
        }
        expect(length).toBeGreaterThanOrEqual(end);
      }),
    );
  });

  it("holds all times, in their order, and leads back to each", () => {
    fc.assert(
      fc.property(times, (all) => {
        const scale = Scale.ofTimes(all);
        let last = 0;
        for (const time of all) {
          const unit = scale.toUnit(time);
          expect(unit).toBeGreaterThanOrEqual(last);
          expect(unit).toBeLessThanOrEqual(scale.length);
          // As exact as the number of the year allows.
          expect(Math.abs(scale.toCoordinate(unit) - time)).toBeLessThanOrEqual(1);
          last = unit;
        }
      }),
    );
  });

  it("leads from each place to a coordinate and back, also beyond its ends", () => {
    const places = fc.double({ min: -0.5, max: 1.5, noNaN: true });
    fc.assert(
      fc.property(scales, places, places, (scale, a, b) => {
        const [low, high] = [Math.min(a, b) * scale.length, Math.max(a, b) * scale.length];
        expect(scale.toCoordinate(low)).toBeLessThanOrEqual(scale.toCoordinate(high));
        // In a fold, a unit stands for as many milliseconds as it leaves out.
        const most = Math.max(...scale.breaks.map(({ from, to, length }) => length / (to - from)), 1);
        expect(Math.abs(scale.toUnit(scale.toCoordinate(low)) - low)).toBeLessThanOrEqual(most);
      }),
    );
  });

  it("folds nights, not the hours between them", () => {
    const days = Array.from({ length: 10 }, (_, day) =>
      Array.from({ length: 60 }, (_, i) => day * 24 * HOUR + i * (HOUR / 6)),
    );
    const scale = Scale.ofTimes(Float64Array.from(days.flat()));
    expect(scale.breaks.length).toBe(9);
    for (const [day, own] of days.entries()) {
      expect(scale.toUnit(own.at(-1)!) - scale.toUnit(own[0]!)).toBeCloseTo(own.at(-1)! - own[0]!);
      if (day > 0) expect(scale.breaks[day - 1]!.to).toBeLessThan(own[0]!);
    }
    expect(scale.breakAt(scale.toUnit(20 * HOUR))).toBe(scale.breaks[0]);
    expect(scale.breakAt(scale.toUnit(2 * HOUR))).toBeUndefined();
  });

  it("folds no pause that is one of many", () => {
    let at = 0;
    const often = Array.from({ length: 200 }, (_, i) => (at += i % 5 === 0 ? 2 * HOUR : HOUR / 6));
    expect(Scale.ofTimes(Float64Array.from(often)).breaks).toEqual([]);
  });

  it("of nothing, of one time and of the same time again has room for them", () => {
    for (const all of [[], [0], [5e12], [7, 7, 7]]) {
      const scale = Scale.ofTimes(Float64Array.from(all));
      expect(scale.breaks).toEqual([]);
      for (const time of all) {
        const part = scale.toUnit(time) / scale.length;
        expect(part).toBeGreaterThan(0);
        expect(part).toBeLessThan(1);
      }
    }
  });

  // Fails until the space beside the data is measured by what is not folded.
  it("gives a minute of work before and after a year's pause most of the axis", () => {
    const minute = Array.from({ length: 60 }, (_, i) => i * 1000);
    const all = [...minute, ...minute.map((time) => time + 8760 * HOUR)];
    const scale = Scale.ofTimes(Float64Array.from(all));
    expect((scale.toUnit(59_000) - scale.toUnit(0)) / scale.length).toBeGreaterThan(0.25);
  });

  it("counts commits one by one", () => {
    const scale = Scale.ofCommits(1000);
    for (let n = 1; n <= 1000; n++) expect(scale.toUnit(n) - scale.toUnit(n - 1)).toBeCloseTo(1);
    expect(scale.breaks).toEqual([]);
  });
});

type Move = { kind: "zoom" | "pan" | "centre" | "reveal" | "fit" | "measure"; by: number };

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("zoom", "pan", "centre", "reveal", "fit", "measure"),
    by: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 15 },
);

function make(view: View, scale: Scale, { kind, by }: Move): void {
  const unit = by * scale.length;
  if (kind === "zoom") view.zoomAt(by * view.width, by < 0.5 ? by + 0.1 : by * 8);
  else if (kind === "pan") view.panBy((by - 0.5) * 4000);
  else if (kind === "centre") view.centre(unit);
  else if (kind === "reveal") view.reveal(unit);
  else if (kind === "fit") view.fit();
  else view.measure(by * 3000, scale.length, scale.step);
}

describe("a view", () => {
  it("never leaves the axis, whatever is done with it, and always knows which place is where", () => {
    fc.assert(
      fc.property(scales, moves, (scale, all) => {
        const view = new View();
        view.measure(1000, scale.length, scale.step);
        const least = view.zoom;
        for (const move of all) {
          make(view, scale, move);
          expect(view.zoom).toBeGreaterThan(0);
          expect(view.toPixel(0)).toBeLessThanOrEqual(18.5);
          expect(view.toPixel(scale.length)).toBeGreaterThanOrEqual(Math.min(view.width - 18.5, 10));
          for (const pixel of [0, view.width / 3, view.width])
            expect(view.toPixel(view.toUnit(pixel))).toBeCloseTo(pixel, 3);
          expect(view.toUnit(view.width)).toBeCloseTo(view.end, 3);
        }
        view.measure(1000, scale.length, scale.step);
        view.fit();
        expect(view.isFit).toBe(true);
        expect(view.zoom).toBe(least);
      }),
    );
  });

  it("fits all there is, stays fitted when the window grows, and has what is revealed in sight", () => {
    fc.assert(
      fc.property(
        scales,
        fc.integer({ min: 50, max: 4000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (scale, width, part) => {
          const view = new View();
          view.measure(600, scale.length, scale.step);
          view.measure(width, scale.length, scale.step);
          expect(view.isFit).toBe(true);
          expect(view.toPixel(0)).toBeCloseTo(18);
          expect(view.toPixel(scale.length)).toBeCloseTo(width - 18);
          view.zoomAt(width / 2, 4);
          view.reveal(part * scale.length);
          expect(view.toPixel(part * scale.length)).toBeGreaterThanOrEqual(0);
          expect(view.toPixel(part * scale.length)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  it("keeps what is under the pointer there when it zooms in", () => {
    fc.assert(
      fc.property(scales, fc.double({ min: 0.1, max: 0.9, noNaN: true }), (scale, part) => {
        const view = new View();
        view.measure(1000, scale.length, scale.step);
        const pixel = part * 1000;
        const unit = view.toUnit(pixel);
        view.zoomAt(pixel, 1.6);
        expect(view.toPixel(unit)).toBeCloseTo(pixel, 3);
      }),
    );
  });

  it("ends zooming in where what is next to each other lies far apart", () => {
    const scale = Scale.ofTimes(Float64Array.from({ length: 1000 }, (_, i) => i * 1000));
    const view = new View();
    view.measure(1000, scale.length, scale.step);
    for (let i = 0; i < 100 && view.canZoomIn; i++) view.zoomAt(500, 1.6);
    expect(view.canZoomIn).toBe(false);
    expect(view.zoom * scale.step).toBeCloseTo(160);
  });
});
