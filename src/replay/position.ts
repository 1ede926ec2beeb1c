/** Positions: places in the history of a database. Above the layouts this file alone looks inside of one. */

import { hex } from "../bytes.ts";

/** A place in a generation's WAL: `index` counts WALs from 0, `offset` is a byte offset in that WAL, uncompressed. */
export interface Position {
  index: number;
  offset: number;
}

/** The largest index of a WAL: Litestream names it with 8 hexadecimal digits. */
export const MAX_INDEX = 0xffffffff;

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

/** @throws RangeError unless `index` is a whole number from 0 to {@link MAX_INDEX} */
export function checkIndex(index: number): number {
  if (!Number.isInteger(index) || index < 0 || index > MAX_INDEX) {
    throw new RangeError(`Expected a WAL index from 0 to 4294967295, found ${index}`);
  }
  return index;
}

/** @throws RangeError unless `offset` is a safe integer that is not negative */
export function checkOffset(offset: number): number {
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new RangeError(`Expected an offset from 0 to 2^53 - 1, found ${offset}`);
  }
  return offset;
}

/** The number of the section that a position lies in: the index of its WAL. Sections ascend. */
export function sectionOf({ index }: Position): number {
  return index;
}

/** Whether two positions lie in one section. */
export function isSameSection(a: Position, b: Position): boolean {
  return a.index === b.index;
}

/** Where the section of a position begins. */
export function startOf({ index }: Position): Position {
  return { index, offset: 0 };
}

/** Whether a position is where its section begins. */
export function isStart({ offset }: Position): boolean {
  return offset === 0;
}

/** The position alone of what has one. */
export function positionOf({ index, offset }: Position): Position {
  return { index, offset };
}

/** Where section `number` begins. */
export function sectionAt(number: number): Position {
  return { index: number, offset: 0 };
}

/** Where the section behind that of a position begins. */
export function nextSection({ index }: Position): Position {
  return sectionAt(index + 1);
}

/** The nearest position before this one in its section; where the section begins there is none, and it is that. */
export function justBefore({ index, offset }: Position): Position {
  return { index, offset: Math.max(0, offset - 1) };
}
