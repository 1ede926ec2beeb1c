/** One LTX file of a replica, from storage to pages, with every check and errors that name it. */

import { WalkitError } from "../../errors.ts";
import {
  LTX_HEADER_SIZE,
  type LtxHeader,
  type LtxPages,
  LtxReader,
  type LtxTrailer,
  type LtxVariant,
  parseLtxHeader,
  RECOGNIZE_SIZE,
  recognizeVariant,
} from "../../ltx/index.ts";
import type { PageRun } from "../../replay/events.ts";
import type { ReadContext } from "../../replay/layout.ts";
import type { PlannedFile } from "../../replay/plan.ts";
import { giveTurn } from "../../turn.ts";
import { placeIn } from "./names.ts";

/** Pages of an LTX file, ascending. */
export class LtxRun implements PageRun {
  readonly pageSize: number;
  readonly #pages: LtxPages;

  constructor(pages: LtxPages, pageSize: number) {
    this.#pages = pages;
    this.pageSize = pageSize;
  }

  get count(): number {
    return this.#pages.count;
  }

  /** The pages, one behind the other. */
  get bytes(): Uint8Array {
    return this.#pages.data;
  }

  forEach(each: (page: number, data: Uint8Array) => void): void {
    const { pageNumbers, data, count } = this.#pages;
    for (let i = 0; i < count; i++)
      each(pageNumbers[i]!, data.subarray(i * this.pageSize, (i + 1) * this.pageSize));
  }
}

export interface FileRules {
  /** What the layout's files are known to be. */
  variant?: LtxVariant | undefined;
  /** Told of the trailer, once the file has been read to its end and found right. */
  onTrailer?: ((trailer: LtxTrailer) => void) | undefined;
}

/**
 * Reads a file to its end. The pages are proven only once that is reached: the checksum comes last. `onHeader` is told of the
 * header, and the variant where that shows, before any page comes.
 *
 * @throws WalkitError `ltx/*`, `lz4/*`, `storage/*`; `ltx/name` where its name and its header are at odds
 */
export async function* readFile(
  { path }: PlannedFile,
  { storage, signal, onRead, onOdd }: ReadContext,
  onHeader: (header: LtxHeader, variant: LtxVariant | undefined) => void,
  { variant, onTrailer }: FileRules = {},
): AsyncGenerator<LtxRun, void, undefined> {
  const reader = new LtxReader({ path, variant, onNotice: onOdd });
  let header: LtxHeader | undefined;
  for await (const piece of storage.read(path, { signal })) {
    try {
      for (const pages of reader.push(piece)) {
        if (!header) onHeader((header = checkName(path, reader.header!)), reader.variant);
        yield new LtxRun(pages, header.pageSize);
        await giveTurn();
      }
    } catch (error) {
      // A header at odds with what the file should be says more than what then becomes of its pages.
      if (!header && reader.header) onHeader(checkName(path, reader.header), reader.variant);
      throw error;
    }
    signal?.throwIfAborted();
    onRead?.(piece.length);
  }
  const trailer = reader.end();
  if (!header) onHeader(checkName(path, reader.header!), reader.variant);
  onTrailer?.(trailer);
}

/** Litestream itself never holds the two against each other. */
function checkName(path: string, header: LtxHeader): LtxHeader {
  const { minTxid, maxTxid } = placeIn(path);
  if (header.minTxid === minTxid && header.maxTxid === maxTxid) return header;
  const found = `TXIDs ${header.minTxid.toString(16)} to ${header.maxTxid.toString(16)}`;
  const message = `Expected the header to have the TXIDs of the file's name, ${minTxid.toString(16)} to ${maxTxid.toString(16)}, found ${found}`;
  throw new WalkitError("ltx/name", message, { path, offset: 16 });
}

/**
 * When a file was made, by its header: nanoseconds since 1970. Reads the 100 bytes of it.
 *
 * @throws WalkitError `ltx/*`, `storage/*`
 */
export async function readTime(file: PlannedFile, context: ReadContext): Promise<bigint | undefined> {
  return timeOf(await readHeader(file, context));
}

/**
 * The header of a file: 100 bytes, which nothing but the rest of the file proves.
 *
 * @throws WalkitError `ltx/*`, `storage/*`
 */
export async function readHeader(file: PlannedFile, context: ReadContext): Promise<LtxHeader> {
  return parseLtxHeader(await readRange(file, context, 0, LTX_HEADER_SIZE), { path: file.path });
}

/**
 * The header of a file, and the variant that its first page has, which nothing but the rest of the file proves; for a file without
 * header flag bit 0.
 *
 * @throws WalkitError `ltx/*`, `storage/*`
 */
export async function readBeginning(
  file: PlannedFile,
  context: ReadContext,
): Promise<{ header: LtxHeader; variant: LtxVariant | undefined }> {
  const head = await readRange(file, context, 0, LTX_HEADER_SIZE + RECOGNIZE_SIZE);
  const header = parseLtxHeader(head.subarray(0, LTX_HEADER_SIZE), { path: file.path });
  const isWhole = head.length === LTX_HEADER_SIZE + RECOGNIZE_SIZE;
  return { header, variant: isWhole ? recognizeVariant(head, LTX_HEADER_SIZE, header.pageSize) : undefined };
}

/** Bytes `start` to `end` of a file: fewer where it ends before. @throws WalkitError `storage/*` */
export async function readRange(
  { path }: PlannedFile,
  { storage, signal }: ReadContext,
  start: number,
  end: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  for await (const piece of storage.read(path, { start, end, signal })) {
    const part = piece.subarray(0, bytes.length - filled);
    bytes.set(part, filled);
    filled += part.length;
    if (filled === bytes.length) break;
  }
  return bytes.subarray(0, filled);
}

/** The time in a header, nanoseconds since 1970; undefined where the writer set none. */
export function timeOf({ timestamp }: LtxHeader): bigint | undefined {
  return timestamp === 0 ? undefined : BigInt(timestamp) * 1_000_000n;
}
