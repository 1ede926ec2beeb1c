/** A snapshot as pages: decompressed, its database header checked, its length whole pages. */

import { concat } from "../../bytes.ts";
import { isFault, WalkitError } from "../../errors.ts";
import type { ClaimPiece, ReadContext } from "../../replay/layout.ts";
import type { PlannedFile } from "../../replay/plan.ts";
import { DATABASE_HEADER_SIZE, type DatabaseHeader, parseDatabaseHeader } from "../../sqlite/header.ts";
import { decodeFile } from "./files.ts";

/**
 * Streams a snapshot's database file.
 *
 * @throws WalkitError `lz4/*`, `storage/*`; `database/*` for what is no database, or ends inside a page
 */
export async function* readSnapshot(
  snapshot: PlannedFile,
  context: ReadContext,
): AsyncGenerator<ClaimPiece, void, undefined> {
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
    if (isFault(error)) return false;
    throw error;
  }
  return inUse < size;
}
