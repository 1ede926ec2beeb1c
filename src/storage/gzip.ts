import {
  type BlobLike,
  BlobParts,
  decompressionOf,
  type FaultOf,
  readBlob,
  streamOf,
  unreadable,
} from "./blob.ts";

export interface GunzipOptions {
  signal?: AbortSignal | undefined;
  /** Bytes that may come out. */
  maxBytes: number;
  /** Told of compressed bytes as they are read. */
  onRead?: ((bytes: number) => void) | undefined;
  /** Called with the first bytes, 512 or more where there are so many: it throws where these are not what is wanted. */
  check: (head: Uint8Array) => void;
  faultOf: FaultOf;
}

const HEAD = 512;

/**
 * Unpacks `blob`, a gzip file, into memory: into a Blob, which the browser may keep on disk.
 *
 * @throws WalkitError `storage/unreadable` where it is damaged, ends early, or more than `maxBytes` come out
 */
export async function gunzip(blob: BlobLike, options: GunzipOptions): Promise<Blob> {
  const { signal, maxBytes, check, faultOf } = options;
  let faultOfSource: unknown;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of readBlob(blob, "", { signal }, faultOf)) {
        yield piece;
        options.onRead?.(piece.length);
      }
    } catch (error) {
      faultOfSource = error;
      throw error;
    }
  }
  const reader = streamOf(source()).pipeThrough(decompressionOf("gzip")).getReader();
  const parts = new BlobParts();
  let head: Uint8Array | undefined = new Uint8Array(0);
  try {
    for (;;) {
      const { done, value } = await next(reader);
      if (head && (done || head.length + value.length >= HEAD)) {
        check(done ? head : joined(head, value));
        head = undefined;
      }
      if (done) return parts.blob();
      if (head) head = joined(head, value);
      parts.add(value);
      if (parts.size > maxBytes) throw tooLarge(maxBytes);
    }
  } catch (error) {
    // A stream gives its own error on, but not every runtime does so as it is.
    throw faultOfSource ?? error;
  } finally {
    reader.cancel().catch(() => {});
  }
}

type Chunk = { done: true; value: undefined } | { done: false; value: Uint8Array<ArrayBuffer> };

async function next(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): Promise<Chunk> {
  try {
    const { done, value } = await reader.read();
    return done ? { done, value: undefined } : { done, value };
  } catch (cause) {
    const message = `Expected a whole gzip file, found that it cannot be unpacked: ${(cause as Error).message}`;
    throw unreadable("", message, {
      cause,
      hint: "The archive is damaged or incomplete: compare it with the original, or fetch it again",
    });
  }
}

function joined(head: Uint8Array, more: Uint8Array): Uint8Array {
  const both = new Uint8Array(head.length + more.length);
  both.set(head);
  both.set(more, head.length);
  return both;
}

function tooLarge(maxBytes: number): Error {
  return unreadable("", `Expected at most ${maxBytes} bytes in the gzip file, found more`, {
    hint: "Unpack it to a plain .tar, which is read where it is, or into a folder, and open that",
  });
}
