/**
 * Reads an LTX file handed over in pieces of any size, and checks all there is to check: the order of the pages, that they
 * decompress to pages, the index against them, the trailer, the checksums. The parts: `header.ts`, `variant.ts` (page
 * block), `index-check.ts`, `trailer.ts`.
 *
 * Memory: one batch of pages, one compressed page where the input cuts it; for v1-lz4 one block of its frame. What an error
 * says, and where, does not depend on how the input is cut.
 */

import { type LtxCode, WalkitError } from "../errors.ts";
import { FileChecksum } from "./checksum.ts";
import {
  FLAG_LZ4,
  hasDatabaseChecksums,
  isReservedZero,
  LTX_HEADER_SIZE,
  type LtxHeader,
  parseLtxHeader,
} from "./header.ts";
import { Intake } from "./intake.ts";
import { type LtxPages, PageBlock } from "./page-block.ts";
import { LTX_TRAILER_SIZE, type LtxTrailer, postApplyFault } from "./trailer.ts";
import { hasPageIndex, type LtxVariant, RECOGNIZE_SIZE, recognizeVariant } from "./variant.ts";
import { hex64, hexSafe, readUint64BE } from "./words.ts";

/** What reading a file takes to know. */
export interface LtxReaderOptions {
  /** The file, for errors. */
  path?: string | undefined;
  /**
   * What the file is known to be: a replica of Litestream 0.5 is v3, LiteFS writes v1. `v3-frame` and `v3-block` are the same
   * here, since each page says which it is; so are `v1-raw` and `v1-lz4`, which the header tells apart. Default: the file
   * tells.
   */
  variant?: LtxVariant | undefined;
  /** About how many bytes of pages to yield at a time; at least one page. Default 262144. */
  batchSize?: number | undefined;
  /** Told of what is odd, but no fault: `ltx/unusual`, `ltx/database-header`. */
  onNotice?: ((notice: WalkitError) => void) | undefined;
}

const BATCH = 262144;

const EXPECTED = {
  header: `${LTX_HEADER_SIZE} bytes of LTX header`,
  variant: "pages, or the zeros that end them",
  pages: "the rest of a page, or the zeros that end the pages",
  index: "the rest of the page index",
  "index-size": "the 8 bytes of the size of the page index",
  trailer: `the ${LTX_TRAILER_SIZE} bytes of the trailer`,
  end: "nothing",
} as const;

/** Reads one LTX file: `push` takes its pieces and yields its pages, `end` says that all of it is right. */
export class LtxReader {
  readonly #path: string | undefined;
  readonly #given: LtxVariant | undefined;
  readonly #batchSize: number;
  readonly #onNotice: (notice: WalkitError) => void;

  readonly #intake = new Intake();
  /** What comes next. */
  #stage: keyof typeof EXPECTED = "header";
  #header: LtxHeader | undefined;
  #variant: LtxVariant | undefined;
  #block: PageBlock | undefined;
  #trailer: LtxTrailer | undefined;
  readonly #checksum = new FileChecksum();
  #pushing = false;
  #failure: unknown;

  /** Throws a `RangeError` for a batch size that is not a positive number. */
  constructor(options: LtxReaderOptions = {}) {
    const { batchSize = BATCH } = options;
    if (!(batchSize > 0)) throw new RangeError(`Expected a batch size above 0, found ${batchSize}`);
    this.#path = options.path;
    this.#given = options.variant;
    this.#batchSize = batchSize;
    this.#onNotice = options.onNotice ?? (() => {});
  }

  /** The header, once it has been read. */
  get header(): LtxHeader | undefined {
    return this.#header;
  }

  /** The variant, once the file has told; of a v3 file, that of its first page. */
  get variant(): LtxVariant | undefined {
    return this.#variant;
  }

  /** The trailer, once all of the file has been read and found right. */
  get trailer(): LtxTrailer | undefined {
    return this.#trailer;
  }

  /** Pages so far, those of the batch just yielded included. */
  get pageCount(): number {
    return this.#block?.pageCount ?? 0;
  }

  /** Byte offset in the file up to which all has been read. */
  get offset(): number {
    return this.#intake.offset;
  }

  /**
   * Takes the next piece of the file, cut anywhere, and yields the pages that it completes, ascending, in batches.
   *
   * What is yielded is valid until the generator is advanced or left. It is proven only when {@link end} has returned: the
   * checksum of the file is at its end. The generator must be drained before the next call; `bytes` must not change until
   * then.
   *
   * @throws WalkitError with any of the codes `ltx/…`, or `lz4/…` for what is wrong inside compressed data, after the pages
   * before it; from then on the reader only repeats the error
   */
  push(bytes: Uint8Array): Generator<LtxPages, void, undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#pushing) throw new TypeError("Expected the generator of the last push to be drained");
    this.#pushing = true;
    this.#intake.give(bytes);
    return this.#read();
  }

  *#read(): Generator<LtxPages, void, undefined> {
    for (let isFull = true; isFull; ) {
      try {
        isFull = this.#advance();
      } catch (error) {
        this.#failure = this.#withRemedy(error);
        isFull = false;
      }
      const batch = this.#block?.batch();
      if (batch !== undefined) yield batch;
    }
    if (this.#failure !== undefined) throw this.#failure;
    this.#pushing = false;
  }

  /**
   * Says that the file is at its end. Returns the trailer: all of the file is right.
   *
   * @throws WalkitError `ltx/truncated` when there should be more
   */
  end(): LtxTrailer {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#pushing) throw new TypeError("Expected the generator of the last push to be drained");
    if (this.#trailer !== undefined) {
      this.#block?.release();
      return this.#trailer;
    }
    const offset = this.#intake.end;
    const found = offset === 0 ? "an empty file" : `the end of the file at byte ${offset}`;
    const remedy = { do: "fetch-again", what: "file" } as const;
    const message = `Expected ${EXPECTED[this.#stage]}, found ${found}`;
    this.#failure = new WalkitError("ltx/truncated", message, { path: this.#path, offset, remedy });
    throw this.#failure;
  }

  /** Reads on until a batch of pages is full (`true`) or the piece used up (`false`). */
  #advance(): boolean {
    const intake = this.#intake;
    for (;;) {
      switch (this.#stage) {
        case "header":
          if (!intake.need(LTX_HEADER_SIZE)) {
            this.#checkBeginning();
            return false;
          }
          this.#readHeader();
          break;
        case "variant":
          if (!intake.need(RECOGNIZE_SIZE)) return false;
          this.#beginPages();
          break;
        case "pages": {
          const said = this.#block!.advance();
          if (said !== "end") return said === "full";
          this.#stage = hasPageIndex(this.#variant!) ? "index" : "trailer";
          break;
        }
        case "index":
          if (intake.available === 0) return false;
          this.#readIndex();
          break;
        case "index-size":
          if (!intake.need(8)) return false;
          this.#readIndexSize();
          break;
        case "trailer":
          if (!intake.need(LTX_TRAILER_SIZE)) return false;
          this.#readTrailer();
          break;
        case "end":
          if (intake.available === 0) return false;
          this.#fail("ltx/trailing-data", "Expected the end of the file after its trailer, found more bytes");
      }
    }
  }

  /** What is not LTX shows before there are 100 bytes of it. */
  #checkBeginning(): void {
    const { source, position, available } = this.#intake;
    try {
      parseLtxHeader(source.subarray(position, position + available), { path: this.#path });
    } catch (error) {
      if (!(error instanceof WalkitError && error.code === "ltx/truncated")) throw error;
    }
  }

  #readHeader(): void {
    const { source, position } = this.#intake;
    const bytes = source.subarray(position, position + LTX_HEADER_SIZE);
    const header = parseLtxHeader(bytes, { path: this.#path });
    const isV1 = this.#given?.startsWith("v1") ?? true;
    if (!isV1 && header.flags & FLAG_LZ4) {
      const message = `Expected header flags 0x0 or 0x2 in ${this.#given}, found 0x${header.flags.toString(16)}`;
      this.#fail("ltx/header", message, 4);
    }
    if (!isReservedZero(bytes)) {
      this.#notice("Expected zeros in the reserved bytes of the header, found others", 80);
    }
    if (header.commit === 0 && !hasDatabaseChecksums(header)) {
      this.#notice("Expected database checksums in a file that deletes the database, found none", 4);
    }
    this.#header = header;
    this.#checksum.update(bytes);
    this.#intake.take(LTX_HEADER_SIZE);
    this.#stage = "variant";
  }

  #beginPages(): void {
    const intake = this.#intake;
    const header = this.#header!;
    this.#variant = this.#variantOf(header);
    this.#block = new PageBlock({
      ...{ header, variant: this.#variant, intake, fileChecksum: this.#checksum, path: this.#path },
      ...{ batchSize: this.#batchSize, onNotice: this.#onNotice },
    });
    this.#stage = "pages";
  }

  #variantOf({ flags, pageSize }: LtxHeader): LtxVariant {
    if (flags & FLAG_LZ4) return "v1-lz4";
    const { source, position } = this.#intake;
    const recognized = recognizeVariant(source, position, pageSize);
    const given = this.#given;
    if (given === undefined) return recognized;
    if (given.startsWith("v1")) return "v1-raw";
    return given.startsWith("v3") && recognized.startsWith("v3") ? recognized : given;
  }

  #readIndex(): void {
    const intake = this.#intake;
    const { index } = this.#block!;
    const size = intake.together();
    const { source, position } = intake;
    const stop = index.take(source, position, position + size);
    if (index.fault !== undefined) this.#fail("ltx/index", index.fault, intake.offset + stop - position);
    this.#checksum.update(source, position, stop);
    intake.take(stop - position);
    if (index.done) this.#stage = "index-size";
  }

  #readIndexSize(): void {
    const { source, position } = this.#intake;
    const { size } = this.#block!.index;
    const found = readUint64BE(source, position);
    if (found !== BigInt(size)) {
      const message = `Expected a page index of ${size} (0x${hexSafe(size)}) bytes, found a size of 0x${hex64(found)}`;
      this.#fail("ltx/index", message);
    }
    this.#checksum.update(source, position, position + 8);
    this.#intake.take(8);
    this.#stage = "trailer";
  }

  #readTrailer(): void {
    const { source, position, offset } = this.#intake;
    const postApplyChecksum = readUint64BE(source, position);
    const fileChecksum = readUint64BE(source, position + 8);
    this.#checksum.update(source, position, position + 8);
    const { value } = this.#checksum;
    if (value !== fileChecksum) {
      const message = `Expected file checksum ${hex64(value)} (computed), found ${hex64(fileChecksum)} (stored)`;
      this.#fail("ltx/file-checksum", message, offset + 8);
    }
    const fault = postApplyFault(this.#header!, postApplyChecksum);
    if (fault !== undefined) this.#fail("ltx/trailer", fault);
    const database = this.#block!.databaseChecksum?.value;
    if (database !== undefined && database !== postApplyChecksum) {
      const message = `Expected database checksum ${hex64(database)} (computed), found ${hex64(postApplyChecksum)} (stored)`;
      this.#fail("ltx/database-checksum", message);
    }
    this.#intake.take(LTX_TRAILER_SIZE);
    this.#trailer = { postApplyChecksum, fileChecksum };
    this.#stage = "end";
  }

  /** What looks like no other variant is taken for v1-raw, where most of what is said of it may be beside the point. */
  #withRemedy(error: unknown): unknown {
    if (!(error instanceof WalkitError) || this.#variant !== "v1-raw" || this.#given !== undefined)
      return error;
    return error.with({
      remedy: { do: "recognize", expected: "litefs", looksLike: undefined },
    });
  }

  #notice(message: string, offset: number): void {
    this.#onNotice(new WalkitError("ltx/unusual", message, { path: this.#path, offset }));
  }

  /** `offset`: default the element at hand. */
  #fail(code: LtxCode, message: string, offset: number = this.#intake.offset): never {
    throw new WalkitError(code, message, { path: this.#path, offset });
  }
}
