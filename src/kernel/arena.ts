/**
 * Arenas: memory with the hot loops over it.
 *
 * WebAssembly sees no memory but its own, so whoever wants its speed brings the bytes there first. An arena is such a
 * memory, with the kernel's functions over positions in it; where WebAssembly is not allowed (a page's content security
 * policy) or lacks SIMD, it is a plain array with their twins in TypeScript over it. Which of the two it is makes no
 * difference to any result.
 *
 * Each arena has an instance of the kernel to itself: a block from a hostile file can reach no bytes but its own, even if
 * the bounds that the kernel checks had a hole.
 */

import { crc64 } from "./crc64.ts";
import { decodeBlock } from "./lz4-decode.ts";
import { walChecksum } from "./wal-checksum.ts";
import { KERNEL } from "./wasm.ts";
import { stripes } from "./xxhash32.ts";

/** Positions are byte offsets in `bytes`, from {@link ARENA_START} on. What each function does is said by its twin. */
export interface Arena {
  /** All of its memory. Another array after {@link Arena.reserve}. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Sees that positions below `end` are there. What lies in the arena stays; views of it are void. */
  reserve(end: number): void;
  decodeBlock(s: number, sEnd: number, low: number, d: number, dEnd: number): number;
  /** Only of the kernel: with {@link encodeIn} the twin is loaded where something is encoded, and nowhere else. */
  encodeBlock?(start: number, end: number, history: number, d: number, dEnd: number): number;
  stripes(lanes: Int32Array, start: number, end: number): void;
  walChecksum(sums: Int32Array, start: number, end: number, bigEndian: boolean): void;
  crc64(crc: Int32Array, start: number, end: number): void;
}

/* Below the caller's part: a few words to hand over, the tables of CRC-64 (32 KiB), the encoder's table (64 KiB). */
const WORDS = 0;
const CRC_TABLES = 1024;
const HASH_TABLE = 65536;
/** Where the caller's part of an arena begins. */
export const ARENA_START = 131072;
const WASM_PAGE = 65536;

interface Exports {
  decodeBlock(s: number, sEnd: number, low: number, d: number, dEnd: number): number;
  encodeBlock(start: number, end: number, history: number, d: number, dEnd: number, table: number): number;
  stripes(lanes: number, start: number, end: number): void;
  walChecksum(sums: number, start: number, end: number, bigEndian: boolean): void;
  crc64(crc: number, start: number, end: number, tables: number): void;
}

class CompiledArena implements Arena {
  readonly #memory: WebAssembly.Memory;
  readonly #kernel: Exports;
  bytes: Uint8Array<ArrayBuffer>;
  #words: Int32Array;

  constructor(module: WebAssembly.Module, size: number) {
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil(Math.max(size, ARENA_START) / WASM_PAGE) });
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.#kernel = exports as unknown as Exports;
    this.bytes = new Uint8Array(this.#memory.buffer);
    this.#words = new Int32Array(this.#memory.buffer, WORDS, 4);
  }

  reserve(end: number): void {
    const missing = end - this.bytes.length;
    if (missing <= 0) return;
    this.#memory.grow(Math.ceil(missing / WASM_PAGE));
    this.bytes = new Uint8Array(this.#memory.buffer);
    this.#words = new Int32Array(this.#memory.buffer, WORDS, 4);
  }

  decodeBlock(s: number, sEnd: number, low: number, d: number, dEnd: number): number {
    return this.#kernel.decodeBlock(s, sEnd, low, d, dEnd);
  }

  encodeBlock(start: number, end: number, history: number, d: number, dEnd: number): number {
    return this.#kernel.encodeBlock(start, end, history, d, dEnd, HASH_TABLE);
  }

  stripes(lanes: Int32Array, start: number, end: number): void {
    this.#words.set(lanes);
    this.#kernel.stripes(WORDS, start, end);
    lanes.set(this.#words);
  }

  walChecksum(sums: Int32Array, start: number, end: number, bigEndian: boolean): void {
    this.#words.set(sums);
    this.#kernel.walChecksum(WORDS, start, end, bigEndian);
    sums[0] = this.#words[0]!;
    sums[1] = this.#words[1]!;
  }

  crc64(crc: Int32Array, start: number, end: number): void {
    this.#words.set(crc);
    this.#kernel.crc64(WORDS, start, end, CRC_TABLES);
    crc[0] = this.#words[0]!;
    crc[1] = this.#words[1]!;
  }
}

class PlainArena implements Arena {
  bytes: Uint8Array<ArrayBuffer>;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  reserve(end: number): void {
    if (end <= this.bytes.length) return;
    const larger = new Uint8Array(end);
    larger.set(this.bytes);
    this.bytes = larger;
  }

  decodeBlock(s: number, sEnd: number, low: number, d: number, dEnd: number): number {
    return decodeBlock(this.bytes, s, sEnd, this.bytes, low, d, dEnd);
  }

  stripes(lanes: Int32Array, start: number, end: number): void {
    stripes(lanes, this.bytes, start, end);
  }

  walChecksum(sums: Int32Array, start: number, end: number, bigEndian: boolean): void {
    walChecksum(sums, this.bytes, start, end, bigEndian);
  }

  crc64(crc: Int32Array, start: number, end: number): void {
    crc64(crc, this.bytes, start, end);
  }
}

/** Compiled once, when the first arena is opened; null where that cannot be. */
let compiled: WebAssembly.Module | null | undefined;

function compile(): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(Uint8Array.from(atob(KERNEL), (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
}

/** An arena with positions up to `end`: the kernel's where there can be one. */
export function openArena(end: number): Arena {
  if (compiled === undefined) compiled = compile();
  if (compiled) {
    try {
      return new CompiledArena(compiled, end);
    } catch {
      // No more address space for WebAssembly's memories, of which engines allow some hundreds.
    }
  }
  return openPlainArena(end);
}

/** An arena of TypeScript alone. */
export function openPlainArena(end: number): Arena {
  return new PlainArena(end);
}

/** Whether arenas have the kernel here. */
export function hasKernel(): boolean {
  return openArena(0) instanceof CompiledArena;
}
