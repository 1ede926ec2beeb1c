/**
 * Several LTX files as one: what compaction does, and a restore, which merges down to one snapshot.
 *
 * Files come in the order of their transactions, oldest first. Each must reach farther than the one before and leave out no
 * transaction; overlaps are fine. Of a page that several have, the last one wins. A page beyond the size that the database has
 * after a later file is gone with that: also where a still later one grows it again, which then has to bring its new pages. (The
 * library of LTX looks at the last size only, and would bring such pages back to life.)
 *
 *     flags             as asked for, or: database checksums where all inputs have them
 *     commit, maxTXID, timestamp, post-apply checksum   of the last input
 *     minTXID, pre-apply checksum                       of the first one
 *     WAL fields, node id                               0
 *
 * Memory: one batch of pages and one piece for each input, and one batch of what comes out.
 */

import { WalkitError } from "../errors.ts";
import { FLAG_NO_CHECKSUM, hasDatabaseChecksums, isSnapshot, type LtxHeader } from "./header.ts";
import { MergeInput, type MergeSource } from "./merge-input.ts";
import { formatTxid } from "./names.ts";
import { PageRules } from "./page-rules.ts";
import type { LtxVariant } from "./variant.ts";
import { hex64 } from "./words.ts";
import { LtxWriter } from "./writer.ts";

/** How files are merged. */
export interface MergeOptions {
  /** Keep database checksums. Default: where all inputs have them. */
  checksums?: boolean | undefined;
  /** About how many bytes of pages to yield at a time. Default 262144. */
  batchSize?: number | undefined;
}

/** Pages that come out of a merge, ascending. Valid until the generator is advanced. */
export interface MergedPages {
  /** `count` of them. */
  pageNumbers: Uint32Array;
  /** `count` times the page size in bytes, in the same order. */
  data: Uint8Array;
  count: number;
}

const BATCH = 262144;
/** What the batches of all inputs may take together, as long as each has a page. */
const INPUT_BUDGET = 16 << 20;

/** Several LTX files, read as the one that they merge to: pages ascending, of each the version of the last file that has it. */
export class LtxMerge {
  /** Of what comes out. */
  readonly header: LtxHeader;
  readonly #inputs: readonly MergeInput[];
  readonly #headers: readonly LtxHeader[];
  /** By input: its pages beyond this are gone. */
  readonly #limits: readonly number[];
  readonly #batchSize: number;
  #postApplyChecksum: bigint | undefined;
  #begun = false;

  private constructor(inputs: readonly MergeInput[], headers: readonly LtxHeader[], options: MergeOptions) {
    this.#inputs = inputs;
    this.#headers = headers;
    this.#batchSize = options.batchSize ?? BATCH;
    let limit = Number.POSITIVE_INFINITY;
    const limits = headers.map(() => 0);
    for (let i = headers.length - 1; i >= 0; i--) limits[i] = limit = Math.min(limit, headers[i]!.commit);
    this.#limits = limits;
    this.header = mergedHeader(headers, options.checksums ?? headers.every(hasDatabaseChecksums));
  }

  /**
   * Opens a merge: reads every input up to its first pages.
   *
   * @throws RangeError for no inputs, and for checksums that are asked for and not there
   * @throws WalkitError `ltx/chain` where they do not go on from one another, `ltx/missing-page` where one grows the database and does
   * not bring the pages, and all that `LtxReader` throws
   */
  static async open(sources: readonly MergeSource[], options: MergeOptions = {}): Promise<LtxMerge> {
    if (sources.length === 0) throw new RangeError("Expected files to merge, found none");
    const batchSize = Math.max(1, Math.min(options.batchSize ?? BATCH, INPUT_BUDGET / sources.length));
    const inputs = sources.map((source) => new MergeInput(source, batchSize));
    try {
      const headers: LtxHeader[] = [];
      for (const input of inputs) {
        const header = await input.begin();
        const before = headers.at(-1);
        if (before !== undefined) follow(before, header, input);
        headers.push(header);
      }
      return new LtxMerge(inputs, headers, options);
    } catch (error) {
      await close(inputs);
      throw error;
    }
  }

  /** The checksum of the database afterwards, once all pages have come; 0n without database checksums. */
  get postApplyChecksum(): bigint | undefined {
    return this.#postApplyChecksum;
  }

  /**
   * The pages, once. When it is through, every input has been read to its end and found right.
   *
   * @throws WalkitError what {@link LtxMerge.open} throws, for what comes later in the files; `ltx/missing-page` for a snapshot that
   * lacks a page; `ltx/chain` where the checksum before a file is not the one after the file before
   */
  async *pages(): AsyncGenerator<MergedPages, void, undefined> {
    if (this.#begun) throw new TypeError("Expected the pages of a merge to be asked for once");
    this.#begun = true;
    const { pageSize, commit } = this.header;
    const capacity = Math.max(1, Math.min(Math.floor(this.#batchSize / pageSize), commit));
    const pageNumbers = new Uint32Array(capacity);
    const data = new Uint8Array(capacity * pageSize);
    const rules = new PageRules(this.header);
    const heap = new Heap(this.#inputs);
    let count = 0;
    try {
      for (let input = heap.top; input !== undefined; input = heap.top) {
        const i = heap.index;
        const taken = this.#take(heap, i, rules, pageNumbers, data, count);
        count += taken.kept;
        if (!input.skip(taken.passed)) await input.readOn();
        heap.settle();
        if (count === capacity) {
          yield { pageNumbers, data, count };
          count = 0;
        }
      }
      if (count > 0) {
        yield {
          pageNumbers: pageNumbers.subarray(0, count),
          data: data.subarray(0, count * pageSize),
          count,
        };
      }
      this.#end(rules);
    } finally {
      await close(this.#inputs);
    }
  }

  /** Moves pages of the input on top, number `i`, to the batch: all up to the first that another input has, or comes before. */
  #take(
    heap: Heap,
    i: number,
    rules: PageRules,
    pageNumbers: Uint32Array,
    data: Uint8Array,
    count: number,
  ): { passed: number; kept: number } {
    const input = this.#inputs[i]!;
    const { numbers } = input;
    const other = heap.second;
    // Another one has the same page, and comes later.
    if (other === numbers[0]) return { passed: 1, kept: 0 };
    const limit = Math.min(other - 1, this.#limits[i]!);
    const room = Math.min(numbers.length, pageNumbers.length - count);
    let kept = 0;
    while (kept < room && numbers[kept]! <= limit) {
      const page = numbers[kept]!;
      const fault = rules.check(page);
      if (fault !== undefined) throw new WalkitError(fault.code, fault.message, { path: input.path });
      rules.accept(page);
      pageNumbers[count + kept++] = page;
    }
    const { pageSize } = this.header;
    data.set(input.data.subarray(0, kept * pageSize), count * pageSize);
    // What lies beyond the database is passed over.
    if (kept === 0 && numbers[0]! > this.#limits[i]!) {
      let passed = 1;
      while (passed < numbers.length && numbers[passed]! < other) passed++;
      return { passed, kept };
    }
    return { passed: kept, kept };
  }

  #end(rules: PageRules): void {
    const fault = rules.end();
    if (fault !== undefined)
      throw new WalkitError(fault.code, fault.message, { path: this.#inputs.at(-1)!.path });
    for (let i = 1; i < this.#inputs.length; i++) {
      const [before, after] = [this.#headers[i - 1]!, this.#headers[i]!];
      const checked = hasDatabaseChecksums(before) && hasDatabaseChecksums(after);
      if (!checked || after.minTxid !== before.maxTxid + 1) continue;
      const expected = this.#inputs[i - 1]!.trailer!.postApplyChecksum;
      if (after.preApplyChecksum === expected) continue;
      const message = `Expected a pre-apply checksum of ${hex64(expected)}, which the file before leads to, found ${hex64(after.preApplyChecksum)}`;
      throw new WalkitError("ltx/chain", message, { path: this.#inputs[i]!.path, offset: 40 });
    }
    const last = this.#inputs.at(-1)!.trailer!.postApplyChecksum;
    this.#postApplyChecksum = hasDatabaseChecksums(this.header) ? last : 0n;
  }

  /**
   * The merge as a file: {@link pages}, written by an `LtxWriter`. Throws what these throw, and `ltx/database-checksum` where the pages
   * of a snapshot are not those that the last input says they are.
   */
  async *file(variant: LtxVariant): AsyncGenerator<Uint8Array, void, undefined> {
    const writer = new LtxWriter({ variant, header: this.header });
    for await (const { pageNumbers, data } of this.pages()) yield* writer.push(pageNumbers, data);
    const expected = this.#postApplyChecksum!;
    yield* writer.end(isSnapshot(this.header) ? undefined : expected);
    const found = writer.trailer!.postApplyChecksum;
    if (found === expected) return;
    const message = `Expected pages with database checksum ${hex64(expected)}, as the last file says, found ${hex64(found)}`;
    throw new WalkitError("ltx/database-checksum", message, { path: this.#inputs.at(-1)!.path });
  }
}

async function close(inputs: readonly MergeInput[]): Promise<void> {
  for (const input of inputs) await input.close();
}

/** Checks that a file goes on from the one before, and has it seen to that it brings what it grows the database by. */
function follow(before: LtxHeader, header: LtxHeader, input: MergeInput): void {
  const fail = (message: string, offset: number): never => {
    throw new WalkitError("ltx/chain", message, { path: input.path, offset });
  };
  if (header.pageSize !== before.pageSize) {
    fail(`Expected pages of ${before.pageSize} bytes, as in the file before, found ${header.pageSize}`, 8);
  }
  const range = `${formatTxid(header.minTxid)} to ${formatTxid(header.maxTxid)}`;
  const last = formatTxid(before.maxTxid);
  if (header.minTxid > before.maxTxid + 1) {
    fail(`Expected a file that goes on after TXID ${last}, where the file before ends, found ${range}`, 16);
  }
  if (header.maxTxid <= before.maxTxid) {
    fail(`Expected a file that reaches beyond TXID ${last}, where the file before ends, found ${range}`, 24);
  }
  if (header.minTxid === before.maxTxid + 1) input.expectGrowth(before.commit + 1);
}

function mergedHeader(headers: readonly LtxHeader[], checksums: boolean): LtxHeader {
  const [first, last] = [headers[0]!, headers.at(-1)!];
  if (checksums && !(hasDatabaseChecksums(first) && hasDatabaseChecksums(last))) {
    throw new RangeError("Expected database checksums in the first and the last file, found none");
  }
  return {
    flags: checksums ? 0 : FLAG_NO_CHECKSUM,
    ...{ pageSize: first.pageSize, commit: last.commit, minTxid: first.minTxid, maxTxid: last.maxTxid },
    timestamp: last.timestamp,
    preApplyChecksum: checksums && !isSnapshot(first) ? first.preApplyChecksum : 0n,
    ...{ walOffset: 0, walSize: 0, walSalt1: 0, walSalt2: 0, nodeId: 0n },
  };
}

/** The inputs by the page at hand: of equals, the earlier input first. */
class Heap {
  readonly #inputs: readonly MergeInput[];
  /** Numbers of inputs, as a binary heap. */
  readonly #order: number[];

  constructor(inputs: readonly MergeInput[]) {
    this.#inputs = inputs;
    this.#order = inputs.map((_, i) => i);
    for (let at = this.#order.length >> 1; at >= 0; at--) this.#sink(at);
  }

  /** Number of the input on top. */
  get index(): number {
    return this.#order[0]!;
  }

  /** The input on top, or `undefined` where all have been read. */
  get top(): MergeInput | undefined {
    const input = this.#inputs[this.index]!;
    return input.page === Number.POSITIVE_INFINITY ? undefined : input;
  }

  /** The page of the one that comes next. */
  get second(): number {
    return Math.min(this.#pageAt(1), this.#pageAt(2));
  }

  /** After the one on top has gone on. */
  settle(): void {
    this.#sink(0);
  }

  #pageAt(at: number): number {
    return at < this.#order.length ? this.#inputs[this.#order[at]!]!.page : Number.POSITIVE_INFINITY;
  }

  #isBefore(a: number, b: number): boolean {
    const [first, second] = [this.#pageAt(a), this.#pageAt(b)];
    return first < second || (first === second && this.#order[a]! < this.#order[b]!);
  }

  #sink(at: number): void {
    const order = this.#order;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < order.length && this.#isBefore(child, least)) least = child;
      }
      if (least === at) return;
      [order[at], order[least]] = [order[least]!, order[at]!];
      at = least;
    }
  }
}
