/**
 * What ties one transaction to the next, where no checksum does.
 *
 * The salts and checksums of a WAL say nothing of the WAL before it, so a missing last segment leaves no hole in them.
 * SQLite's own pages do. In a database that is written in WAL mode:
 *
 * - the header on page 1 holds the size of the database in pages, so a transaction that changes the size writes page 1:
 *   without page 1, the size in the commit frame is that of the commit before;
 * - with page 1, the size in it is that of the commit frame;
 * - a writer sets the change counter to 1 above the one in the version of page 1 that it read, so from one version of
 *   page 1 to the next the counter never grows by more than 1.
 *
 * A transaction that breaks one of these does not follow from the one before: something between them is missing.
 * {@link https://www.sqlite.org/fileformat2.html#the_database_header}
 */

import { readUint32BE } from "../bytes.ts";
import { isDatabase, parseDatabaseHeader } from "../snapshot/database.ts";
import { FRAME_HEADER_SIZE, forEachPage, type WalFrames } from "../wal/index.ts";

export class Continuity {
  #pages: number | undefined;
  #counter: number | undefined;
  /** Of the transaction under way. */
  #header: { pageCount: number | undefined; counter: number } | undefined;

  /** Forgets what came before: after a gap, nothing follows from it. */
  reset(): void {
    this.#pages = undefined;
    this.#counter = undefined;
    this.#header = undefined;
  }

  /** Takes a run of frames. At its commit, says in which way the transaction does not follow from the one before. */
  add(run: WalFrames, pageSize: number): { expected: string; found: string } | undefined {
    forEachPage(run, pageSize, (page, data) => {
      if (page !== 1 || !isDatabase(data)) return;
      const { pageCount, changeCounter } = parseDatabaseHeader(data);
      this.#header = { pageCount, counter: changeCounter };
    });
    if (run.commitSize === 0) return undefined;
    const [header, pages, counter] = [this.#header, this.#pages, this.#counter];
    this.#pages = run.commitSize;
    this.#header = undefined;
    if (!header) {
      if (pages === undefined || pages === run.commitSize) return undefined;
      return {
        expected: `a transaction without page 1 to leave the database at ${pages} pages`,
        found: `${run.commitSize} pages`,
      };
    }
    this.#counter = header.counter;
    if (header.pageCount !== undefined && header.pageCount !== run.commitSize) {
      return {
        expected: `page 1 to tell of the ${run.commitSize} pages of its commit`,
        found: `${header.pageCount} pages`,
      };
    }
    if (counter !== undefined && header.counter > counter + 1) {
      return { expected: `a change counter of at most ${counter + 1} on page 1`, found: `${header.counter}` };
    }
    return undefined;
  }
}

/** The stored checksum of the frame at the start of `bytes`, as text to compare with. */
export function storedChecksum(bytes: Uint8Array): string {
  return bytes.length < FRAME_HEADER_SIZE ? "" : `${readUint32BE(bytes, 16)} ${readUint32BE(bytes, 20)}`;
}
