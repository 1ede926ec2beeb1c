/** Unpacking by the runtime, of gzip or of what is in a zip: as much at a time as memory holds, whatever comes of it. */

import type { WalkitError } from "../errors.ts";
import { giveTurn } from "../turn.ts";
import { unreadable } from "./blob.ts";

/**
 * Bytes that are handed to the runtime at a time. A browser unpacks all of them, to 1032 times as many at most, before somebody
 * can say that it is enough: of 1 MiB in one piece Chromium has 1 GiB in memory, of which none is looked at yet.
 */
const PACKED = 1 << 16;

/**
 * Unpacks `source`, no further than is read.
 *
 * @throws what `source` throws, the signal's reason, or what `faultOf` makes of the runtime's error
 * @throws WalkitError `storage/unreadable` where the runtime cannot unpack this format
 */
export async function* unpack(
  source: AsyncIterable<Uint8Array>,
  format: "gzip" | "deflate-raw",
  signal: AbortSignal | undefined,
  faultOf: (cause: unknown) => WalkitError,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let fault: unknown;
  async function* packed(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of source) {
        for (let at = 0; at < piece.length; at += PACKED) yield piece.subarray(at, at + PACKED);
      }
    } catch (error) {
      fault = error;
      throw error;
    }
  }
  const reader = streamOf(packed()).pipeThrough(decompressionOf(format)).getReader();
  try {
    for (;;) {
      let value: Uint8Array<ArrayBuffer> | undefined;
      try {
        ({ value } = await reader.read());
      } catch (error) {
        // A stream gives its own error on, but not every runtime does so as it is.
        throw fault ?? faultOf(error);
      }
      signal?.throwIfAborted();
      if (!value) return;
      yield value;
      await giveTurn();
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The pieces of `source` as a stream that reads no further than it is read. */
function streamOf(source: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await source.next();
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array<ArrayBuffer>);
      },
      async cancel() {
        await source.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

function decompressionOf(format: "gzip" | "deflate-raw"): DecompressionStream {
  try {
    return new DecompressionStream(format);
  } catch (cause) {
    throw unreadable("", `Expected a browser that can unpack ${format}, found that this one cannot`, {
      cause,
      remedy: { do: "unpack", because: "old-browser" },
    });
  }
}
