/**
 * The newest version of each page that the WAL brought: in memory up to a budget, past it in a spill.
 *
 * A page lives in a slot. Slots are numbered in the order in which pages first came; the first ones are in memory, the
 * rest in the spill at `(slot - slots in memory) * pageSize`. Which slot a page has stands in small tables of 64 pages:
 * a few bytes a changed page in a database of any size, and less than a page each where hostile page numbers lie far apart.
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
/** The spill is written in runs of this size. */
const RUN = 1 << 20;

export class PageStore {
  readonly pageSize: number;
  readonly #memorySlots: number;
  readonly #openSpill: (() => Spill) | undefined;
  /** Slot + 1 of each page; 0: the page did not come. */
  readonly #tables = new Map<number, Uint32Array>();
  readonly #blocks: Uint8Array[] = [];
  readonly #slotsPerBlock: number;
  readonly #free: number[] = [];
  #spill: Spill | undefined;
  /** The end of the spill, not written yet: slots from `#tailStart` on. */
  #tail: Uint8Array | undefined;
  #tailStart = 0;
  #slots = 0;
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
    return this.#slotOf(page) >= 0;
  }

  /** Takes a copy of `data` as the newest version of `page` (numbered from 1). */
  set(page: number, data: Uint8Array): void {
    let slot = this.#slotOf(page);
    if (slot < 0) {
      slot = this.#free.pop() ?? this.#slots++;
      this.#table(page)[page % TABLE] = slot + 1;
      this.#count++;
      if (page > this.#highest) this.#highest = page;
    }
    this.#write(slot, data);
  }

  /** Copies the newest version of `page` into `into`; false where it did not come. */
  get(page: number, into: Uint8Array): boolean {
    const slot = this.#slotOf(page);
    if (slot < 0) return false;
    if (slot < this.#memorySlots) {
      into.set(this.#memory(slot));
    } else if (this.#tail && slot >= this.#tailStart) {
      const at = (slot - this.#tailStart) * this.pageSize;
      into.set(this.#tail.subarray(at, at + this.pageSize));
    } else {
      this.#spill!.read(into.subarray(0, this.pageSize), (slot - this.#memorySlots) * this.pageSize);
    }
    return true;
  }

  /** Drops every page past `count`: the database has become that short. */
  truncate(count: number): void {
    if (this.#highest <= count) return;
    for (const [number, table] of this.#tables) {
      const first = number * TABLE;
      if (first + TABLE - 1 <= count) continue;
      for (let i = Math.max(0, count + 1 - first); i < TABLE; i++) {
        if (table[i] === 0) continue;
        this.#free.push(table[i]! - 1);
        table[i] = 0;
        this.#count--;
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
  }

  #slotOf(page: number): number {
    const table = this.#tables.get(Math.floor(page / TABLE));
    return table === undefined ? -1 : table[page % TABLE]! - 1;
  }

  #table(page: number): Uint32Array {
    const number = Math.floor(page / TABLE);
    let table = this.#tables.get(number);
    if (!table) this.#tables.set(number, (table = new Uint32Array(TABLE)));
    return table;
  }

  #memory(slot: number): Uint8Array {
    const number = Math.floor(slot / this.#slotsPerBlock);
    const block = (this.#blocks[number] ??= new Uint8Array(this.#slotsPerBlock * this.pageSize));
    const at = (slot % this.#slotsPerBlock) * this.pageSize;
    return block.subarray(at, at + this.pageSize);
  }

  #write(slot: number, data: Uint8Array): void {
    if (slot < this.#memorySlots) {
      this.#memory(slot).set(data);
      return;
    }
    if (!this.#tail) this.#startSpill();
    const capacity = this.#tail!.length / this.pageSize;
    if (slot >= this.#tailStart + capacity) {
      // New slots come in order, so the tail is full.
      this.#spill!.write(this.#tail!, (this.#tailStart - this.#memorySlots) * this.pageSize);
      this.#tailStart += capacity;
    }
    if (slot >= this.#tailStart) this.#tail!.set(data, (slot - this.#tailStart) * this.pageSize);
    else this.#spill!.write(data, (slot - this.#memorySlots) * this.pageSize);
  }

  #startSpill(): void {
    if (!this.#openSpill) {
      throw new WalkitError(
        "restore/memory-budget",
        `Expected the pages changed by the WAL to fit into ${this.#memorySlots * this.pageSize} bytes, found more`,
      );
    }
    this.#spill = this.#openSpill();
    this.#tail = new Uint8Array(Math.max(1, Math.floor(RUN / this.pageSize)) * this.pageSize);
    this.#tailStart = this.#memorySlots;
  }
}
