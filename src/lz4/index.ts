/** LZ4 as Litestream writes it, and whatever else the frame format allows: frames, blocks, xxHash32. */

export { type DecompressBlockOptions, decompressBlock } from "./block-decode.ts";
export { compressBlock, compressBlockBound } from "./block-encode.ts";
export type { BlockInfo, DecodeOptions } from "./decode-options.ts";
export { decompress } from "./decompress.ts";
export { FrameDecoder } from "./frame-decode.ts";
export {
  compress,
  compressLegacy,
  type EncodeOptions,
  FrameEncoder,
  skippableFrame,
} from "./frame-encode.ts";
export { type FrameHeader, type HeaderOptions, parseFrameHeader } from "./frame-header.ts";
export { type FrameInfo, inspectFrames } from "./inspect.ts";
export { XXHash32, xxh32 } from "./xxhash32.ts";
