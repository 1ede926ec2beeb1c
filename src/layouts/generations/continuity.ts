/**
 * What ties one transaction to the next, where no checksum does.
 *
 * The salts and checksums of a WAL say nothing of the WAL before it, so a missing last segment leaves no hole in them.
 * SQLite's own pages do. A commit frame carries the size of the database file in pages; the header on page 1 how many of
 * these are in use. In a database that is written in WAL mode:
 *
 * - the header never tells of more pages than the commit frame: SQLite would call the database corrupt;
 * - within one WAL the size is that of the commit before, or that in the header of a page 1 that the transaction writes:
 *   the file grows and is cut by what the header says;
 * - from one WAL to the next the file may have become longer than that, and never shorter: SQLite takes its length anew,
 *   and a checkpoint makes it longer where the application preallocates or sets SQLITE_FCNTL_CHUNK_SIZE. Such a file is
 *   longer than its header says from then on ({@link Continuity.isLong});
 * - a writer sets the change counter to 1 above the one in the version of page 1 that it read, so from one version of
 *   page 1 to the next the counter never grows by more than 1. (A connection that keeps page 1 in its cache writes the same
 *   value with each commit: that it stands still proves nothing.)
 *
 * A transaction that breaks one of these does not follow from the one before: something between them is missing.
 * {@link https://www.sqlite.org/fileformat2.html#the_database_header}
 */

import { readUint32BE } from "../../bytes.ts";
import { isDatabase, parseDatabaseHeader } from "../../sqlite/header.ts";
import { FRAME_HEADER_SIZE, forEachPage, type WalFrames } from "../../wal/index.ts";

/** In which way a transaction does not follow from the one before. */
export interface Discontinuity {
  expected: string;
  found: string;
  /** The file grew from one WAL to the next, from and to so many pages: a checkpoint may have made it longer. */
  grew?: { from: number; to: number } | undefined;
}

export class Continuity {
  #pages: number | undefined;
  #counter: number | undefined;
  /** Whether the file is known to be longer than its header says. */
  isLong = false;
  /** The next commit is the first of its WAL. */
  #isFirst = true;
  /** Of the transaction under way. */
  #header: { pageCount: number | undefined; counter: number } | undefined;

  /** Forgets what came before: after a gap, nothing follows from it. */
  reset(): void {
    this.#pages = undefined;
    this.#counter = undefined;
    this.#header = undefined;
  }

  /** A WAL begins. */
  beginIndex(): void {
    this.#isFirst = true;
  }

  /** Of the last version of page 1. */
  get counter(): number | undefined {
    return this.#counter;
  }

  /** Takes a run of frames. At its commit, says in which way the transaction does not follow from the one before. */
  add(run: WalFrames, pageSize: number): Discontinuity | undefined {
    forEachPage(run, pageSize, (page, data) => {
      if (page !== 1 || !isDatabase(data)) return;
      const { pageCount, changeCounter } = parseDatabaseHeader(data);
      this.#header = { pageCount, counter: changeCounter };
    });
    if (run.commitSize === 0) return undefined;
    const [size, header, before, counter] = [run.commitSize, this.#header, this.#pages, this.#counter];
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    this.#pages = size;
    this.#header = undefined;
    if (header) this.#counter = header.counter;
    const inHeader = header?.pageCount;
    if (inHeader !== undefined && inHeader > size) {
      return broken(`page 1 to tell of at most the ${size} pages of its commit`, `${inHeader} pages`);
    }
    if (counter !== undefined && header && header.counter > counter + 1) {
      return broken(`a change counter of at most ${counter + 1} on page 1`, `${header.counter}`);
    }
    if (inHeader !== undefined && inHeader < size) this.isLong = true;
    if (before === undefined || size === before || size === inHeader) return undefined;
    if (header && inHeader === undefined) return undefined;
    if (isFirst && size > before) {
      if (inHeader !== undefined || this.isLong) return undefined;
      return {
        ...broken(`a transaction without page 1 to leave the database at ${before} pages`, `${size} pages`),
        grew: { from: before, to: size },
      };
    }
    return header
      ? broken(
          `page 1 to tell of the ${size} pages of its commit, or the commit before to have had them`,
          `${inHeader} and ${before} pages`,
        )
      : broken(`a transaction without page 1 to leave the database at ${before} pages`, `${size} pages`);
  }
}

function broken(expected: string, found: string): Discontinuity {
  return { expected, found };
}

/** The stored checksum of the frame at the start of `bytes`, as text to compare with. */
export function storedChecksum(bytes: Uint8Array): string {
  return bytes.length < FRAME_HEADER_SIZE ? "" : `${readUint32BE(bytes, 16)} ${readUint32BE(bytes, 20)}`;
}
