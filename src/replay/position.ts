/** Positions: places in the history of a database. Above the layouts this file alone looks inside of one. */

import { hex } from "../bytes.ts";

/** A place in a generation's WAL: `index` counts WALs from 0, `offset` is a byte offset in that WAL, uncompressed. */
export interface WalPosition {
  index: number;
  offset: number;
  txid?: undefined;
}

/** The state behind a transaction of an LTX history; 0: before the first. */
export interface TxPosition {
  /** A safe integer. */
  txid: number;
  index?: undefined;
  offset?: undefined;
}

/** A place in the history of a database. */
export type Position = WalPosition | TxPosition;

/** The largest index of a WAL: Litestream names it with 8 hexadecimal digits. */
export const MAX_INDEX = 0xffffffff;

/** The largest TXID: what a number counts to without a gap. */
export const MAX_TXID: number = Number.MAX_SAFE_INTEGER;

/** As walkit writes a position everywhere: `0000001f:00001038`, or as LTX files are named, `000000000000001f`. */
export function formatPosition(position: Position): string {
  if (position.txid !== undefined) return hex(checkTxid(position.txid), 16);
  return `${hex(checkIndex(position.index))}:${hex(checkOffset(position.offset))}`;
}

/** A position written `<index>:<offset>` or as a TXID of 16 digits, all hexadecimal; undefined where it is none. */
export function parsePosition(text: string): Position | undefined {
  if (/^[0-9a-f]{16}$/i.test(text)) {
    const txid = Number.parseInt(text, 16);
    return Number.isSafeInteger(txid) ? { txid } : undefined;
  }
  const match = /^([0-9a-f]{1,8}):([0-9a-f]{1,16})$/i.exec(text);
  if (!match) return undefined;
  const offset = Number.parseInt(match[2]!, 16);
  return Number.isSafeInteger(offset) ? { index: Number.parseInt(match[1]!, 16), offset } : undefined;
}

/**
 * Negative where `a` comes before `b`, 0 where they are the same, positive where it comes after.
 *
 * @throws TypeError where they are of different kinds: no history has both
 */
export function comparePositions(a: Position, b: Position): number {
  if (a.txid !== undefined && b.txid !== undefined) return a.txid - b.txid;
  if (a.txid === undefined && b.txid === undefined) return a.index - b.index || a.offset - b.offset;
  throw new TypeError(
    `Expected positions of one history, found ${formatPosition(a)} and ${formatPosition(b)}`,
  );
}

/** Whether a position lies in a WAL. */
export function isInWal(position: Position): position is WalPosition {
  return position.txid === undefined;
}

/** Whether two positions are of one kind, and so may lie in one history. */
export function isSameKind(a: Position, b: Position): boolean {
  return (a.txid === undefined) === (b.txid === undefined);
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

/** @throws RangeError unless `txid` is a safe integer that is not negative */
export function checkTxid(txid: number): number {
  if (!Number.isSafeInteger(txid) || txid < 0) {
    throw new RangeError(`Expected a TXID from 0 to 2^53 - 1, found ${txid}`);
  }
  return txid;
}

/**
 * The number of the section that a position lies in. Sections ascend. Of a WAL it is the index; in an LTX history a section
 * begins behind each transaction.
 */
export function sectionOf(position: Position): number {
  return position.txid ?? position.index;
}

/** Whether two positions lie in one section. */
export function isSameSection(a: Position, b: Position): boolean {
  return isSameKind(a, b) && sectionOf(a) === sectionOf(b);
}

/** Where the section of a position begins. */
export function startOf(position: Position): Position {
  return position.txid === undefined ? { index: position.index, offset: 0 } : { txid: position.txid };
}

/** Whether a position is where its section begins: a claim alone may lead there. */
export function isStart(position: Position): boolean {
  return position.txid !== undefined || position.offset === 0;
}

/** The position alone of what has one. */
export function positionOf(position: Position): Position {
  if (position.txid !== undefined) return { txid: position.txid };
  return { index: position.index, offset: position.offset };
}

/** The state behind transaction `txid` of an LTX history. @throws RangeError as {@link checkTxid} */
export function behind(txid: number): TxPosition {
  return { txid: checkTxid(txid) };
}

/** Where section `number` of a WAL begins. */
export function sectionAt(number: number): WalPosition {
  return { index: number, offset: 0 };
}

/** Where the section behind that of a position begins. */
export function nextSection(position: Position): Position {
  return position.txid === undefined ? sectionAt(position.index + 1) : { txid: position.txid + 1 };
}

/** The nearest position before this one in its section; where the section begins there is none, and it is that. */
export function justBefore(position: Position): Position {
  if (position.txid !== undefined) return { txid: Math.max(0, position.txid - 1) };
  return { index: position.index, offset: Math.max(0, position.offset - 1) };
}
