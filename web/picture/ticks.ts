/** The marks of the axis: which times or numbers get one, and what is written there. */

import { formatClock, formatNumber, formatShortDate } from "../format.ts";
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
  const from = scale.toCoordinate(view.start);
  const to = scale.toCoordinate(view.end);
  const perTime = view.width / Math.max(to - from, 1e-9);
  const stepFor = (room: number) => STEPS.find((step) => step * perTime >= room) ?? STEPS.at(-1)!;
  const labelled = stepFor(LABEL);
  const marks = stepFor(MARK);
  const ticks = new Map<number, Tick>();
  const put = (time: number, withLabel: boolean) => {
    const pixel = view.toPixel(scale.toUnit(time));
    const isDay = isMidnight(time);
    const label = withLabel ? (isDay ? formatShortDate(time) : clock(time, labelled)) : undefined;
    ticks.set(time, { pixel, label, isDay });
  };
  // Within a fold only days are told.
  const isFolded = (time: number) => !isMidnight(time) && scale.breakAt(scale.toUnit(time)) !== undefined;
  for (const time of timesBetween(from, to, marks)) if (!isFolded(time)) put(time, false);
  for (const time of timesBetween(from, to, labelled)) if (!isFolded(time)) put(time, true);
  return withRoom([...ticks.values()]);
}

function clock(time: number, step: number): string {
  return formatClock(time, step < SECOND ? "millisecond" : step < MINUTE ? "second" : "minute");
}

function isMidnight(time: number): boolean {
  const date = new Date(time);
  return (
    date.getHours() === 0 &&
    date.getMinutes() === 0 &&
    date.getSeconds() === 0 &&
    date.getMilliseconds() === 0
  );
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
  date.setDate(date.getDate() + ((days - (((number % days) + days) % days)) % days));
  for (; date.getTime() <= to; date.setDate(date.getDate() + days))
    if (date.getTime() >= from) yield date.getTime();
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
