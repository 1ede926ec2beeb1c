/** One file of a merge, read as far as its pages are wanted. */

import { WalkitError } from "../errors.ts";
import { lockPage } from "./checksum.ts";
import type { LtxHeader } from "./header.ts";
import type { LtxPages } from "./page-block.ts";
import { LtxReader, type LtxReaderOptions } from "./reader.ts";
import type { LtxTrailer } from "./trailer.ts";

/** A file to merge. */
export interface MergeSource extends Pick<LtxReaderOptions, "path" | "variant" | "onNotice"> {
  /** The file, from its beginning. A piece must not change until the next one is asked for. */
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export class MergeInput {
  readonly path: string | undefined;
  readonly #pieces: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  readonly #reader: LtxReader;
  #runs: Iterator<LtxPages> | undefined;
  #run: LtxPages | undefined;
  /** Where in the run the page at hand is. */
  #at = 0;
  /** The next page that a growth of the database must bring, and the last one. */
  #growth = 1;
  #growthEnd = 0;

  constructor(source: MergeSource, batchSize: number) {
    const { path, variant, onNotice, pieces } = source;
    this.path = path;
    this.#reader = new LtxReader({ path, variant, onNotice, batchSize });
    this.#pieces =
      Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  }

  /** Reads up to the first page, or the end of a file without any. */
  async begin(): Promise<LtxHeader> {
    await this.#next();
    return this.#reader.header!;
  }

  /** The trailer, once all of the file has been read. */
  get trailer(): LtxTrailer | undefined {
    return this.#reader.trailer;
  }

  /** Number of the page at hand; infinity where there are no more. */
  get page(): number {
    return this.#run === undefined ? Number.POSITIVE_INFINITY : this.#run.pageNumbers[this.#at]!;
  }

  /** The pages from the one at hand on that are in memory. */
  get numbers(): Uint32Array {
    return this.#run!.pageNumbers.subarray(this.#at);
  }

  /** What {@link numbers} hold. */
  get data(): Uint8Array {
    return this.#run!.data.subarray(this.#at * this.#reader.header!.pageSize);
  }

  /**
   * Has it seen to that every page from `from` on, up to the size of the database, is in the file: SQLite writes each
   * page that the database grows by.
   */
  expectGrowth(from: number): void {
    this.#growth = this.#skip(from);
    this.#growthEnd = this.#reader.header!.commit;
    this.#checkGrowth();
  }

  /** Goes on behind `count` pages, all of them in memory. `true`: the next page is too, or all has been read. */
  skip(count: number): boolean {
    this.#at += count;
    return this.#run === undefined || this.#at < this.#run.count;
  }

  /** After {@link skip} has said `false`: reads on. */
  async readOn(): Promise<void> {
    await this.#next();
    this.#checkGrowth();
  }

  /** Ends reading, wherever it is. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #next(): Promise<void> {
    this.#run = undefined;
    this.#at = 0;
    for (;;) {
      const run = this.#runs?.next();
      if (run !== undefined && !run.done) {
        this.#run = run.value;
        return;
      }
      this.#runs = undefined;
      const { done, value } = await this.#pieces.next();
      if (done) {
        this.#reader.end();
        return;
      }
      this.#runs = this.#reader.push(value);
    }
  }

  /** Takes the growth pages of the run just read. */
  #checkGrowth(): void {
    if (this.#growth > this.#growthEnd) return;
    for (const page of this.#run?.pageNumbers ?? [Number.POSITIVE_INFINITY]) {
      if (page < this.#growth) continue;
      if (page > this.#growth) {
        const found = page === Number.POSITIVE_INFINITY ? "the end" : `page ${page}`;
        const message = `Expected page ${this.#growth}, as the database grows to ${this.#growthEnd} pages, found ${found}`;
        throw new WalkitError("ltx/missing-page", message, { path: this.path });
      }
      this.#growth = this.#skip(this.#growth + 1);
      if (this.#growth > this.#growthEnd) return;
    }
  }

  #skip(page: number): number {
    return page === lockPage(this.#reader.header!.pageSize) ? page + 1 : page;
  }
}
