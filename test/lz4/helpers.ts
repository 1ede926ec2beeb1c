/** Data, slow but obvious second implementations, and ways to cut things, for the tests of the LZ4 room. */

import { WalkitError } from "../../src/errors.ts";
import { type DecodeOptions, type EncodeOptions, FrameDecoder, FrameEncoder } from "../../src/lz4/index.ts";

/** A small generator with a seed, so that a failure can be repeated. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export function randomBytes(size: number, seed = 1): Uint8Array {
  const next = random(seed);
  return Uint8Array.from({ length: size }, () => next(256));
}

/** Runs, repeats from near and far, and noise, mixed: what exercises every path of a codec. */
export function mixedBytes(size: number, seed = 1): Uint8Array {
  const next = random(seed);
  const bytes = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const length = Math.min(size - at, next(4) === 0 ? 1 + next(3000) : 1 + next(40));
    const kind = next(4);
    if (kind === 0 || at === 0) {
      for (let i = 0; i < length; i++) bytes[at + i] = next(256);
    } else if (kind === 1) {
      bytes.fill(next(256), at, at + length);
    } else {
      const distance = 1 + next(Math.min(at, kind === 2 ? 20 : 70_000));
      for (let i = 0; i < length; i++) bytes[at + i] = bytes[at + i - distance]!;
    }
    at += length;
  }
  return bytes;
}

export function textBytes(size: number, seed = 1): Uint8Array {
  const next = random(seed);
  const words = [
    "page",
    "frame",
    "checksum",
    "salt",
    "commit",
    "replica",
    "snapshot",
    "the",
    "of",
    "a",
    "\n",
  ];
  let text = "";
  while (text.length < size) text += `${words[next(words.length)]} ${next(7) === 0 ? next(10_000) : ""}`;
  return new TextEncoder().encode(text.slice(0, size));
}

/** One byte at a time, in the words of the specification. Throws a plain Error for a damaged block. */
export function referenceDecodeBlock(input: Uint8Array, history: readonly number[] = []): number[] {
  const out = [...history];
  let at = 0;
  const take = (): number => {
    if (at >= input.length) throw new Error("the block ends too early");
    return input[at++]!;
  };
  const takeLength = (nibble: number): number => {
    let length = nibble;
    if (nibble === 15) {
      let more: number;
      do {
        more = take();
        length += more;
      } while (more === 255);
    }
    return length;
  };
  for (;;) {
    const token = take();
    const literals = takeLength(token >> 4);
    for (let i = 0; i < literals; i++) out.push(take());
    if (at === input.length) return out.slice(history.length);
    const offset = take() + 256 * take();
    if (offset === 0 || offset > out.length) throw new Error(`no byte lies ${offset} back`);
    const length = takeLength(token & 15) + 4;
    for (let i = 0; i < length; i++) out.push(out[out.length - offset]!);
  }
}

/** Walks a block that an encoder wrote, and throws where it breaks a rule of the format. Returns its number of matches. */
export function checkBlockRules(input: Uint8Array, historySize = 0): number {
  let at = 0;
  let decoded = 0;
  let lastMatch = -1;
  let matches = 0;
  const length = (nibble: number): number => {
    let sum = nibble;
    if (nibble === 15) {
      let more = 255;
      while (more === 255) sum += more = input[at++]!;
    }
    return sum;
  };
  for (;;) {
    const token = input[at++]!;
    const literals = length(token >> 4);
    at += literals;
    decoded += literals;
    if (at > input.length) throw new Error("literals beyond the block");
    if (at === input.length) {
      if (matches > 0 && literals < 5) throw new Error(`only ${literals} literals at the end`);
      if (matches > 0 && decoded - lastMatch < 12) {
        throw new Error(`the last match begins ${decoded - lastMatch} bytes before the end`);
      }
      return matches;
    }
    const offset = input[at]! + 256 * input[at + 1]!;
    at += 2;
    if (offset < 1 || offset > decoded + historySize) throw new Error(`offset ${offset} at ${decoded}`);
    lastMatch = decoded;
    decoded += length(token & 15) + 4;
    matches++;
  }
}

/** `bytes` in pieces of the sizes that `size` gives, from 1 upwards. */
export function* cut(bytes: Uint8Array, size: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + Math.max(1, size());
    yield bytes.slice(at, end); // a copy, so that a decoder cannot lean on what lies beyond
    at = end;
  }
}

export function join(parts: Iterable<Uint8Array>): Uint8Array {
  // Copies before it advances, as the contract of FrameDecoder asks.
  const copies = Array.from(parts, (part) => part.slice());
  const whole = new Uint8Array(copies.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of copies) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function decodeCut(input: Uint8Array, size: () => number, options?: DecodeOptions): Uint8Array {
  const decoder = new FrameDecoder(options);
  const parts: Uint8Array[] = [];
  for (const piece of cut(input, size)) for (const block of decoder.push(piece)) parts.push(block.slice());
  decoder.end();
  return join(parts);
}

export function encodeCut(input: Uint8Array, size: () => number, options?: EncodeOptions): Uint8Array {
  const encoder = new FrameEncoder(options);
  const parts: Uint8Array[] = [];
  for (const piece of cut(input, size)) parts.push(...encoder.push(piece));
  parts.push(...encoder.end());
  return join(parts);
}

/** What came out before it failed or ended, and how. */
export interface Outcome {
  output: Uint8Array;
  error: Record<string, unknown> | undefined;
  frames: number;
  consumed: number;
  trailingOffset: number | undefined;
}

/** Anything but a WalkitError with an offset is thrown on: it is a bug. */
export function outcome(input: Uint8Array, size: () => number, options?: DecodeOptions): Outcome {
  const decoder = new FrameDecoder(options);
  const parts: Uint8Array[] = [];
  let error: Record<string, unknown> | undefined;
  try {
    for (const piece of cut(input, size)) for (const block of decoder.push(piece)) parts.push(block.slice());
    decoder.end();
  } catch (thrown) {
    if (!(thrown instanceof WalkitError) || thrown.offset === undefined) throw thrown;
    error = thrown.toJSON();
  }
  const { frames, consumed, trailingOffset } = decoder;
  return { output: join(parts), error, frames, consumed, trailingOffset };
}

/** The code of the WalkitError that `run` throws; undefined when it throws none. Other errors are thrown on. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof WalkitError) return error.code;
    throw error;
  }
}

export function* allEncodeOptions(): Generator<EncodeOptions> {
  for (const blockMaxSize of [65536, 262144, 1048576, 4194304] as const)
    for (const blockIndependence of [true, false])
      for (const blockChecksum of [true, false])
        for (const contentChecksum of [true, false])
          yield { blockMaxSize, blockIndependence, blockChecksum, contentChecksum };
}
