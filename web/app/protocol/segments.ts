/** The WAL segments of a timeline as they come from the worker: columns, since a replica may have a hundred thousand. */

import { segmentPathBeside } from "../../../src/layouts/generations/names.ts";
import type { SegmentsView } from "./protocol.ts";

/** One segment, by itself. */
export interface Segment {
  index: number;
  offset: number;
  bytes: number | undefined;
  /** Milliseconds since 1970. */
  time: number | undefined;
  damaged: boolean;
  /** Commits in it. */
  moments: number;
}

/** The columns of segments, which are in order. `folder`: that of the files, of Litestream 0.4 that of any index. */
export function columnsOf(folder: string, segments: readonly Segment[]): SegmentsView {
  const { length } = segments;
  const columns: SegmentsView = {
    folder,
    length,
    index: new Uint32Array(length),
    offset: new Float64Array(length),
    bytes: new Float64Array(length),
    time: new Float64Array(length),
    damaged: new Uint8Array(length),
    firstMoment: new Uint32Array(length + 1),
  };
  let moments = 0;
  for (const [i, one] of segments.entries()) {
    columns.index[i] = one.index;
    columns.offset[i] = one.offset;
    columns.bytes[i] = one.bytes ?? Number.NaN;
    columns.time[i] = one.time ?? Number.NaN;
    columns.damaged[i] = one.damaged ? 1 : 0;
    moments += one.moments;
    columns.firstMoment[i + 1] = moments;
  }
  return columns;
}

/** Segment `i`, with its path. */
export function segmentAt(segments: SegmentsView, i: number): Segment & { path: string } {
  const { folder, index, offset, bytes, damaged } = segments;
  const place = { index: index[i]!, offset: offset[i]! };
  return {
    ...place,
    path: segmentPathBeside(place, folder),
    bytes: known(bytes[i]!),
    time: timeOf(segments, i),
    damaged: damaged[i] === 1,
    moments: momentsIn(segments, i),
  };
}

/** How many commits segment `i` holds, or all up to `end` (without it) together. */
export function momentsIn({ firstMoment }: SegmentsView, i: number, end: number = i + 1): number {
  return firstMoment[end]! - firstMoment[i]!;
}

/** When segment `i` was written, milliseconds since 1970; undefined where times cannot be trusted. */
export function timeOf({ time }: SegmentsView, i: number): number | undefined {
  return known(time[i]!);
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
