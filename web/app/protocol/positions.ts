/** Positions as columns: a replica may have a million of them. */

import { behind, type Position, sectionOf } from "../../../src/replay/position.ts";

/** One element per position. */
export interface PositionColumns {
  section: Float64Array<ArrayBuffer>;
  /** NaN: the position is a TXID, which `section` has. */
  offset: Float64Array<ArrayBuffer>;
}

/** Room for `length` positions. */
export function positionColumns(length: number): PositionColumns {
  return { section: new Float64Array(length), offset: new Float64Array(length) };
}

/** Columns from positions. */
export function positionsAsColumns(positions: readonly Position[]): PositionColumns {
  const columns = positionColumns(positions.length);
  for (const [i, position] of positions.entries()) setPosition(columns, i, position);
  return columns;
}

/** Position `i`. */
export function positionAt({ section, offset }: PositionColumns, i: number): Position {
  return Number.isNaN(offset[i]!) ? behind(section[i]!) : { index: section[i]!, offset: offset[i]! };
}

/** The number of the section that position `i` lies in; undefined: there is no position `i`. */
export function sectionIn({ section }: PositionColumns, i: number): number | undefined {
  return section[i];
}

/** Makes `position` position `i`. */
export function setPosition(columns: PositionColumns, i: number, position: Position): void {
  columns.section[i] = sectionOf(position);
  columns.offset[i] = position.offset ?? Number.NaN;
}
