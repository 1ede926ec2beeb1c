/** SQLite's write-ahead log: read with every checksum, written so that SQLite recovers it. */

export { type WalChecksum, walChecksum } from "./checksum.ts";
export {
  FRAME_HEADER_SIZE,
  type FrameHeader,
  formatFrameHeader,
  formatWalHeader,
  parseFrameHeader,
  parseWalHeader,
  WAL_HEADER_SIZE,
  type WalHeader,
} from "./header.ts";
export { forEachPage } from "./pages.ts";
export { type WalFrames, WalReader, type WalReaderOptions, type WalResume } from "./reader.ts";
export { stopError, type WalStop } from "./stop.ts";
export { readTransactions, type WalTransaction } from "./transactions.ts";
export { WalWriter } from "./writer.ts";
