/** From a file in storage to decompressed bytes: reading ahead, LZ4, and errors that name the file. */

import { WalkitError } from "../../errors.ts";
import { FrameDecoder } from "../../lz4/index.ts";
import type { ReadContext } from "../../replay/layout.ts";
import type { PlannedFile } from "../../replay/plan.ts";
import { giveTurn } from "../../turn.ts";

/** Files up to this size are read ahead; larger ones would not fit one piece. Litestream's segments are mostly far below. */
const READ_AHEAD_SIZE = 1 << 20;

/**
 * A queue over `files`: taking one starts the reading of the next ones, so that up to `parallelism` small files are on their
 * way at a time.
 */
export class ReadAhead {
  readonly #files: readonly PlannedFile[];
  readonly #context: ReadContext;
  readonly #parallelism: number;
  readonly #started = new Map<number, OpenFile>();
  #next = 0;

  constructor(files: readonly PlannedFile[], context: ReadContext, parallelism: number) {
    this.#files = files;
    this.#context = context;
    this.#parallelism = parallelism;
  }

  /** Decompresses file `number`: see {@link decodeFile}. Numbers must ascend; one may be taken twice. */
  take(number: number): AsyncGenerator<Uint8Array> {
    for (this.#next = Math.max(this.#next, number); this.#next < this.#files.length; this.#next++) {
      if (this.#next - number >= this.#parallelism) break;
      const file = this.#files[this.#next]!;
      if (file.size === undefined || file.size > READ_AHEAD_SIZE) continue;
      this.#started.set(this.#next, new OpenFile(file, this.#context));
    }
    const started = this.#started.get(number);
    this.#started.delete(number);
    return started ? started.decode() : decodeFile(this.#files[number]!, this.#context);
  }

  /** Closes what was started and not taken. */
  async close(): Promise<void> {
    const started = [...this.#started.values()];
    this.#started.clear();
    await Promise.allSettled(started.map((file) => file.close()));
  }
}

/**
 * Decompresses one file of a replica: its LZ4 frames, one after another, as the format says and `lz4 -d` does. Litestream
 * writes one, and reads no further. A yielded piece is valid until the next one is asked for.
 *
 * @throws WalkitError `lz4/*`, `storage/*`, with the path and the byte offset in the compressed file
 */
export function decodeFile(file: PlannedFile, context: ReadContext): AsyncGenerator<Uint8Array> {
  return new OpenFile(file, context).decode();
}

/** A file on its way. */
class OpenFile {
  readonly #file: PlannedFile;
  readonly #context: ReadContext;
  readonly #source: AsyncGenerator<Uint8Array>;
  readonly #first: Promise<IteratorResult<Uint8Array>>;
  #head: Uint8Array | undefined;

  /** Reads its first piece. */
  constructor(file: PlannedFile, context: ReadContext) {
    this.#file = file;
    this.#context = context;
    this.#source = this.#read();
    this.#first = this.#source.next();
    // It is awaited when its turn comes, if it comes: until then a failure is nobody's business.
    this.#first.catch(() => {});
  }

  async *decode(): AsyncGenerator<Uint8Array> {
    let trailing: number | undefined;
    try {
      trailing = yield* this.#decodeHere();
    } catch (error) {
      throw this.#head && isAge(this.#head) ? encrypted(this.#file.path) : error;
    }
    if (trailing === undefined) return;
    this.#context.onOdd?.(
      new WalkitError(
        "lz4/trailing-data",
        `Expected the file to end with its LZ4 frame at byte ${trailing}, found more bytes after it`,
        { path: this.#file.path, offset: trailing },
      ),
    );
  }

  async close(): Promise<void> {
    await this.#source.return(undefined);
  }

  async *#decodeHere(): AsyncGenerator<Uint8Array, number | undefined> {
    const decoder = new FrameDecoder({ path: this.#file.path, trailing: "ignore" });
    for await (const piece of this.#pieces()) {
      for (const block of decoder.push(piece)) {
        yield block;
        await giveTurn();
      }
    }
    decoder.end();
    return decoder.trailingOffset;
  }

  async *#pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (let next = await this.#first; !next.done; next = await this.#source.next()) yield next.value;
    } finally {
      await this.#source.return(undefined);
    }
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    const { storage, signal, onRead } = this.#context;
    for await (const piece of storage.read(this.#file.path, { signal })) {
      this.#head ??= piece.slice(0, LONGEST);
      yield piece;
      signal?.throwIfAborted();
      onRead?.(piece.length);
    }
  }
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
