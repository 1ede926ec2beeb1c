/**
 * The database of a dead node, as LiteFS recovers it at its next start, without writing to it: the rollback journal copied back,
 * the WAL's committed frames laid over it as far as the newest LTX file goes, then that file once more. What comes of it has to have
 * the checksum that the file tells. Of pages that lie elsewhere than in the database only their places are kept, 4 bytes each.
 */

import { readUint32BE } from "../../bytes.ts";
import { isFault, type WalkitError } from "../../errors.ts";
import { CHECKSUM_FLAG, type LtxHeader, lockPage, pageChecksum } from "../../ltx/index.ts";
import type { RemoteFile } from "../../replay/catalog.ts";
import { pageSizeChanged } from "../../replay/faults.ts";
import type { ClaimPiece, ReadContext } from "../../replay/layout.ts";
import { PageMap } from "../../replay/page-map.ts";
import type { PlannedFile } from "../../replay/plan.ts";
import { sumText } from "../../replay/sums.ts";
import { DATABASE_HEADER_SIZE, type DatabaseHeader, parseDatabaseHeader } from "../../sqlite/header.ts";
import { journalPages } from "../../sqlite/journal.ts";
import {
  FRAME_HEADER_SIZE,
  parseWalHeader,
  WAL_HEADER_SIZE,
  type WalHeader,
  WalReader,
} from "../../wal/index.ts";
import { readFile, timeOf } from "../ltx/file.ts";
import { type Listed, listLitefs } from "./catalog.ts";
import { checkHeader, deletion, notRecovered, pageGone, unproven } from "./faults.ts";
import { folderOf } from "./names.ts";

/** About how many bytes of the database are yielded at a time. */
const PIECE = 262144;

/** The XOR of the checksums of pages, without bit 63; the page for locks counts for nothing. */
export function pageSum(page: number, data: Uint8Array): bigint {
  return page === lockPage(data.length) ? 0n : pageChecksum(page, data) & ~CHECKSUM_FLAG;
}

/**
 * Reads the database at `file`, recovered: from its first byte to its last.
 *
 * @throws WalkitError `ltx/database-checksum` where it is not what the newest LTX file leaves; `ltx/*` for what is wrong with that
 * file, `replica/deleted`, `database/*`, `storage/*`
 */
export async function* readDatabase(
  context: ReadContext,
  file: PlannedFile,
): AsyncGenerator<ClaimPiece, void, undefined> {
  const listed = await listLitefs(context.storage, folderOf(file.path), context.signal);
  const newest = listed?.files.reduce<(PlannedFile & { maxTxid: number }) | undefined>(
    (last, one) => (!last || one.maxTxid >= last.maxTxid ? one : last),
    undefined,
  );
  const last = newest && (await LastFile.open(context, newest));
  try {
    yield* new Recovery(context, file, { ...listed, last, txid: newest?.maxTxid ?? 0 }).pieces();
  } finally {
    await last?.close();
  }
}

/** The newest LTX file, while its pages are laid over the database. */
class LastFile {
  readonly path: string;
  header!: LtxHeader;
  /** Once all pages have been taken. */
  postApplyChecksum = 0n;
  readonly #runs: ReturnType<typeof readFile>;
  /** Pages of the run at hand that come next, the first one last. */
  #pages: { page: number; data: Uint8Array }[] = [];

  private constructor(context: ReadContext, file: PlannedFile) {
    this.path = file.path;
    const onHeader = (header: LtxHeader) => {
      this.header = header;
      checkHeader(file.path, header);
    };
    const onTrailer = ({ postApplyChecksum }: { postApplyChecksum: bigint }) => {
      this.postApplyChecksum = postApplyChecksum;
    };
    this.#runs = readFile(file, context, onHeader, { variant: "v1-raw", onTrailer });
  }

  /** Reads up to the first page. */
  static async open(context: ReadContext, file: PlannedFile): Promise<LastFile> {
    const last = new LastFile(context, file);
    await last.#next();
    return last;
  }

  async #next(): Promise<void> {
    if (this.#pages.length > 0) return;
    const { value: run } = await this.#runs.next();
    run?.forEach((page, data) => {
      this.#pages.push({ page, data: data.slice() });
    });
    this.#pages.reverse();
  }

  /** The page, if the file has it. Asked for ascending. */
  async take(page: number): Promise<Uint8Array | undefined> {
    await this.#next();
    if (this.#pages.at(-1)?.page !== page) return undefined;
    return this.#pages.pop()!.data;
  }

  /** Reads what is left, up to the trailer. */
  async end(): Promise<void> {
    for await (const _ of this.#runs);
  }

  async close(): Promise<void> {
    await this.#runs.return();
  }
}

/** What is beside the database. */
interface Beside extends Partial<Pick<Listed, "journal" | "wal">> {
  last: LastFile | undefined;
  /** The newest transaction. */
  txid: number;
}

class Recovery {
  readonly #context: ReadContext;
  readonly #file: PlannedFile;
  readonly #journal: RemoteFile | undefined;
  readonly #wal: RemoteFile | undefined;
  readonly #last: LastFile | undefined;
  readonly #txid: number;
  readonly #aside: string[] = [];
  #pageSize = 0;
  /** Pages of the database file that count, and of the database. */
  #filePages = Number.POSITIVE_INFINITY;
  #pageCount: number | undefined;
  /** Of a page that the journal has: one more than the number of its record. */
  readonly #inJournal = new PageMap();
  readonly #journalOffsets: number[] = [];
  /** Of a page that the WAL has: one more than the number of its frame. */
  readonly #inWal = new PageMap();

  constructor(context: ReadContext, file: PlannedFile, { journal, wal, last, txid }: Beside) {
    this.#context = context;
    this.#file = file;
    this.#journal = journal;
    this.#wal = wal;
    this.#last = last;
    this.#txid = txid;
  }

  async *pieces(): AsyncGenerator<ClaimPiece, void, undefined> {
    const { path } = this.#file;
    const last = this.#last;
    if (last?.header.commit === 0) {
      await last.end();
      throw deletion(last.path, this.#txid);
    }
    this.#pageSize = last ? last.header.pageSize : await this.#ownPageSize();
    await this.#readJournal();
    await this.#readWal();
    const pageCount = last?.header.commit ?? this.#pageCount;
    const time = last && timeOf(last.header);
    let header: DatabaseHeader | undefined;
    let sum = 0n;
    for await (const { data, first } of this.#pages(pageCount)) {
      header ??= this.#headerOf(data);
      const size = this.#pageSize;
      for (let at = 0; last && at < data.length; at += size)
        sum ^= pageSum(first + at / size, data.subarray(at, at + size));
      yield { header, position: (first - 1) * size, data, time };
    }
    if (!header) throw this.#gone(1, 1);
    if (!last) {
      this.#context.onOdd?.(unproven(path));
      return;
    }
    await last.end();
    const expected = last.postApplyChecksum;
    if (sum === (expected & ~CHECKSUM_FLAG)) return;
    throw notRecovered(path, last.path, sumText(expected), sumText(sum), this.#aside);
  }

  #gone(page: number, count: number): WalkitError {
    return pageGone(this.#file.path, page, count, { txid: this.#txid }, this.#aside);
  }

  #headerOf(page1: Uint8Array): DatabaseHeader {
    const { path } = this.#file;
    const header = parseDatabaseHeader(page1, { path });
    if (header.pageSize !== this.#pageSize) throw pageSizeChanged(path, this.#pageSize, header.pageSize);
    return header;
  }

  /** Where no LTX file tells. */
  async #ownPageSize(): Promise<number> {
    const { path } = this.#file;
    return parseDatabaseHeader(await this.#bytes(path, 0, DATABASE_HEADER_SIZE), { path }).pageSize;
  }

  /** The database, about {@link PIECE} bytes at a time, from page `first` on; valid until the next are asked for. */
  async *#pages(
    pageCount: number | undefined,
  ): AsyncGenerator<{ data: Uint8Array; first: number }, void, undefined> {
    const size = this.#pageSize;
    const most = Math.max(1, Math.floor(PIECE / size));
    const lock = lockPage(size);
    const own = new Sequence(this.#context, this.#file.path);
    const buffer = new Uint8Array(most * size);
    try {
      for (let first = 1; first <= (pageCount ?? Number.POSITIVE_INFINITY); ) {
        const count = Math.min(most, (pageCount ?? Number.POSITIVE_INFINITY) - first + 1);
        const there = await own.fill(buffer.subarray(0, count * size));
        // What is no whole page is none; nor is what the journal says was not there before.
        const fromFile = Math.min(Math.floor(there / size), Math.max(0, this.#filePages - first + 1));
        let pages = 0;
        for (; pages < count; pages++) {
          const page = first + pages;
          const data = buffer.subarray(pages * size, (pages + 1) * size);
          const over = (await this.#last?.take(page)) ?? (await this.#over(page));
          if (over) data.set(over);
          else if (page === lock) data.fill(0);
          else if (pages < fromFile) continue;
          else if (pageCount === undefined) break;
          else throw this.#gone(page, pageCount);
        }
        if (pages > 0) yield { data: buffer.subarray(0, pages * size), first };
        first += pages;
        if (pages < count) return;
      }
    } finally {
      await own.close();
    }
  }

  /** A page that the WAL or the journal has. */
  async #over(page: number): Promise<Uint8Array | undefined> {
    const size = this.#pageSize;
    const frame = this.#inWal.get(page);
    if (frame > 0) {
      const at = WAL_HEADER_SIZE + (frame - 1) * (FRAME_HEADER_SIZE + size) + FRAME_HEADER_SIZE;
      return await this.#bytes(this.#wal!.path, at, size);
    }
    const record = this.#inJournal.get(page);
    if (record > 0) return await this.#bytes(this.#journal!.path, this.#journalOffsets[record - 1]!, size);
    return undefined;
  }

  /** What a transaction that did not end changed is as it was. */
  async #readJournal(): Promise<void> {
    if (!this.#journal) return;
    const { path, unreadable } = this.#journal;
    if (unreadable) throw unreadable;
    const size = this.#journal.size ?? (await this.#countBytes(path));
    if (size === 0) return;
    let pages = Number.POSITIVE_INFINITY;
    const read = new Window((offset, length) => this.#bytes(path, offset, length));
    const journal = journalPages(
      (at, length) => read.at(at, length),
      size,
      this.#pageSize,
      (count) => {
        pages = count;
      },
    );
    for await (const { page, offset } of journal) {
      if (page > pages || this.#inJournal.get(page) > 0) continue;
      this.#inJournal.set(page, this.#journalOffsets.push(offset));
    }
    if (pages === Number.POSITIVE_INFINITY) {
      this.#aside.push(`${path}, which has nothing to copy back`);
      return;
    }
    this.#filePages = pages;
    this.#pageCount = pages;
  }

  /** What was committed, as far as the newest LTX file goes. */
  async #readWal(): Promise<void> {
    if (!this.#wal) return;
    const { path, unreadable } = this.#wal;
    if (unreadable) throw unreadable;
    const last = this.#last?.header;
    const start = await this.#bytes(path, 0, WAL_HEADER_SIZE);
    if (start.length < WAL_HEADER_SIZE) return;
    let header: WalHeader;
    try {
      header = parseWalHeader(start, { path });
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#aside.push(`${path}: ${error.message}`);
      return;
    }
    if (last && (header.salt1 !== last.walSalt1 || header.salt2 !== last.walSalt2)) {
      this.#aside.push(`${path}, whose salts are not those of the newest LTX file`);
      return;
    }
    if (header.pageSize !== this.#pageSize) {
      this.#aside.push(`${path}, whose pages have ${header.pageSize} bytes`);
      return;
    }
    const end = last ? last.walOffset + last.walSize : Number.POSITIVE_INFINITY;
    await this.#readFrames(path, end);
  }

  async #readFrames(path: string, end: number): Promise<void> {
    const { storage, signal, onRead } = this.#context;
    const reader = new WalReader({ path });
    const size = FRAME_HEADER_SIZE + this.#pageSize;
    let pending: number[] = [];
    for await (const piece of storage.read(path, {
      signal,
      start: 0,
      ...(Number.isFinite(end) && { end }),
    })) {
      for (const { bytes, frame, count, commitSize } of reader.push(piece)) {
        for (let i = 0; i < count; i++) pending.push(readUint32BE(bytes, i * size), frame + i + 1);
        if (commitSize === 0) continue;
        for (let i = 0; i < pending.length; i += 2) this.#inWal.set(pending[i]!, pending[i + 1]!);
        pending = [];
        this.#inWal.truncate(commitSize);
        this.#inJournal.truncate(commitSize);
        this.#filePages = Math.min(this.#filePages, commitSize);
        this.#pageCount = commitSize;
      }
      onRead?.(piece.length);
    }
    const stop = reader.end();
    if (stop.reason !== "end") this.#aside.push(`${path} from byte ${reader.committedOffset} on`);
  }

  /** Bytes of a file, fewer where it ends. */
  async #bytes(path: string, start: number, length: number): Promise<Uint8Array> {
    const { storage, signal } = this.#context;
    const bytes = new Uint8Array(length);
    let filled = 0;
    for await (const piece of storage.read(path, { signal, start, end: start + length })) {
      const part = piece.subarray(0, length - filled);
      bytes.set(part, filled);
      filled += part.length;
      if (filled === length) break;
    }
    return bytes.subarray(0, filled);
  }

  /** Where the listing tells no size. */
  async #countBytes(path: string): Promise<number> {
    let size = 0;
    for await (const { length } of this.#context.storage.read(path, { signal: this.#context.signal }))
      size += length;
    return size;
  }
}

/** A file from its first byte on, in parts of any size. */
class Sequence {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #onRead: ReadContext["onRead"];
  #rest: Uint8Array = new Uint8Array(0);

  constructor({ storage, signal, onRead }: ReadContext, path: string) {
    this.#pieces = storage.read(path, { signal })[Symbol.asyncIterator]();
    this.#onRead = onRead;
  }

  /** Fills `bytes`; returns how many there were. */
  async fill(bytes: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < bytes.length) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#pieces.next();
        if (done) break;
        this.#onRead?.(value.length);
        this.#rest = value;
      }
      const part = this.#rest.subarray(0, bytes.length - filled);
      bytes.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return filled;
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

/** Small reads, one behind the other, out of larger ones. */
class Window {
  readonly #read: (offset: number, length: number) => Promise<Uint8Array>;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(read: (offset: number, length: number) => Promise<Uint8Array>) {
    this.#read = read;
  }

  async at(offset: number, length: number): Promise<Uint8Array> {
    const from = offset - this.#start;
    if (from < 0 || from + length > this.#bytes.length) {
      this.#bytes = await this.#read(offset, Math.max(PIECE, length));
      this.#start = offset;
    }
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + length);
  }
}
