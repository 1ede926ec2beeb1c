/** The output of a restore: the snapshot's pages on their way out, with newer ones laid over them. */

import { WalkitError } from "../errors.ts";
import { xxh32 } from "../lz4/index.ts";
import { missingPage } from "../replay/faults.ts";
import { formatPosition, type Position, sectionOf } from "../replay/position.ts";
import type { Steps } from "../replay/steps.ts";
import { lockPage, parseDatabaseHeader } from "../sqlite/header.ts";
import type { PageStore } from "./page-store.ts";
import type { DatabaseSink } from "./sinks/sink.ts";

/**
 * Output is handed on in pieces of this size: small enough to be in a core's cache still when the system copies them, which
 * then takes half the time (388 MB: 0.2 s of CPU in place of 0.4 with pieces of 1 MiB and more).
 */
const PIECE = 1 << 19;

export interface WriterState {
  path: string;
  pageSize: number;
  /** Of the last commit; undefined: the snapshot's own. */
  pageCount: number | undefined;
  shortest: number;
  store: PageStore | undefined;
  later: ReadonlyMap<number, ReadonlySet<number>>;
  /** Told of the snapshot's own pages, where the way has steps. */
  steps: Steps;
  provable: boolean;
  position: Position;
  /** The target lies behind the WAL of the snapshot's own index, at whose end a checkpoint may have made the file longer. */
  crossed: boolean;
}

/** Lays pages over the snapshot's on their way out, and hands them on in large pieces. */
export class Writer {
  readonly #sink: DatabaseSink;
  readonly #state: WriterState;
  /** Pieces take turns: one is filled while others are on their way. */
  #out: Uint8Array<ArrayBuffer>;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  /** Oldest first. */
  readonly #writing: { piece: Uint8Array<ArrayBuffer>; written: Promise<void> }[] = [];
  /** Bytes in `#out`. */
  #filled = 0;
  /** Bytes handed on. */
  #position = 0;
  /** Bytes of the snapshot seen. */
  #seen = 0;
  /** The size in pages that page 1 tells of. */
  #inHeader: number | undefined;

  constructor(sink: DatabaseSink, state: WriterState) {
    this.#sink = sink;
    this.#state = state;
    this.#out = new Uint8Array(Math.max(PIECE, state.pageSize));
  }

  async add(data: Uint8Array): Promise<void> {
    const { pageSize, pageCount = Number.POSITIVE_INFINITY } = this.#state;
    const end = Math.min(data.length, pageCount * pageSize - this.#seen);
    this.#seen += data.length;
    for (let at = 0; at < end; ) {
      const take = Math.min(end - at, this.#out.length - this.#filled);
      this.#out.set(data.subarray(at, at + take), this.#filled);
      this.#filled += take;
      at += take;
      if (this.#filled === this.#out.length) await this.#flush();
    }
  }

  /** Lays newer versions over the pages in `#out`, and checks those that stay as the snapshot has them. */
  #lay(): void {
    const { store, pageSize, later, provable, shortest, position, path } = this.#state;
    const first = this.#position / pageSize + 1;
    const last = first + this.#filled / pageSize - 1;
    const bytesOf = (page: number) =>
      this.#out.subarray((page - first) * pageSize, (page - first + 1) * pageSize);
    for (let page = first; provable && later.size > 0 && page <= last; page++) {
      const hashes = later.get(page);
      if (!hashes || store?.has(page) || !hashes.has(xxh32(bytesOf(page)))) continue;
      throw new WalkitError(
        "replica/before-mark",
        `Expected the snapshot of index ${sectionOf(position)} to hold nothing from after ${formatPosition(position)}, found a later version of page ${page} in it`,
        { path, offset: (page - 1) * pageSize, decoded: true, position: formatPosition(position) },
      );
    }
    const { steps } = this.#state;
    if (steps.crossed)
      for (let page = first; page <= last; page++) steps.addSnapshotPage(page, bytesOf(page));
    store?.overlay(first, last, this.#out);
    if (first === 1) {
      // The snapshot is not to blame for a page that the WAL brought.
      const header = parseDatabaseHeader(bytesOf(1), store?.has(1) ? {} : { path });
      if (header.pageSize !== pageSize) {
        const message = `Expected page 1 to tell of pages of ${pageSize} bytes at ${formatPosition(position)}, found ${header.pageSize}`;
        throw new WalkitError("database/page-size", message, { position: formatPosition(position) });
      }
      this.#inHeader = header.pageCount;
      if (this.#state.pageCount !== undefined) this.#checkSize(this.#state.pageCount);
    }
    for (let page = Math.max(first, shortest + 1); page <= last; page++) {
      if (!store?.has(page)) bytesOf(page).fill(0, 0, this.#unbrought(page));
    }
  }

  /**
   * Page 1 tells how many pages are in use: never more than the file has at the same moment. A file may be longer than that,
   * where the application preallocates it or sets SQLITE_FCNTL_CHUNK_SIZE.
   */
  #checkSize(pages: number): void {
    if (this.#inHeader === undefined || this.#inHeader <= pages) return;
    const { path, position, pageCount } = this.#state;
    const message = `Expected page 1 to tell of at most ${pages} pages at ${formatPosition(position)}, found ${this.#inHeader}`;
    const where = { path, offset: 28, decoded: true, position: formatPosition(position) };
    if (pageCount === undefined) {
      throw new WalkitError("database/size", `${message}: the snapshot lacks the end of the database`, where);
    }
    throw new WalkitError(
      "replica/before-mark",
      `${message}: the snapshot holds pages of different moments`,
      where,
    );
  }

  /** How many bytes of a page that nothing brought become zeros: all where it is not in use, none of the page for locks. */
  #unbrought(page: number): number {
    const { pageSize, pageCount, position, path, crossed } = this.#state;
    if (page === lockPage(pageSize)) return 0;
    if (crossed && this.#inHeader !== undefined && page > this.#inHeader) return pageSize;
    throw missingPage(page, pageCount!, position, path);
  }

  async finish(): Promise<{ pageSize: number; pageCount: number }> {
    const { pageSize, store } = this.#state;
    const pageCount = this.#state.pageCount ?? this.#seen / pageSize;
    await this.#flush(); // page 1, at the latest: it tells what is in use
    for (let page = Math.floor(this.#seen / pageSize) + 1; page <= pageCount; page++) {
      if (!store?.has(page)) this.#unbrought(page);
      this.#out.fill(0, this.#filled, this.#filled + pageSize);
      this.#filled += pageSize;
      if (this.#filled === this.#out.length) await this.#flush();
    }
    await this.#flush();
    while (this.#writing.length > 0) await this.#oldest();
    this.#checkSize(pageCount);
    return { pageSize, pageCount };
  }

  /** After a failure: nothing is on its way to the sink any more. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#writing.map(({ written }) => written));
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return;
    this.#lay();
    if (this.#writing.length >= (this.#sink.atOnce ?? 1)) await this.#oldest();
    const data = this.#out.subarray(0, this.#filled);
    const written = this.#sink.write({ type: "write", position: this.#position, data });
    // The write is awaited in its turn; a failure before that is no unhandled rejection.
    written.catch(() => {});
    this.#writing.push({ piece: this.#out, written });
    this.#out = this.#free.pop() ?? new Uint8Array(this.#out.length);
    this.#position += this.#filled;
    this.#filled = 0;
  }

  /** Waits for the oldest piece on its way. */
  async #oldest(): Promise<void> {
    const { piece, written } = this.#writing[0]!;
    await written;
    this.#writing.shift();
    this.#free.push(piece);
  }
}
