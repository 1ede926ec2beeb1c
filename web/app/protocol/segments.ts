/** The files of changes of a timeline. The worker sends them as columns: a replica may have a hundred thousand. */

import { isInWal, type Position } from "../../../src/replay/position.ts";
import { segmentPathBeside } from "../../../src/snapshot/index.ts";
import { positionAt, positionsAsColumns } from "./positions.ts";
import type { SegmentsView } from "./protocol.ts";

/** What is said of one file. */
interface About {
  /** Compressed; undefined if the listing has no sizes. */
  bytes: number | undefined;
  /** Milliseconds since 1970; undefined if times cannot be trusted. */
  time: number | undefined;
  damaged: boolean;
  /** How many commits it holds. */
  moments: number;
}

/** One file, at the position where it begins. */
export type Segment = Position & About;

/** A file, with its path. */
export type PlacedSegment = Segment & { path: string };

/**
 * Columns from segments, which must be in order. `folder` holds WAL segments; Litestream 0.4 has a folder per index: then any of
 * them. `paths`: of files that have other names.
 */
export function columnsOf(folder: string, segments: readonly Segment[], paths?: string[]): SegmentsView {
  const { length } = segments;
  const columns: SegmentsView = {
    folder,
    paths,
    length,
    ...positionsAsColumns(segments),
    bytes: new Float64Array(length),
    time: new Float64Array(length),
    damaged: new Uint8Array(length),
    firstMoment: new Uint32Array(length + 1),
  };
  let moments = 0;
  for (const [i, one] of segments.entries()) {
    columns.bytes[i] = one.bytes ?? Number.NaN;
    columns.time[i] = one.time ?? Number.NaN;
    columns.damaged[i] = one.damaged ? 1 : 0;
    moments += one.moments;
    columns.firstMoment[i + 1] = moments;
  }
  return columns;
}

/** Segment `i`, with its path. */
export function segmentAt(segments: SegmentsView, i: number): PlacedSegment {
  const { folder, paths, bytes, damaged } = segments;
  const place = positionAt(segments, i);
  return {
    ...place,
    path: paths?.[i] ?? (isInWal(place) ? segmentPathBeside(place, folder) : folder),
    bytes: known(bytes[i]!),
    time: timeOf(segments, i),
    damaged: damaged[i] === 1,
    moments: momentsIn(segments, i),
  };
}

/** How many commits segments `i` up to and without `end` hold; without `end`: segment `i` alone. */
export function momentsIn({ firstMoment }: SegmentsView, i: number, end: number = i + 1): number {
  return firstMoment[end]! - firstMoment[i]!;
}

/** When segment `i` was written, in milliseconds since 1970; undefined if times cannot be trusted. */
export function timeOf({ time }: SegmentsView, i: number): number | undefined {
  return known(time[i]!);
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
