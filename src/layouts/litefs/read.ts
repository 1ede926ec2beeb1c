/** LTX files of LiteFS as events, and what holds every page: a file, or the database itself. */

import { CHECKSUM_FLAG, LTX_TRAILER_SIZE } from "../../ltx/index.ts";
import type { PageRun, ReplayEvent } from "../../replay/events.ts";
import type { ChangesOptions, ClaimPiece, ReadContext } from "../../replay/layout.ts";
import type { Leg, PlannedFile } from "../../replay/plan.ts";
import { readFile } from "../ltx/file.ts";
import { readChanges as readLtx, readClaim as readLtxClaim } from "../ltx/read.ts";
import { readDatabase } from "./database.ts";
import { checkHeader, deletion } from "./faults.ts";
import { isDatabasePath } from "./names.ts";

const VARIANT = { variant: "v1-raw" } as const;

/**
 * Reads files of changes in order. Where faults are thrown, each file has to follow on the checksum that the one before it leaves;
 * where they are reported, the events say both.
 *
 * @throws WalkitError the first fault, unless they are reported; `storage/not-found` always
 */
export async function* readChanges(
  context: ReadContext,
  leg: Leg,
  options: ChangesOptions,
): AsyncGenerator<ReplayEvent, void, undefined> {
  const before =
    options.faults !== "report" && leg.segments.length > 0
      ? await sumBehind(context, leg.snapshot)
      : undefined;
  yield* readLtx(context, leg, options, { ...VARIANT, check: checkHeader, deletion, before });
}

/** What a file says of the pages that it leads to: the trailer is proven when all of the file is read. */
async function sumBehind(
  { storage, signal }: ReadContext,
  file: PlannedFile | undefined,
): Promise<bigint | undefined> {
  if (file?.size === undefined || isDatabasePath(file.path)) return undefined;
  const start = Math.max(0, file.size - LTX_TRAILER_SIZE);
  const bytes = new Uint8Array(8);
  let filled = 0;
  for await (const piece of storage.read(file.path, { start, end: start + 8, signal })) {
    const part = piece.subarray(0, 8 - filled);
    bytes.set(part, filled);
    filled += part.length;
    if (filled === 8) break;
  }
  return filled < 8 ? undefined : new DataView(bytes.buffer).getBigUint64(0) & ~CHECKSUM_FLAG;
}

/** Reads the database at the newest transaction, recovered, or a file that holds every page. @throws WalkitError what is wrong with it */
export function readClaim(
  context: ReadContext,
  file: PlannedFile,
): AsyncGenerator<ClaimPiece, void, undefined> {
  if (isDatabasePath(file.path)) return readDatabase(context, file);
  return readLtxClaim(context, file, { ...VARIANT, check: checkHeader });
}

/** Reads a file that repeats others: the pages that it has. */
export async function* readMerged(
  context: ReadContext,
  file: PlannedFile,
): AsyncGenerator<PageRun, void, undefined> {
  yield* readFile(file, context, (header) => checkHeader(file.path, header), VARIANT);
}
