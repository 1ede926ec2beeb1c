/**
 * The two headers of SQLite's WAL. Every field is an unsigned 32-bit integer, big-endian, whatever the byte order of
 * the checksums. Specification: https://www.sqlite.org/fileformat2.html#walformat
 *
 * WAL header, 32 bytes, once at the start of the file:
 *
 *     offset  size
 *          0     4  magic: 0x377f0682 checksums over little-endian words, 0x377f0683 over big-endian words
 *          4     4  version: 3007000
 *          8     4  page size in bytes: a power of two, 512 to 65536 (65536 stands as itself)
 *         12     4  checkpoint sequence number
 *         16     4  salt-1: goes up by one with each restart of the WAL
 *         20     4  salt-2: drawn anew with each restart of the WAL
 *         24     4  checksum-1 \ over the 24 bytes before, from (0, 0)
 *         28     4  checksum-2 /
 *
 * Frame header, 24 bytes, before each page:
 *
 *     offset  size
 *          0     4  page number, from 1
 *          4     4  commit: size of the database in pages after the commit; 0 where the frame does not commit
 *          8     4  salt-1, as in the WAL header
 *         12     4  salt-2, as in the WAL header
 *         16     4  checksum-1 \ running: from the header's checksum through the first 8 bytes of each frame header
 *         20     4  checksum-2 /          and its page, up to and with this one
 */

import { hex, readUint32BE, writeUint32BE } from "../bytes.ts";
import { WalkitError } from "../errors.ts";
import { type WalChecksum, walChecksum } from "./checksum.ts";

/** Size of the WAL header, in bytes. */
export const WAL_HEADER_SIZE = 32;

/** Size of the header before each page, in bytes. */
export const FRAME_HEADER_SIZE = 24;

const MAGIC = 0x377f0682;
const VERSION = 3007000;
const ZERO: WalChecksum = [0, 0];

/** The header of a WAL. All numbers are unsigned 32-bit integers. */
export interface WalHeader {
  /** Checksums are over big-endian words (magic 0x377f0683), not little-endian ones (0x377f0682). */
  bigEndian: boolean;
  /** Always 3007000. */
  version: number;
  /** In bytes. */
  pageSize: number;
  checkpointSequence: number;
  salt1: number;
  salt2: number;
  checksum1: number;
  checksum2: number;
}

/** The header of a frame. All numbers are unsigned 32-bit integers. */
export interface FrameHeader {
  /** From 1. */
  pageNumber: number;
  /** Size of the database in pages after the commit; 0 where the frame does not commit. */
  commitSize: number;
  salt1: number;
  salt2: number;
  checksum1: number;
  checksum2: number;
}

/** Whether `size` can be the page size of a SQLite database: a power of two, 512 to 65536. */
export function isPageSize(size: number): boolean {
  return Number.isInteger(size) && size >= 512 && size <= 65536 && (size & (size - 1)) === 0;
}

/** Two words as they stand in messages: `4875a40b a38de4f5`. */
export function hexPair(first: number, second: number): string {
  return `${hex(first)} ${hex(second)}`;
}

/**
 * Parses the 32 bytes at the start of a WAL (fields big-endian), and checks them.
 *
 * Throws a {@link WalkitError}: `wal/truncated`, `wal/bad-magic`, `wal/version`, `wal/page-size`,
 * `wal/header-checksum`, looked for in this order: a field that cannot be says more than the sum over all of them.
 *
 * https://www.sqlite.org/fileformat2.html#walformat
 */
export function parseWalHeader(bytes: Uint8Array, where: { path?: string | undefined } = {}): WalHeader {
  const { path } = where;
  if (bytes.length < WAL_HEADER_SIZE) {
    throw new WalkitError(
      "wal/truncated",
      `Expected a WAL header of ${WAL_HEADER_SIZE} bytes, found ${bytes.length}`,
      { path, offset: 0 },
    );
  }
  const magic = readUint32BE(bytes, 0);
  if (magic !== MAGIC && magic !== MAGIC + 1) {
    throw new WalkitError(
      "wal/bad-magic",
      `Expected the WAL magic ${hex(MAGIC)} or ${hex(MAGIC + 1)}, found ${hex(magic)}`,
      { path, offset: 0, remedy: { do: "recognize", expected: "wal", looksLike: undefined } },
    );
  }
  const header: WalHeader = {
    bigEndian: magic === MAGIC + 1,
    version: readUint32BE(bytes, 4),
    pageSize: readUint32BE(bytes, 8),
    checkpointSequence: readUint32BE(bytes, 12),
    salt1: readUint32BE(bytes, 16),
    salt2: readUint32BE(bytes, 20),
    checksum1: readUint32BE(bytes, 24),
    checksum2: readUint32BE(bytes, 28),
  };
  if (header.version !== VERSION) {
    throw new WalkitError("wal/version", `Expected WAL version ${VERSION}, found ${header.version}`, {
      path,
      offset: 4,
    });
  }
  if (!isPageSize(header.pageSize)) {
    throw new WalkitError(
      "wal/page-size",
      `Expected a page size that is a power of two from 512 to 65536, found ${header.pageSize}`,
      { path, offset: 8 },
    );
  }
  const [s0, s1] = walChecksum(ZERO, bytes, header.bigEndian, 0, 24);
  if (s0 !== header.checksum1 || s1 !== header.checksum2) {
    const expected = hexPair(s0, s1);
    const found = hexPair(header.checksum1, header.checksum2);
    throw new WalkitError(
      "wal/header-checksum",
      `Expected WAL header checksum ${expected} (computed), found ${found} (stored)`,
      { path, offset: 24 },
    );
  }
  return header;
}

/**
 * The 32 bytes of a WAL header, with their checksum: the inverse of {@link parseWalHeader}.
 *
 * Throws a `RangeError` for a page size that cannot be, or a field that does not fit into 32 bits.
 */
export function formatWalHeader(fields: Omit<WalHeader, "checksum1" | "checksum2" | "version">): Uint8Array {
  if (!isPageSize(fields.pageSize)) {
    throw new RangeError(
      `Expected a page size that is a power of two from 512 to 65536, found ${fields.pageSize}`,
    );
  }
  const bytes = new Uint8Array(WAL_HEADER_SIZE);
  writeUint32BE(bytes, 0, MAGIC + Number(fields.bigEndian));
  writeUint32BE(bytes, 4, VERSION);
  writeUint32BE(bytes, 8, fields.pageSize);
  writeUint32BE(bytes, 12, uint32(fields.checkpointSequence, "checkpoint sequence"));
  writeUint32BE(bytes, 16, uint32(fields.salt1, "salt-1"));
  writeUint32BE(bytes, 20, uint32(fields.salt2, "salt-2"));
  const [s0, s1] = walChecksum(ZERO, bytes, fields.bigEndian, 0, 24);
  writeUint32BE(bytes, 24, s0);
  writeUint32BE(bytes, 28, s1);
  return bytes;
}

/**
 * Parses the 24 bytes at `offset` (fields big-endian). Checks nothing but that they are there (`RangeError`): what they
 * must be depends on the WAL header and on the frames before.
 *
 * https://www.sqlite.org/fileformat2.html#walformat
 */
export function parseFrameHeader(bytes: Uint8Array, offset = 0): FrameHeader {
  if (!(offset >= 0 && offset + FRAME_HEADER_SIZE <= bytes.length)) {
    throw new RangeError(
      `Expected a frame header of ${FRAME_HEADER_SIZE} bytes at ${offset}, found ${bytes.length} bytes in all`,
    );
  }
  return {
    pageNumber: readUint32BE(bytes, offset),
    commitSize: readUint32BE(bytes, offset + 4),
    salt1: readUint32BE(bytes, offset + 8),
    salt2: readUint32BE(bytes, offset + 12),
    checksum1: readUint32BE(bytes, offset + 16),
    checksum2: readUint32BE(bytes, offset + 20),
  };
}

/** The 24 bytes of a frame header, as they are given. Throws a `RangeError` for a field that does not fit into 32 bits. */
export function formatFrameHeader(h: FrameHeader): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_SIZE);
  writeUint32BE(bytes, 0, uint32(h.pageNumber, "page number"));
  writeUint32BE(bytes, 4, uint32(h.commitSize, "commit size"));
  writeUint32BE(bytes, 8, uint32(h.salt1, "salt-1"));
  writeUint32BE(bytes, 12, uint32(h.salt2, "salt-2"));
  writeUint32BE(bytes, 16, uint32(h.checksum1, "checksum-1"));
  writeUint32BE(bytes, 20, uint32(h.checksum2, "checksum-2"));
  return bytes;
}

/** `value`, which must be an unsigned 32-bit integer of at least `least`: else a `RangeError` that names it. */
export function uint32(value: number, name: string, least = 0): number {
  if (!Number.isInteger(value) || value < least || value > 0xffffffff) {
    throw new RangeError(`Expected a ${name} from ${least} to 4294967295, found ${value}`);
  }
  return value;
}
