/** The 64-bit words of an LTX file: big-endian, as bigint where all 64 bits count, as number where they are a quantity. */

import { hex, readUint32BE, writeUint32BE } from "../bytes.ts";

/** An unsigned 64-bit integer, big-endian, at `at`. */
export function readUint64BE(bytes: Uint8Array, at: number): bigint {
  return (BigInt(readUint32BE(bytes, at)) << 32n) | BigInt(readUint32BE(bytes, at + 4));
}

/** A signed 64-bit integer, big-endian, at `at`. */
export function readInt64BE(bytes: Uint8Array, at: number): bigint {
  return BigInt.asIntN(64, readUint64BE(bytes, at));
}

/** The low 64 bits of `value`, big-endian; also of a negative one. */
export function writeUint64BE(bytes: Uint8Array, at: number, value: bigint): void {
  writeUint32BE(bytes, at, Number((value >> 32n) & 0xffffffffn));
  writeUint32BE(bytes, at + 4, Number(value & 0xffffffffn));
}

export function writeUint16BE(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** 16 lowercase hexadecimal digits, as checksums are printed. */
export function hex64(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, "0");
}

/** A safe integer as 16 lowercase hexadecimal digits. */
export function hexSafe(value: number): string {
  return hex(Math.floor(value / 2 ** 32)) + hex(value % 2 ** 32);
}
