/** From a file in storage to decompressed bytes: LZ4, and errors that name the file. */

import { WalkitError } from "../../errors.ts";
import { FrameDecoder } from "../../lz4/index.ts";
import type { ReadContext } from "../../replay/layout.ts";
import type { PlannedFile } from "../../replay/plan.ts";
import { giveTurn } from "../../turn.ts";

/**
 * Decompresses one file of a replica: its LZ4 frames, one after another, as the format says and `lz4 -d` does. Litestream
 * writes one, and reads no further. A yielded piece is valid until the next one is asked for.
 *
 * @throws WalkitError `lz4/*`, `storage/*`, with the path and the byte offset in the compressed file
 */
export async function* decodeFile(file: PlannedFile, context: ReadContext): AsyncGenerator<Uint8Array> {
  const { path } = file;
  const { storage, signal, onRead, onOdd } = context;
  const decoder = new FrameDecoder({ path, trailing: "ignore" });
  let head: Uint8Array | undefined;
  try {
    for await (const piece of storage.read(path, { signal })) {
      head ??= piece.slice(0, LONGEST);
      for (const block of decoder.push(piece)) {
        yield block;
        await giveTurn();
      }
      signal?.throwIfAborted();
      onRead?.(piece.length);
    }
    decoder.end();
  } catch (error) {
    throw head && isAge(head) ? encrypted(path) : error;
  }
  const { trailingOffset: offset } = decoder;
  if (offset === undefined) return;
  const message = `Expected the file to end with its LZ4 frame at byte ${offset}, found more bytes after it`;
  onOdd?.(new WalkitError("lz4/trailing-data", message, { path, offset }));
}

const AGE = ["age-encryption.org/v1", "-----BEGIN AGE ENCRYPTED"].map((text) =>
  Uint8Array.from(text, (c) => c.charCodeAt(0)),
);
const LONGEST = Math.max(...AGE.map(({ length }) => length));

function isAge(head: Uint8Array): boolean {
  return AGE.some((magic) => magic.every((byte, i) => head[i] === byte));
}

function encrypted(path: string): WalkitError {
  return new WalkitError("replica/encrypted", "Expected an LZ4 frame, found a file encrypted with age", {
    path,
    offset: 0,
  });
}
