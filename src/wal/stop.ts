/** Where and why the reading of a WAL ends, and the error that says so. */

import { type ErrorDetails, type WalCode, WalkitError } from "../errors.ts";

/** Where and why the reading of a WAL ends; or, where the reader goes on (`resync`), what is wrong there. */
export interface WalStop {
  /**
   * - `end`: every byte belonged to a whole frame, and every frame fitted.
   * - `truncated`: the bytes end within a frame, or within the WAL header.
   * - `salt`: the frame's salts are not the header's. In a `-wal` file, most often the leftover of an earlier round.
   * - `checksum`: the frame's stored checksum is not the one that its bytes and the frames before give.
   * - `page-number`: the frame is for page 0, which does not exist.
   */
  reason: "end" | "truncated" | "salt" | "checksum" | "page-number";
  /** Byte offset in the WAL of the frame or partial frame. */
  offset: number;
  /** Number of the frame, from 0. */
  frame: number;
  /** What fits: `xxxxxxxx xxxxxxxx` (hexadecimal) for salts and checksums, `n bytes` for `truncated`. */
  expected?: string;
  /** What is there, in the same form. */
  found?: string;
}

const CODES: Record<WalStop["reason"], WalCode | undefined> = {
  end: undefined,
  truncated: "wal/truncated",
  salt: "wal/salt",
  checksum: "wal/frame-checksum",
  "page-number": "wal/page-number",
};

/**
 * The error for a stop: `wal/truncated`, `wal/salt`, `wal/frame-checksum`, `wal/page-number`.
 *
 * `where` fills in what the reader does not know; `where.offset` stands for a file that holds only a piece of the WAL,
 * else the offset in the WAL is taken. Throws a `RangeError` for the stop `end`, which is no error.
 */
export function stopError(stop: WalStop, where: Omit<ErrorDetails, "frame">): WalkitError {
  const code = CODES[stop.reason];
  if (code === undefined) throw new RangeError(`Expected a stop that is an error, found "${stop.reason}"`);
  return new WalkitError(code, stopMessage(stop), {
    ...where,
    offset: where.offset ?? stop.offset,
    frame: stop.frame,
  });
}

function stopMessage(stop: WalStop): string {
  const { expected = "?", found = "?", frame, offset } = stop;
  const place = `in frame ${frame} at WAL offset ${offset}`;
  switch (stop.reason) {
    case "salt":
      return `Expected the WAL header's salts ${expected}, found ${found} ${place}`;
    case "checksum":
      return `Expected checksum ${expected} (computed), found ${found} (stored) ${place}`;
    case "page-number":
      return `Expected a page number from 1, found 0 ${place}`;
    default:
      return offset === 0
        ? `Expected a WAL header of ${expected}, found ${found}`
        : `Expected ${expected}, found ${found} ${place}`;
  }
}
