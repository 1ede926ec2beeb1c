/**
 * The header of an LTX file: 100 bytes, the same in all variants, every field big-endian. LTX is the format of LiteFS and
 * of Litestream 0.5; what is known of it: https://github.com/superfly/ltx
 *
 *     offset  size
 *          0     4  magic: "LTX1". It says nothing of the version: see `variant.ts`
 *          4     4  flags: bit 0 the page block is one LZ4 frame (v1-lz4), bit 1 no database checksums; no others
 *          8     4  page size in bytes: a power of two, 512 to 65536 (65536 stands as itself)
 *         12     4  commit: size of the database afterwards, in pages, lock page counted; 0: the database is deleted
 *         16     8  minTXID: the first transaction in the file, from 1. 1 makes the file a snapshot
 *         24     8  maxTXID: the last one
 *         32     8  timestamp: milliseconds since 1970, signed; 0: not set
 *         40     8  pre-apply checksum: of the database before; 0 for a snapshot, and without database checksums
 *         48     8  WAL offset   \
 *         56     8  WAL size      | where the pages stood in the WAL that the writer read; zeros where they did not,
 *         64     4  WAL salt-1    | and after a compaction
 *         68     4  WAL salt-2   /
 *         72     8  node id: which node of LiteFS made the file; 0 elsewhere
 *         80    20  reserved: zeros
 */

import { hexBytes, readUint32BE, writeUint32BE } from "../bytes.ts";
import { type LtxCode, WalkitError } from "../errors.ts";
import { crc64 } from "../kernel/index.ts";
import type { Remedy } from "../remedy.ts";
import { hex64, readInt64BE, readUint64BE, writeUint64BE } from "./words.ts";

/** Size of the header, in bytes. The page block begins there. */
export const LTX_HEADER_SIZE = 100;

/** Header flag: the page block is one LZ4 frame. Only in v1. */
export const FLAG_LZ4 = 1;
/** Header flag: there are no database checksums. The checksum of the file is there all the same. */
export const FLAG_NO_CHECKSUM = 2;

/** Bit 63: set in every checksum that is there, so that 0 means none. */
export const CHECKSUM_FLAG = 0x8000000000000000n;

/** The first of the reserved bytes at the end of the header. */
const RESERVED = 80;
const MAGIC = [0x4c, 0x54, 0x58, 0x31];
/** As far from 1970 as a `Date` goes, in milliseconds. */
const LARGEST_TIME = 8.64e15;

/** The header of an LTX file. */
export interface LtxHeader {
  /** {@link FLAG_LZ4}, {@link FLAG_NO_CHECKSUM}. */
  flags: number;
  /** In bytes. */
  pageSize: number;
  /** Size of the database after the file is applied, in pages, the lock page counted. 0: it is deleted. */
  commit: number;
  /** First transaction in the file. 1: the file is a snapshot, and holds every page. */
  minTxid: number;
  /** Last transaction in the file. */
  maxTxid: number;
  /** When the writer made the file, in milliseconds since 1970; 0 where it did not say. */
  timestamp: number;
  /** Checksum of the database before; 0n for a snapshot, and without database checksums. */
  preApplyChecksum: bigint;
  /** Byte offset in the WAL that the pages were read from; 0 where there was none. */
  walOffset: number;
  /** In bytes. */
  walSize: number;
  walSalt1: number;
  walSalt2: number;
  /** The node of LiteFS that made the file; 0n elsewhere. */
  nodeId: bigint;
}

/** Whether the file keeps checksums of the database before and after. */
export function hasDatabaseChecksums({ flags }: { flags: number }): boolean {
  return (flags & FLAG_NO_CHECKSUM) === 0;
}

/** Whether the file holds the whole database: it does exactly where it begins with the first transaction. */
export function isSnapshot({ minTxid }: { minTxid: number }): boolean {
  return minTxid === 1;
}

/** Whether all reserved bytes of the header are zero, as every known writer leaves them. */
export function isReservedZero(bytes: Uint8Array): boolean {
  return bytes.subarray(RESERVED, LTX_HEADER_SIZE).every((byte) => byte === 0);
}

/**
 * Parses the 100 bytes at the start of an LTX file, and checks them.
 *
 * Throws a {@link WalkitError}: `ltx/bad-magic`, `ltx/truncated`, `ltx/extinct` for the layouts that had the same magic
 * before the format was settled, `ltx/header` for a field that cannot be. TXIDs, WAL offset and WAL size above 2^53 - 1
 * are such fields: no database counts that far. Reserved bytes are not looked at: see {@link isReservedZero}.
 */
export function parseLtxHeader(bytes: Uint8Array, where: { path?: string | undefined } = {}): LtxHeader {
  const { path } = where;
  const fail = (code: LtxCode, message: string, offset: number, remedy?: Remedy): never => {
    throw new WalkitError(code, message, { path, offset, remedy });
  };
  const { length } = bytes;
  if (MAGIC.some((byte, i) => i < length && bytes[i] !== byte)) {
    const magic = `Expected an LTX file, which begins 4c 54 58 31, found ${hexBytes(bytes)}`;
    fail("ltx/bad-magic", magic, 0, { do: "recognize", expected: "ltx", looksLike: undefined });
  }
  if (length < LTX_HEADER_SIZE) {
    fail("ltx/truncated", `Expected an LTX header of ${LTX_HEADER_SIZE} bytes, found ${length}`, length);
  }
  const extinct = extinctLayout(bytes);
  if (extinct !== undefined) {
    const message = `Expected the LTX format that LiteFS 0.2.0 and Litestream 0.5 write, found ${extinct}`;
    fail("ltx/extinct", message, 0);
  }
  const number = (at: number, name: string, value: bigint): number => {
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      fail("ltx/header", `Expected a ${name} of at most 2^53 - 1, found 0x${hex64(value)}`, at);
    }
    return Number(value);
  };
  const timestamp = readInt64BE(bytes, 32);
  const header: LtxHeader = {
    flags: readUint32BE(bytes, 4),
    pageSize: readUint32BE(bytes, 8),
    commit: readUint32BE(bytes, 12),
    minTxid: number(16, "minTXID", readUint64BE(bytes, 16)),
    maxTxid: number(24, "maxTXID", readUint64BE(bytes, 24)),
    timestamp: Number(timestamp),
    preApplyChecksum: readUint64BE(bytes, 40),
    walOffset: number(48, "WAL offset", readInt64BE(bytes, 48)),
    walSize: number(56, "WAL size", readInt64BE(bytes, 56)),
    walSalt1: readUint32BE(bytes, 64),
    walSalt2: readUint32BE(bytes, 68),
    nodeId: readUint64BE(bytes, 72),
  };
  const fault = faultIn(header);
  if (fault !== undefined) fail("ltx/header", fault[1], fault[0]);
  return header;
}

/**
 * The 100 bytes of a header: the inverse of {@link parseLtxHeader}.
 *
 * Throws a `RangeError` for everything that `parseLtxHeader` would refuse.
 */
export function encodeLtxHeader(header: LtxHeader): Uint8Array<ArrayBuffer> {
  const fault = faultIn(header);
  if (fault !== undefined) throw new RangeError(fault[1]);
  const bytes = new Uint8Array(LTX_HEADER_SIZE);
  bytes.set(MAGIC);
  writeUint32BE(bytes, 4, header.flags);
  writeUint32BE(bytes, 8, header.pageSize);
  writeUint32BE(bytes, 12, header.commit);
  writeUint64BE(bytes, 16, BigInt(header.minTxid));
  writeUint64BE(bytes, 24, BigInt(header.maxTxid));
  writeUint64BE(bytes, 32, BigInt(header.timestamp));
  writeUint64BE(bytes, 40, header.preApplyChecksum);
  writeUint64BE(bytes, 48, BigInt(header.walOffset));
  writeUint64BE(bytes, 56, BigInt(header.walSize));
  writeUint32BE(bytes, 64, header.walSalt1);
  writeUint32BE(bytes, 68, header.walSalt2);
  writeUint64BE(bytes, 72, header.nodeId);
  return bytes;
}

/** The first field that cannot be: its offset, and what was expected and found. */
function faultIn(h: LtxHeader): readonly [offset: number, message: string] | undefined {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  const isWord = (value: number) => isCount(value) && value <= 0xffffffff;
  const isWord64 = (value: bigint) => value >= 0n && value <= 0xffffffffffffffffn;
  if (!isWord(h.flags) || h.flags > (FLAG_LZ4 | FLAG_NO_CHECKSUM)) {
    return [4, `Expected header flags from 0x0 to 0x3, found 0x${h.flags.toString(16)}`];
  }
  if (!isPageSize(h.pageSize)) {
    return [8, `Expected a page size that is a power of two from 512 to 65536, found ${h.pageSize}`];
  }
  if (!isWord(h.commit)) return [12, `Expected a commit from 0 to 4294967295 pages, found ${h.commit}`];
  if (!isCount(h.minTxid) || h.minTxid === 0) {
    return [16, `Expected a minTXID from 1 to 2^53 - 1, found ${h.minTxid}`];
  }
  if (!isCount(h.maxTxid) || h.maxTxid === 0) {
    return [24, `Expected a maxTXID from 1 to 2^53 - 1, found ${h.maxTxid}`];
  }
  if (h.minTxid > h.maxTxid) {
    return [16, `Expected a minTXID of at most the maxTXID, ${h.maxTxid}, found ${h.minTxid}`];
  }
  if (!Number.isInteger(h.timestamp) || Math.abs(h.timestamp) > LARGEST_TIME) {
    return [32, `Expected a timestamp within ${LARGEST_TIME} milliseconds of 1970, found ${h.timestamp}`];
  }
  if (!isCount(h.walOffset)) return [48, `Expected a WAL offset from 0, found ${h.walOffset}`];
  if (!isCount(h.walSize)) return [56, `Expected a WAL size from 0, found ${h.walSize}`];
  if (!isWord(h.walSalt1) || !isWord(h.walSalt2)) {
    return [64, `Expected WAL salts from 0 to 4294967295, found ${h.walSalt1} and ${h.walSalt2}`];
  }
  if (h.walOffset === 0 && (h.walSalt1 !== 0 || h.walSalt2 !== 0)) {
    return [64, "Expected no WAL salts where the WAL offset is 0, found some"];
  }
  if (h.walOffset === 0 && h.walSize !== 0) {
    return [56, `Expected a WAL size of 0 where the WAL offset is 0, found ${h.walSize}`];
  }
  if (!isWord64(h.nodeId)) return [72, `Expected a node id below 2^64, found ${h.nodeId}`];
  const { preApplyChecksum: before } = h;
  const found = isWord64(before) ? hex64(before) : before;
  if (isSnapshot(h) || !hasDatabaseChecksums(h)) {
    const why = isSnapshot(h) ? "a file that begins with TXID 1" : "a file without database checksums";
    if (before !== 0n) return [40, `Expected no pre-apply checksum in ${why}, found ${found}`];
  } else if (!isWord64(before) || (before & CHECKSUM_FLAG) === 0n) {
    return [40, `Expected a pre-apply checksum, which has bit 63 set, found ${found}`];
  }
  return undefined;
}

/** Whether `size` can be the page size of a SQLite database: a power of two, 512 to 65536. */
function isPageSize(size: number): boolean {
  return Number.isInteger(size) && size >= 512 && size <= 65536 && (size & (size - 1)) === 0;
}

/**
 * The layout before the format was settled that these 100 bytes are the header of, in words, or `undefined`.
 *
 * ltx 0.1.0 has a checksum of its header, over the first 88 bytes, behind them. The layouts of 0.2.0 to 0.2.2 have a
 * database id of 4 bytes at offset 16 and every later field 4 bytes farther. Read as the living format, the low halves
 * of both TXIDs are then zero, and the timestamp stands where no living file has anything like one.
 */
function extinctLayout(bytes: Uint8Array): string | undefined {
  const crc = new Int32Array(2);
  crc64(crc, bytes, 0, 88);
  if (readUint32BE(bytes, 92) === crc[0]! >>> 0 && readUint32BE(bytes, 88) === (crc[1]! | 0x80000000) >>> 0) {
    return "the layout of ltx 0.1.0 (LiteFS 0.1), which is extinct";
  }
  const id = readUint32BE(bytes, 16);
  const min = readUint64BE(bytes, 20);
  const max = readUint64BE(bytes, 28);
  const time = readUint64BE(bytes, 36);
  const before = readUint64BE(bytes, 44);
  const fits = id > 0 && min > 0n && min <= max && max < 2n ** 32n && time < 2n ** 43n;
  if (!fits || (min === 1n ? before !== 0n : (before & CHECKSUM_FLAG) === 0n)) return undefined;
  return "a layout of ltx 0.2.0 to 0.2.2 (LiteFS 0.2.0-beta1), which is extinct";
}
