/**
 * Ways to hold the compiled kernel against its twins: every call is made in three arenas, two compiled and one plain,
 * with other garbage around it in each.
 *
 * - What the garbage is must make no difference, hence nothing outside of what a call is given is read to any effect.
 * - The garbage must be as it was afterwards, hence nothing outside is written.
 * - Input and output touch the end of the memory in many calls. What reads or writes past it traps.
 */

import * as lz4js from "lz4js";
import { ARENA_START, type Arena, encodeIn, openArena, openPlainArena } from "../../src/kernel/index.ts";
import { random, randomBytes } from "../lz4/helpers.ts";

export type Next = (below: number) => number;

export const WASM_PAGE = 65536;
/** The encoder's table: the last thing below the caller's part of an arena. */
export const TABLE = ARENA_START - 65536;

export const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** What a block decodes to in `room` bytes behind `history`. */
export interface DecodeCase {
  block: Uint8Array;
  history: Uint8Array;
  room: number;
}

/** What encodes to a block of `room` bytes at most. */
export interface EncodeCase {
  input: Uint8Array;
  history: Uint8Array;
  room: number;
}

/**
 * `result` of a decoder: the number of decoded bytes, or the complement of where in the block the offending sequence
 * begins. Of an encoder: the size of the block, or -1.
 */
export interface Outcome {
  result: number;
  bytes: Uint8Array;
}

/** Places for two things in the caller's part of an arena. */
export const PLACES = ["input first", "input last", "before", "behind", "apart"] as const;
export type PlaceKind = (typeof PLACES)[number];
export const placeKind = (next: Next): PlaceKind => PLACES[next(PLACES.length)]!;

/**
 * - `input first`: from the beginning of the caller's part; the output ends where the memory ends
 * - `input last`: the output begins at the beginning; the input ends where the memory ends
 * - `before`, `behind`: the input ends where the output, or its history, begins; or begins where it ends
 * - `apart`: anywhere
 */
export function place(
  kind: PlaceKind,
  memory: number,
  inputSize: number,
  outputSize: number,
  next: Next,
): { input: number; output: number } {
  const spare = memory - ARENA_START - inputSize - outputSize;
  if (spare < 0) throw new Error(`no room for ${inputSize} and ${outputSize} bytes`);
  const before = next(spare + 1);
  switch (kind) {
    case "input first":
      return { input: ARENA_START, output: memory - outputSize };
    case "input last":
      return { input: memory - inputSize, output: ARENA_START };
    case "before":
      return { input: ARENA_START + before, output: ARENA_START + before + inputSize };
    case "behind":
      return { input: ARENA_START + before + outputSize, output: ARENA_START + before };
    case "apart": {
      const between = next(spare - before + 1);
      if (next(2) === 0) {
        const input = ARENA_START + before;
        return { input, output: input + inputSize + between };
      }
      const output = ARENA_START + before;
      return { input: output + outputSize + between, output };
    }
  }
}

/** An arena that is full of garbage between calls. */
export class GarbageArena {
  readonly arena: Arena;
  readonly #garbage: Uint8Array;

  constructor(arena: Arena, garbage: Uint8Array) {
    if (arena.bytes.length !== garbage.length) throw new Error("an arena of another size");
    this.arena = arena;
    this.#garbage = garbage;
    arena.bytes.set(garbage);
  }

  /** Back to garbage. */
  fill(start: number, end: number): void {
    this.arena.bytes.set(this.#garbage.subarray(start, end), start);
  }

  /** Runs what leaves garbage everywhere. Throws where it does not; and whatever it throws, the next finds garbage. */
  run<T>(use: (arena: Arena) => T): T {
    const { bytes } = this.arena;
    try {
      const result = use(this.arena);
      if (same(bytes, this.#garbage)) return result;
      throw new Error(`wrote outside, at ${bytes.findIndex((byte, i) => byte !== this.#garbage[i])}`);
    } catch (error) {
      bytes.set(this.#garbage);
      throw error;
    }
  }
}

/** Two compiled arenas, whose garbage differs in every byte, and a plain one. `size`: whole pages. */
export function garbageArenas(size: number): { compiled: [GarbageArena, GarbageArena]; plain: GarbageArena } {
  const garbage = randomBytes(size, 12345);
  const other = garbage.map((byte) => ~byte);
  return {
    compiled: [new GarbageArena(openArena(size), garbage), new GarbageArena(openArena(size), other)],
    plain: new GarbageArena(openPlainArena(size), randomBytes(size, 54321)),
  };
}

function checkEqual(what: string, a: Outcome, b: Outcome): void {
  if (a.result !== b.result) throw new Error(`${what}: result ${a.result}, ${b.result}`);
  if (!same(a.bytes, b.bytes)) {
    throw new Error(`${what}: other bytes, from byte ${a.bytes.findIndex((byte, i) => byte !== b.bytes[i])}`);
  }
}

/** What input and history are at the end of a call. */
function checkKept(bytes: Uint8Array, start: number, content: Uint8Array): void {
  if (!same(bytes.subarray(start, start + content.length), content)) throw new Error("wrote to its input");
}

/** Decodes everything three times, and throws where the three differ or reach out. */
export class GuardedDecoder {
  readonly size: number;
  readonly #arenas: ReturnType<typeof garbageArenas>;

  constructor(size: number) {
    this.size = size;
    this.#arenas = garbageArenas(size);
  }

  /** `input`: where the block goes; `output`: where the history goes, and the decoded bytes behind it. */
  decode(what: DecodeCase, { input, output }: { input: number; output: number }): Outcome {
    const { compiled, plain } = this.#arenas;
    const first = this.#once(compiled[0], what, input, output);
    checkEqual("other garbage", first, this.#once(compiled[1], what, input, output));
    checkEqual("kernel and twin", first, this.#once(plain, what, input, output));
    return first;
  }

  placed(what: DecodeCase, kind: PlaceKind, next: Next): Outcome {
    const { block, history, room } = what;
    return this.decode(what, place(kind, this.size, block.length, history.length + room, next));
  }

  #once(held: GarbageArena, { block, history, room }: DecodeCase, input: number, output: number): Outcome {
    return held.run((arena) => {
      const { bytes } = arena;
      const to = output + history.length;
      bytes.set(block, input);
      bytes.set(history, output);
      const position = arena.decodeBlock(input, input + block.length, output, to, to + room);
      checkKept(bytes, input, block);
      checkKept(bytes, output, history);
      if (position > to + room) throw new Error(`ended at ${position}, beyond its room`);
      const decoded = bytes.slice(to, Math.max(to, position));
      held.fill(input, input + block.length);
      held.fill(output, to + room);
      return { result: position < 0 ? ~(~position - input) : position - to, bytes: decoded };
    });
  }
}

/** Encodes everything three times, and throws where the three differ or reach out. */
export class GuardedEncoder {
  readonly size: number;
  readonly #arenas: ReturnType<typeof garbageArenas>;

  constructor(size: number) {
    this.size = size;
    this.#arenas = garbageArenas(size);
  }

  /** `input`: where the history goes, and the input behind it. */
  encode(what: EncodeCase, { input, output }: { input: number; output: number }): Outcome {
    const { compiled, plain } = this.#arenas;
    const first = this.#once(compiled[0], what, input, output);
    checkEqual("other garbage", first, this.#once(compiled[1], what, input, output));
    checkEqual("kernel and twin", first, this.#once(plain, what, input, output));
    return first;
  }

  placed(what: EncodeCase, kind: PlaceKind, next: Next): Outcome {
    const { input, history, room } = what;
    return this.encode(what, place(kind, this.size, history.length + input.length, room, next));
  }

  #once(held: GarbageArena, what: EncodeCase, input: number, output: number): Outcome {
    return held.run((arena) => {
      const { bytes } = arena;
      const start = input + what.history.length;
      const end = start + what.input.length;
      bytes.set(what.history, input);
      bytes.set(what.input, start);
      const position = encodeIn(arena, start, end, input, output, output + what.room);
      checkKept(bytes, input, what.history);
      checkKept(bytes, start, what.input);
      if (position > output + what.room) throw new Error(`ended at ${position}, beyond its room`);
      const block = bytes.slice(output, Math.max(output, position));
      held.fill(input, end);
      held.fill(output, output + what.room);
      held.fill(TABLE, ARENA_START);
      return { result: position < 0 ? position : position - output, bytes: block };
    });
  }
}

/** As the specification has it, one byte at a time, and with the answer that a decoder of the kernel gives. */
export function naiveDecode({ block, history, room }: DecodeCase): Outcome {
  const out = [...history];
  const limit = history.length + room;
  let at = 0;
  let sequence = 0;
  const broken = Symbol();
  const take = () => {
    if (at >= block.length) throw broken;
    return block[at++]!;
  };
  const put = (byte: number | undefined) => {
    if (out.length >= limit || byte === undefined) throw broken;
    out.push(byte);
  };
  const rest = (nibble: number) => {
    let length = nibble;
    if (nibble === 15) for (let more = 255; more === 255; length += more) more = take();
    return length;
  };
  try {
    for (;;) {
      sequence = at;
      const token = take();
      for (let literals = rest(token >> 4); literals > 0; literals--) put(take());
      if (at === block.length)
        return { result: out.length - history.length, bytes: Uint8Array.from(out.slice(history.length)) };
      const offset = take() + 256 * take();
      if (offset === 0) throw broken;
      for (let length = rest(token & 15) + 4; length > 0; length--) put(out[out.length - offset]);
    }
  } catch (error) {
    if (error !== broken) throw error;
    return { result: ~sequence, bytes: new Uint8Array(0) };
  }
}

export function checkNaive(what: DecodeCase, outcome: Outcome): void {
  checkEqual("kernel and specification", outcome, naiveDecode(what));
}

/** How many bytes a block decodes to, up to the end of its last sequence that is whole. */
export function decodedSize(block: Uint8Array): number {
  let at = 0;
  let size = 0;
  const rest = (nibble: number) => {
    let length = nibble;
    if (nibble === 15) for (let more = 255; more === 255; length += more) more = block[at++] ?? 0;
    return length;
  };
  while (at < block.length) {
    const token = block[at++]!;
    const literals = rest(token >> 4);
    at += literals;
    if (at > block.length) break;
    size += literals;
    at += 2;
    if (at > block.length) break;
    const match = rest(token & 15) + 4;
    if (at > block.length) break;
    size += match;
  }
  return size;
}

/** Writes a sequence; without an offset, the last one. */
export function writeSequence(out: number[], literals: ArrayLike<number>, offset?: number, match = 4): void {
  const writeRest = (length: number) => {
    if (length < 15) return;
    for (length -= 15; length >= 255; length -= 255) out.push(255);
    out.push(length);
  };
  const low = offset === undefined ? 0 : Math.min(match - 4, 15);
  out.push((Math.min(literals.length, 15) << 4) | low);
  writeRest(literals.length);
  for (let i = 0; i < literals.length; i++) out.push(literals[i]!);
  if (offset === undefined) return;
  out.push(offset & 255, offset >> 8);
  writeRest(match - 4);
}

/** `input` as a block of lz4js; undefined when that finds no match. */
export function lz4jsBlock(input: Uint8Array): Uint8Array | undefined {
  const output = new Uint8Array(input.length + Math.ceil(input.length / 255) + 16);
  const size = lz4js.compressBlock(input, output, 0, input.length, new Uint32Array(65536));
  return size === 0 ? undefined : output.slice(0, size);
}

/** Few different bytes: many short matches. */
export function sparseBytes(size: number, symbols: number, seed: number): Uint8Array {
  const next = random(seed);
  return Uint8Array.from({ length: size }, () => next(symbols));
}
