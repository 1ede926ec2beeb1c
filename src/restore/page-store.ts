/**
 * The newest version of each page that the WAL brought: in memory up to a budget, past it in a spill.
 *
 * A page is in a slot of the memory, or at a place in the spill, or both; then the slot is newer. A sweep over the slots
 * makes room when they are all taken, a piece at a time: pages that have a place are written over there, the others
 * appended in the order of their numbers. The next sweep begins where this one ends. So the memory stays full, the
 * spill is no larger than the pages that it holds, and a reader who asks for pages in order, as a restore does, reads
 * what each sweep appended from its beginning to its end, in large pieces.
 *
 * What a page costs besides is the 4 bytes that tell where it is.
 */

import { WalkitError } from "../errors.ts";
import { PageMap } from "../replay/page-map.ts";

/** Bytes that do not fit into memory: a temporary file, an OPFS handle. Positions are its own, from 0. */
export interface Spill {
  write(data: Uint8Array, position: number): void;
  read(into: Uint8Array, position: number): void;
  close(): void;
}

/** Memory is taken in blocks of this size, as pages come. */
const BLOCK = 1 << 20;
/** So much room is made at a time; where places lie side by side, in one write. */
const PIECE = 1 << 20;
/** The spill is read in pieces of up to this size, one for each sweep, of this many bytes in all. */
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
  /** Where each page is: slot * 2 + 1 in memory, (place + 1) * 2 in the spill, which holds less than 2^31 pages. */
  readonly #where = new PageMap();
  /** Of each slot that was ever taken: its page, 0 in a free one; and that page's place + 1, 0 where it has none. */
  readonly #pages: number[] = [];
  readonly #placed: number[] = [];
  readonly #freeSlots: number[] = [];
  readonly #blocks: Uint8Array[] = [];
  readonly #slotsPerBlock: number;
  #spill: Spill | undefined;
  #placeCount = 0;
  readonly #freePlaces: number[] = [];
  /** Pages that the sweep under way goes over, of which `#swept` are done. */
  #sweep = new Uint32Array(0);
  #swept = 0;
  #piece: Uint8Array | undefined;
  /** The first place that each sweep appended, ascending, and what was read there last. */
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
    return this.#where.get(page) !== 0;
  }

  /** Takes a copy of `data` as the newest version of `page` (numbered from 1). */
  set(page: number, data: Uint8Array): void {
    const where = this.#where.get(page);
    let slot = where >>> 1;
    if ((where & 1) === 0) {
      slot = this.#takeSlot();
      if (where === 0) this.#count++;
      if (page > this.#highest) this.#highest = page;
      this.#pages[slot] = page;
      this.#placed[slot] = where >>> 1;
      this.#where.set(page, slot * 2 + 1);
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
    this.#where.truncate(count, (where) => {
      let placed = where >>> 1;
      if (where & 1) {
        const slot = where >>> 1;
        placed = this.#placed[slot]!;
        this.#pages[slot] = 0;
        this.#freeSlots.push(slot);
      }
      if (placed > 0) this.#freePlaces.push(placed - 1);
      this.#count--;
    });
    this.#highest = count;
  }

  close(): void {
    this.#spill?.close();
    this.#spill = undefined;
    this.#where.clear();
    this.#blocks.length = 0;
    this.#windows = [];
  }

  #find(page: number): Uint8Array | undefined {
    const where = this.#where.get(page);
    if (where === 0) return undefined;
    return where & 1 ? this.#memory(where >>> 1) : this.#read((where >>> 1) - 1);
  }

  #memory(slot: number): Uint8Array {
    const at = (slot % this.#slotsPerBlock) * this.pageSize;
    return this.#blocks[Math.floor(slot / this.#slotsPerBlock)]!.subarray(at, at + this.pageSize);
  }

  #takeSlot(): number {
    if (this.#freeSlots.length === 0) {
      if (this.#pages.length < this.#memorySlots) return this.#pages.length;
      this.#makeRoom();
    }
    return this.#freeSlots.pop()!;
  }

  /** With all slots taken: sweeps on until a piece of them is empty. */
  #makeRoom(): void {
    if (!this.#openSpill) {
      throw new WalkitError(
        "restore/memory-budget",
        `Expected the pages changed by the WAL to fit into ${this.#memorySlots * this.pageSize} bytes, found more`,
      );
    }
    this.#spill ??= this.#openSpill();
    this.#windows = [];
    const { pageSize } = this;
    const piece = (this.#piece ??= new Uint8Array(Math.max(1, Math.floor(PIECE / pageSize)) * pageSize));
    let filled = 0;
    let next = 0;
    const flush = () => {
      if (filled > 0) this.#spill!.write(piece.subarray(0, filled), next * pageSize - filled);
      filled = 0;
    };
    for (let room = 0; room < piece.length; ) {
      if (this.#swept === this.#sweep.length) {
        if (room > 0) break;
        this.#beginSweep();
      }
      const page = this.#sweep[this.#swept++]!;
      const where = this.#where.get(page);
      // It was cut off meanwhile.
      if ((where & 1) === 0) continue;
      const slot = where >>> 1;
      const placed = this.#placed[slot]!;
      const place = placed > 0 ? placed - 1 : (this.#freePlaces.pop() ?? this.#placeCount++);
      if (place !== next) flush();
      piece.set(this.#memory(slot), filled);
      filled += pageSize;
      room += pageSize;
      next = place + 1;
      this.#where.set(page, next * 2);
      this.#pages[slot] = 0;
      this.#freeSlots.push(slot);
    }
    flush();
  }

  /** With all slots taken: their pages, those with a place first, as places ascend, then the others as they do. */
  #beginSweep(): void {
    const slots = this.#pages.length;
    const placed = new Float64Array(slots);
    const fresh = new Uint32Array(slots);
    let [placedCount, freshCount] = [0, 0];
    for (let slot = 0; slot < slots; slot++) {
      const place = this.#placed[slot]!;
      // Both in one number, to sort by place: they are counts of pages, so it stays below 2^53.
      if (place > 0) placed[placedCount++] = place * slots + slot;
      else fresh[freshCount++] = this.#pages[slot]!;
    }
    const keys = placed.subarray(0, placedCount).sort();
    this.#sweep = new Uint32Array(slots);
    for (let i = 0; i < placedCount; i++) this.#sweep[i] = this.#pages[keys[i]! % slots]!;
    this.#sweep.set(fresh.subarray(0, freshCount).sort(), placedCount);
    this.#swept = 0;
    if (this.#runs.at(-1) !== this.#placeCount) this.#runs.push(this.#placeCount);
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
