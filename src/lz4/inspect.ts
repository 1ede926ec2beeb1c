/** LZ4 frames, laid open: what lies where, for people who look into a file. */

import type { BlockInfo, DecodeOptions } from "./decode-options.ts";
import { FrameDecoder } from "./frame-decode.ts";
import type { FrameHeader } from "./frame-header.ts";

/** One frame of a file, found right. */
export interface FrameInfo {
  header: FrameHeader;
  blocks: BlockInfo[];
  /** The checksum that ends the frame, where it has one: xxHash32 of its content. */
  contentChecksum?: number;
  /** Byte offset in the input of what follows the frame. */
  end: number;
}

/**
 * Decodes `input` and yields every frame with its blocks, skippable frames too.
 *
 * @throws WalkitError at the first thing that is wrong, after the frames before it
 */
export function* inspectFrames(
  input: Uint8Array,
  options: DecodeOptions = {},
): Generator<FrameInfo, void, undefined> {
  let current: FrameInfo | undefined;
  const complete: FrameInfo[] = [];
  const decoder = new FrameDecoder(options, {
    header: (header) => {
      current = { header, blocks: [], end: 0 };
    },
    block: (block) => current!.blocks.push(block),
    frameEnd: (end, contentChecksum) => {
      current!.end = end;
      if (contentChecksum !== undefined) current!.contentChecksum = contentChecksum;
      complete.push(current!);
    },
  });
  let failure: unknown;
  try {
    for (const _ of decoder.push(input)) yield* complete.splice(0);
    decoder.end();
  } catch (error) {
    failure = error;
  }
  yield* complete;
  if (failure !== undefined) throw failure;
}
