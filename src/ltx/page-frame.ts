/** One page by itself, as the page index has told where it is. The layouts: `variant.ts`. */

import { readUint16BE, readUint32BE } from "../bytes.ts";
import { type LtxCode, WalkitError } from "../errors.ts";
import { borrow, giveBack } from "../lz4/arenas.ts";
import { FrameFeed } from "./frame-feed.ts";
import { Intake } from "./intake.ts";
import { FRAME_HEAD, PageDecoder, wrongSize } from "./page-decoder.ts";
import { type LtxVariant, PAGE_FLAG_BLOCK, pageHeaderSize } from "./variant.ts";

/** What decoding one page takes to know. */
export interface PageFrameOptions {
  /** In bytes. */
  pageSize: number;
  /** Of v2 and v3; those of v3 are the same here, since the page says which it is. */
  variant: Exclude<LtxVariant, "v1-raw" | "v1-lz4">;
  /** The number that it must have. Default: whatever it says. */
  pageNumber?: number | undefined;
  /** The file, and where in it the page's header is: for errors. */
  path?: string | undefined;
  offset?: number | undefined;
}

/**
 * Decodes the page whose header and payload `bytes` are: no less and no more, as the page index has it. Returns a new array.
 *
 * There is no checksum over it but that of an LZ4 frame; that of the file is over all pages together.
 *
 * @throws WalkitError `ltx/truncated`, `ltx/page-header`, `ltx/page-number`, `ltx/page-data`, `ltx/index` where it ends before
 * `bytes` do, and what is wrong inside of compressed data: `lz4/…`
 */
export function decodePageFrame(
  bytes: Uint8Array,
  options: PageFrameOptions,
): { pageNumber: number; data: Uint8Array<ArrayBuffer> } {
  const { pageSize, variant, path, offset = 0 } = options;
  const fail = (code: LtxCode, message: string, at: number): never => {
    throw new WalkitError(code, message, { path, offset: offset + at });
  };
  const before = pageHeaderSize(variant);
  const least = before + FRAME_HEAD;
  if (bytes.length < least)
    fail("ltx/truncated", `Expected a page of ${least} bytes or more, found ${bytes.length}`, bytes.length);
  const pageNumber = readUint32BE(bytes, 0);
  const flags = before === 6 ? readUint16BE(bytes, 4) : 0;
  if (flags > PAGE_FLAG_BLOCK) {
    fail("ltx/page-header", `Expected page flags 0x0 or 0x1, found 0x${flags.toString(16)}`, 4);
  }
  const wanted = options.pageNumber ?? (pageNumber || 1);
  if (pageNumber !== wanted) fail("ltx/page-number", `Expected page ${wanted}, found page ${pageNumber}`, 0);
  const decoder = new PageDecoder(pageSize);
  const arena = borrow(decoder.arenaEnd);
  try {
    const page = () => arena.bytes.slice(decoder.page, decoder.page + pageSize);
    if (flags === PAGE_FLAG_BLOCK) {
      const size = readUint32BE(bytes, 6);
      if (size !== bytes.length - 10) {
        fail(
          "ltx/page-header",
          `Expected an LZ4 block of ${bytes.length - 10} bytes, found a size of ${size}`,
          6,
        );
      }
      decoder.block(arena, bytes, 10, size, offset + 10, path);
      return { pageNumber, data: page() };
    }
    const size = bytes.length - before;
    if (decoder.frameSize(bytes, before) === size && decoder.frame(arena, bytes, before, size)) {
      return { pageNumber, data: page() };
    }
  } finally {
    giveBack(arena);
  }
  return { pageNumber, data: unusualFrame(bytes.subarray(before), pageSize, offset + before, path) };
}

function unusualFrame(
  bytes: Uint8Array,
  pageSize: number,
  offset: number,
  path: string | undefined,
): Uint8Array<ArrayBuffer> {
  const intake = new Intake(offset);
  intake.give(bytes);
  const frame = new FrameFeed(intake, path);
  const data = new Uint8Array(pageSize);
  let filled = 0;
  for (let block = frame.next(); block !== undefined; block = frame.next()) {
    if (filled + block.length > pageSize) throw wrongSize(pageSize, "more", offset, path);
    data.set(block, filled);
    filled += block.length;
  }
  const rest = intake.available;
  if (!frame.done) {
    const message = "Expected the rest of an LZ4 frame, found the end of the page";
    throw new WalkitError("ltx/truncated", message, { path, offset: offset + bytes.length });
  }
  if (filled !== pageSize) throw wrongSize(pageSize, `${filled}`, offset, path);
  if (rest > 0) {
    const message = `Expected the page to end where the page index says, found ${rest} bytes after it`;
    throw new WalkitError("ltx/index", message, { path, offset: intake.offset });
  }
  return data;
}
