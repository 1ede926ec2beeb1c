/** What replay and plan find wrong between files: the errors, in the user's terms. */

import { WalkitError } from "../../errors.ts";
import { formatPosition, type WalPosition } from "../../replay/position.ts";
import type { WalHeader } from "../../wal/index.ts";
import { segmentPathBeside } from "./names.ts";

/** A segment's file and place. */
export interface FileAt extends WalPosition {
  path: string;
}

/** The path that the segment at `position` would have, beside `other`. */
function pathOf(position: WalPosition, other: FileAt): string {
  return segmentPathBeside(position, other.path);
}

export function missingIndex(generation: string, index: number, next: FileAt): WalkitError {
  return new WalkitError(
    "replica/missing-index",
    `Expected WAL index ${index} of generation ${generation}, found ${formatPosition(next)} to be the next there is`,
    { path: pathOf({ index, offset: 0 }, next) },
  );
}

export function missingFirstSegment(generation: string, first: FileAt): WalkitError {
  return new WalkitError(
    "replica/missing-first-segment",
    `Expected WAL index ${first.index} of generation ${generation} to begin with a segment at offset 0, found ${formatPosition(first)} to be its first`,
    { path: pathOf({ index: first.index, offset: 0 }, first) },
  );
}

/** `missing` is where the segment before, `other`, ends or another one begins; `next` is the one found. */
export function missingSegment(missing: WalPosition, next: WalPosition, other: FileAt): WalkitError {
  return new WalkitError(
    "replica/missing-segment",
    `Expected a WAL segment at ${formatPosition(missing)}, found ${formatPosition(next)} to be the next there is`,
    { path: pathOf(missing, other) },
  );
}

export function overlappingSegment(segment: FileAt, expected: number): WalkitError {
  return new WalkitError(
    "replica/overlapping-segment",
    `Expected the segment at ${formatPosition(segment)} to begin at or after offset ${expected}, where the one before it ends, found it to begin at ${segment.offset}`,
    { path: segment.path },
  );
}

export function unalignedSegment(segment: FileAt, frameSize: number): WalkitError {
  return new WalkitError(
    "replica/segment-position",
    `Expected the segment at ${formatPosition(segment)} to begin with a frame (offset 32 + n * ${frameSize}), found offset ${segment.offset}`,
    { path: segment.path },
  );
}

export function duplicateSegment(segment: FileAt): WalkitError {
  return new WalkitError(
    "replica/duplicate-segment",
    `Expected the segment at ${formatPosition(segment)} to go on where the one before it ends, found a copy of that one`,
    { path: segment.path },
  );
}

export function formatChanged(segment: FileAt, before: WalHeader, now: WalHeader): WalkitError {
  const describe = (h: WalHeader) =>
    `${h.pageSize} bytes, ${h.bigEndian ? "big" : "little"}-endian checksums`;
  return new WalkitError(
    "replica/format-changed",
    `Expected the pages of WAL index ${segment.index} to stay at ${describe(before)}, found ${describe(now)}`,
    { path: segment.path, offset: 0, decoded: true },
  );
}

/** `committed` is the end of the last commit. */
export function uncommittedTail(
  segment: FileAt,
  where: string,
  committed: WalPosition,
  frames: number,
): WalkitError {
  return new WalkitError(
    "replica/uncommitted-tail",
    `Expected ${where} to end with a commit frame, found ${frames} frame${frames === 1 ? "" : "s"} after the last commit at ${formatPosition(committed)}`,
    { path: segment.path, offset: Math.max(0, committed.offset - segment.offset), decoded: true },
  );
}

/** The transaction from `start` to `end` does not follow from the one before it. */
export function missingTransactions(
  segment: FileAt,
  { expected, found }: { expected: string; found: string },
  start: number,
  end: WalPosition,
): WalkitError {
  return new WalkitError(
    "replica/missing-transactions",
    `Expected ${expected}, found ${found} in the transaction that ends at ${formatPosition(end)}`,
    { path: segment.path, offset: Math.max(0, start - segment.offset), decoded: true },
  );
}
