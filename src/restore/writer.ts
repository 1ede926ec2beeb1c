/** The output of a restore: the snapshot's pages on their way out, with newer ones laid over them. */

import { WalkitError } from "../errors.ts";
import { xxh32 } from "../lz4/index.ts";
import { missingPage } from "../replay/faults.ts";
import { lockPage, parseDatabaseHeader } from "../snapshot/database.ts";
import { formatPosition, type Position } from "../snapshot/names.ts";
import type { PageStore } from "./page-store.ts";
import type { DatabaseSink } from "./sink.ts";

/** Output is handed on in pieces of this size. */
const PIECE = 1 << 20;

export interface WriterState {
  path: string;
  pageSize: number;
  /** Of the last commit; undefined: the snapshot's own. */
  pageCount: number | undefined;
  shortest: number;
  store: PageStore | undefined;
  later: ReadonlyMap<number, ReadonlySet<number>>;
  provable: boolean;
  position: Position;
}

/** Lays pages over the snapshot's on their way out, and hands them on in large pieces. */
export class Writer {
  readonly #sink: DatabaseSink;
  readonly #state: WriterState;
  readonly #out: Uint8Array<ArrayBuffer>;
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
    const limit = pageCount * pageSize;
    for (let at = 0; at < data.length; ) {
      const page = Math.floor(this.#seen / pageSize) + 1;
      const inPage = this.#seen % pageSize;
      const take = Math.min(pageSize - inPage, data.length - at);
      if (this.#seen < limit) {
        this.#out.set(data.subarray(at, at + take), this.#filled);
        this.#filled += take;
        if (inPage + take === pageSize) this.#lay(page);
        if (this.#filled === this.#out.length) await this.#flush();
      }
      this.#seen += take;
      at += take;
    }
  }

  /** The last page in `#out` is whole, as the snapshot has it: its newer version replaces it, or it must stand. */
  #lay(page: number): void {
    const { store, pageSize, later, provable, shortest, position, path } = this.#state;
    const bytes = this.#out.subarray(this.#filled - pageSize, this.#filled);
    const fromWal = store?.get(page, bytes) ?? false;
    if (!fromWal) {
      if (page > shortest && page !== lockPage(pageSize)) throw this.#missing(page);
      if (provable && later.get(page)?.has(xxh32(bytes))) {
        throw new WalkitError(
          "replica/before-mark",
          `Expected the snapshot of index ${position.index} to hold nothing from after ${formatPosition(position)}, found a later version of page ${page} in it`,
          { path, offset: (page - 1) * pageSize, decoded: true, position: formatPosition(position) },
        );
      }
    }
    if (page === 1) {
      // Where the WAL brought it, the snapshot is not to blame.
      const header = parseDatabaseHeader(bytes, fromWal ? {} : { path });
      if (header.pageSize !== pageSize) {
        const message = `Expected page 1 to tell of pages of ${pageSize} bytes at ${formatPosition(position)}, found ${header.pageSize}`;
        throw new WalkitError("database/page-size", message, { position: formatPosition(position) });
      }
      this.#inHeader = header.pageCount;
      if (this.#state.pageCount !== undefined) this.#checkSize(this.#state.pageCount);
    }
  }

  /** Page 1 tells the size of the database: it must be that of the same moment. */
  #checkSize(pages: number): void {
    if (this.#inHeader === undefined || this.#inHeader === pages) return;
    const { path, position } = this.#state;
    throw new WalkitError(
      "replica/before-mark",
      `Expected page 1 to tell of ${pages} pages at ${formatPosition(position)}, found ${this.#inHeader}: the snapshot holds pages of different moments`,
      { path, offset: 28, decoded: true, position: formatPosition(position) },
    );
  }

  async finish(): Promise<{ pageSize: number; pageCount: number }> {
    const { pageSize, store } = this.#state;
    const pageCount = this.#state.pageCount ?? this.#seen / pageSize;
    this.#checkSize(pageCount);
    for (
      let page = Math.floor(Math.min(this.#seen, pageCount * pageSize) / pageSize) + 1;
      page <= pageCount;
      page++
    ) {
      const bytes = this.#out.subarray(this.#filled, this.#filled + pageSize);
      if (!store?.get(page, bytes)) {
        if (page !== lockPage(pageSize)) throw this.#missing(page);
        bytes.fill(0);
      }
      this.#filled += pageSize;
      if (this.#filled === this.#out.length) await this.#flush();
    }
    await this.#flush();
    return { pageSize, pageCount };
  }

  #missing(page: number): WalkitError {
    const { position, path, pageCount } = this.#state;
    return missingPage(page, pageCount!, position, path);
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return;
    await this.#sink.write({
      type: "write",
      position: this.#position,
      data: this.#out.subarray(0, this.#filled),
    });
    this.#position += this.#filled;
    this.#filled = 0;
  }
}
