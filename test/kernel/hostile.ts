/** Blocks that no encoder makes, and blocks that one made and something changed. Each from its seed alone. */

import { encodeBlock } from "../../src/kernel/index.ts";
import { compressBlockBound } from "../../src/lz4/index.ts";
import { mixedBytes, random, randomBytes, textBytes } from "../lz4/helpers.ts";
import {
  type DecodeCase,
  decodedSize,
  type EncodeCase,
  lz4jsBlock,
  type Next,
  sparseBytes,
  writeSequence,
} from "./helpers.ts";

const HISTORY = randomBytes(70_000, 77);
const NOISE = randomBytes(4096, 78);
const LARGEST_ROOM = 80_000;
const LARGEST_BLOCK = 8192;
/** Any of these blocks, its history and its room are below this. */
export const LARGEST_CASE = LARGEST_BLOCK + HISTORY.length + LARGEST_ROOM;

const pick = <T>(next: Next, from: readonly T[]): T => from[next(from.length)]!;
const noise = (next: Next, size: number) => {
  const at = next(NOISE.length - size + 1);
  return NOISE.subarray(at, at + size);
};

function historySize(next: Next): number {
  switch (next(16)) {
    case 0:
    case 1:
    case 2:
      return 1 + next(20);
    case 3:
    case 4:
      return next(700);
    case 5:
      return pick(next, [65534, 65535, 65536, 65537, 70_000]);
    default:
      return 0;
  }
}

/** Around each length at which the decoders take another way. */
const TURNS = [14, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 269, 270, 271, 511, 512, 513, 524, 525];

function literalLength(next: Next): number {
  const kind = next(24);
  if (kind < 16) return next(15);
  if (kind < 19) return 0;
  if (kind < 22) return pick(next, TURNS);
  return next(700);
}

function matchLength(next: Next): number {
  const kind = next(32);
  if (kind < 20) return 4 + next(15);
  if (kind < 24) return 19 + next(40);
  if (kind < 28) return 4 + pick(next, TURNS);
  if (kind < 31) return 19 + 255 * next(8) + pick(next, [0, 1, 253, 254, next(255)]);
  return 19 + 255 * next(300) + next(255);
}

/** `reach`: what lies before; `match`: how long it is. One in 30 is wrong. */
function matchOffset(next: Next, reach: number, match: number): number {
  switch (next(60)) {
    case 0:
      return 0;
    case 1:
      return Math.min(reach + 1, 65535);
  }
  const offset = [
    () => 1,
    () => 1 + next(8),
    () => 1 + next(20),
    () => pick(next, [3, 4, 5, 7, 8, 9, 15, 16, 17]),
    () => 1 + next(reach),
    () => reach - next(3),
    () => reach,
    () => 65535 - next(3),
    () => match + 1 - next(3),
  ][next(9)]!();
  return Math.max(1, Math.min(offset, reach, 65535));
}

/** Sequences, mostly sound. */
function tokenStream(next: Next, history: number): number[] {
  const out: number[] = [];
  let size = 0;
  for (let left = next(6) === 0 ? next(60) : next(10); left > 0; left--) {
    const literals = history + size === 0 ? 1 + next(20) : literalLength(next);
    const match = matchLength(next);
    size += literals;
    writeSequence(out, noise(next, literals), matchOffset(next, history + size, match), match);
    size += match;
  }
  switch (next(16)) {
    case 0: // ends with its match
      break;
    case 1: // a literal length that goes on
      out.push(0xf0 | next(16));
      for (let left = next(40); left > 0; left--) out.push(255);
      break;
    case 2: // a match length that goes on
      out.push(0x0f, 1, 0);
      for (let left = next(40); left > 0; left--) out.push(255);
      break;
    default:
      writeSequence(out, noise(next, literalLength(next)));
  }
  return out;
}

export function encoded(input: Uint8Array, history: Uint8Array = new Uint8Array(0)): Uint8Array {
  const source = new Uint8Array(history.length + input.length);
  source.set(history);
  source.set(input, history.length);
  const output = new Uint8Array(compressBlockBound(input.length));
  return output.slice(0, encodeBlock(source, history.length, source.length, 0, output, 0, output.length));
}

/** Sound blocks: of this encoder, without history and with, of lz4js, and of no encoder. Made when first asked for. */
let sound: { block: Uint8Array; history: number }[] | undefined;

function makeSound(): { block: Uint8Array; history: number }[] {
  const blocks: { block: Uint8Array; history: number }[] = [];
  for (let seed = 0; seed < 60; seed++) {
    const next = random(seed + 1000);
    const size = next(5) === 0 ? next(6000) : next(700);
    const input = pick(next, [mixedBytes, textBytes])(size, seed);
    blocks.push({ block: encoded(input), history: 0 });
    const block = lz4jsBlock(input);
    if (block) blocks.push({ block, history: 0 });
    const history = 1 + historySize(next);
    const linked = input.slice();
    if (size > 40) linked.set(HISTORY.subarray(history >> 1, (history >> 1) + 30), size >> 1);
    blocks.push({ block: encoded(linked, HISTORY.subarray(0, history)), history });
  }
  return blocks.filter(({ block }) => block.length <= LARGEST_BLOCK / 2);
}

function changed(next: Next, block: Uint8Array, other: Uint8Array): Uint8Array {
  const at = next(block.length + 1);
  const to = Math.min(block.length, at + next(1 + pick(next, [3, 20, 200])));
  const replaced = (middle: Uint8Array, end = to) =>
    Uint8Array.from([...block.subarray(0, at), ...middle, ...block.subarray(end)]);
  switch (next(9)) {
    case 0:
    case 1:
      return replaced(Uint8Array.of((block[at] ?? 0) ^ (1 << next(8))), at + 1);
    case 2:
      return replaced(Uint8Array.of(pick(next, [0, 1, 15, 16, 240, 254, 255, next(256)])), at + 1);
    case 3: // the end
      return block.slice(0, at);
    case 4: // the beginning
      return block.slice(at);
    case 5: // from the middle
      return replaced(new Uint8Array(0));
    case 6: // more of it
      return replaced(noise(next, next(20)), at);
    case 7: // twice
      return replaced(block.subarray(at, to), at);
    default:
      return Uint8Array.from([...block.subarray(0, at), ...other.subarray(next(other.length + 1))]);
  }
}

/** Near what the block asks for, mostly. */
function roomFor(next: Next, size: number): number {
  const room = [
    () => size,
    () => size,
    () => size - 1 - next(3),
    () => size + next(90),
    () => size - next(90),
    () => next(size + 1),
    () => next(30),
    () => size + next(4000),
  ][next(8)]!();
  return Math.max(0, Math.min(room, LARGEST_ROOM));
}

export interface HostileBlock extends DecodeCase {
  kind: "noise" | "tokens" | "changed";
}

export function hostileBlock(next: Next): HostileBlock {
  const kind = pick(next, ["noise", "tokens", "tokens", "tokens", "changed", "changed", "changed"] as const);
  let history = historySize(next);
  let block: Uint8Array;
  if (kind === "noise") {
    block = noise(next, next(4) === 0 ? next(700) : next(60));
  } else if (kind === "tokens") {
    block = Uint8Array.from(tokenStream(next, history));
  } else {
    sound ??= makeSound();
    const from = pick(next, sound);
    if (next(4) !== 0) history = from.history;
    block = from.block;
    for (let left = next(4); left > 0; left--) block = changed(next, block, pick(next, sound).block);
  }
  block = block.subarray(0, LARGEST_BLOCK);
  return { kind, block, history: HISTORY.subarray(0, history), room: roomFor(next, decodedSize(block)) };
}

/** What an encoder may be given, with any room. */
export function anyInput(next: Next): EncodeCase {
  const seed = next(2 ** 31);
  const history = historySize(next);
  const size = pick(next, [
    next(40),
    next(40),
    next(400),
    next(400),
    next(3000),
    next(100) === 0 ? 80_000 : 0,
  ]);
  const all = [
    () => mixedBytes(history + size, seed),
    () => sparseBytes(history + size, 2 + next(4), seed),
    () => textBytes(history + size, seed),
    () => {
      const bytes = HISTORY.slice(0, Math.min(HISTORY.length, history + size));
      for (let left = next(20); left > 0; left--) {
        bytes.copyWithin(next(bytes.length), next(bytes.length), next(bytes.length));
      }
      return bytes;
    },
  ][next(4)]!();
  const at = Math.min(history, all.length);
  const input = all.subarray(at);
  const bound = compressBlockBound(input.length);
  const room = pick(next, [bound, bound, bound - 16, next(bound + 1), next(bound + 1), bound + next(100)]);
  return { input, history: all.subarray(0, at), room: Math.max(0, room) };
}
