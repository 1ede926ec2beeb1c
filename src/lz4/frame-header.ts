/**
 * What stands in front of an LZ4 frame, of each of its three kinds.
 *
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md (version 1.6.x). Everything is little-endian.
 *
 * ```
 * LZ4 frame    | magic 4: 0x184D2204 | FLG 1 | BD 1 | content size 0/8 | dictionary ID 0/4 | HC 1 |
 *              then blocks, an end mark (4 zero bytes), content checksum 0/4
 * legacy       | magic 4: 0x184C2102 |
 *              then blocks of 8 MiB (the last may be shorter), until the file ends or another magic number comes
 * skippable    | magic 4: 0x184D2A50 to 0x184D2A5F | size 4 |
 *              then that many bytes which mean nothing to LZ4
 *
 * FLG          bits 7-6 version, 01 | 5 blocks are independent | 4 block checksums | 3 content size is there
 *              | 2 content checksum | 1 reserved, 0 | 0 dictionary ID is there
 * BD           bit 7 reserved, 0 | 6-4 largest block: 4 = 64 KiB, 5 = 256 KiB, 6 = 1 MiB, 7 = 4 MiB | 3-0 reserved, 0
 * HC           second byte of the xxHash32 of everything between magic number and HC
 * ```
 */

import { hex, hexBytes, readUint32LE, writeUint32LE } from "../bytes.ts";
import { WalkitError } from "../errors.ts";
import type { Lookalike } from "../remedy.ts";
import { xxh32 } from "./xxhash32.ts";

export const FRAME_MAGIC = 0x184d2204;
export const LEGACY_MAGIC = 0x184c2102;
/** The first of sixteen. */
export const SKIPPABLE_MAGIC = 0x184d2a50;

export const LEGACY_BLOCK_SIZE = 8388608;
/** The longest header: magic number, FLG, BD, content size, dictionary ID, HC. */
export const LARGEST_HEADER = 19;

/** What stands in front of a frame. */
export interface FrameHeader {
  kind: "lz4" | "legacy" | "skippable";
  /** Byte offset of the magic number in the input. */
  offset: number;
  /** Size of the header in bytes, magic number included. */
  size: number;
  /** No block holds more than this many decompressed bytes: 65536, 262144, 1048576 or 4194304; 8388608 for a legacy frame, 0 for a skippable one. */
  blockMaxSize: number;
  /** No block refers to what the blocks before it hold. */
  blockIndependence: boolean;
  /** A checksum follows each block. */
  blockChecksum: boolean;
  /** A checksum of the decompressed content ends the frame. */
  contentChecksum: boolean;
  /** The decompressed bytes in the frame, where the header says so; 0 in the header stands for unknown, as with `lz4 -d`. */
  contentSize: number | undefined;
  /** The dictionary that blocks of the frame may refer to, where the header names one. Most need none all the same. */
  dictionaryId: number | undefined;
  /** The bytes after the header of a skippable frame. */
  skippableSize: number | undefined;
}

/** What errors say of a header. */
export interface HeaderOptions {
  /** The file, for errors. */
  path?: string | undefined;
  /** Byte offset of the header in that file. Default 0. */
  offset?: number | undefined;
}

export function frameKind(magic: number): FrameHeader["kind"] | undefined {
  if (magic === FRAME_MAGIC) return "lz4";
  if (magic === LEGACY_MAGIC) return "legacy";
  return (magic & 0xfffffff0) === SKIPPABLE_MAGIC ? "skippable" : undefined;
}

/** Whether the first `size` bytes, fewer than 4, are how a magic number begins. */
export function beginsMagic(bytes: Uint8Array, size: number): boolean {
  const begins = (magic: number, firstMask: number): boolean => {
    for (let i = 0; i < size; i++) {
      const mask = i === 0 ? firstMask : 0xff;
      if ((bytes[i]! & mask) !== ((magic >>> (8 * i)) & mask)) return false;
    }
    return true;
  };
  return begins(FRAME_MAGIC, 0xff) || begins(LEGACY_MAGIC, 0xff) || begins(SKIPPABLE_MAGIC, 0xf0);
}

/**
 * How many bytes to have, at the least, before there is more to say about a header of which `size` are there. It is
 * whole when this is not more than `size`. 4 for what is no frame.
 */
export function headerBytesNeeded(bytes: Uint8Array, size: number): number {
  if (size < 4) return 4;
  const kind = frameKind(readUint32LE(bytes, 0));
  if (kind === "skippable") return 8;
  if (kind !== "lz4") return 4;
  if (size < 6) return 6;
  const flags = bytes[4]!;
  return 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0);
}

/**
 * Checks FLG and BD, which say how the rest of the header is to be read: `bytes` begins with the magic number.
 *
 * @throws WalkitError `lz4/header`
 */
export function checkDescriptor(bytes: Uint8Array, options: HeaderOptions = {}): void {
  const flags = bytes[4]!;
  const blocks = bytes[5]!;
  const fail = (at: number, message: string): never => {
    throw new WalkitError("lz4/header", message, { path: options.path, offset: (options.offset ?? 0) + at });
  };
  if (flags >>> 6 !== 1) fail(4, `Expected version 1 of the LZ4 frame format, found version ${flags >>> 6}`);
  if (flags & 2) {
    fail(4, `Expected the reserved bit of the frame flags to be 0, found flags 0x${hex(flags, 2)}`);
  }
  if (blocks & 0x8f) {
    fail(5, `Expected the reserved bits of the block descriptor to be 0, found 0x${hex(blocks, 2)}`);
  }
  if (blocks >>> 4 < 4) {
    fail(5, `Expected a block size code from 4 (64 KiB) to 7 (4 MiB), found ${blocks >>> 4}`);
  }
}

/**
 * Reads the header at the beginning of `bytes`, and checks all there is to check.
 *
 * @throws WalkitError `lz4/bad-magic`, `lz4/truncated`, `lz4/header`, `lz4/header-checksum`
 */
export function parseFrameHeader(bytes: Uint8Array, options: HeaderOptions = {}): FrameHeader {
  const { path, offset = 0 } = options;
  const found = bytes.length;
  if (found < 4) {
    if (!beginsMagic(bytes, found)) throw badMagic(bytes, path, offset);
    const what = found === 0 ? "no bytes" : `the end after ${found}`;
    throw new WalkitError("lz4/truncated", `Expected the 4 bytes of an LZ4 magic number, found ${what}`, {
      path,
      offset: offset + found,
    });
  }
  const kind = frameKind(readUint32LE(bytes, 0));
  if (kind === undefined) throw badMagic(bytes, path, offset);
  if (kind === "lz4" && found >= 6) checkDescriptor(bytes, options);
  const size = headerBytesNeeded(bytes, found);
  if (found < size) {
    throw new WalkitError(
      "lz4/truncated",
      `Expected ${size} bytes of frame header, found the end after ${found}`,
      { path, offset: offset + found },
    );
  }
  if (kind === "legacy") {
    return headerOf({ kind, offset, size, blockMaxSize: LEGACY_BLOCK_SIZE, blockIndependence: true });
  }
  if (kind === "skippable") {
    return headerOf({ kind, offset, size, skippableSize: readUint32LE(bytes, 4) });
  }

  const flags = bytes[4]!;
  const checksum = (xxh32(bytes.subarray(4, size - 1)) >>> 8) & 0xff;
  const stored = bytes[size - 1]!;
  if (checksum !== stored) {
    throw new WalkitError(
      "lz4/header-checksum",
      `Expected header checksum 0x${hex(checksum, 2)}, found 0x${hex(stored, 2)}`,
      { path, offset: offset + size - 1 },
    );
  }
  let contentSize: number | undefined;
  if (flags & 8) {
    contentSize = readUint32LE(bytes, 6) + readUint32LE(bytes, 10) * 2 ** 32;
    if (!Number.isSafeInteger(contentSize)) {
      throw new WalkitError(
        "lz4/header",
        `Expected a content size below 2^53 bytes, found 0x${hex(readUint32LE(bytes, 10))}${hex(readUint32LE(bytes, 6))}`,
        { path, offset: offset + 6 },
      );
    }
  }
  return headerOf({
    kind,
    offset,
    size,
    blockMaxSize: 2 ** (8 + 2 * (bytes[5]! >>> 4)),
    blockIndependence: (flags & 32) !== 0,
    blockChecksum: (flags & 16) !== 0,
    contentChecksum: (flags & 4) !== 0,
    contentSize: contentSize === 0 ? undefined : contentSize,
    dictionaryId: flags & 1 ? readUint32LE(bytes, size - 5) : undefined,
  });
}

function headerOf(known: Pick<FrameHeader, "kind" | "offset" | "size"> & Partial<FrameHeader>): FrameHeader {
  const { kind, offset, size } = known;
  return {
    kind,
    offset,
    size,
    blockMaxSize: known.blockMaxSize ?? 0,
    blockIndependence: known.blockIndependence ?? false,
    blockChecksum: known.blockChecksum ?? false,
    contentChecksum: known.contentChecksum ?? false,
    contentSize: known.contentSize,
    dictionaryId: known.dictionaryId,
    skippableSize: known.skippableSize,
  };
}

/** How files begin that are taken for LZ4 now and then. */
const lookalikes: readonly [name: Lookalike, bytes: readonly number[]][] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstandard", [0x28, 0xb5, 0x2f, 0xfd]],
  ["age", [0x61, 0x67, 0x65, 0x2d]],
  ["database", [0x53, 0x51, 0x4c, 0x69]],
  ["wal-file", [0x37, 0x7f, 0x06, 0x82]],
  ["wal-file", [0x37, 0x7f, 0x06, 0x83]],
];

export function badMagic(bytes: Uint8Array, path: string | undefined, offset: number): WalkitError {
  const lookalike = lookalikes.find(([, start]) => start.every((byte, i) => bytes[i] === byte));
  return new WalkitError(
    "lz4/bad-magic",
    `Expected an LZ4 frame, which begins 04 22 4d 18, found ${hexBytes(bytes)}`,
    {
      path,
      offset,
      remedy: lookalike && { do: "recognize", expected: "lz4", looksLike: lookalike[0] },
    },
  );
}

/** Writes magic number and descriptor of an LZ4 frame; the other way round than {@link parseFrameHeader}. */
export function formatFrameHeader(
  header: Pick<
    FrameHeader,
    "blockMaxSize" | "blockIndependence" | "blockChecksum" | "contentChecksum" | "contentSize"
  >,
): Uint8Array {
  const { contentSize } = header;
  const size = contentSize === undefined ? 7 : 15;
  const bytes = new Uint8Array(size);
  writeUint32LE(bytes, 0, FRAME_MAGIC);
  bytes[4] =
    0x40 |
    (header.blockIndependence ? 32 : 0) |
    (header.blockChecksum ? 16 : 0) |
    (contentSize === undefined ? 0 : 8) |
    (header.contentChecksum ? 4 : 0);
  bytes[5] = ((Math.log2(header.blockMaxSize) - 8) / 2) << 4;
  if (contentSize !== undefined) {
    writeUint32LE(bytes, 6, contentSize % 2 ** 32);
    writeUint32LE(bytes, 10, Math.floor(contentSize / 2 ** 32));
  }
  bytes[size - 1] = xxh32(bytes.subarray(4, size - 1)) >>> 8;
  return bytes;
}
