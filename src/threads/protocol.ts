/**
 * What is said between a thread that decodes and the one that wants the bytes. Buffers change hands (they are transferred,
 * not copied), and come back to be used again.
 *
 * ```
 * begin    →   a file
 * piece    →   its next compressed bytes
 * last     →   there are no more
 * room     →   a buffer for its next decoded bytes
 * drop     →   nobody wants the rest
 *          ←   ready     the thread has started
 *          ←   spent     the piece's buffer, free again
 *          ←   decoded   the room, with bytes in it
 *          ←   end       its frame was whole; and the buffers that were not used
 *          ←   failed    it was not, or the thread failed: an error as data; and those buffers
 *          ←   dropped   and those buffers
 * ```
 *
 * Each file has rooms of its own, so none waits for another that nobody reads yet.
 */

import { type ErrorCode, type ErrorDetails, WalkitError } from "../errors.ts";

/** Size of the buffers, in bytes, in both directions. Decoded bytes may take several. */
export const BUFFER: number = 1 << 20;

export type ToThread =
  | { type: "begin"; file: number; path: string }
  | { type: "piece"; file: number; buffer: ArrayBuffer; size: number }
  | { type: "last"; file: number }
  | { type: "room"; file: number; buffer: ArrayBuffer }
  | { type: "drop"; file: number };

export type FromThread =
  | { type: "ready" }
  | { type: "spent"; file: number; buffer: ArrayBuffer }
  | { type: "decoded"; file: number; buffer: ArrayBuffer; size: number }
  | { type: "end"; file: number; trailingOffset: number | undefined; unused: ArrayBuffer[] }
  | { type: "failed"; file: number; error: ErrorData; unused: ArrayBuffer[] }
  | { type: "dropped"; file: number; unused: ArrayBuffer[] };

/** One end of the line between two threads. */
export interface Port<Out, In> {
  post(message: Out, transfer: ArrayBuffer[]): void;
  listen(hear: (message: In) => void): void;
}

/** A thread, as seen from the one that started it. */
export interface Thread extends Port<ToThread, FromThread> {
  /** Told once, where the thread itself fails. */
  onFailure(tell: (error: Error) => void): void;
  close(): Promise<void>;
}

export type ErrorData = { message: string; code?: ErrorCode; details?: ErrorDetails };

export function errorToData(error: unknown): ErrorData {
  if (!(error instanceof WalkitError))
    return { message: error instanceof Error ? error.message : String(error) };
  const { code, message, path, offset, decoded, hint } = error;
  return { message, code, details: { path, offset, decoded, hint } };
}

export function errorFromData({ message, code, details }: ErrorData): Error {
  return code ? new WalkitError(code, message, details) : new Error(message);
}
