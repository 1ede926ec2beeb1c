/** The body of a response, no longer than it may be and no shorter than it says. */

import { WalkitError } from "../errors.ts";
import type { Remedy } from "../remedy.ts";
import { giveTurn } from "../turn.ts";
import { unreadable } from "./blob.ts";

export const FETCH_AGAIN: Remedy = { do: "run-again", because: "connection" };

/**
 * The pieces of a body.
 *
 * @throws WalkitError `storage/unreadable` where the connection breaks off, or fewer bytes come than are told
 */
export async function* readBody(
  response: Response,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (!response.body) return;
  const reader = response.body.getReader();
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) break;
      size += value.length;
      yield value;
      await giveTurn();
    }
  } catch (cause) {
    if (cause instanceof WalkitError || signal?.aborted) throw cause;
    throw unreadable(path, `Cannot read ${path}: ${(cause as Error).message}`, {
      cause,
      remedy: FETCH_AGAIN,
    });
  } finally {
    reader.cancel().catch(() => {});
  }
  const told = response.headers.get("content-length");
  // What is told is the size on its way, compressed or not; of another origin a page does not see which, and the browser looks.
  if (told === null || response.type === "cors" || response.headers.has("content-encoding")) return;
  if (size === Number(told)) return;
  throw unreadable(path, `Expected ${told} bytes of ${path} from the server, found ${size}`, {
    remedy: FETCH_AGAIN,
  });
}

/**
 * A body as text.
 *
 * @throws WalkitError `storage/unreadable` where it is longer than `most` bytes
 */
export async function readText(
  response: Response,
  path: string,
  most: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  // One buffer, however small the pieces are: of millions each would take more than what is in it.
  let bytes = new Uint8Array(1 << 16);
  let size = 0;
  for await (const piece of readBody(response, path, signal)) {
    const end = size + piece.length;
    if (end > most) {
      throw unreadable(path, `Expected a listing of at most ${most} bytes at ${path}, found more`);
    }
    if (end > bytes.length) {
      const larger = new Uint8Array(Math.max(2 * bytes.length, end));
      larger.set(bytes.subarray(0, size));
      bytes = larger;
    }
    bytes.set(piece, size);
    size = end;
  }
  return new TextDecoder().decode(bytes.subarray(0, size));
}

/**
 * Checks that an answer with part of a file (status 206) has the part from `start` to `end`, or to the file's own end before
 * that. Returns how many bytes these are; undefined where a page may not see the answer's headers (CORS).
 *
 * @throws WalkitError `storage/unreadable`
 */
export function partOf(response: Response, path: string, start: number, end: number): number | undefined {
  const encoding = response.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") {
    throw unreadable(path, `Expected a part of ${path} as it is, found a part of it packed (${encoding})`, {
      remedy: { do: "ask-server", answer: "packed" },
    });
  }
  const told = response.headers.get("content-range");
  if (told === null && response.type === "cors") return undefined;
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(told ?? "");
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  const size = Number(match?.[3]);
  const wanted = Number.isNaN(size) ? end - 1 : Math.min(end, size) - 1;
  const isRight = first === start && (Number.isFinite(wanted) ? last === wanted : last >= first);
  if (match && isRight) return last - first + 1;
  const asked = `bytes ${start} to ${Number.isFinite(end) ? end - 1 : "the end"}`;
  throw unreadable(
    path,
    `Expected ${asked} of ${path} from the server, found ${told ?? "no Content-Range"}`,
    {
      remedy: { do: "run-again", because: "ranges" },
    },
  );
}
