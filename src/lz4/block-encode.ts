/** LZ4 blocks, encoded: the door for whoever has blocks of their own. */

import { ARENA_START, encodeBlock, encodeIn } from "../kernel/index.ts";
import { borrow, giveBack } from "./arenas.ts";

/** The largest input of a block: the format counts no further, and nor does the table. */
const largestInput = 0x7e000000;

/** What is larger is encoded where it is, by the kernel's twin: an arena would have to hold it twice. */
const largestInArena = 8 << 20;

/** The largest size that {@link compressBlock} can give for `size` bytes. */
export function compressBlockBound(size: number): number {
  return size + Math.floor(size / 255) + 16;
}

/**
 * Encodes `input` as one raw LZ4 block, and returns its size.
 *
 * @throws RangeError when `output` has less than `compressBlockBound(input.length)` bytes, or `input` more than
 * 2113929216, the most that the format allows
 */
export function compressBlock(input: Uint8Array, output: Uint8Array): number {
  if (input.length > largestInput) {
    throw new RangeError(`Expected an input of at most ${largestInput} bytes, found ${input.length}`);
  }
  const bound = compressBlockBound(input.length);
  if (output.length < bound) {
    throw new RangeError(`Expected an output of at least ${bound} bytes, found ${output.length}`);
  }
  if (input.length > largestInArena) return encodeBlock(input, 0, input.length, 0, output, 0, output.length);
  const block = encodedBlock(input);
  output.set(block);
  return block.length;
}

/** `input` as one raw LZ4 block. */
export function encodedBlock(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const from = ARENA_START + input.length;
  const to = from + compressBlockBound(input.length);
  const arena = borrow(to);
  arena.bytes.set(input, ARENA_START);
  const end = encodeIn(arena, ARENA_START, from, ARENA_START, from, to);
  const block = arena.bytes.slice(from, end);
  giveBack(arena);
  return block;
}
