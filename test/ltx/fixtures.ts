/** The LTX files of `test/fixtures/ltx`, and what an independent decoder found in them. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { concat } from "../../src/bytes.ts";
import { WalkitError } from "../../src/errors.ts";
import {
  type LtxHeader,
  LtxReader,
  type LtxReaderOptions,
  type LtxTrailer,
  type LtxVariant,
  LtxWriter,
  pageChecksum,
} from "../../src/ltx/index.ts";

export const LTX: string = fileURLToPath(new URL("../fixtures/ltx/", import.meta.url));

/** What `expected.json` says of a file. 64-bit values are hexadecimal. */
export interface Expected {
  size: number;
  variant: LtxVariant | "v3-empty";
  header: Record<string, string | number>;
  pages: { pgno: number; checksum: string }[];
  pageIndex: [page: number, offset: number, size: number][] | null;
  trailer: { postApplyChecksum: string; fileChecksum: string };
}

/** Files with an independent reading, by their path in the folder. */
export const EXPECTED: readonly (readonly [path: string, expected: Expected])[] = [
  "reference-library/",
  "litefs/",
  "litestream-0.5.17-vfs/",
].flatMap((folder) =>
  Object.entries<Expected>(JSON.parse(readFileSync(`${LTX}${folder}expected.json`, "utf8"))).map(
    ([path, expected]) => [folder + path, expected] as const,
  ),
);

export const MALFORMED: Record<string, { reference: string; strict: string[] }> = JSON.parse(
  readFileSync(`${LTX}malformed/expected.json`, "utf8"),
);

export const VARIANT_FOLDERS: string[] = readdirSync(`${LTX}reference-library`).filter((name) =>
  existsSync(`${LTX}reference-library/${name}/special`),
);

export function readLtx(path: string): Uint8Array {
  return new Uint8Array(readFileSync(LTX + path));
}

/** A file, read. */
export interface Reading {
  header: LtxHeader;
  variant: LtxVariant;
  trailer: LtxTrailer;
  pages: Map<number, Uint8Array>;
  index: [page: number, offset: number, size: number][];
  notices: WalkitError[];
}

/** Reads a file in `pieces`. */
export function readAll(pieces: Iterable<Uint8Array>, options: LtxReaderOptions = {}): Reading {
  const notices: WalkitError[] = [];
  const reader = new LtxReader({ ...options, onNotice: (notice) => notices.push(notice) });
  const pages = new Map<number, Uint8Array>();
  const index: Reading["index"] = [];
  for (const piece of pieces) {
    for (const run of reader.push(piece)) {
      const { pageSize } = reader.header!;
      if (run.data.length !== run.count * pageSize) throw new Error("Not so many pages as it says");
      for (let i = 0; i < run.count; i++) {
        pages.set(run.pageNumbers[i]!, run.data.slice(i * pageSize, (i + 1) * pageSize));
        index.push([run.pageNumbers[i]!, run.offsets[i]!, run.sizes[i]!]);
      }
    }
  }
  const trailer = reader.end();
  return { header: reader.header!, variant: reader.variant!, trailer, pages, index, notices };
}

/** A reading as `expected.json` has it. */
export function asExpected({ header, variant, trailer, pages, index }: Reading): Omit<Expected, "size"> {
  const hex = (value: number | bigint, digits = 16) => value.toString(16).padStart(digits, "0");
  const v3 = variant.startsWith("v3");
  return {
    variant: v3 && pages.size === 0 ? "v3-empty" : variant,
    header: {
      flags: header.flags,
      pageSize: header.pageSize,
      commit: header.commit,
      minTXID: hex(header.minTxid),
      maxTXID: hex(header.maxTxid),
      timestamp: header.timestamp,
      preApplyChecksum: hex(header.preApplyChecksum),
      walOffset: header.walOffset,
      walSize: header.walSize,
      walSalt1: hex(header.walSalt1, 8),
      walSalt2: hex(header.walSalt2, 8),
      nodeID: hex(header.nodeId),
    },
    pages: [...pages].map(([pgno, data]) => ({ pgno, checksum: hex(pageChecksum(pgno, data)) })),
    pageIndex: v3 || variant === "v2-frame" ? index : null,
    trailer: {
      postApplyChecksum: hex(trailer.postApplyChecksum),
      fileChecksum: hex(trailer.fileChecksum),
    },
  };
}

/** The error that reading a file ends with. */
export function failureOf(pieces: Iterable<Uint8Array>, options: LtxReaderOptions = {}): WalkitError {
  try {
    readAll(pieces, options);
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
  throw new Error("Expected a WalkitError");
}

/** A file of these pages. */
export function writeLtx(
  variant: LtxVariant,
  header: LtxHeader,
  pages: readonly (readonly [page: number, data: Uint8Array])[],
  postApplyChecksum?: bigint,
): Uint8Array {
  const writer = new LtxWriter({ variant, header });
  const parts: Uint8Array[] = [];
  for (const [page, data] of pages) parts.push(...writer.push([page], data));
  parts.push(...writer.end(postApplyChecksum));
  return concat(parts);
}
