import { readUint32BE } from "../bytes.ts";
import { FRAME_HEADER_SIZE } from "./header.ts";
import type { WalFrames } from "./reader.ts";

/** Calls `each` with every frame's page number and page, in order. `data` is a part of the run's bytes: see there. */
export function forEachPage(
  { bytes }: WalFrames,
  pageSize: number,
  each: (page: number, data: Uint8Array) => void,
): void {
  const step = FRAME_HEADER_SIZE + pageSize;
  for (let at = 0; at < bytes.length; at += step) {
    each(readUint32BE(bytes, at), bytes.subarray(at + FRAME_HEADER_SIZE, at + step));
  }
}
