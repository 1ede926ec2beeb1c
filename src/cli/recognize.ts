/** What a file is, told by its first bytes alone: never by its name. */

import { readUint16BE, readUint32BE } from "../bytes.ts";
import { WalkitError } from "../errors.ts";
import { LTX_HEADER_SIZE, parseLtxHeader } from "../ltx/index.ts";
import { parseFrameHeader as parseLz4Header } from "../lz4/index.ts";
import { isDatabase } from "../snapshot/index.ts";
import { FRAME_HEADER_SIZE, parseFrameHeader, walChecksum } from "../wal/index.ts";

export type Kind = "lz4" | "ltx" | "wal" | "wal-segment" | "database" | "empty" | "foreign" | "unknown";

/** WAL frames without a header before them. */
export interface SegmentLayout {
  pageSize: number;
  bigEndian: boolean;
  salt1: number;
  salt2: number;
  /** A second frame fits the checksum of the first: page size and byte order are certain. */
  certain: boolean;
}

export interface Recognized {
  kind: Kind;
  /** In words. */
  name: string;
  segment?: SegmentLayout;
}

/** As many bytes as can be needed to recognize anything: three frames with the largest pages. */
export const HEAD_SIZE: number = 3 * (FRAME_HEADER_SIZE + 65536);

const FOREIGN: readonly (readonly [name: string, magic: string, offset?: number])[] = [
  ["a file encrypted with age", "age-encryption.org/v1"],
  ["a gzip file", "\x1f\x8b"],
  ["a zip archive", "PK\x03\x04"],
  ["an empty zip archive", "PK\x05\x06"],
  ["a zstd file", "\x28\xb5\x2f\xfd"],
  ["an xz file", "\xfd7zXZ\0"],
  ["a bzip2 file", "BZh"],
  ["a tar archive", "ustar", 257],
  ["a SQLite rollback journal", "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"],
  ["a SQLite shared-memory file (-shm)", "\x18\xe2\x2d\0"],
];

/** `head`: the first {@link HEAD_SIZE} bytes; `whole`: there are no more. */
export function recognize(head: Uint8Array, whole: boolean): Recognized {
  if (head.length === 0) return { kind: "empty", name: "an empty file" };
  if (isLz4(head)) return { kind: "lz4", name: "LZ4" };
  if (isLtx(head)) return { kind: "ltx", name: "an LTX file" };
  if (isWal(head)) return { kind: "wal", name: "a SQLite WAL" };
  if (isDatabase(head) || isDamagedDatabase(head)) return { kind: "database", name: "a SQLite database" };
  for (const [name, magic, offset = 0] of FOREIGN) {
    if (begins(head.subarray(offset), magic)) return { kind: "foreign", name };
  }
  const segment = findSegment(head, whole);
  if (segment) {
    return { kind: "wal-segment", name: "a piece of a SQLite WAL, without the WAL's beginning", segment };
  }
  return { kind: "unknown", name: "not a file that walkit knows" };
}

function begins(bytes: Uint8Array, magic: string): boolean {
  for (let i = 0; i < magic.length; i++) if (bytes[i] !== magic.charCodeAt(i)) return false;
  return true;
}

const LTX_MAGIC = "LTX1";

/** An LZ4 frame, also a legacy or skippable one, a cut one, or one whose magic number has one wrong byte. */
function isLz4(head: Uint8Array): boolean {
  if (lz4Error(head) !== "lz4/bad-magic") return true;
  if (head.length < 7) return false;
  const magic = [0x04, 0x22, 0x4d, 0x18];
  const wrong = magic.filter((byte, i) => head[i] !== byte).length;
  const mended = head.slice(0, 19);
  mended.set(magic);
  return wrong === 1 && lz4Error(mended) === undefined;
}

function lz4Error(head: Uint8Array): string | undefined {
  try {
    parseLz4Header(head.subarray(0, 19));
    return undefined;
  } catch (error) {
    if (error instanceof WalkitError) return error.code;
    throw error;
  }
}

/** An LTX file, also a cut one, or one whose magic number has one wrong byte. */
function isLtx(head: Uint8Array): boolean {
  if (begins(head, LTX_MAGIC)) return true;
  const magic = Array.from(LTX_MAGIC, (character) => character.charCodeAt(0));
  const mended = head.slice(0, LTX_HEADER_SIZE);
  if (mended.length < LTX_HEADER_SIZE || magic.filter((byte, i) => mended[i] !== byte).length !== 1)
    return false;
  mended.set(magic);
  try {
    parseLtxHeader(mended);
    return true;
  } catch (error) {
    if (error instanceof WalkitError) return false;
    throw error;
  }
}

const WAL_VERSION = 3007000;

/** By its magic number, or, where that is damaged, by the version behind it. */
function isWal(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  const magic = readUint32BE(head, 0);
  if (magic === 0x377f0682 || magic === 0x377f0683) return true;
  return head.length >= 12 && readUint32BE(head, 4) === WAL_VERSION && isPageSize(readUint32BE(head, 8));
}

/** The fixed bytes of the header are right though its first ones are not. */
function isDamagedDatabase(head: Uint8Array): boolean {
  if (head.length < 100) return false;
  const size = readUint16BE(head, 16);
  return head[21] === 64 && head[22] === 32 && head[23] === 32 && (size === 1 || isPageSize(size));
}

function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65536 && (size & (size - 1)) === 0;
}

/**
 * Frames tell of themselves only by what they have in common: the checksum chain, else the salts. A single frame can be
 * guessed at by its size and page number alone.
 */
function findSegment(head: Uint8Array, whole: boolean): SegmentLayout | undefined {
  let likely: SegmentLayout | undefined;
  for (let pageSize = 512; pageSize <= 65536; pageSize *= 2) {
    const size = FRAME_HEADER_SIZE + pageSize;
    if (head.length < size) break;
    const first = parseFrameHeader(head);
    const salts = { salt1: first.salt1, salt2: first.salt2 };
    if (head.length >= 2 * size) {
      const second = parseFrameHeader(head, size);
      for (const bigEndian of [false, true]) {
        const seed = walChecksum([first.checksum1, first.checksum2], head, bigEndian, size, size + 8);
        const sum = walChecksum(seed, head, bigEndian, size + FRAME_HEADER_SIZE, 2 * size);
        if (sum[0] !== second.checksum1 || sum[1] !== second.checksum2 || isZero(second)) continue;
        return { pageSize, bigEndian, ...majority(head, size, salts), certain: true };
      }
      const same = second.salt1 === first.salt1 && second.salt2 === first.salt2;
      if (same && (first.salt1 !== 0 || first.salt2 !== 0) && first.pageNumber > 0) {
        likely ??= { pageSize, bigEndian: false, ...salts, certain: false };
      }
    } else if (whole && head.length === size) {
      const { pageNumber, commitSize } = first;
      const plausible = commitSize === 0 || (commitSize >= pageNumber && commitSize < 1 << 24);
      if (pageNumber > 0 && pageNumber < 1 << 24 && plausible) {
        likely ??= { pageSize, bigEndian: false, ...salts, certain: false };
      }
    }
  }
  return likely;
}

/** Zeros all the way fit any chain. */
function isZero({ pageNumber, checksum1, checksum2 }: ReturnType<typeof parseFrameHeader>): boolean {
  return pageNumber === 0 && checksum1 === 0 && checksum2 === 0;
}

/** The salts that two of the first three frames agree on. */
function majority(
  head: Uint8Array,
  size: number,
  first: { salt1: number; salt2: number },
): { salt1: number; salt2: number } {
  if (head.length < 3 * size) return first;
  const [second, third] = [parseFrameHeader(head, size), parseFrameHeader(head, 2 * size)];
  const agree = second.salt1 === third.salt1 && second.salt2 === third.salt2;
  return agree ? { salt1: second.salt1, salt2: second.salt2 } : first;
}
