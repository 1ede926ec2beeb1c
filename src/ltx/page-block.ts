/**
 * The page block of an LTX file: pages after each other, each behind its header, up to a header of zeros. The layouts:
 * `variant.ts`. Every page goes through an arena once: decoded there, taken into the file checksum with its header before
 * it, and copied to the batch.
 */

import { readUint16BE, readUint32BE, writeUint32BE } from "../bytes.ts";
import { type LtxCode, WalkitError } from "../errors.ts";
import type { Arena } from "../kernel/index.ts";
import { borrow, giveBack } from "../lz4/arenas.ts";
import { DatabaseChecksum, type FileChecksum } from "./checksum.ts";
import { FrameFeed } from "./frame-feed.ts";
import { hasDatabaseChecksums, isSnapshot, LTX_HEADER_SIZE, type LtxHeader } from "./header.ts";
import { IndexCheck } from "./index-check.ts";
import { Intake } from "./intake.ts";
import { FRAME_HEAD, PageDecoder, UNUSUAL, wrongSize } from "./page-decoder.ts";
import { pageOneFault } from "./page-one.ts";
import { type PageFault, PageRules } from "./page-rules.ts";
import { hasPageIndex, type LtxVariant, largestBlock, PAGE_FLAG_BLOCK, pageHeaderSize } from "./variant.ts";

/** Pages that follow each other in the file. Valid until the generator is advanced. */
export interface LtxPages {
  /** Numbers of the pages, ascending; `count` of them. */
  pageNumbers: Uint32Array;
  /** The pages, `count` times the page size in bytes, in the same order. */
  data: Uint8Array;
  count: number;
  /** Where each page's header begins: a byte offset in the file; in v1-lz4, where it would be if the file were v1-raw. */
  offsets: Float64Array;
  /** Bytes that each page takes in the file, its header included; in v1-lz4, decompressed. */
  sizes: Float64Array;
}

export interface PageBlockOptions {
  header: LtxHeader;
  variant: LtxVariant;
  /** Where the file goes on with its page block. */
  intake: Intake;
  fileChecksum: FileChecksum;
  /** About how many bytes of pages make a batch. */
  batchSize: number;
  path: string | undefined;
  onNotice: (notice: WalkitError) => void;
}

export class PageBlock {
  /** What the page index must be. */
  readonly index: IndexCheck = new IndexCheck();
  /** Of the pages so far, where the file is a snapshot and keeps checksums. */
  readonly databaseChecksum: DatabaseChecksum | undefined;
  /** Pages so far. */
  pageCount = 0;

  readonly #header: LtxHeader;
  readonly #variant: LtxVariant;
  readonly #headerSize: 4 | 6;
  readonly #pageSize: number;
  readonly #largestBlock: number;
  readonly #intake: Intake;
  readonly #fileChecksum: FileChecksum;
  readonly #path: string | undefined;
  readonly #onNotice: (notice: WalkitError) => void;
  readonly #decoder: PageDecoder;
  readonly #rules: PageRules;
  readonly #sum = new Int32Array(2);

  readonly #capacity: number;
  /** None once it has been released. */
  #room: Room | undefined;
  #count = 0;
  #isOver = false;

  /** A frame that is decoded as it comes: the whole block (v1-lz4), or one page that the fast way does not take. */
  #frame: FrameFeed | undefined;
  /** Of v1-lz4: what comes out of it. */
  readonly #content = new Intake(LTX_HEADER_SIZE);
  /** Of the one page: its number, where its header begins, what is there of it. */
  #page = 0;
  #pageOffset = 0;
  #partial: Uint8Array | undefined;
  #filled = 0;
  #toldOfChecksum = false;

  constructor(options: PageBlockOptions) {
    const { header, variant } = options;
    const { pageSize, commit } = header;
    this.#header = header;
    this.#variant = variant;
    this.#headerSize = pageHeaderSize(variant);
    this.#pageSize = pageSize;
    this.#largestBlock = largestBlock(pageSize);
    this.#intake = options.intake;
    this.#fileChecksum = options.fileChecksum;
    this.#path = options.path;
    this.#onNotice = options.onNotice;
    this.#decoder = new PageDecoder(pageSize);
    this.#rules = new PageRules(header);
    if (isSnapshot(header) && hasDatabaseChecksums(header)) {
      this.databaseChecksum = new DatabaseChecksum(pageSize);
    }
    this.#capacity = Math.max(1, Math.min(Math.floor(options.batchSize / pageSize), commit));
    this.#room = takeRoom(this.#capacity, pageSize);
  }

  /** All has been read, and nobody looks at the last batch any more. */
  release(): void {
    if (this.#room && this.#room.data.length <= LARGEST_IDLE) idleRoom = this.#room;
    this.#room = undefined;
  }

  /** Reads on. `full`: the batch is; `short`: of input; `end`: the block is over, and the intake behind it. */
  advance(): "full" | "short" | "end" {
    const arena = borrow(this.#decoder.arenaEnd);
    try {
      for (;;) {
        if (this.#isOver && this.#variant !== "v1-lz4") return "end";
        if (this.#count === this.#capacity) return "full";
        const isStep = this.#variant === "v1-lz4" ? this.#lz4(arena) : this.#step(arena);
        if (!isStep) return this.#isOver && this.#frame?.done ? "end" : "short";
      }
    } finally {
      giveBack(arena);
    }
  }

  /** The pages read since the last call: valid until the next {@link advance}. */
  batch(): LtxPages | undefined {
    const count = this.#count;
    if (count === 0) return undefined;
    this.#count = 0;
    const { pageNumbers, data, offsets, sizes } = this.#room!;
    return {
      pageNumbers: pageNumbers.subarray(0, count),
      data: data.subarray(0, count * this.#pageSize),
      count,
      offsets: offsets.subarray(0, count),
      sizes: sizes.subarray(0, count),
    };
  }

  /** One page, or the end of the block. `false`: more input is needed. */
  #step(arena: Arena): boolean {
    if (this.#frame !== undefined) return this.#pageFrame(arena, this.#frame);
    const intake = this.#intake;
    if (this.#variant === "v1-raw") return this.#raw(arena, intake);
    const size = this.#headerSize;
    if (!intake.need(size)) return false;
    const page = readUint32BE(intake.source, intake.position);
    const flags = size === 6 ? readUint16BE(intake.source, intake.position + 4) : 0;
    if (page === 0 && flags === 0) return this.#end(intake, size);
    if (flags === PAGE_FLAG_BLOCK && page !== 0) return this.#block(arena, page);
    if (flags !== 0) {
      const expected = page === 0 ? "no flags in a page header for page 0" : "page flags 0x0 or 0x1";
      this.#fail("ltx/page-header", `Expected ${expected}, found 0x${flags.toString(16)}`, intake.offset);
    }
    return this.#usualFrame(arena, page);
  }

  /** v1: the page as it is. */
  #raw(arena: Arena, intake: Intake): boolean {
    if (!intake.need(4)) return false;
    const page = readUint32BE(intake.source, intake.position);
    if (page === 0) return this.#end(intake, 4);
    this.#check(this.#rules.check(page), intake.offset);
    const size = 4 + this.#pageSize;
    if (!intake.need(size)) return false;
    const { source, position } = intake;
    arena.bytes.set(source.subarray(position, position + size), this.#decoder.page - 4);
    this.#keep(arena, page, 4, intake.offset, size);
    intake.take(size);
    return true;
  }

  /** v3-block: a size and a block of LZ4. */
  #block(arena: Arena, page: number): boolean {
    const intake = this.#intake;
    const { offset } = intake;
    this.#check(this.#rules.check(page), offset);
    if (!intake.need(10)) return false;
    const size = readUint32BE(intake.source, intake.position + 6);
    if (size < 1 || size > this.#largestBlock) {
      const message = `Expected an LZ4 block of 1 to ${this.#largestBlock} bytes, found a size of ${size}`;
      this.#fail("ltx/page-header", message, offset + 6);
    }
    if (!intake.need(10 + size)) return false;
    const { source, position } = intake;
    this.#decoder.block(arena, source, position + 10, size, offset + 10, this.#path);
    arena.bytes.set(source.subarray(position, position + 10), this.#decoder.page - 10);
    this.#keep(arena, page, 10, offset, 10 + size);
    intake.take(10 + size);
    return true;
  }

  /** v2-frame, v3-frame: a frame of LZ4, taken the fast way where it is usual. */
  #usualFrame(arena: Arena, page: number): boolean {
    const intake = this.#intake;
    const { offset } = intake;
    const before = this.#headerSize;
    this.#check(this.#rules.check(page), offset);
    if (!intake.need(before + FRAME_HEAD)) return false;
    const size = this.#decoder.frameSize(intake.source, intake.position + before);
    if (size !== UNUSUAL) {
      if (!intake.need(before + size)) return false;
      const { source, position } = intake;
      if (this.#decoder.frame(arena, source, position + before, size)) {
        arena.bytes.set(source.subarray(position, position + before), this.#decoder.page - before);
        this.#keep(arena, page, before, offset, before + size);
        intake.take(before + size);
        return true;
      }
    }
    intake.take(before);
    this.#page = page;
    this.#pageOffset = offset;
    this.#filled = 0;
    this.#partial ??= new Uint8Array(this.#pageSize);
    this.#frame = new FrameFeed(intake, this.#path);
    return true;
  }

  /** Goes on with a frame that is not usual. */
  #pageFrame(arena: Arena, frame: FrameFeed): boolean {
    const partial = this.#partial!;
    for (let block = frame.next(); block !== undefined; block = frame.next()) {
      if (this.#filled + block.length > this.#pageSize) {
        throw wrongSize(this.#pageSize, "more", this.#pageOffset + this.#headerSize, this.#path);
      }
      partial.set(block, this.#filled);
      this.#filled += block.length;
    }
    if (!frame.done) return false;
    const before = this.#headerSize;
    if (this.#filled !== this.#pageSize) {
      throw wrongSize(this.#pageSize, `${this.#filled}`, this.#pageOffset + before, this.#path);
    }
    this.#tellOfChecksum(frame, this.#pageOffset + before);
    const at = this.#decoder.page;
    arena.bytes.set(partial, at);
    arena.bytes.fill(0, at - before, at);
    writeUint32BE(arena.bytes, at - before, this.#page);
    this.#keep(arena, this.#page, before, this.#pageOffset, this.#intake.offset - this.#pageOffset);
    this.#frame = undefined;
    return true;
  }

  /** v1-lz4: the same as v1-raw, in one frame. */
  #lz4(arena: Arena): boolean {
    const intake = this.#intake;
    if (this.#frame === undefined) {
      if (!intake.need(4)) return false;
      this.#frame = new FrameFeed(intake, this.#path);
    }
    if (!this.#isOver && this.#raw(arena, this.#content)) return true;
    if (this.#isOver && this.#content.available > 0) {
      const message =
        "Expected the LZ4 frame to end with the zeros that end the page block, found more in it";
      this.#fail("ltx/page-data", message, this.#content.offset);
    }
    const offset = intake.offset;
    const block = this.#frame.next();
    if (block !== undefined) this.#content.give(block);
    else if (this.#frame.done && !this.#isOver) {
      const message =
        "Expected another page, or the zeros that end the page block, found the end of the LZ4 frame";
      this.#fail("ltx/page-data", message, this.#content.end);
    } else if (this.#frame.done) this.#tellOfChecksum(this.#frame, offset);
    return block !== undefined;
  }

  #end(intake: Intake, size: number): boolean {
    this.#check(this.#rules.end(), intake.offset);
    this.#fileChecksum.update(ZEROS, 0, size);
    intake.take(size);
    this.#isOver = true;
    return true;
  }

  /** Takes the page in the arena, `before` bytes of header before it; in the file it is `size` bytes at `offset`. */
  #keep(arena: Arena, page: number, before: number, offset: number, size: number): void {
    const at = this.#decoder.page;
    const end = at + this.#pageSize;
    this.#rules.accept(page);
    const database = this.databaseChecksum;
    if (database === undefined) this.#fileChecksum.updateIn(arena, at - before, end);
    else {
      this.#fileChecksum.updateWithPage(arena, at - before, at, end, page, this.#sum);
      database.xor(this.#sum[0]!, this.#sum[1]!);
    }
    if (page === 1) {
      const fault = pageOneFault(arena.bytes, this.#header, at);
      if (fault !== undefined) this.#notice("ltx/database-header", fault, offset);
    }
    if (hasPageIndex(this.#variant)) this.index.page(page, offset, size);
    const count = this.#count++;
    const { data, pageNumbers, offsets, sizes } = this.#room!;
    data.set(arena.bytes.subarray(at, end), count * this.#pageSize);
    pageNumbers[count] = page;
    offsets[count] = offset;
    sizes[count] = size;
    this.pageCount++;
  }

  /** Once: every known writer ends its frames with one. */
  #tellOfChecksum(frame: FrameFeed, offset: number): void {
    if (frame.contentChecksum || this.#toldOfChecksum) return;
    this.#toldOfChecksum = true;
    this.#notice("ltx/unusual", "Expected LZ4 frames with a content checksum, found one without", offset);
  }

  #notice(code: LtxCode, message: string, offset: number): void {
    this.#onNotice(new WalkitError(code, message, { path: this.#path, offset }));
  }

  #check(fault: PageFault | undefined, offset: number): void {
    if (fault !== undefined) this.#fail(fault.code, fault.message, offset);
  }

  #fail(code: LtxCode, message: string, offset: number): never {
    const decoded = this.#variant === "v1-lz4" || undefined;
    throw new WalkitError(code, message, { path: this.#path, offset, decoded });
  }
}

const ZEROS = new Uint8Array(6);

/** What a batch lies in. */
interface Room {
  data: Uint8Array;
  pageNumbers: Uint32Array;
  offsets: Float64Array;
  sizes: Float64Array;
}

/** That of a file that is over is the next one's: a restore from 3,000 files takes 0.9 of the time, and 23 MB less. */
let idleRoom: Room | undefined;
/** In bytes. */
const LARGEST_IDLE = 1 << 20;

function takeRoom(pages: number, pageSize: number): Room {
  const idle = idleRoom;
  idleRoom = undefined;
  if (idle && idle.data.length >= pages * pageSize && idle.sizes.length >= pages) return idle;
  return {
    data: new Uint8Array(pages * pageSize),
    pageNumbers: new Uint32Array(pages),
    offsets: new Float64Array(pages),
    sizes: new Float64Array(pages),
  };
}
