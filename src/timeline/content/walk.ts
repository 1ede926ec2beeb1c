/** The states of a generation, held against how others began. */

import { readUint32BE } from "../../bytes.ts";
import { WalkitError } from "../../errors.ts";
import type { Generation, Snapshot } from "../../layouts/generations/catalog.ts";
import { plannedSegment } from "../../layouts/generations/plan.ts";
import { replay } from "../../layouts/generations/segments.ts";
import { Pages, readSnapshot } from "../../layouts/generations/snapshot.ts";
import { xxh32 } from "../../lz4/index.ts";
import { PageHashes } from "../../replay/page-hashes.ts";
import { comparePositions, type Position } from "../../replay/position.ts";
import { findMark } from "../../snapshot/mark.ts";
import { sequenceValue } from "../../sqlite/litestream.ts";
import type { Storage } from "../../storage/storage.ts";
import { forEachPage } from "../../wal/index.ts";
import { type Beginning, beganAt } from "./beginning.ts";
import { cellsOf } from "./cells.ts";
import { Match } from "./match.ts";

/** The states of one generation, one after another, held against each of the others' beginnings. */
export class Walk {
  readonly matches: Match[];
  readonly #storage: Storage;
  readonly #generation: Generation;
  readonly #signal: AbortSignal | undefined;
  /** At the position `comparedAt`: the pages that differ from the first child's. */
  readonly differing: Set<number> = new Set();
  readonly #comparedAt: Position | undefined;
  /** The one position to look at; all of them by default. */
  readonly #only: Position | undefined;
  #hashes = new PageHashes();
  /** Litestream's counter, by the page where a child has it. */
  readonly #counters = new Map<number, number | undefined>();
  readonly #counterPages: ReadonlySet<number | undefined>;
  #pageCount = 0;
  /** The change counter on page 1. */
  #changes = 0;
  /** Whether the state is known: not before the first snapshot, and not behind damage until the next one. */
  #known = false;
  /** From here on the state is a committed one: before it, the snapshot reaches further than the WAL. */
  #from: Position | undefined;
  #pending: { page: number; hash: number; cells: Set<number> | undefined }[] = [];

  constructor(
    storage: Storage,
    generation: Generation,
    children: readonly Beginning[],
    signal: AbortSignal | undefined,
    { only, comparedAt }: { only?: Position | undefined; comparedAt?: Position } = {},
  ) {
    this.#only = only;
    this.#comparedAt = comparedAt;
    this.#storage = storage;
    this.#generation = generation;
    this.#signal = signal;
    this.matches = children.map((child) => new Match(child, only !== undefined));
    this.#counterPages = new Set(children.map(({ counterPage }) => counterPage));
  }

  async run(): Promise<void> {
    const { id, segments, snapshots } = this.#generation;
    const start = snapshots[0]!.index;
    const modified = new Map(segments.map((segment) => [segment.path, segment.modified]));
    const trusted = beganAt(this.#generation) !== undefined;
    if (!segments.some((segment) => segment.index === start)) await this.#begin(snapshots[0]!);
    const wal = segments.filter((s) => s.index >= start).map(plannedSegment);
    const plan = { generation: id, segments: wal, snapshot: snapshots[0] };
    for await (const event of replay(this.#storage, plan, { signal: this.#signal, faults: "report" })) {
      if (event.type === "index") {
        this.#pending = [];
        if (this.#known && this.#only?.offset === 0 && event.index === this.#only.index)
          this.#point(this.#only, undefined);
        const snapshot = this.#known ? undefined : snapshots.find(({ index }) => index === event.index);
        if (snapshot) await this.#begin(snapshot);
      } else if (event.type === "fault" && event.breaks) {
        this.#known = false;
        this.#pending = [];
      } else if (event.type === "frames" && this.#known && event.run.sound) {
        forEachPage(event.run, event.pageSize, (page, data) => this.#take(page, data));
      } else if (event.type === "commit" && this.#known && event.sound) {
        this.#commit(event.commitSize);
        if (this.#from && comparePositions(event.end, this.#from) < 0) continue;
        this.#point(event.end, trusted ? modified.get(event.segment.path) : undefined);
      }
    }
    for (const match of this.matches) match.end();
  }

  /** Takes a snapshot as the state. */
  async #begin(snapshot: Snapshot): Promise<void> {
    const { index } = snapshot;
    this.#hashes = new PageHashes();
    this.#counters.clear();
    for (const match of this.matches) match.reset();
    const pages = new Pages((page, data) => {
      this.#count(page, data);
      this.#set(page, xxh32(data) || 1, this.#cellsOf(page, data));
    });
    const { id, segments } = this.#generation;
    const wal = segments.filter((segment) => segment.index === index).map(plannedSegment);
    try {
      for await (const piece of readSnapshot(snapshot, { storage: this.#storage, signal: this.#signal })) {
        pages.add(piece);
      }
      const mark = await findMark(this.#storage, id, snapshot, wal, this.#signal);
      this.#from = mark ?? { index, offset: 0 };
    } catch (error) {
      if (error instanceof WalkitError && error.code !== "storage/not-found") return;
      throw error;
    }
    this.#pageCount = pages.count;
    this.#known = true;
    if (this.#from.offset === 0) this.#point(this.#from, snapshot.modified);
  }

  #take(page: number, data: Uint8Array): void {
    this.#count(page, data);
    this.#pending.push({ page, hash: xxh32(data) || 1, cells: this.#cellsOf(page, data) });
  }

  #count(page: number, data: Uint8Array): void {
    if (page === 1) this.#changes = readUint32BE(data, 24);
    if (this.#counterPages.has(page)) this.#counters.set(page, sequenceValue(data));
  }

  /** Where some child has written to the page itself. */
  #cellsOf(page: number, data: Uint8Array): Set<number> | undefined {
    const isWanted = this.matches.some(({ child }) => child.cellPages.has(page));
    return isWanted ? cellsOf(page, data) : undefined;
  }

  #set(page: number, hash: number, cells: Set<number> | undefined): void {
    const before = this.#hashes.get(page);
    this.#hashes.set(page, hash);
    for (const match of this.matches) match.change(page, before, hash, cells);
  }

  #commit(commitSize: number): void {
    for (const { page, hash, cells } of this.#pending) this.#set(page, hash, cells);
    this.#pending = [];
    for (const match of this.matches) {
      for (let page = commitSize + 1; page <= Math.min(this.#pageCount, match.child.pageCount); page++) {
        match.change(page, this.#hashes.get(page), 0, undefined);
      }
    }
    this.#hashes.truncate(commitSize);
    this.#pageCount = commitSize;
  }

  #point(position: Position, time: bigint | undefined): void {
    if (this.#only && comparePositions(position, this.#only) !== 0) return;
    if (this.#comparedAt && comparePositions(position, this.#comparedAt) === 0) {
      const [{ child } = { child: undefined }] = this.matches;
      for (let page = 1; child && page <= Math.max(this.#pageCount, child.pageCount); page++) {
        if (this.#hashes.get(page) !== child.hashes.get(page)) this.differing.add(page);
      }
    }
    for (const match of this.matches) {
      const { began } = match.child;
      if (began !== undefined && time !== undefined && time > began) continue;
      const { counterPage } = match.child;
      const counter = counterPage && this.#counters.get(counterPage);
      match.point(position, { pageCount: this.#pageCount, changes: this.#changes, counter });
    }
  }
}
