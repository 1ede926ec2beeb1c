/** Positions as columns: a replica may have a million of them. */

import { type Position, sectionOf, type WalPosition } from "../../../src/replay/position.ts";

/** One element per position. */
export interface PositionColumns {
  index: Uint32Array<ArrayBuffer>;
  offset: Float64Array<ArrayBuffer>;
}

/** Room for `length` positions. */
export function positionColumns(length: number): PositionColumns {
  return { index: new Uint32Array(length), offset: new Float64Array(length) };
}

/** Columns from positions. */
export function positionsAsColumns(positions: readonly WalPosition[]): PositionColumns {
  const columns = positionColumns(positions.length);
  for (const [i, position] of positions.entries()) setPosition(columns, i, position);
  return columns;
}

/** Position `i`. */
export function positionAt({ index, offset }: PositionColumns, i: number): WalPosition {
  return { index: index[i]!, offset: offset[i]! };
}

/** The number of the section that position `i` lies in; undefined: there is no position `i`. */
export function sectionIn({ index }: PositionColumns, i: number): number | undefined {
  return index[i];
}

/** Makes `position` position `i`. */
export function setPosition(columns: PositionColumns, i: number, position: WalPosition): void {
  columns.index[i] = sectionOf(position);
  columns.offset[i] = position.offset;
}

/** A position of a generation: the page opens nothing else. */
export function inWal(position: Position): WalPosition {
  if (position.txid !== undefined) throw new TypeError("Expected a position in a WAL, found a TXID");
  return position;
}
