/** Made-up WALs, and what a reader makes of them frame by frame, however it groups them into runs. */

import { concat } from "../../src/bytes.ts";
import {
  parseFrameHeader,
  WalReader,
  type WalReaderOptions,
  type WalStop,
  WalWriter,
} from "../../src/wal/index.ts";
import { random } from "./sqlite.ts";

export const PAGE = 512;
export const FRAME: number = 24 + PAGE;
export const at = (frame: number): number => 32 + frame * FRAME;

/** `frames` frames of random pages; where `commits` says so, a commit. */
export function madeUpWal(
  frames: number,
  seed: number,
  bigEndian = false,
  commits: (n: number) => boolean = (n) => n % 3 === 2,
): Uint8Array {
  const pick = random(seed);
  const writer = new WalWriter({ pageSize: PAGE, bigEndian, salt1: pick(2 ** 32), salt2: pick(2 ** 32) });
  const parts = [writer.header()];
  for (let n = 0; n < frames; n++) {
    const page = new Uint8Array(PAGE).map(() => pick(256));
    parts.push(writer.frame(1 + pick(2 ** 32 - 1), page, commits(n) ? 1 + pick(2 ** 32 - 1) : 0));
  }
  return concat(parts);
}

export interface Reading {
  /** `number@offset sound|unsound (bytes)`, one a frame. */
  frames: string[];
  sound: boolean[];
  faults: WalStop[];
  stop: WalStop;
  committedOffset: number;
  reader: WalReader;
}

/** Reads `pieces`, checking what must hold of every run. */
export function readAll(pieces: Iterable<Uint8Array>, options: WalReaderOptions = {}): Reading {
  const faults: WalStop[] = [];
  const reader = new WalReader({ ...options, onFault: (stop) => faults.push(stop) });
  const frames: string[] = [];
  const sound: boolean[] = [];
  for (const piece of pieces) {
    for (const run of reader.push(piece)) {
      const size = 24 + reader.header!.pageSize;
      const fail = (what: string): never => {
        throw new Error(`${what}, in the run of frame ${run.frame}`);
      };
      if (run.count < 1 || run.bytes.length !== run.count * size) fail("Length is not that of count frames");
      if (reader.offset !== run.offset + run.bytes.length) fail("State is not at the end of the run");
      if (reader.frame !== run.frame + run.count) fail("Frame number is not at the end of the run");
      for (let i = 0; i < run.count; i++) {
        const { commitSize } = parseFrameHeader(run.bytes, i * size);
        if (commitSize !== (i === run.count - 1 ? run.commitSize : 0)) fail("Commit within the run");
        const bytes = Buffer.from(run.bytes.subarray(i * size, (i + 1) * size)).toString("base64");
        frames.push(`${run.frame + i}@${run.offset + i * size} ${bytes}`);
        sound.push(run.sound);
      }
    }
  }
  const stop = reader.end();
  return { frames, sound, faults, stop, committedOffset: reader.committedOffset, reader };
}

/** `bytes` in pieces of the sizes given, over and over; the last piece takes the rest. */
export function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let start = 0;
  for (let i = 0; start < bytes.length; i++) {
    const end = Math.min(bytes.length, start + sizes[i % sizes.length]!);
    yield bytes.subarray(start, end);
    start = end;
  }
}

/** A copy of `bytes` with the bits of `mask` flipped at `offset`. */
export function flip(bytes: Uint8Array, offset: number, mask = 1): Uint8Array {
  const copy = bytes.slice();
  copy[offset] = copy[offset]! ^ mask;
  return copy;
}
