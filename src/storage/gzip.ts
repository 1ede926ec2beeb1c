import type { WalkitError } from "../errors.ts";
import { type BlobLike, BlobParts, type FaultOf, readBlob, unreadable } from "./blob.ts";
import { unpack } from "./unpack.ts";

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
  async function* source(): AsyncGenerator<Uint8Array> {
    for await (const piece of readBlob(blob, "", { signal }, faultOf)) {
      yield piece;
      options.onRead?.(piece.length);
    }
  }
  const parts = new BlobParts();
  let head: Uint8Array | undefined = new Uint8Array(0);
  for await (const piece of unpack(source(), "gzip", signal, damaged)) {
    if (head) {
      head = joined(head, piece);
      if (head.length >= HEAD) {
        check(head);
        head = undefined;
      }
    }
    parts.add(piece);
    if (parts.size > maxBytes) throw tooLarge(maxBytes);
  }
  if (head) check(head);
  return parts.blob();
}

function damaged(cause: unknown): WalkitError {
  const message = `Expected a whole gzip file, found that it cannot be unpacked: ${(cause as Error).message}`;
  return unreadable("", message, {
    cause,
    hint: "The archive is damaged or incomplete: compare it with the original, or fetch it again",
  });
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
