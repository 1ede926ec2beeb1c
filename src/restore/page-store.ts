/**
 * The newest version of each page that the WAL brought: in memory up to a budget, past it in a spill.
 *
 * A page is in a slot of the memory, or at a place in the spill, or both; then the slot is newer. When a page finds all slots
 * taken, every slot is emptied into the spill at once: pages that have a place there are written over, the others appended
 * in the order of their numbers. So the spill is no larger than the pages that it holds, and a reader who asks for
 * pages in order, as a restore does, reads each of these runs from its beginning to its end, in large pieces.
 *
 * What a page costs besides is the 4 bytes that tell its place.
 */

import { WalkitError } from "../errors.ts";
import { MaxHeap } from "../replay/max-heap.ts";
import { PageMap } from "../replay/page-map.ts";

/** Bytes that do not fit into memory: a temporary file, an OPFS handle. Positions are its own, from 0. */
export interface Spill {
  write(data: Uint8Array, position: number): void;
  read(into: Uint8Array, position: number): void;
  close(): void;
}

/** Memory is taken in blocks of this size, as pages come. */
const BLOCK = 1 << 20;
/** The spill is written in pieces of this size where pages lie side by side. */
const PIECE = 1 << 20;
/** The spill is read in pieces of up to this size, one for each run, of this many bytes in all. */
const WINDOW = 1 << 18;
const WINDOWS = 1 << 22;

/** A part of the spill that was read: places from `from` to `to`. */
interface Window {
  bytes: Uint8Array;
  from: number;
  to: number;
}

export class PageStore {
  readonly pageSize: number;
  readonly #memorySlots: number;
  readonly #openSpill: (() => Spill) | undefined;
  /**
   * The slots of the pages in memory, and -1 for pages that were cut off: V8 takes 20 µs to delete one of 100,000 and set it
   * again, and a database may shrink with every commit.
   */
  readonly #slots = new Map<number, number>();
  readonly #inMemory = new MaxHeap();
  #slotCount = 0;
  /** Place + 1 of each page in the spill. */
  readonly #places = new PageMap();
  #placeCount = 0;
  readonly #freePlaces: number[] = [];
  readonly #blocks: Uint8Array[] = [];
  readonly #slotsPerBlock: number;
  readonly #freeSlots: number[] = [];
  #spill: Spill | undefined;
  /** The first place of each run, ascending, and what was read of it last. */
  readonly #runs: number[] = [];
  #windows: Window[] = [];
  #count = 0;
  #highest = 0;

  /** `budget` is the memory for pages, in bytes. */
  constructor(pageSize: number, budget: number, openSpill?: () => Spill) {
    this.pageSize = pageSize;
    this.#openSpill = openSpill;
    this.#slotsPerBlock = Math.max(1, Math.floor(BLOCK / pageSize));
    this.#memorySlots = Math.max(1, Math.floor(budget / pageSize));
  }

  /** Pages held. */
  get count(): number {
    return this.#count;
  }

  get spilled(): boolean {
    return this.#spill !== undefined;
  }

  has(page: number): boolean {
    return this.#slotOf(page) >= 0 || this.#places.get(page) !== 0;
  }

  /** Takes a copy of `data` as the newest version of `page` (numbered from 1). */
  set(page: number, data: Uint8Array): void {
    let slot = this.#slotOf(page);
    if (slot < 0) {
      if (this.#places.get(page) === 0) {
        this.#count++;
        if (page > this.#highest) this.#highest = page;
      }
      if (this.#freeSlots.length === 0 && this.#slotCount === this.#memorySlots) this.#flush();
      slot = this.#freeSlots.pop() ?? this.#slotCount++;
      this.#slots.set(page, slot);
      this.#inMemory.push(page);
    }
    const number = Math.floor(slot / this.#slotsPerBlock);
    const block = (this.#blocks[number] ??= new Uint8Array(this.#slotsPerBlock * this.pageSize));
    block.set(data, (slot % this.#slotsPerBlock) * this.pageSize);
  }

  /** Copies the newest version of `page` into `into`; false where it did not come. */
  get(page: number, into: Uint8Array): boolean {
    return this.overlay(page, page, into) > 0;
  }

  /**
   * Copies the newest versions of the pages from `first` to `last` that it holds into `into`, which begins with page
   * `first`; returns how many these are.
   */
  overlay(first: number, last: number, into: Uint8Array): number {
    let copied = 0;
    for (let page = first; page <= last; page++) {
      const bytes = this.#find(page);
      if (bytes === undefined) continue;
      into.set(bytes, (page - first) * this.pageSize);
      copied++;
    }
    return copied;
  }

  /** Drops every page past `count`: the database has become that short. */
  truncate(count: number): void {
    if (this.#highest <= count) return;
    while (this.#inMemory.max > count) {
      const page = this.#inMemory.pop();
      this.#freeSlots.push(this.#slots.get(page)!);
      this.#slots.set(page, -1);
      if (this.#places.get(page) === 0) this.#count--;
    }
    this.#places.truncate(count, (value) => {
      this.#freePlaces.push(value - 1);
      this.#count--;
    });
    this.#highest = count;
  }

  close(): void {
    this.#spill?.close();
    this.#spill = undefined;
    this.#slots.clear();
    this.#places.clear();
    this.#blocks.length = 0;
    this.#windows = [];
  }

  #slotOf(page: number): number {
    return this.#slots.get(page) ?? -1;
  }

  #find(page: number): Uint8Array | undefined {
    const slot = this.#slotOf(page);
    if (slot >= 0) return this.#memory(slot);
    const place = this.#places.get(page) - 1;
    return place >= 0 ? this.#read(place) : undefined;
  }

  #memory(slot: number): Uint8Array {
    const at = (slot % this.#slotsPerBlock) * this.pageSize;
    return this.#blocks[Math.floor(slot / this.#slotsPerBlock)]!.subarray(at, at + this.pageSize);
  }

  /** Empties all slots into the spill. */
  #flush(): void {
    if (!this.#openSpill) {
      throw new WalkitError(
        "restore/memory-budget",
        `Expected the pages changed by the WAL to fit into ${this.#memorySlots * this.pageSize} bytes, found more`,
      );
    }
    this.#spill ??= this.#openSpill();
    this.#windows = [];
    // All slots are taken, so there are as many pages.
    const pages = new Float64Array(this.#slotCount);
    let count = 0;
    for (const [page, slot] of this.#slots) if (slot >= 0) pages[count++] = page;
    pages.sort();
    const start = this.#placeCount;
    // Place and slot in one number, to sort by place: places and slots are counts of pages, so it stays below 2^53.
    const moves = new Float64Array(pages.length);
    for (const [i, page] of pages.entries()) {
      let place = this.#places.get(page) - 1;
      if (place < 0) {
        place = this.#freePlaces.pop() ?? this.#placeCount++;
        this.#places.set(page, place + 1);
      }
      moves[i] = place * this.#memorySlots + this.#slots.get(page)!;
    }
    if (this.#placeCount > start) this.#runs.push(start);
    this.#write(moves.sort());
    this.#slots.clear();
    this.#inMemory.clear();
    this.#slotCount = 0;
  }

  #write(moves: Float64Array): void {
    const { pageSize } = this;
    const piece = new Uint8Array(Math.max(1, Math.floor(PIECE / pageSize)) * pageSize);
    let filled = 0;
    let next = 0;
    const flush = () => {
      if (filled > 0) this.#spill!.write(piece.subarray(0, filled), next * pageSize - filled);
      filled = 0;
    };
    for (const move of moves) {
      const place = Math.floor(move / this.#memorySlots);
      if (place !== next || filled === piece.length) flush();
      piece.set(this.#memory(move % this.#memorySlots), filled);
      filled += pageSize;
      next = place + 1;
    }
    flush();
  }

  #read(place: number): Uint8Array {
    const { pageSize } = this;
    let run = 0;
    for (let end = this.#runs.length; run + 1 < end; ) {
      const middle = (run + end) >> 1;
      if (this.#runs[middle]! <= place) run = middle;
      else end = middle;
    }
    let window = this.#windows[run];
    if (!window) {
      const size = Math.min(WINDOW, WINDOWS / this.#runs.length);
      const bytes = new Uint8Array(Math.max(1, Math.floor(size / pageSize)) * pageSize);
      this.#windows[run] = window = { bytes, from: 0, to: 0 };
    }
    if (place < window.from || place >= window.to) {
      const end = this.#runs[run + 1] ?? this.#placeCount;
      window.from = place;
      window.to = Math.min(end, place + window.bytes.length / pageSize);
      this.#spill!.read(window.bytes.subarray(0, (window.to - place) * pageSize), place * pageSize);
    }
    const at = (place - window.from) * pageSize;
    return window.bytes.subarray(at, at + pageSize);
  }
}
