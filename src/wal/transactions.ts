/** A whole WAL in memory, as the list of its transactions. */

import { readUint32BE } from "../bytes.ts";
import { FRAME_HEADER_SIZE, parseWalHeader, type WalHeader } from "./header.ts";
import { WalReader } from "./reader.ts";
import type { WalStop } from "./stop.ts";

/** A committed transaction: the frames up to and with a commit frame. */
export interface WalTransaction {
  /** Byte offset in the WAL of its first frame. */
  offset: number;
  /** Byte offset in the WAL of the end of its commit frame. */
  end: number;
  /** How many frames it has. */
  frames: number;
  /** Number of its first frame, from 0. */
  frame: number;
  /** The page number of each frame, in the order of the WAL: a page may occur more than once, the last one counts. */
  pages: number[];
  /** Size of the database after it, in pages. */
  commitSize: number;
}

/**
 * The transactions of the whole WAL `bytes` that SQLite would recover, where and why that ends, and how many sound
 * frames stand after the last commit.
 *
 * Throws what {@link parseWalHeader} throws; what is wrong after the header is in `stop`.
 */
export function readTransactions(
  bytes: Uint8Array,
  options: { path?: string | undefined } = {},
): { header: WalHeader; transactions: WalTransaction[]; stop: WalStop; uncommittedFrames: number } {
  const header = parseWalHeader(bytes, options);
  const reader = new WalReader(options);
  const transactions: WalTransaction[] = [];
  let pages: number[] = [];
  for (const run of reader.push(bytes)) {
    const size = FRAME_HEADER_SIZE + header.pageSize;
    for (let at = 0; at < run.bytes.length; at += size) pages.push(readUint32BE(run.bytes, at));
    if (run.commitSize === 0) continue;
    const frames = pages.length;
    transactions.push({
      offset: reader.offset - frames * size,
      end: reader.offset,
      frames,
      frame: reader.frame - frames,
      pages,
      commitSize: run.commitSize,
    });
    pages = [];
  }
  return { header, transactions, stop: reader.end(), uncommittedFrames: pages.length };
}
