/**
 * The axis: turns a coordinate (a time in milliseconds, or a number of commits) into units of length, and back. Long idle
 * stretches are folded, that is, drawn short: backups pause at night, and nobody wants to look at empty nights.
 */

/** A folded stretch of the axis. */
export interface Break {
  /** Coordinates of its ends. */
  from: number;
  to: number;
  /** Where it begins on the axis, and how long it is drawn, in units. */
  start: number;
  length: number;
}

/** How many gaps are looked at to find the typical one: a sample of this size is as good as all. */
const SAMPLE = 10_000;

export class Scale {
  readonly kind: "time" | "commits";
  /** In units. */
  readonly length: number;
  readonly breaks: readonly Break[];
  /** The typical distance between neighbours, as a difference of coordinates. */
  readonly step: number;
  readonly #from: Float64Array;
  readonly #unit: Float64Array;

  private constructor(
    kind: Scale["kind"],
    begin: number,
    end: number,
    breaks: readonly Omit<Break, "start">[],
    step: number,
  ) {
    this.kind = kind;
    this.step = step;
    const from = [begin];
    const unit = [0];
    const placed: Break[] = [];
    let at = begin;
    let length = 0;
    for (const fold of breaks) {
      length += fold.from - at;
      placed.push({ ...fold, start: length });
      from.push(fold.from, fold.to);
      unit.push(length, length + fold.length);
      length += fold.length;
      at = fold.to;
    }
    length += Math.max(end - at, Number.EPSILON);
    from.push(end);
    unit.push(length);
    this.length = length;
    this.breaks = placed;
    this.#from = Float64Array.from(from);
    this.#unit = Float64Array.from(unit);
  }

  /** An axis of times. `times`: when something was written, ascending. */
  static ofTimes(times: Float64Array): Scale {
    const first = times[0] ?? 0;
    const last = times.at(-1) ?? 0;
    const gaps = new Float64Array(Math.max(times.length - 1, 0));
    for (let i = 0; i < gaps.length; i++) gaps[i] = times[i + 1]! - times[i]!;
    const every = Math.ceil(gaps.length / SAMPLE);
    const sorted = gaps.filter((gap, i) => gap > 0 && i % every === 0).sort();
    const step = quantile(sorted, 0.5) || 1000;
    const whole = last - first;
    const long = Math.max(quantile(sorted, 0.9) * 6, whole / 120);
    // A fold leaves some room at both ends, so that what was written there does not touch it.
    const room = Math.max(quantile(sorted, 0.75), step * 2);
    const folds: { from: number; to: number }[] = [];
    for (let i = 0; i < gaps.length; i++) {
      const from = times[i]! + room;
      const to = times[i + 1]! - room;
      if (to - from > long) folds.push({ from, to });
    }
    const idle = folds.reduce((sum, { from, to }) => sum + to - from, 0);
    // With less than a fifth of idle time, folds only make the picture harder to read.
    const isFolded = idle > whole * 0.2;
    const busy = isFolded ? whole - idle : whole;
    const margin = Math.max(busy * 0.004, room);
    if (!isFolded) return new Scale("time", first - margin, last + margin, [], step);
    const length = (busy * Math.min(0.22, 0.02 * folds.length)) / folds.length;
    return new Scale(
      "time",
      first - margin,
      last + margin,
      folds.map((fold) => ({ ...fold, length: Math.min(length, fold.to - fold.from) })),
      step,
    );
  }

  /** An axis of commits, counted from 0. */
  static ofCommits(count: number): Scale {
    return new Scale("commits", -0.5, count + 0.5, [], 1);
  }

  toUnit(coordinate: number): number {
    return along(coordinate, this.#from, this.#unit);
  }

  toCoordinate(unit: number): number {
    return along(unit, this.#unit, this.#from);
  }

  /** The fold at a place of the axis, if there is one. */
  breakAt(unit: number): Break | undefined {
    return this.breaks.find(({ start, length }) => unit >= start && unit <= start + length);
  }
}

/** Linear interpolation between ascending points; outside of them with slope 1. */
function along(value: number, from: Float64Array, to: Float64Array): number {
  const last = from.length - 1;
  if (value <= from[0]!) return to[0]! + value - from[0]!;
  if (value >= from[last]!) return to[last]! + value - from[last]!;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (from[middle]! <= value) low = middle;
    else high = middle;
  }
  const width = from[high]! - from[low]!;
  const part = width === 0 ? 0 : (value - from[low]!) / width;
  return to[low]! + part * (to[high]! - to[low]!);
}

function quantile(sorted: Float64Array, part: number): number {
  return sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
}
