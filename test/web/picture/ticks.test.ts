/** The marks of the axis: never on top of each other, never without end, and where the clock on the wall has them. */

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatClock, formatShortDate } from "../../../web/app/strings/format.ts";
import { Scale } from "../../../web/picture/scale.ts";
import { type Tick, ticksOf } from "../../../web/picture/ticks.ts";
import { View } from "../../../web/picture/view.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const zone = process.env.TZ;
beforeEach(() => {
  process.env.TZ = "UTC";
});
afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

/** `count` times from `at` on. */
function burst(at: number, count: number, every: number): number[] {
  return Array.from({ length: count }, (_, i) => at + i * every);
}

function fitted(scale: Scale, width = 1200): View {
  const view = new View();
  view.measure(width, scale.length, scale.step);
  return view;
}

function labels(ticks: readonly Tick[]): string[] {
  return ticks.flatMap(({ label }) => label ?? []);
}

const bursts: fc.Arbitrary<number[]> = fc
  .tuple(
    fc.integer({ min: -2e12, max: 4e12 }),
    fc.array(
      fc.tuple(
        fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: HOUR, max: 400 * DAY })),
        fc.integer({ min: 1, max: 40 }),
        fc.oneof(
          fc.constant(0),
          fc.integer({ min: 1, max: 5000 }),
          fc.integer({ min: MINUTE, max: 3 * HOUR }),
        ),
      ),
      { maxLength: 6 },
    ),
  )
  .map(([from, all]) => {
    let at = from;
    return all.flatMap(([pause, count, every]) => {
      const times = burst(at + pause, count, every);
      at = times.at(-1)!;
      return times;
    });
  });

const scales: fc.Arbitrary<Scale> = fc.oneof(
  bursts.map((times) => Scale.ofTimes(Float64Array.from(times))),
  fc.nat(2e6).map((count) => Scale.ofCommits(count)),
);

const zones = fc.constantFrom("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia");

function expectRoom(ticks: readonly Tick[], view: View): void {
  let last = Number.NEGATIVE_INFINITY;
  let lastLabel = Number.NEGATIVE_INFINITY;
  for (const { pixel, label } of ticks) {
    expect(pixel).toBeGreaterThan(-1);
    expect(pixel).toBeLessThan(view.width + 1);
    expect(pixel - last).toBeGreaterThanOrEqual(4.99);
    last = pixel;
    if (label === undefined) continue;
    expect(label).not.toMatch(/NaN|Invalid/);
    expect(pixel - lastLabel).toBeGreaterThanOrEqual(67);
    lastLabel = pixel;
  }
}

describe("ticks", () => {
  it("keep their distance from each other, whatever is in sight", () => {
    const looks = fc.array(fc.tuple(fc.nat(100), fc.double({ min: 0.3, max: 20, noNaN: true })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(scales, fc.integer({ min: 60, max: 3000 }), looks, zones, (scale, width, zooms, place) => {
        process.env.TZ = place;
        const view = fitted(scale, width);
        for (const [percent, factor] of zooms) view.zoomAt((percent / 100) * view.width, factor);
        const ticks = ticksOf(scale, view);
        expectRoom(ticks, view);
      }),
      { numRuns: 200 },
    );
  });

  it("are times of day where there are hours, and the day where one begins", () => {
    const from = Date.UTC(2026, 10, 18, 20, 7);
    const scale = Scale.ofTimes(Float64Array.from(burst(from, 600, MINUTE)));
    const found = labels(ticksOf(scale, fitted(scale)));
    expect(found.slice(0, 6)).toEqual(["20:00", "21:00", "22:00", "23:00", "19 Nov", "01:00"]);
    expect(found.length).toBeGreaterThanOrEqual(9);
  });

  it("stand at the place of the time that they name", () => {
    const from = Date.UTC(2026, 2, 28, 20);
    process.env.TZ = "Europe/Berlin";
    const scale = Scale.ofTimes(Float64Array.from(burst(from, 2000, MINUTE / 4)));
    const view = fitted(scale);
    const ticks = ticksOf(scale, view).filter(({ label }) => label !== undefined);
    expect(ticks.length).toBeGreaterThan(6);
    for (const { pixel, label, isDay } of ticks) {
      const time = Math.round(scale.toCoordinate(view.toUnit(pixel)) / SECOND) * SECOND;
      expect(label).toBe(isDay ? formatShortDate(time) : formatClock(time, "minute"));
      expect(time % (30 * MINUTE)).toBe(0);
    }
  });

  it("are the same days however the picture is moved", () => {
    const scale = Scale.ofTimes(Float64Array.from(burst(Date.UTC(2026, 0, 1), 2000, 3 * HOUR)));
    const view = fitted(scale);
    view.zoomAt(600, 3);
    const seen = new Set(labels(ticksOf(scale, view)));
    view.panBy(-25);
    const moved = labels(ticksOf(scale, view));
    expect(moved.length).toBeGreaterThan(5);
    // At the edges one may come and one may go.
    expect(moved.filter((label) => !seen.has(label)).length).toBeLessThanOrEqual(1);
  });

  it("within a fold are days alone", () => {
    const days = [0, 1, 2, 3].flatMap((day) => burst(Date.UTC(2026, 10, 16 + day, 8), 60, 10 * MINUTE));
    const scale = Scale.ofTimes(Float64Array.from(days));
    expect(scale.breaks.length).toBe(3);
    const view = fitted(scale);
    const ticks = ticksOf(scale, view);
    for (const { pixel, isDay } of ticks) if (scale.breakAt(view.toUnit(pixel))) expect(isDay).toBe(true);
    expect(labels(ticks)).toEqual(expect.arrayContaining(["17 Nov", "18 Nov", "19 Nov"]));
    for (let width = 150; width < 3000; width += 25) {
      const other = fitted(scale, width);
      expectRoom(ticksOf(scale, other), other);
    }
  });

  it("are round numbers of commits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2e6 }), fc.integer({ min: 200, max: 3000 }), (count, width) => {
        const scale = Scale.ofCommits(count);
        const view = fitted(scale, width);
        const found = ticksOf(scale, view).filter(({ label }) => label !== undefined);
        expect(found.length).toBeGreaterThan(0);
        const numbers = found.map(({ label }) => Number(label!.replaceAll(",", "")));
        for (const [i, number] of numbers.entries()) {
          expect(view.toPixel(scale.toUnit(number))).toBeCloseTo(found[i]!.pixel);
          if (i === 0) continue;
          const step = number - numbers[i - 1]!;
          expect(String(step)).toMatch(/^[125]0*$/);
          expect(number % step).toBe(0);
        }
      }),
    );
  });

  // Fails until a step is measured by what lies between folds, where a millisecond is as long as it is drawn.
  it("tell the time on both sides of a long pause", () => {
    const friday = Date.UTC(2026, 10, 20, 8, 3);
    const scale = Scale.ofTimes(
      Float64Array.from([...burst(friday, 120, MINUTE), ...burst(friday + 74 * HOUR, 120, MINUTE)]),
    );
    expect(scale.breaks.length).toBe(1);
    const found = labels(ticksOf(scale, fitted(scale)));
    expect(found).toEqual(expect.arrayContaining(["08:30", "09:00", "09:30", "23 Nov", "10:30", "11:00"]));
  });

  // Fails until each day is counted by itself: in Chile, on 6 September, the clock goes from 00:00 to 01:00.
  it("are days where a day begins at one o'clock", () => {
    process.env.TZ = "America/Santiago";
    const scale = Scale.ofTimes(Float64Array.from(burst(Date.UTC(2026, 8, 6, 4), 400, 6 * HOUR)));
    const view = fitted(scale);
    view.zoom = 1200 / (10 * DAY);
    view.start = scale.toUnit(Date.UTC(2026, 8, 6, 4));
    const days = [6, 7, 8].map((day) => formatShortDate(Date.UTC(2026, 8, day, 12)));
    expect(labels(ticksOf(scale, view)).slice(0, 3)).toEqual(days);
  });
});
