/** What is in a file (or in its LZ4 frame), told while it streams by: a WAL, a piece of one, a database. */

import { concat, hex, readUint32BE } from "../bytes.ts";
import { WalkitError } from "../errors.ts";
import { type Finding, findingOf, makeFinding } from "../findings.ts";
import { DATABASE_HEADER_SIZE, type DatabaseHeader, parseDatabaseHeader } from "../snapshot/index.ts";
import { FRAME_HEADER_SIZE, parseFrameHeader, stopError, WalReader, type WalStop } from "../wal/index.ts";
import { HEAD_SIZE, type Recognized, recognize, type SegmentLayout } from "./recognize.ts";

export interface WalDetails {
  /** Null for a piece without the WAL's beginning. */
  header: { version: number; checkpointSequence: number; checksum: string } | null;
  pageSize: number;
  /** Of the words that checksums are computed over; null where a single frame leaves that open. */
  byteOrder: "little-endian" | "big-endian" | null;
  salts: string;
  /** Frames that fit the chain, transactions that are committed by them, and frames after the last commit. */
  frames: number;
  transactions: number;
  uncommittedFrames: number;
  /** Size of the database after the last commit, in pages. */
  pageCount: number | null;
  /** Where the chain of frames ends, and why. Offsets count from the beginning of the content. */
  stop: { reason: WalStop["reason"]; offset: number; frame: number } | null;
  transactionList: { offset: number; end: number; frame: number; frames: number; pageCount: number }[];
  frameList: {
    frame: number;
    offset: number;
    page: number;
    pageCount: number;
    salts: string;
    checksum: string;
    sound: boolean;
  }[];
}

export interface DatabaseDetails extends DatabaseHeader {
  /** Pages that are there. */
  pages: number;
}

export interface ContentOptions {
  path: string;
  /** The content comes out of an LZ4 frame: it is, or would be, a replica's. */
  decoded: boolean;
  /** How much to list of each. */
  limit: number;
}

export class Content {
  recognized: Recognized | undefined;
  wal: WalDetails | undefined;
  database: DatabaseDetails | undefined;
  bytes = 0;
  readonly findings: Finding[] = [];
  readonly notes: string[] = [];
  readonly #options: ContentOptions;
  #head: Uint8Array[] = [];
  #headSize = 0;
  #reader: WalReader | undefined;
  /** What to take off a WAL offset to get one in the content. */
  #base = 0;
  #broken = false;
  #firstFault: WalStop | undefined;
  /** Frames after the first fault that have the header's salts: then it is damage, not the leftover of an earlier round. */
  #laterOfSameRound = 0;
  #pending: { offset: number; frame: number; frames: number } | undefined;

  constructor(options: ContentOptions) {
    this.#options = options;
  }

  push(piece: Uint8Array): void {
    this.bytes += piece.length;
    if (this.recognized) {
      this.#feed(piece);
      return;
    }
    this.#head.push(piece.slice());
    this.#headSize += piece.length;
    if (this.#headSize >= HEAD_SIZE) this.#begin(false);
  }

  /** `complete`: nothing is known to be missing behind what was pushed. */
  end(complete: boolean): void {
    if (!this.recognized) this.#begin(complete);
    if (this.#reader && !this.#broken) this.#endWal(this.#reader, complete);
    const { database } = this;
    if (!database) return;
    database.pages = Math.floor(this.bytes / database.pageSize);
    if (complete && this.bytes % database.pageSize !== 0) {
      const message = `Expected whole pages of ${database.pageSize} bytes, found ${this.bytes} bytes`;
      this.findings.push(makeFinding("database/size", message, { ...this.#at(this.bytes) }));
    }
    if (complete && database.pageCount !== undefined && database.pageCount !== database.pages) {
      this.notes.push(
        `The header tells of ${database.pageCount} pages, ${database.pages} are there. Where a WAL belongs to the database (a -wal beside it; for a snapshot, the WAL of its index), that is normal`,
      );
    }
  }

  #begin(whole: boolean): void {
    const head = concat(this.#head);
    this.#head = [];
    const recognized = recognize(head, whole);
    this.recognized = recognized;
    try {
      if (recognized.kind === "wal") this.#reader = new WalReader({ ...this.#readerOptions });
      else if (recognized.segment) this.#reader = this.#segmentReader(recognized.segment);
      else if (recognized.kind === "database") {
        this.database = { ...parseDatabaseHeader(head, { path: this.#options.path }), pages: 0 };
      }
    } catch (error) {
      this.#fail(error);
    }
    if (recognized.kind === "database" && head.length < DATABASE_HEADER_SIZE) this.#broken = true;
    this.#feed(head);
  }

  get #readerOptions(): { path: string; resync: true; onFault: (stop: WalStop) => void } {
    const onFault = (stop: WalStop) => {
      this.#firstFault ??= stop;
    };
    return { path: this.#options.path, resync: true, onFault };
  }

  /** As if the piece stood right behind a header: nothing tells where in its WAL it stood. */
  #segmentReader({ pageSize, bigEndian, salt1, salt2, certain }: SegmentLayout): WalReader {
    this.#base = 32;
    const header = {
      ...{ bigEndian, version: 0, pageSize, checkpointSequence: 0 },
      ...{ salt1, salt2, checksum1: 0, checksum2: 0 },
    };
    this.notes.push(
      "The first frame's own checksum cannot be checked without the WAL before it; all the others are checked from it on",
    );
    if (!certain) {
      this.notes.push(
        "No second frame fits the first one, or there is none: the page size is a guess by size and salts",
      );
    }
    return new WalReader({ ...this.#readerOptions, resume: { header, offset: 32, checksum: undefined } });
  }

  #feed(piece: Uint8Array): void {
    const reader = this.#reader;
    if (!reader || this.#broken) return;
    try {
      for (const run of reader.push(piece)) {
        const wal = (this.wal ??= this.#newWal(reader));
        const size = FRAME_HEADER_SIZE + wal.pageSize;
        const ok = this.#firstFault === undefined;
        for (let i = 0; i < run.count; i++) {
          const at = i * size;
          if (!ok && run.frame + i > this.#firstFault!.frame) this.#countLater(run.bytes, at);
          if (wal.frameList.length < this.#options.limit) {
            const header = parseFrameHeader(run.bytes, at);
            wal.frameList.push({
              frame: run.frame + i,
              offset: run.offset - this.#base + at,
              page: header.pageNumber,
              pageCount: header.commitSize,
              salts: `${hex(header.salt1)} ${hex(header.salt2)}`,
              checksum: `${hex(header.checksum1)} ${hex(header.checksum2)}`,
              sound: ok,
            });
          }
        }
        if (!ok) continue;
        wal.frames += run.count;
        const pending = (this.#pending ??= { offset: run.offset - this.#base, frame: run.frame, frames: 0 });
        pending.frames += run.count;
        if (run.commitSize === 0) continue;
        wal.transactions++;
        wal.pageCount = run.commitSize;
        if (wal.transactionList.length < this.#options.limit) {
          const end = run.offset - this.#base + run.bytes.length;
          wal.transactionList.push({ ...pending, end, pageCount: run.commitSize });
        }
        this.#pending = undefined;
      }
      if (reader.header) this.wal ??= this.#newWal(reader);
    } catch (error) {
      this.#broken = true;
      this.#fail(error);
    }
  }

  #countLater(bytes: Uint8Array, at: number): void {
    const { salt1, salt2 } = this.#reader!.header!;
    if (readUint32BE(bytes, at + 8) === salt1 && readUint32BE(bytes, at + 12) === salt2)
      this.#laterOfSameRound++;
  }

  #newWal(reader: WalReader): WalDetails {
    const { bigEndian, pageSize, salt1, salt2, version, checkpointSequence, checksum1, checksum2 } =
      reader.header!;
    return {
      header:
        this.#base > 0
          ? null
          : { version, checkpointSequence, checksum: `${hex(checksum1)} ${hex(checksum2)}` },
      pageSize,
      byteOrder:
        this.recognized!.segment?.certain === false ? null : bigEndian ? "big-endian" : "little-endian",
      salts: `${hex(salt1)} ${hex(salt2)}`,
      ...{ frames: 0, transactions: 0, uncommittedFrames: 0, pageCount: null, stop: null },
      ...{ transactionList: [], frameList: [] },
    };
  }

  #endWal(reader: WalReader, complete: boolean): void {
    const { decoded } = this.#options;
    const end = reader.end();
    // A stop behind what could be decompressed is no news.
    const stop = this.#firstFault ?? (end.reason === "truncated" && !complete ? undefined : end);
    const wal = this.wal;
    if (wal) {
      wal.uncommittedFrames = this.#pending?.frames ?? 0;
      const last = stop ?? end;
      wal.stop = { reason: last.reason, offset: last.offset - this.#base, frame: last.frame };
    }
    if (stop && stop.reason !== "end") {
      const offset = stop.offset - this.#base;
      if (stop.reason === "salt" && !decoded && this.#laterOfSameRound === 0) {
        this.notes.push(
          `From byte ${offset} on the frames are those of an earlier round of this WAL, which SQLite leaves behind and ignores: nothing is wrong with that`,
        );
      } else {
        const error = stopError(stop, this.#at(offset));
        const frame = this.#base > 0 ? error.frame : stop.frame;
        this.findings.push({ ...findingOf(error, { severity: "damage" }), frame });
      }
    } else if (complete && wal && wal.uncommittedFrames > 0) {
      const place = `${wal.uncommittedFrames} frames from byte ${this.#pending!.offset} on are not committed`;
      if (!decoded)
        this.notes.push(`The last ${place}: a transaction under way, or one that was rolled back`);
      else {
        const message = `Expected the WAL to end with a commit, found that the last ${place}`;
        this.findings.push(makeFinding("replica/uncommitted-tail", message, this.#at(this.#pending!.offset)));
      }
    }
  }

  #at(offset: number): { path: string; offset: number; decoded: boolean | undefined } {
    return { path: this.#options.path, offset, decoded: this.#options.decoded || undefined };
  }

  #fail(error: unknown): void {
    if (!(error instanceof WalkitError)) throw error;
    const finding = findingOf(error, { severity: "damage" });
    this.findings.push({ ...finding, decoded: this.#options.decoded || undefined });
  }
}
