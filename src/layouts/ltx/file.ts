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
 * header before any page comes.
 *
 * @throws WalkitError `ltx/*`, `lz4/*`, `storage/*`; `ltx/name` where its name and its header are at odds
 */
export async function* readFile(
  { path }: PlannedFile,
  { storage, signal, onRead, onOdd }: ReadContext,
  onHeader: (header: LtxHeader) => void,
  { variant, onTrailer }: FileRules = {},
): AsyncGenerator<LtxRun, void, undefined> {
  const reader = new LtxReader({ path, variant, onNotice: onOdd });
  let header: LtxHeader | undefined;
  for await (const piece of storage.read(path, { signal })) {
    try {
      for (const pages of reader.push(piece)) {
        if (!header) onHeader((header = checkName(path, reader.header!)));
        yield new LtxRun(pages, header.pageSize);
        await giveTurn();
      }
    } catch (error) {
      // A header at odds with what the file should be says more than what then becomes of its pages.
      if (!header && reader.header) onHeader(checkName(path, reader.header));
      throw error;
    }
    signal?.throwIfAborted();
    onRead?.(piece.length);
  }
  const trailer = reader.end();
  if (!header) onHeader(checkName(path, reader.header!));
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
export async function readHeader(
  { path }: PlannedFile,
  { storage, signal }: ReadContext,
): Promise<LtxHeader> {
  const bytes = new Uint8Array(LTX_HEADER_SIZE);
  let filled = 0;
  for await (const piece of storage.read(path, { start: 0, end: LTX_HEADER_SIZE, signal })) {
    const part = piece.subarray(0, LTX_HEADER_SIZE - filled);
    bytes.set(part, filled);
    filled += part.length;
    if (filled === LTX_HEADER_SIZE) break;
  }
  return parseLtxHeader(bytes.subarray(0, filled), { path });
}

/** The time in a header, nanoseconds since 1970; undefined where the writer set none. */
export function timeOf({ timestamp }: LtxHeader): bigint | undefined {
  return timestamp === 0 ? undefined : BigInt(timestamp) * 1_000_000n;
}
