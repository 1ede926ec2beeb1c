/** The marks of the axis: which times or numbers get one, and what is written there. */

import { formatClock, formatNumber, formatShortDate } from "../app/strings/format.ts";
import type { Scale } from "./scale.ts";
import type { View } from "./view.ts";

export interface Tick {
  pixel: number;
  label: string | undefined;
  /** A new day begins. */
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

/** Room for a label, and between marks without one. */
const LABEL = 84;
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
    // A fold may be in sight in part.
    if (pixel < 0 || pixel > view.width) return;
    const isDay = isMidnight(time);
    const label = withLabel ? (isDay ? formatShortDate(time) : clock(time, labelled)) : undefined;
    ticks.set(time, { pixel, label, isDay });
  };
  for (const step of [marks, labelled]) {
    for (const [from, to] of unfolded(scale, view)) {
      for (const time of timesBetween(from, to, step)) put(time, step === labelled);
    }
    // Of a fold only the last day is told: the one that is gone on with.
    const days = Math.max(step, DAY);
    for (const { from, to, start, length } of scale.breaks) {
      if (start > view.end || start + length < view.start) continue;
      const last = [...timesBetween(Math.max(from, to - 2 * days), to, days)].at(-1);
      if (last !== undefined) put(last, step === labelled);
    }
  }
  return withRoom([...ticks.values()]);
}

/** What is in sight between folds. */
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

/** Whether a day begins then: not at 00:00 where the clock is put forward at midnight. */
function isMidnight(time: number): boolean {
  return new Date(time).setHours(0, 0, 0, 0) === time;
}

/** Multiples of `step` as the clock on the wall has them. */
function* timesBetween(from: number, to: number, step: number): Generator<number> {
  if (step < DAY) {
    const offset = new Date(from).getTimezoneOffset() * MINUTE;
    for (let time = Math.ceil((from - offset) / step) * step + offset; time <= to; time += step) yield time;
    return;
  }
  const days = Math.round(step / DAY);
  const date = new Date(from);
  date.setHours(0, 0, 0, 0);
  // Counted from a fixed day, so that panning does not change which days are marked.
  const number = Math.round((date.getTime() - new Date(2001, 0, 1).getTime()) / DAY);
  let day = date.getDate() + ((days - (((number % days) + days) % days)) % days);
  // Each day by itself: where the clock is put forward at midnight, it begins later, but the ones behind it do not.
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

/** Where marks come close, as around a fold, one of them gives way: a time of day to a day. */
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
