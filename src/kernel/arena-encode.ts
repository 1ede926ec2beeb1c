import type { Arena } from "./arena.ts";
import { encodeBlock } from "./lz4-encode.ts";

/** Encodes a block in an arena: see {@link encodeBlock}, the twin, which does it where the arena has no kernel. */
export function encodeIn(
  arena: Arena,
  start: number,
  end: number,
  history: number,
  d: number,
  dEnd: number,
): number {
  const { bytes } = arena;
  return (
    arena.encodeBlock?.(start, end, history, d, dEnd) ??
    encodeBlock(bytes, start, end, history, bytes, d, dEnd)
  );
}
