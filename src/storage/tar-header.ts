/**
 * The 512 bytes before each entry of a tar archive, and the records of extended (PAX) headers.
 *
 * ```
 *   0 100 name        124 12 size (octal)       156   1 type       257 6 "ustar\0", of GNU "ustar "
 * 100   8 mode        136 12 mtime (octal, s)   157 100 linkname   345 155 prefix, where it is "ustar\0"
 *                     148  8 checksum
 * ```
 *
 * Numbers that do not fit are, by GNU, big-endian in two's complement with the highest bit set besides.
 * {@link https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13}
 */

import type { WalkitError } from "../errors.ts";
import { unreadable } from "./blob.ts";

export const BLOCK = 512;

export interface TarHeader {
  path: string;
  /** In bytes. */
  size: number;
  /** Nanoseconds since 1970, here a whole second. */
  modified: bigint;
  /** One character; `0` where it is a NUL. */
  type: string;
  linkPath: string;
}

/** What the extended headers before an entry say of it, as far as it is asked for. Others are as many as someone likes. */
export type Records = ReadonlyMap<RecordKey, string>;
export type RecordKey = "path" | "linkpath" | "size" | "mtime" | "GNU.sparse.name" | "GNU.sparse";

/** Bytes of a value that are kept: more than a path may have, so that one which is cut is too long all the same. */
const LONGEST = 1 << 14;

const utf8 = new TextDecoder();

/** Whether `block` can be the first of a tar archive: a header with a right checksum, or nothing but zeros. */
export function beginsTar(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  return isZero(block) || hasChecksum(block.subarray(0, BLOCK));
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function sumOf(block: Uint8Array, signed: boolean): number {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 32 : block[i]!;
    sum += signed ? (byte << 24) >> 24 : byte;
  }
  return sum;
}

/** Old programs summed signed bytes. */
function hasChecksum(block: Uint8Array): boolean {
  const stored = octal(block.subarray(148, 156));
  return stored !== undefined && (stored === sumOf(block, false) || stored === sumOf(block, true));
}

/**
 * Parses the header at byte `offset` of the archive.
 *
 * @throws WalkitError `storage/unreadable`: a wrong checksum, a size that is negative or no number
 */
export function parseHeader(block: Uint8Array, offset: number): TarHeader {
  if (!hasChecksum(block)) {
    const stored = octal(block.subarray(148, 156));
    const message = `Expected a tar header with the checksum ${sumOf(block, false)} at byte ${offset}, found ${stored ?? "none"}`;
    throw damaged(message, offset);
  }
  const path = text(block, 0, 100);
  const isPosix = text(block, 257, 263) === "ustar" && block[262] === 0;
  const prefix = isPosix ? text(block, 345, 500) : "";
  const type = block[156] === 0 ? "0" : String.fromCharCode(block[156]!);
  const size = number(block.subarray(124, 136));
  const seconds = number(block.subarray(136, 148));
  if (size === undefined || size < 0n || size > Number.MAX_SAFE_INTEGER) {
    throw badSize(path, size === undefined ? "no number" : `${size}`, offset);
  }
  if (seconds === undefined) {
    throw damaged(
      `Expected the time of ${path} in the tar header at byte ${offset}, found no number`,
      offset,
    );
  }
  return {
    path: prefix === "" ? path : `${prefix}/${path}`,
    size: Number(size),
    modified: seconds * 1_000_000_000n,
    type,
    linkPath: text(block, 157, 257),
  };
}

export function badSize(path: string, found: string, offset: number): WalkitError {
  return damaged(`Expected the size of ${path} in the tar header at byte ${offset}, found ${found}`, offset);
}

export function damaged(message: string, offset: number): WalkitError {
  return unreadable("", message, {
    offset,
    remedy: { do: "fetch-again", what: "archive" },
  });
}

function text(block: Uint8Array, start: number, end: number): string {
  const nul = block.indexOf(0, start);
  return utf8.decode(block.subarray(start, nul === -1 || nul > end ? end : nul));
}

/** A field of octal digits, up to a space or NUL; nothing is 0. */
function octal(field: Uint8Array): number | undefined {
  const match = /^ *([0-7]*)(?:[ \0].*)?$/s.exec(String.fromCharCode(...field));
  return match ? Number.parseInt(match[1] || "0", 8) : undefined;
}

function number(field: Uint8Array): bigint | undefined {
  if ((field[0]! & 0x80) === 0) {
    const value = octal(field);
    return value === undefined ? undefined : BigInt(value);
  }
  let value = BigInt(field[0]! & 0x7f);
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(8 * field.length - 1, value);
}

/**
 * Parses the records of an extended header, `<length> <key>=<value>\n` each; `offset` is that of the first one.
 *
 * @throws WalkitError `storage/unreadable` where one is none
 */
export function parseRecords(bytes: Uint8Array, offset: number): Map<RecordKey, string> {
  const records = new Map<RecordKey, string>();
  for (let at = 0; at < bytes.length; ) {
    const digits = /^\d{1,9} /.exec(String.fromCharCode(...bytes.subarray(at, at + 10)))?.[0];
    const end = digits === undefined ? 0 : at + Number.parseInt(digits, 10);
    const from = at + (digits?.length ?? 0);
    const equals = bytes.indexOf(0x3d, from);
    if (end > bytes.length || equals <= from || equals >= end || bytes[end - 1] !== 0x0a) {
      const message = `Expected a record of an extended tar header at byte ${offset + at}, found none`;
      throw damaged(message, offset + at);
    }
    const key = keyOf(utf8.decode(bytes.subarray(from, Math.min(equals, from + 32))));
    if (key !== undefined) records.set(key, parseName(bytes.subarray(equals + 1, end - 1)));
    at = end;
  }
  return records;
}

function keyOf(key: string): RecordKey | undefined {
  if (/^(path|linkpath|size|mtime|GNU\.sparse\.name)$/.test(key)) return key as RecordKey;
  return key.startsWith("GNU.sparse.") ? "GNU.sparse" : undefined;
}

/** A long name, or its beginning where it is too long for a path. */
export function parseName(bytes: Uint8Array): string {
  return utf8.decode(bytes.subarray(0, LONGEST));
}

/** A time of an extended header: seconds since 1970 with any number of decimals, as nanoseconds. */
export function parseSeconds(value: string): bigint | undefined {
  const match = /^(-?)(\d{1,18})(?:\.(\d*))?$/.exec(value);
  if (!match) return undefined;
  const [, sign, seconds, fraction = ""] = match;
  const nanos = BigInt(seconds!) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return sign === "-" ? -nanos : nanos;
}
