/**
 * A tar archive as files: POSIX (ustar, PAX) and GNU. Headers are read, what is between them is skipped, and a file is a range
 * of the archive. So a plain tar of any size is opened without unpacking it.
 *
 * Our own, not modern-tar: that is a stream through the whole archive, and tells no places in it. Besides, it takes entries of
 * types that it does not know (GNU's sparse ones) for plain files, and negative numbers for positive ones.
 */

import type { WalkitError } from "../errors.ts";
import { giveTurn } from "../turn.ts";
import { type BlobLike, type FaultOf, readBlob, unreadable } from "./blob.ts";
import type { IndexedFile } from "./indexed.ts";
import { cleanArchivePath, emptyFolders, isJunk, isReplicaPath, type Skipped } from "./paths.ts";
import {
  BLOCK,
  badSize,
  damaged,
  isZero,
  parseHeader,
  parseName,
  parseRecords,
  parseSeconds,
  type RecordKey,
  type Records,
  type TarHeader,
} from "./tar-header.ts";

/** What an archive holds, and what of it is left out. */
export interface ArchiveIndex {
  files: Map<string, IndexedFile>;
  skipped: Skipped[];
}

export interface IndexOptions {
  signal?: AbortSignal | undefined;
  /** Entries that an archive may have. */
  maxEntries: number;
  faultOf: FaultOf;
}

/**
 * Headers are read in pieces of this size, which doubles as long as one piece follows the other: the headers of small files lie
 * side by side, those of large ones do not.
 */
const WINDOW = 1 << 15;
const WIDEST = 1 << 20;
/** The longest extended header, or name. */
const MAX_EXTENDED = 1 << 20;
/** Characters of all names: a little `.tar.gz` unpacks to many long ones. A million of a replica's have 80 million. */
const MAX_NAMES = 1 << 28;

const OTHER_TYPES: Readonly<Record<string, string>> = {
  "3": "it is a device",
  "4": "it is a device",
  "6": "it is a named pipe",
  M: "it is the rest of a file that begins in another archive",
};

/**
 * Finds the files in a tar archive.
 *
 * @throws WalkitError `storage/unreadable` where it is damaged, ends early, or is too large
 */
export async function indexTar(blob: BlobLike, options: IndexOptions): Promise<ArchiveIndex> {
  const indexer = new TarIndexer(blob, options);
  await indexer.run();
  const { files, skipped, folders } = indexer;
  for (const folder of await emptyFolders(folders, files.keys(), options.signal)) files.set(folder, {});
  return { files, skipped };
}

class TarIndexer {
  readonly files = new Map<string, IndexedFile>();
  readonly skipped: Skipped[] = [];
  readonly folders: string[] = [];
  readonly #blob: BlobLike;
  readonly #options: IndexOptions;
  #at = 0;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;
  #width = WINDOW;
  /** Of all entries that follow, and of the next one. */
  #global: Records = new Map();
  #next: Records = new Map();
  /** An extended header came, and the entry that it belongs to is still to come. */
  #isExtended = false;
  #entries = 0;
  /** Characters of their names. */
  #names = 0;

  constructor(blob: BlobLike, options: IndexOptions) {
    this.#blob = blob;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { signal, maxEntries } = this.#options;
    for (;;) {
      await giveTurn();
      signal?.throwIfAborted();
      if (this.#entries > maxEntries) throw tooMany(`${maxEntries} entries`);
      if (this.#names > MAX_NAMES) throw tooMany(`${MAX_NAMES} characters in their names`);
      const offset = this.#at;
      const block = await this.#take(BLOCK, "a tar header, or the zeros that end the archive");
      if (isZero(block)) break;
      const header = parseHeader(block, offset);
      if (!(await this.#extend(header, offset))) await this.#add(header, block, offset);
    }
    if (this.#isExtended) {
      throw damaged("Expected a file after its extended tar header, found the archive's end", this.#at);
    }
    await this.#expectZeros();
  }

  /**
   * An archive is padded with zeros, often to 10 KiB. Where something else follows, these zeros were not its end: a header in
   * its midst is wiped out, or another archive was appended. What is lost so would not be missed.
   */
  async #expectZeros(): Promise<void> {
    const { signal, faultOf } = this.#options;
    let at = this.#at;
    for await (const piece of readBlob(this.#blob, "", { signal, start: at }, faultOf)) {
      for (let i = 0; i < piece.length; i++) {
        if (piece[i] === 0) continue;
        throw unreadable("", `Expected zeros up to the tar archive's end, found more at byte ${at + i}`, {
          offset: at + i,
          remedy: { do: "unpack", because: "more-behind-its-end" },
        });
      }
      at += piece.length;
    }
  }

  /** Reads `size` bytes; the place is behind them then. */
  async #take(size: number, what: string): Promise<Uint8Array> {
    const end = this.#at + size;
    if (this.#at < this.#windowAt || end > this.#windowAt + this.#window.length) {
      const isNear = this.#at - (this.#windowAt + this.#window.length) < this.#width;
      this.#width = isNear ? Math.min(2 * this.#width, WIDEST) : WINDOW;
      const range = { start: this.#at, end: this.#at + Math.max(this.#width, size) };
      this.#windowAt = this.#at;
      this.#window = new Uint8Array(0);
      // One piece at most: a window is smaller than what is read at a time.
      for await (const piece of readBlob(this.#blob, "", range, this.#options.faultOf)) this.#window = piece;
    }
    const from = this.#at - this.#windowAt;
    const bytes = this.#window.subarray(from, from + size);
    if (bytes.length < size) {
      const found = `${bytes.length} bytes up to the archive's end`;
      throw damaged(`Expected ${what} at byte ${this.#at}, found ${found}`, this.#at);
    }
    this.#at = end;
    return bytes;
  }

  /** Whether the header is one that tells more of the entries that follow, which is noted then. */
  async #extend({ type, size, path }: TarHeader, offset: number): Promise<boolean> {
    if (!/[xXgLK]/.test(type)) return false;
    this.#isExtended ||= type !== "g";
    if (size > MAX_EXTENDED) throw badSize(path, `${size}, more than ${MAX_EXTENDED}`, offset);
    const at = this.#at;
    const bytes = await this.#take(size, "an extended tar header");
    this.#at = at + padded(size);
    if (type === "L" || type === "K") {
      const name = parseName(bytes).replace(/\0.*$/s, "");
      this.#next = new Map([...this.#next, [type === "L" ? "path" : "linkpath", name]]);
      return true;
    }
    const records = parseRecords(bytes, at);
    if (type === "g") this.#global = new Map([...this.#global, ...records]);
    else this.#next = new Map([...this.#next, ...records]);
    return true;
  }

  async #add(header: TarHeader, block: Uint8Array, offset: number): Promise<void> {
    const records = new Map([...this.#global, ...this.#next]);
    this.#next = new Map();
    this.#isExtended = false;
    // An empty value takes a global one back.
    const record = (key: RecordKey) => records.get(key) || undefined;
    const name = record("GNU.sparse.name") ?? record("path") ?? header.path;
    const linkPath = record("linkpath") ?? header.linkPath;
    this.#entries++;
    this.#names += name.length + linkPath.length;
    const isSparse = header.type === "S" || records.has("GNU.sparse") || records.has("GNU.sparse.name");
    if (header.type === "S") await this.#skipSparseMap(block);
    const size = sizeOf(header, record("size"), offset);
    const modified = timeOf(header, record("mtime"), offset);
    const start = this.#at;
    if (start + size > this.#blob.size) {
      const message = `Expected ${size} bytes of ${name} at byte ${start}, found ${this.#blob.size - start} up to the archive's end`;
      throw damaged(message, start).with({ path: name });
    }
    this.#at += padded(size);

    const clean = cleanArchivePath(name);
    if ("reason" in clean) return this.#skip(name, clean.reason);
    const { path } = clean;
    const { type } = header;
    if (type === "V") return;
    if (type === "5" || type === "D" || (type === "0" && name.endsWith("/"))) {
      if (type === "0" && size > 0) return this.#skip(name, "it has bytes, and the name of a folder");
      if (path !== "" && !isJunk(path)) this.folders.push(path);
      return;
    }
    if (path === "") return this.#skip(name, "it has no name");
    if (isJunk(path)) return this.#skip(name, "it is macOS's own");
    if (type === "2") return this.#leaveOut(path, name, `it is a symbolic link to ${linkPath}`);
    if (type === "1" && size === 0) return this.#link(path, name, linkPath, modified);
    if (isSparse) {
      const message = `Expected ${path} as it is, found it stored without its holes (as a sparse file)`;
      const error = unreadable(path, message, { remedy: { do: "pack", how: "without-sparse-files" } });
      return this.#set(path, { modified, unreadable: error });
    }
    if (!/[017]/.test(type)) {
      return this.#leaveOut(path, name, OTHER_TYPES[type] ?? `its type "${type}" is unknown`);
    }
    const blob = this.#blob;
    const { faultOf } = this.#options;
    const read: IndexedFile["read"] = (range) =>
      readBlob(blob.slice(start, start + size), path, range, faultOf);
    this.#set(path, { size, modified, read });
  }

  /** GNU's older sparse files: more blocks of the map follow as long as the last one says so. */
  async #skipSparseMap(block: Uint8Array): Promise<void> {
    for (let more = block[482] !== 0; more; ) {
      more = (await this.#take(BLOCK, "the map of a sparse file"))[504] !== 0;
    }
  }

  /** A second name of a file that came before. */
  #link(path: string, name: string, linkPath: string, modified: bigint): void {
    const target = cleanArchivePath(linkPath);
    const file = "path" in target ? this.files.get(target.path) : undefined;
    if (file) this.#set(path, { ...file, modified });
    else this.#leaveOut(path, name, `it is a link to ${linkPath}, which is not in the archive before it`);
  }

  /** As of tar itself, of several files of one name the last one counts. */
  #set(path: string, file: IndexedFile): void {
    if (this.files.has(path)) this.#skip(path, "a later file in the archive has the same name");
    this.files.set(path, file);
  }

  /** Not read, and where a replica would lack it, not missing either. */
  #leaveOut(path: string, name: string, reason: string): void {
    this.#skip(name, reason);
    if (isReplicaPath(path)) this.#set(path, { unreadable: leftOut(path, reason) });
  }

  #skip(path: string, reason: string): void {
    this.skipped.push({ path, reason });
  }
}

/** Links, devices, folders have no bytes, whatever their size says. */
function sizeOf({ type, size, path }: TarHeader, record: string | undefined, offset: number): number {
  if (/[23456]/.test(type)) return 0;
  if (record === undefined) return size;
  const value = /^\d{1,16}$/.test(record) ? Number(record) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw badSize(path, record.slice(0, 40), offset);
  return value;
}

function timeOf(header: TarHeader, record: string | undefined, offset: number): bigint {
  if (record === undefined) return header.modified;
  const time = parseSeconds(record);
  if (time !== undefined) return time;
  const message = `Expected the time of ${header.path} before the tar header at byte ${offset}, found ${record.slice(0, 40)}`;
  throw damaged(message, offset);
}

/** The error for what stands in an archive at a path of a replica and is no file of its own. */
export function leftOut(path: string, reason: string): WalkitError {
  return unreadable(path, `Expected the file ${path} in the archive, found that ${reason}`, {
    remedy: { do: "pack", how: "following-links" },
  });
}

function tooMany(most: string): WalkitError {
  return unreadable("", `Expected an archive of at most ${most}, found more`, {
    remedy: { do: "unpack", because: "limit" },
  });
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}
