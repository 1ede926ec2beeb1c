/** The marks of the axis: which times or numbers have one, and its label. */

import { formatClock, formatNumber, formatShortDate } from "../app/strings/format.ts";
import type { Scale } from "./scale.ts";
import type { View } from "./view.ts";

export interface Tick {
  pixel: number;
  label: string | undefined;
  /** A day begins here. */
  isDay: boolean;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 7, 14, 30, 91, 182, 365, 1826].map((n) => n * DAY),
];

/** Pixels between marks with labels. */
const LABEL = 84;
/** Pixels between marks without labels. */
const MARK = 12;

export function ticksOf(scale: Scale, view: View): Tick[] {
  return scale.kind === "time" ? timeTicks(scale, view) : countTicks(scale, view);
}

function timeTicks(scale: Scale, view: View): Tick[] {
  // Outside of folds a unit is a millisecond.
  const stepFor = (room: number) => STEPS.find((step) => step * view.zoom >= room) ?? STEPS.at(-1)!;
  const labelled = stepFor(LABEL);
  const marks = stepFor(MARK);
  const ticks = new Map<number, Tick>();
  const put = (time: number, withLabel: boolean) => {
    const pixel = view.toPixel(scale.toUnit(time));
    // A fold may be only partly visible.
    if (pixel < 0 || pixel > view.width) return;
    const isDay = isMidnight(time);
    const label = withLabel ? (isDay ? formatShortDate(time) : clock(time, labelled)) : undefined;
    ticks.set(time, { pixel, label, isDay });
  };
  for (const step of [marks, labelled]) {
    for (const [from, to] of unfolded(scale, view)) {
      for (const time of timesBetween(from, to, step)) put(time, step === labelled);
    }
    // In a fold only the last day is marked: it is the day on which writing goes on.
    const days = Math.max(step, DAY);
    for (const { from, to, start, length } of scale.breaks) {
      if (start > view.end || start + length < view.start) continue;
      const last = [...timesBetween(Math.max(from, to - 2 * days), to, days)].at(-1);
      if (last !== undefined) put(last, step === labelled);
    }
  }
  return withRoom([...ticks.values()]);
}

/** The visible stretches between folds, as coordinates. */
function* unfolded(scale: Scale, view: View): Generator<[number, number]> {
  let from = scale.toCoordinate(view.start);
  const end = scale.toCoordinate(view.end);
  for (const fold of scale.breaks) {
    if (fold.to <= from) continue;
    if (fold.from >= end) break;
    if (fold.from > from) yield [from, fold.from];
    from = fold.to;
  }
  if (from < end) yield [from, end];
}

function clock(time: number, step: number): string {
  return formatClock(time, step < SECOND ? "millisecond" : step < MINUTE ? "second" : "minute");
}

/** Whether a local day begins at this time. Where the clock is put forward at midnight, a day begins at 01:00. */
function isMidnight(time: number): boolean {
  return new Date(time).setHours(0, 0, 0, 0) === time;
}

/** Multiples of `step` in local time. */
function* timesBetween(from: number, to: number, step: number): Generator<number> {
  if (step < DAY) {
    const offset = new Date(from).getTimezoneOffset() * MINUTE;
    for (let time = Math.ceil((from - offset) / step) * step + offset; time <= to; time += step) yield time;
    return;
  }
  const days = Math.round(step / DAY);
  const date = new Date(from);
  date.setHours(0, 0, 0, 0);
  // Days are counted from a fixed day, so that panning does not change which ones are marked.
  const number = Math.round((date.getTime() - new Date(2001, 0, 1).getTime()) / DAY);
  let day = date.getDate() + ((days - (((number % days) + days) % days)) % days);
  // Each day's beginning is computed by itself: a day that begins late must not make the following ones late.
  for (let time = 0; ; day += days) {
    time = new Date(date.getFullYear(), date.getMonth(), day).getTime();
    if (!(time <= to)) return;
    if (time >= from) yield time;
  }
}

function countTicks(scale: Scale, view: View): Tick[] {
  const perCount = view.zoom;
  const nice = [1, 2, 5]
    .flatMap((n) => Array.from({ length: 10 }, (_, i) => n * 10 ** i))
    .sort((a, b) => a - b);
  const labelled = nice.find((step) => step * perCount >= LABEL) ?? nice.at(-1)!;
  const marks = nice.find((step) => step * perCount >= MARK) ?? labelled;
  const ticks: Tick[] = [];
  const from = Math.max(0, Math.ceil(scale.toCoordinate(view.start) / marks) * marks);
  const to = scale.toCoordinate(view.end);
  for (let n = from; n <= to; n += marks) {
    const label = n % labelled === 0 ? formatNumber(n) : undefined;
    ticks.push({ pixel: view.toPixel(scale.toUnit(n)), label, isDay: false });
  }
  return ticks;
}

/** Drops marks and labels that come too close, as around folds. Of two labels a day stays rather than a time of day. */
function withRoom(ticks: Tick[]): Tick[] {
  const sorted = ticks.sort((a, b) => a.pixel - b.pixel);
  const kept: Tick[] = [];
  for (const tick of sorted) {
    const last = kept.at(-1);
    if (!last || tick.pixel - last.pixel >= 5) kept.push(tick);
    else if (tick.label !== undefined && (tick.isDay || last.label === undefined))
      kept[kept.length - 1] = tick;
  }
  let labelled: Tick | undefined;
  for (const tick of kept) {
    if (tick.label === undefined) continue;
    if (labelled && tick.pixel - labelled.pixel < LABEL * 0.8) {
      if (tick.isDay && !labelled.isDay) labelled.label = undefined;
      else {
        tick.label = undefined;
        continue;
      }
    }
    labelled = tick;
  }
  return kept;
}
