/** What a decoder can be asked, and what it can tell. */

import type { FrameHeader } from "./frame-header.ts";

/** How frames are decoded. */
export interface DecodeOptions {
  /** Verify block and content checksums. The header checksum is always verified. Default true. */
  checksums?: boolean | undefined;
  /** Fail with `lz4/output-limit` rather than produce more bytes than this. Default: no limit. */
  maxOutputSize?: number | undefined;
  /** "first": whatever follows the first data frame is trailing data; skippable frames before it are skipped. Default "all". */
  frames?: "all" | "first" | undefined;
  /** What to do about bytes after the last frame that begin no frame: fail with `lz4/trailing-data`, or leave them. Default "error". */
  trailing?: "error" | "ignore" | undefined;
  /** The file, for errors. */
  path?: string | undefined;
}

/** What lies where in a frame. */
export interface BlockInfo {
  /** Byte offset of the block's size field in the input. */
  offset: number;
  /** Bytes of data as they lie in the input, without size field and checksum. */
  compressedSize: number;
  /** The data is not compressed. */
  stored: boolean;
  decompressedSize: number;
  /** The checksum that follows the data, where the frame has them: xxHash32 of the data as it lies in the input. */
  checksum?: number;
}

/** Told of everything that was decoded and found right. For `inspect.ts`. */
export interface DecodeObserver {
  header(header: FrameHeader): void;
  block(block: BlockInfo): void;
  frameEnd(end: number, contentChecksum: number | undefined): void;
}
