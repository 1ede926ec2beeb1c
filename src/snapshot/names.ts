/**
 * The names of a Litestream v0.3 replica, and the positions they stand for.
 *
 * ```
 * generations/<generation>/snapshots/<index>.snapshot.lz4      generation: 16 lowercase hex digits
 * generations/<generation>/wal/<index>_<offset>.wal.lz4        index: 8; offset: 8, up to 16 past 4 GiB
 * ```
 *
 * Parsing is strict: a name that Litestream would not write is none of its files, and there is exactly one name for a
 * position.
 */

import { hex } from "../bytes.ts";

/** A place in a generation's WAL: `index` counts WALs from 0, `offset` is a byte offset in that WAL, uncompressed. */
export interface Position {
  index: number;
  offset: number;
}

const GENERATION = /^[0-9a-f]{16}$/;
const SNAPSHOT = /^([0-9a-f]{8})\.snapshot\.lz4$/;
const SEGMENT = /^([0-9a-f]{8})_([0-9a-f]{8,16})\.wal\.lz4$/;

/** Whether `name` is that of a generation: 16 lowercase hex digits. */
export function isGenerationName(name: string): boolean {
  return GENERATION.test(name);
}

/** The index in a snapshot's file name, or undefined where it is no such name. */
export function parseSnapshotName(name: string): number | undefined {
  const match = SNAPSHOT.exec(name);
  return match ? Number.parseInt(match[1]!, 16) : undefined;
}

/** The position in a WAL segment's file name, or undefined where it is no such name. */
export function parseSegmentName(name: string): Position | undefined {
  const match = SEGMENT.exec(name);
  if (!match) return undefined;
  const digits = match[2]!;
  const offset = Number.parseInt(digits, 16);
  // Litestream pads to 8 digits and no further; an offset past 2^53 (8 PiB) is no WAL's.
  if (!Number.isSafeInteger(offset) || (digits.length > 8 && digits[0] === "0")) return undefined;
  return { index: Number.parseInt(match[1]!, 16), offset };
}

/** `0000001f.snapshot.lz4` */
export function formatSnapshotName(index: number): string {
  return `${hex(checkIndex(index))}.snapshot.lz4`;
}

/** `0000001f_00001038.wal.lz4` */
export function formatSegmentName({ index, offset }: Position): string {
  return `${hex(checkIndex(index))}_${hex(checkOffset(offset))}.wal.lz4`;
}

/** `0000001f:00001038`, as walkit writes a position everywhere. */
export function formatPosition({ index, offset }: Position): string {
  return `${hex(checkIndex(index))}:${hex(checkOffset(offset))}`;
}

/** A position written `<index>:<offset>`, both hexadecimal; undefined where it is none. */
export function parsePosition(text: string): Position | undefined {
  const match = /^([0-9a-f]{1,8}):([0-9a-f]{1,16})$/i.exec(text);
  if (!match) return undefined;
  const offset = Number.parseInt(match[2]!, 16);
  return Number.isSafeInteger(offset) ? { index: Number.parseInt(match[1]!, 16), offset } : undefined;
}

/** Negative where `a` comes before `b`, 0 where they are the same, positive where it comes after. */
export function comparePositions(a: Position, b: Position): number {
  return a.index - b.index || a.offset - b.offset;
}

function checkIndex(index: number): number {
  if (!Number.isInteger(index) || index < 0 || index > 0xffffffff) {
    throw new RangeError(`Expected a WAL index from 0 to 4294967295, found ${index}`);
  }
  return index;
}

function checkOffset(offset: number): number {
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new RangeError(`Expected an offset from 0 to 2^53 - 1, found ${offset}`);
  }
  return offset;
}
