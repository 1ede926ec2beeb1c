/**
 * Writes an LTX file of any of the five variants as its pages come: header, pages ascending, the zeros that end them, index,
 * trailer. Nothing before is gone back to. Which variant is for whom: `variant.ts`; layouts: there, `header.ts`,
 * `index-check.ts`, `trailer.ts`.
 *
 * LZ4 frames are as every known writer makes them: 04224d18 64 40 a7, independent blocks of up to 64 KiB, stored where they do
 * not shrink, no block checksums, no content size, a content checksum. Readers lean on that.
 */

import { writeUint32BE, writeUint32LE } from "../bytes.ts";
import { ARENA_START, type Arena, encodeIn } from "../kernel/index.ts";
import { borrow, giveBack } from "../lz4/arenas.ts";
import { FrameEncoder, XXHash32 } from "../lz4/index.ts";
import { DatabaseChecksum, FileChecksum } from "./checksum.ts";
import {
  CHECKSUM_FLAG,
  encodeLtxHeader,
  FLAG_LZ4,
  hasDatabaseChecksums,
  isSnapshot,
  type LtxHeader,
} from "./header.ts";
import { IndexBytes } from "./index-bytes.ts";
import { PageRules } from "./page-rules.ts";
import { LTX_TRAILER_SIZE, type LtxTrailer, postApplyFault } from "./trailer.ts";
import {
  hasPageIndex,
  LTX_VARIANTS,
  type LtxVariant,
  largestBlock,
  PAGE_FLAG_BLOCK,
  pageHeaderSize,
} from "./variant.ts";
import { hex64, writeUint16BE, writeUint64BE } from "./words.ts";

/** What a file is to be. */
export interface LtxWriterOptions {
  variant: LtxVariant;
  /** The flag of the variant (`FLAG_LZ4`) is set, or cleared, by itself. */
  header: LtxHeader;
}

/** About how many bytes are yielded at a time. */
const PIECE = 131072;
/** Room before a page in the arena, for its header. */
const BEFORE = 16;
const FRAME_HEADER = [0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7];

/** Writes one LTX file: `push` takes pages and yields bytes, `end` yields the rest. */
export class LtxWriter {
  readonly header: LtxHeader;
  readonly variant: LtxVariant;
  readonly #rules: PageRules;
  readonly #headerSize: 4 | 6;
  readonly #fileChecksum = new FileChecksum();
  readonly #databaseChecksum: DatabaseChecksum | undefined;
  readonly #sum = new Int32Array(2);
  readonly #hash = new XXHash32();
  /** Of v1-lz4: the frame around the page block. */
  readonly #frame: FrameEncoder | undefined;
  /** Positions in the arena: the page, and what it becomes. */
  readonly #page: number = ARENA_START + BEFORE;
  readonly #encoded: number;
  /** The most that one page takes in the file. */
  readonly #largest: number;
  /** What is to be yielded next: so many bytes of it are there. */
  #out: Uint8Array<ArrayBuffer>;
  #size = 0;
  /** Bytes of the file so far. */
  #offset = 0;
  readonly #index = new IndexBytes();
  #trailer: LtxTrailer | undefined;
  #state: "open" | "pushing" | "ended" = "open";

  /** Throws a `RangeError` for a header that cannot be, or a variant that there is not. */
  constructor({ header, variant }: LtxWriterOptions) {
    if (!LTX_VARIANTS.includes(variant)) {
      throw new RangeError(`Expected a variant of ${LTX_VARIANTS.join(", ")}, found ${variant}`);
    }
    const isLz4 = variant === "v1-lz4";
    this.header = { ...header, flags: (header.flags & ~FLAG_LZ4) | (isLz4 ? FLAG_LZ4 : 0) };
    const bytes = encodeLtxHeader(this.header);
    const { pageSize, commit } = header;
    if (commit === 0 && !hasDatabaseChecksums(header)) {
      throw new RangeError("Expected database checksums in a file that deletes the database, found none");
    }
    this.variant = variant;
    this.#rules = new PageRules(header);
    this.#headerSize = pageHeaderSize(variant);
    if (isSnapshot(header) && hasDatabaseChecksums(header)) {
      this.#databaseChecksum = new DatabaseChecksum(pageSize);
    }
    if (isLz4) this.#frame = new FrameEncoder({ blockMaxSize: 65536 });
    this.#encoded = this.#page + pageSize + BEFORE;
    this.#largest = BEFORE + FRAME_HEADER.length + largestBlock(pageSize) + 12;
    this.#out = new Uint8Array(PIECE + this.#largest);
    this.#fileChecksum.update(bytes);
    this.#write(bytes);
  }

  /** The trailer, once the file has ended. */
  get trailer(): LtxTrailer | undefined {
    return this.#trailer;
  }

  /**
   * Takes the next pages, as a reader yields them: `data` has one after another, as many as `pageNumbers`. Yields what there
   * is of the file, in pieces that are the caller's to keep. The generator must be drained before the next call.
   *
   * @throws RangeError for a page that is not of the page size, out of order, the lock page, or beyond the commit; and for
   * one that leaves another out, in a snapshot. Pages before it are written
   */
  push(pageNumbers: ArrayLike<number>, data: Uint8Array): Generator<Uint8Array, void, undefined> {
    this.#begin();
    const { pageSize } = this.header;
    if (data.length !== pageNumbers.length * pageSize) {
      throw new RangeError(
        `Expected ${pageNumbers.length} pages of ${pageSize} bytes, found ${data.length} bytes`,
      );
    }
    this.#state = "pushing";
    return this.#push(pageNumbers, data);
  }

  *#push(pageNumbers: ArrayLike<number>, data: Uint8Array): Generator<Uint8Array, void, undefined> {
    const { pageSize } = this.header;
    for (let i = 0; i < pageNumbers.length; i++) {
      const page = pageNumbers[i]!;
      if (!Number.isInteger(page)) throw new RangeError(`Expected whole page numbers, found ${page}`);
      const fault = this.#rules.check(page);
      if (fault !== undefined) throw new RangeError(fault.message);
      this.#rules.accept(page);
      const arena = borrow(this.#encoded + this.#largest);
      arena.bytes.set(data.subarray(i * pageSize, (i + 1) * pageSize), this.#page);
      const raw = this.#put(arena, page);
      giveBack(arena);
      if (raw !== undefined) for (const bytes of this.#frame!.push(raw)) this.#write(bytes);
      if (this.#size >= PIECE) yield this.#flush();
    }
    this.#state = "open";
  }

  /**
   * Ends the file, and yields the rest of it.
   *
   * `postApplyChecksum`: of the database afterwards. A snapshot's is computed, and held against what is given; without database
   * checksums, and for a deleted database, it need not be given.
   *
   * @throws TypeError where it is needed and not given
   * @throws RangeError where it cannot be, and for a snapshot that is not complete
   */
  end(postApplyChecksum?: bigint): Generator<Uint8Array, void, undefined> {
    this.#begin();
    const fault = this.#rules.end()?.message;
    if (fault !== undefined) throw new RangeError(fault);
    const checksum = this.#postApply(postApplyChecksum);
    this.#state = "ended";
    return this.#end(checksum);
  }

  *#end(postApplyChecksum: bigint): Generator<Uint8Array, void, undefined> {
    const zeros = new Uint8Array(this.#headerSize);
    this.#fileChecksum.update(zeros);
    if (this.#frame === undefined) this.#write(zeros);
    else {
      for (const bytes of this.#frame.push(zeros)) this.#write(bytes);
      for (const bytes of this.#frame.end()) this.#write(bytes);
    }
    if (hasPageIndex(this.variant)) {
      for (const bytes of this.#index.pieces()) {
        this.#fileChecksum.update(bytes);
        this.#write(bytes);
        if (this.#size >= PIECE) yield this.#flush();
      }
      const tail = new Uint8Array(9);
      writeUint64BE(tail, 1, BigInt(this.#index.size + 1));
      this.#fileChecksum.update(tail);
      this.#write(tail);
    }
    const bytes = new Uint8Array(LTX_TRAILER_SIZE);
    writeUint64BE(bytes, 0, postApplyChecksum);
    this.#fileChecksum.update(bytes, 0, 8);
    const fileChecksum = this.#fileChecksum.value;
    writeUint64BE(bytes, 8, fileChecksum);
    this.#write(bytes);
    this.#trailer = { postApplyChecksum, fileChecksum };
    yield this.#flush();
  }

  #begin(): void {
    if (this.#state === "ended") throw new TypeError("Expected a new writer: the file has ended");
    if (this.#state === "pushing")
      throw new TypeError("Expected the generator of the last push to be drained");
  }

  #postApply(given: bigint | undefined): bigint {
    const { header } = this;
    const computed = hasDatabaseChecksums(header)
      ? (this.#databaseChecksum?.value ?? (header.commit === 0 ? CHECKSUM_FLAG : undefined))
      : 0n;
    const checksum = given ?? computed;
    if (checksum === undefined) {
      throw new TypeError("Expected the checksum of the database afterwards, found none");
    }
    if (checksum < 0n || checksum >= 2n ** 64n) {
      throw new RangeError(`Expected a checksum of 64 bits, found ${checksum}`);
    }
    const fault = postApplyFault(header, checksum);
    if (fault !== undefined) throw new RangeError(fault);
    if (computed !== undefined && computed !== checksum) {
      throw new RangeError(
        `Expected the checksum of the pages, ${hex64(computed)}, found ${hex64(checksum)}`,
      );
    }
    return checksum;
  }

  /** Writes the page in the arena; of v1-lz4, returns what goes into the frame. */
  #put(arena: Arena, page: number): Uint8Array | undefined {
    const { pageSize } = this.header;
    const at = this.#page;
    const { bytes } = arena;
    const { variant } = this;
    if (variant === "v1-raw" || variant === "v1-lz4") {
      writeUint32BE(bytes, at - 4, page);
      this.#checksum(arena, 4, page);
      const raw = bytes.subarray(at - 4, at + pageSize);
      if (variant === "v1-lz4") return raw.slice();
      this.#write(raw);
      return undefined;
    }
    const isBlock = variant === "v3-block";
    const payload = isBlock ? this.#block(arena) : this.#pageFrame(arena);
    const before = isBlock ? 10 : this.#headerSize;
    writeUint32BE(bytes, at - before, page);
    if (before > 4) writeUint16BE(bytes, at - before + 4, isBlock ? PAGE_FLAG_BLOCK : 0);
    if (isBlock) writeUint32BE(bytes, at - 4, payload);
    this.#checksum(arena, before, page);
    const offset = this.#offset;
    this.#write(bytes.subarray(at - before, at));
    this.#write(bytes.subarray(this.#encoded, this.#encoded + payload));
    this.#index.add(page, offset, before + payload);
    return undefined;
  }

  /** Takes the page, and the `size` bytes of header before it, into the checksums. */
  #checksum(arena: Arena, size: number, page: number): void {
    const at = this.#page;
    const end = at + this.header.pageSize;
    const database = this.#databaseChecksum;
    if (database === undefined) this.#fileChecksum.updateIn(arena, at - size, end);
    else {
      this.#fileChecksum.updateWithPage(arena, at - size, at, end, page, this.#sum);
      database.xor(this.#sum[0]!, this.#sum[1]!);
    }
  }

  /** Makes one block of the page; its size. */
  #block(arena: Arena): number {
    const [at, to] = [this.#page, this.#encoded];
    const end = at + this.header.pageSize;
    return encodeIn(arena, at, end, at, to, to + this.#largest) - to;
  }

  /** Makes one frame of the page; its size. */
  #pageFrame(arena: Arena): number {
    const { bytes } = arena;
    const { pageSize } = this.header;
    const [at, to] = [this.#page, this.#encoded];
    const block = to + FRAME_HEADER.length + 4;
    bytes.set(FRAME_HEADER, to);
    // Room for one byte less than the page has: what does not shrink is stored as it is.
    let end = encodeIn(arena, at, at + pageSize, at, block, block + pageSize - 1);
    if (end < 0) {
      bytes.copyWithin(block, at, at + pageSize);
      end = block + pageSize;
      writeUint32LE(bytes, block - 4, pageSize | 0x80000000);
    } else writeUint32LE(bytes, block - 4, end - block);
    writeUint32LE(bytes, end, 0);
    this.#hash.reset();
    this.#hash.update(bytes.subarray(at, at + pageSize), arena);
    writeUint32LE(bytes, end + 4, this.#hash.digest());
    return end + 8 - to;
  }

  #write(bytes: Uint8Array): void {
    if (this.#size + bytes.length > this.#out.length) {
      const larger = new Uint8Array(this.#size + bytes.length);
      larger.set(this.#out.subarray(0, this.#size));
      this.#out = larger;
    }
    this.#out.set(bytes, this.#size);
    this.#size += bytes.length;
    this.#offset += bytes.length;
  }

  /** What has been written since the last time. */
  #flush(): Uint8Array {
    const piece = this.#out.slice(0, this.#size);
    this.#size = 0;
    return piece;
  }
}
