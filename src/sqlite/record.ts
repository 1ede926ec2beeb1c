/** Records: what a row's bytes say. {@link https://www.sqlite.org/fileformat2.html#record_format} */

import { Malformed, varint } from "./btree.ts";

export type Value = null | number | bigint | string | Uint8Array;

export type Encoding = "utf-8" | "utf-16le" | "utf-16be";

const SIZES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

/** Where each value of a record is. */
function* fieldsOf(record: Uint8Array): Generator<{ type: number; at: number; size: number }> {
  const header = varint(record, 0);
  const end = Number(header.value);
  let body = end;
  for (let at = header.next; at < end; ) {
    const { value, next } = varint(record, at);
    const type = Number(value);
    const size = type < 12 ? (SIZES[type] ?? -1) : (type - 12 - (type % 2)) / 2;
    if (size < 0 || body + size > record.length) throw new Malformed("a value reaches past its record's end");
    yield { type, at: body, size };
    body += size;
    at = next;
  }
}

export function valuesOf(record: Uint8Array, encoding: Encoding): Value[] {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const decoder = new TextDecoder(encoding);
  const values: Value[] = [];
  for (const { type, at, size } of fieldsOf(record)) {
    if (type === 0) values.push(null);
    else if (type === 7) values.push(view.getFloat64(at));
    else if (type < 10) values.push(integer(view, type, at, size));
    else if (type % 2 === 0) values.push(record.subarray(at, at + size));
    else values.push(decoder.decode(record.subarray(at, at + size)));
  }
  return values;
}

function integer(view: DataView, type: number, at: number, size: number): number | bigint {
  if (type >= 8) return type - 8;
  if (size === 8) return view.getBigInt64(at);
  let value = view.getInt8(at);
  for (let i = 1; i < size; i++) value = value * 256 + view.getUint8(at + i);
  return value;
}

/** The first `count` values of a record, as bytes that are the same where they are, and a string. */
export function keyOf(record: Uint8Array, count: number): string {
  let key = "";
  let left = count;
  for (const { type, at, size } of fieldsOf(record)) {
    if (left-- === 0) break;
    key += `${type}:`;
    for (let i = at; i < at + size; i++) key += String.fromCharCode(record[i]!);
  }
  return key;
}
