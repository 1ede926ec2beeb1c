/** From a file in storage to decompressed bytes: reading ahead, LZ4, and errors that name the file. */

import { WalkitError } from "../errors.ts";
import { FrameDecoder } from "../lz4/index.ts";
import type { Storage } from "../storage/storage.ts";
import type { PlannedFile } from "./plan.ts";

export interface ReadContext {
  storage: Storage;
  signal?: AbortSignal | undefined;
  /** Told of compressed bytes as they are read. */
  onRead?: ((bytes: number) => void) | undefined;
  /** Told where bytes follow the end of the LZ4 frame: odd, but nothing is lost by it. */
  onTrailing?: ((error: WalkitError) => void) | undefined;
}

/** Files up to this size are read ahead; larger ones would not fit one piece. Litestream's segments are mostly far below. */
const READ_AHEAD_SIZE = 1 << 20;

interface Started {
  pieces: AsyncIterator<Uint8Array>;
  first: Promise<IteratorResult<Uint8Array>>;
}

/**
 * A queue over `files`: taking the bytes of one starts the reading of the next ones, so that up to `parallelism` small
 * files are on their way at a time.
 */
export class ReadAhead {
  readonly #files: readonly PlannedFile[];
  readonly #context: ReadContext;
  readonly #parallelism: number;
  readonly #started = new Map<number, Started>();
  #next = 0;

  constructor(files: readonly PlannedFile[], context: ReadContext, parallelism: number) {
    this.#files = files;
    this.#context = context;
    this.#parallelism = parallelism;
  }

  /** The compressed bytes of file `number`. Numbers must ascend; one may be taken twice. */
  take(number: number): AsyncIterable<Uint8Array> {
    const { storage, signal } = this.#context;
    for (this.#next = Math.max(this.#next, number); this.#next < this.#files.length; this.#next++) {
      if (this.#next - number >= this.#parallelism) break;
      const { path, size } = this.#files[this.#next]!;
      if (size === undefined || size > READ_AHEAD_SIZE) continue;
      const pieces = storage.read(path, { signal })[Symbol.asyncIterator]();
      const first = pieces.next();
      // It is awaited when its turn comes, if it comes: until then a failure is nobody's business.
      first.catch(() => {});
      this.#started.set(this.#next, { pieces, first });
    }
    const started = this.#started.get(number);
    this.#started.delete(number);
    return started ? goOn(started) : storage.read(this.#files[number]!.path, { signal });
  }

  /** Closes what was started and not taken. */
  async close(): Promise<void> {
    const started = [...this.#started.values()];
    this.#started.clear();
    await Promise.allSettled(started.map(({ pieces }) => pieces.return?.()));
  }
}

async function* goOn({ pieces, first }: Started): AsyncGenerator<Uint8Array> {
  try {
    for (let result = await first; !result.done; result = await pieces.next()) yield result.value;
  } finally {
    await pieces.return?.();
  }
}

/**
 * Decompresses one file of a replica: the first LZ4 frame, as Litestream reads it. A yielded piece is valid until the
 * next one is asked for.
 *
 * @throws WalkitError `lz4/*`, `storage/*`, with the path and the byte offset in the compressed file
 */
export async function* decodeFile(
  path: string,
  source: AsyncIterable<Uint8Array>,
  context: ReadContext,
): AsyncGenerator<Uint8Array> {
  const decoder = new FrameDecoder({ path, frames: "first", trailing: "ignore" });
  let head: Uint8Array | undefined;
  try {
    for await (const piece of source) {
      head ??= piece.slice(0, AGE.length);
      yield* decoder.push(piece);
      context.signal?.throwIfAborted();
      context.onRead?.(piece.length);
    }
    decoder.end();
  } catch (error) {
    throw head && isAge(head) ? encrypted(path) : error;
  }
  if (decoder.trailingOffset !== undefined) {
    context.onTrailing?.(
      new WalkitError(
        "lz4/trailing-data",
        `Expected the file to end with its LZ4 frame at byte ${decoder.trailingOffset}, found more bytes after it`,
        { path, offset: decoder.trailingOffset },
      ),
    );
  }
}

const AGE = Uint8Array.from("age-encryption.org/v1", (c) => c.charCodeAt(0));

function isAge(head: Uint8Array): boolean {
  return head.length === AGE.length && AGE.every((byte, i) => head[i] === byte);
}

function encrypted(path: string): WalkitError {
  return new WalkitError("lz4/bad-magic", "Expected an LZ4 frame, found a file encrypted with age", {
    path,
    offset: 0,
    hint: "Decrypt the replica's files first: age --decrypt --identity <key file>",
  });
}
