/** LTX, the files of LiteFS and Litestream 0.5: read with every check, written as their readers expect them. */

export { DatabaseChecksum, FileChecksum, lockPage, pageChecksum } from "./checksum.ts";
export {
  CHECKSUM_FLAG,
  encodeLtxHeader,
  FLAG_LZ4,
  FLAG_NO_CHECKSUM,
  hasDatabaseChecksums,
  isSnapshot,
  LTX_HEADER_SIZE,
  type LtxHeader,
  parseLtxHeader,
} from "./header.ts";
export { LtxMerge, type MergedPages, type MergeOptions } from "./merge.ts";
export type { MergeSource } from "./merge-input.ts";
export { formatTxid, type LtxName, ltxName, parseLtxName, parseTxid } from "./names.ts";
export type { LtxPages } from "./page-block.ts";
export { decodePageFrame, type PageFrameOptions } from "./page-frame.ts";
export { type LtxOutline, PageIndex, type ReadRange, readLtxOutline, readPageIndex } from "./page-index.ts";
export { LtxReader, type LtxReaderOptions } from "./reader.ts";
export { LTX_TRAILER_SIZE, type LtxTrailer } from "./trailer.ts";
export { LTX_VARIANTS, type LtxVariant, RECOGNIZE_SIZE, recognizeVariant } from "./variant.ts";
export { LtxWriter, type LtxWriterOptions } from "./writer.ts";
