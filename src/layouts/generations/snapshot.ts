/** A snapshot as pages: decompressed, its database header checked, its length whole pages. */

import { concat } from "../../bytes.ts";
import { WalkitError } from "../../errors.ts";
import type { PlannedFile } from "../../replay/plan.ts";
import { DATABASE_HEADER_SIZE, type DatabaseHeader, parseDatabaseHeader } from "../../sqlite/header.ts";
import { decodeFile, type ReadContext } from "./files.ts";

export interface SnapshotPiece {
  header: DatabaseHeader;
  /** Byte offset in the database file. */
  position: number;
  /** Bytes of the database file, not aligned to pages; valid until the next piece is asked for. */
  data: Uint8Array;
}

/**
 * Streams a snapshot's database file.
 *
 * @throws WalkitError `lz4/*`, `storage/*`; `database/*` for what is no database, or ends inside a page
 */
export async function* readSnapshot(
  snapshot: PlannedFile,
  context: ReadContext,
): AsyncGenerator<SnapshotPiece, void, undefined> {
  const { path } = snapshot;
  let header: DatabaseHeader | undefined;
  let head: Uint8Array = new Uint8Array(0);
  let position = 0;
  for await (const data of decodeFile(snapshot, context)) {
    if (data.length === 0) continue;
    if (header) {
      yield { header, position, data };
      position += data.length;
      continue;
    }
    const whole: Uint8Array = head.length === 0 ? data : concat([head, data]);
    if (whole.length < DATABASE_HEADER_SIZE) {
      head = whole.slice();
      continue;
    }
    header = parseDatabaseHeader(whole, { path });
    yield { header, position, data: whole };
    position = whole.length;
  }
  // Too short for a header: the parser says what is wrong with what there is.
  header ??= parseDatabaseHeader(head, { path });
  if (position % header.pageSize !== 0) {
    throw new WalkitError(
      "database/size",
      `Expected whole pages of ${header.pageSize} bytes, found ${position} bytes (${position % header.pageSize} too many)`,
      { path, offset: position, decoded: true },
    );
  }
}

/**
 * Whether a snapshot's file has more pages than its header tells of, as where the application preallocates it.
 *
 * @throws WalkitError `storage/not-found`
 */
export async function isLongerThanItsHeader(snapshot: PlannedFile, context: ReadContext): Promise<boolean> {
  let [inUse, size] = [Number.POSITIVE_INFINITY, 0];
  try {
    for await (const { header, position, data } of readSnapshot(snapshot, context)) {
      if (header.pageCount !== undefined) inUse = header.pageCount * header.pageSize;
      size = position + data.length;
    }
  } catch (error) {
    if (error instanceof WalkitError && error.code !== "storage/not-found") return false;
    throw error;
  }
  return inUse < size;
}

/** Cuts a stream of pieces into whole pages. `page` is valid until the callback returns. */
export class Pages {
  readonly #each: (number: number, page: Uint8Array) => void;
  #carry: Uint8Array | undefined;
  #carried = 0;
  #number = 0;

  constructor(each: (number: number, page: Uint8Array) => void) {
    this.#each = each;
  }

  /** Pages seen so far. */
  get count(): number {
    return this.#number;
  }

  add({ header: { pageSize }, data }: SnapshotPiece): void {
    this.#carry ??= new Uint8Array(pageSize);
    let at = 0;
    if (this.#carried > 0) {
      at = Math.min(pageSize - this.#carried, data.length);
      this.#carry.set(data.subarray(0, at), this.#carried);
      this.#carried += at;
      if (this.#carried < pageSize) return;
      this.#carried = 0;
      this.#each(++this.#number, this.#carry);
    }
    for (; at + pageSize <= data.length; at += pageSize) {
      this.#each(++this.#number, data.subarray(at, at + pageSize));
    }
    this.#carry.set(data.subarray(at), 0);
    this.#carried = data.length - at;
  }
}
