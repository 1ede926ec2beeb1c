/** What a record says: its values, and the key that its first values are. */

import { Malformed } from "./malformed.ts";
import { type Field, readFields, readInteger } from "./record.ts";

/** An integer is a `number` where that holds it exactly, else a `bigint`. A blob is a part of the record that it was read from. */
export type Value = null | number | bigint | string | Uint8Array;

/** The encoding of a database's texts, as `TextDecoder` names it. */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be";

/** Values that SQLite allows in a record, whatever it was compiled with. */
export const MOST_VALUES = 32767;

/** One for each encoding: to make one takes longer than to decode a short text. A leading U+FEFF is a part of the text. */
const decoders = new Map<Encoding, TextDecoder>();

function decoderOf(encoding: Encoding): TextDecoder {
  let decoder = decoders.get(encoding);
  if (!decoder) decoders.set(encoding, (decoder = new TextDecoder(encoding, { ignoreBOM: true })));
  return decoder;
}

/**
 * The values of a whole record, in the order in which they are stored. Bytes of a text that are none in `encoding` become U+FFFD.
 *
 * @throws Malformed where the record is cut off, has a type that is none, or more values than SQLite allows
 */
export function valuesOf(record: Uint8Array, encoding: Encoding): Value[] {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const decoder = decoderOf(encoding);
  return fieldsOf(record, Number.POSITIVE_INFINITY).map((field) => {
    const { type, at, size } = field;
    if (type === 0) return null;
    if (type === 7) return view.getFloat64(at);
    if (type < 10) return readInteger(record, field) ?? view.getBigInt64(at);
    const bytes = record.subarray(at, at + size);
    return type % 2 === 0 ? bytes : decoder.decode(bytes);
  });
}

/** The first `count` fields, all of which are there. */
function fieldsOf(record: Uint8Array, count: number): Field[] {
  const fields = readFields(record, Math.min(count, MOST_VALUES + 1));
  if (!fields) throw new Malformed("a record's header cannot be read");
  if (fields.length > MOST_VALUES) throw new Malformed(`a record has more than ${MOST_VALUES} values`);
  const last = fields.at(-1);
  if (last && last.at + last.size > record.length)
    throw new Malformed("a value reaches past its record's end");
  return fields;
}

/** Bytes that become characters in one call: arguments lie on the stack. */
const PIECE = 4096;

/**
 * The first `count` values of a record as a string: the same for the same types and bytes, and for no others.
 *
 * @throws Malformed as {@link valuesOf}
 */
export function keyOf(record: Uint8Array, count: number): string {
  let key = "";
  for (const { type, at, size } of fieldsOf(record, count)) {
    key += `${type}:`;
    for (let from = at; from < at + size; from += PIECE) {
      key += String.fromCharCode(...record.subarray(from, Math.min(from + PIECE, at + size)));
    }
  }
  return key;
}
