/**
 * The names of LTX files, and transaction ids (TXIDs) as they are printed: `<minTXID>-<maxTXID>.ltx`, each 16 lowercase
 * hexadecimal digits. The width is fixed, so names sort as their numbers do.
 */

import { hexSafe } from "./words.ts";

const NAME = /^([0-9a-f]{16})-([0-9a-f]{16})\.ltx$/;
const TXID = /^[0-9a-f]{16}$/i;

/** What a file's name says of it. */
export interface LtxName {
  /** The first transaction in the file, from 1. */
  minTxid: number;
  /** The last one; not before the first. */
  maxTxid: number;
}

/**
 * What the name of an LTX file (without its folder) says, or `undefined` for a name that no LTX file has: other digits,
 * TXID 0, a first one after the last, or one above 2^53 - 1.
 */
export function parseLtxName(name: string): LtxName | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const minTxid = parseTxid(match[1]!);
  const maxTxid = parseTxid(match[2]!);
  if (minTxid === undefined || maxTxid === undefined || minTxid === 0 || minTxid > maxTxid) return undefined;
  return { minTxid, maxTxid };
}

/** The name of the file of the transactions `minTxid` to `maxTxid`. Throws a `RangeError` for what cannot be one. */
export function ltxName(minTxid: number, maxTxid: number): string {
  if (!(minTxid >= 1 && minTxid <= maxTxid)) {
    throw new RangeError(
      `Expected TXIDs from 1, the first not after the last, found ${minTxid} to ${maxTxid}`,
    );
  }
  return `${formatTxid(minTxid)}-${formatTxid(maxTxid)}.ltx`;
}

/** A TXID from 16 hexadecimal digits of either case; `undefined` for anything else, and above 2^53 - 1. */
export function parseTxid(text: string): number | undefined {
  if (!TXID.test(text)) return undefined;
  const txid = Number.parseInt(text, 16);
  return Number.isSafeInteger(txid) ? txid : undefined;
}

/** A TXID as 16 lowercase hexadecimal digits. Throws a `RangeError` for what is none: 0 is one, the position before all. */
export function formatTxid(txid: number): string {
  if (!Number.isSafeInteger(txid) || txid < 0) {
    throw new RangeError(`Expected a TXID from 0 to ${Number.MAX_SAFE_INTEGER}, found ${txid}`);
  }
  return hexSafe(txid);
}
