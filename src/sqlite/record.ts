/**
 * Records: where each value of a row is. A record is a header (its own size, then a type for each value, all varints), then
 * the values one after another. {@link https://www.sqlite.org/fileformat2.html#record_format}
 */

import { readVarint } from "./varint.ts";

/** Where a value is. */
export interface Field {
  /** Serial type. 0: null; 1 to 6: integer; 7: float; 8, 9: the integers 0, 1; from 12: blob where even, text where odd. */
  type: number;
  /** Offset in the record, which may be past the end of what there is of it. */
  at: number;
  /** In bytes. */
  size: number;
}

const SIZES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

/**
 * The first values of a record, `most` of them at most. Of the record no more than its header, as far as it tells of these, has
 * to be there. Undefined where that is not so, or a type is none.
 */
export function readFields(record: Uint8Array, most: number): Field[] | undefined {
  const header = readVarint(record, 0);
  if (!header) return undefined;
  const fields: Field[] = [];
  let at = header.value;
  for (let { next } = header; next < header.value && fields.length < most; ) {
    const read = readVarint(record, next);
    if (!read) return undefined;
    const type = read.value;
    const size = type < 12 ? SIZES[type] : Math.floor((type - 12) / 2);
    if (size === undefined) return undefined;
    fields.push({ type, at, size });
    at += size;
    next = read.next;
  }
  return fields;
}

/** An integer of up to 2^53 - 1 either way, big-endian. Undefined where the value is another, or reaches past the record's end. */
export function readInteger(record: Uint8Array, { type, at, size }: Field): number | undefined {
  if (type === 8 || type === 9) return type - 8;
  if (type < 1 || type > 6 || at + size > record.length) return undefined;
  let value = (record[at]! << 24) >> 24;
  for (let i = 1; i < size; i++) value = value * 256 + record[at + i]!;
  return Number.isSafeInteger(value) ? value : undefined;
}
