/** Values as the page gets them. */

import type { Value } from "../../src/sqlite/values.ts";
import type { Cell } from "../app/protocol/protocol.ts";

/** Characters of a text, and bytes of a blob, that are shown. */
const MOST_TEXT = 1 << 16;
const HEAD = 32;

/** A value as the page gets it: integers past 2^53 as their digits, long texts cut, of blobs the beginning. */
export function cellOf(value: Value): Cell {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value === "string" && value.length > MOST_TEXT) {
    return `${value.slice(0, MOST_TEXT)}… (${value.length} characters)`;
  }
  if (value instanceof Uint8Array) {
    const head = Array.from(value.subarray(0, HEAD), (byte) => byte.toString(16).padStart(2, "0"));
    return { blob: value.length, head: head.join("") };
  }
  return value;
}
