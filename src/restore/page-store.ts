/**
 * The newest version of each page that the WAL brought: in memory up to a budget, past it in a spill.
 *
 * A page is in a slot of the memory, or at a place in the spill, or both; then the slot is newer. When a page finds all slots
 * taken, every slot is emptied into the spill at once: pages that have a place there are written over, the others appended
 * in the order of their numbers. So the spill is no larger than the pages that it holds, and a reader who asks for
 * pages in order, as a restore does, reads each of these runs from its beginning to its end, in large pieces.
 *
 * Slots and places stand in small tables of 64 pages: a few bytes a changed page in a database of any size, and less than
 * a page each where hostile page numbers lie far apart.
 */

import { WalkitError } from "../errors.ts";

/** Bytes that do not fit into memory: a temporary file, an OPFS handle. Positions are its own, from 0. */
export interface Spill {
  write(data: Uint8Array, position: number): void;
  read(into: Uint8Array, position: number): void;
  close(): void;
}

const TABLE = 64;
/** Memory is taken in blocks of this size, as pages come. */
const BLOCK = 1 << 20;
/** The spill is written in pieces of this size where pages lie side by side. */
const PIECE = 1 << 20;
/** The spill is read in pieces of up to this size, one for each run, of this many bytes in all. */
const WINDOW = 1 << 18;
const WINDOWS = 1 << 22;

/** Of 64 pages: slot + 1, place + 1; 0 where there is none. */
interface Table {
  slots: Uint32Array;
  places: Uint32Array | undefined;
}

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
  readonly #tables = new Map<number, Table>();
  readonly #blocks: Uint8Array[] = [];
  readonly #slotsPerBlock: number;
  /** The page in each slot; 0: none any more. */
  readonly #pages: number[] = [];
  readonly #freeSlots: number[] = [];
  #spill: Spill | undefined;
  #places = 0;
  readonly #freePlaces: number[] = [];
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
    const table = this.#tables.get(Math.floor(page / TABLE));
    return table !== undefined && holds(table, page % TABLE);
  }

  /** Takes a copy of `data` as the newest version of `page` (numbered from 1). */
  set(page: number, data: Uint8Array): void {
    const table = this.#table(page);
    const at = page % TABLE;
    let slot = table.slots[at]! - 1;
    if (slot < 0) {
      if (!holds(table, at)) {
        this.#count++;
        if (page > this.#highest) this.#highest = page;
      }
      if (this.#freeSlots.length === 0 && this.#pages.length === this.#memorySlots) this.#flush();
      slot = this.#freeSlots.pop() ?? this.#pages.length;
      this.#pages[slot] = page;
      table.slots[at] = slot + 1;
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
    for (let page = first; page <= last; ) {
      const number = Math.floor(page / TABLE);
      const table = this.#tables.get(number);
      const end = Math.min(last, number * TABLE + TABLE - 1);
      if (table === undefined) page = end + 1;
      else {
        for (; page <= end; page++) {
          const bytes = this.#find(table, page % TABLE);
          if (bytes === undefined) continue;
          into.set(bytes, (page - first) * this.pageSize);
          copied++;
        }
      }
    }
    return copied;
  }

  /** Drops every page past `count`: the database has become that short. */
  truncate(count: number): void {
    if (this.#highest <= count) return;
    for (const [number, table] of this.#tables) {
      const first = number * TABLE;
      if (first + TABLE - 1 <= count) continue;
      for (let at = Math.max(0, count + 1 - first); at < TABLE; at++) {
        if (!holds(table, at)) continue;
        this.#count--;
        const slot = table.slots[at]! - 1;
        if (slot >= 0) {
          this.#freeSlots.push(slot);
          this.#pages[slot] = 0;
          table.slots[at] = 0;
        }
        const place = (table.places?.[at] ?? 0) - 1;
        if (place >= 0) {
          this.#freePlaces.push(place);
          table.places![at] = 0;
        }
      }
      if (first > count) this.#tables.delete(number);
    }
    this.#highest = count;
  }

  close(): void {
    this.#spill?.close();
    this.#spill = undefined;
    this.#tables.clear();
    this.#blocks.length = 0;
    this.#windows = [];
  }

  #table(page: number): Table {
    const number = Math.floor(page / TABLE);
    let table = this.#tables.get(number);
    if (!table) this.#tables.set(number, (table = { slots: new Uint32Array(TABLE), places: undefined }));
    return table;
  }

  #find(table: Table, at: number): Uint8Array | undefined {
    const slot = table.slots[at]! - 1;
    if (slot >= 0) return this.#memory(slot);
    const place = (table.places?.[at] ?? 0) - 1;
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
    const pages = Float64Array.from(this.#pages).sort();
    const start = this.#places;
    // Place and slot in one number, to sort by place: places and slots are counts of pages, so it stays below 2^53.
    const moves = new Float64Array(pages.length);
    for (const [i, page] of pages.entries()) {
      const table = this.#tables.get(Math.floor(page / TABLE))!;
      const at = page % TABLE;
      table.places ??= new Uint32Array(TABLE);
      const place =
        table.places[at]! - 1 >= 0 ? table.places[at]! - 1 : (this.#freePlaces.pop() ?? this.#places++);
      moves[i] = place * this.#memorySlots + table.slots[at]! - 1;
      table.places[at] = place + 1;
      table.slots[at] = 0;
    }
    if (this.#places > start) this.#runs.push(start);
    this.#write(moves.sort());
    this.#pages.length = 0;
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
    let run = this.#runs.length - 1;
    while (this.#runs[run]! > place) run--;
    let window = this.#windows[run];
    if (!window) {
      const size = Math.min(WINDOW, WINDOWS / this.#runs.length);
      const bytes = new Uint8Array(Math.max(1, Math.floor(size / pageSize)) * pageSize);
      this.#windows[run] = window = { bytes, from: 0, to: 0 };
    }
    if (place < window.from || place >= window.to) {
      const end = this.#runs[run + 1] ?? this.#places;
      window.from = place;
      window.to = Math.min(end, place + window.bytes.length / pageSize);
      this.#spill!.read(window.bytes.subarray(0, (window.to - place) * pageSize), place * pageSize);
    }
    const at = (place - window.from) * pageSize;
    return window.bytes.subarray(at, at + pageSize);
  }
}

function holds({ slots, places }: Table, at: number): boolean {
  return slots[at] !== 0 || (places !== undefined && places[at] !== 0);
}
