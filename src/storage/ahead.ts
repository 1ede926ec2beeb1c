/** Small files read ahead, several on their way at a time: where each read waits for a server, thousands in turn would take hours. */

import type { Entry, ReadOptions, Storage } from "./storage.ts";

type File = Pick<Entry, "path" | "size">;

/** Of files up to this size, in bytes, the first piece is read ahead: most have no other. Those of Litestream are mostly far below. */
const READ_AHEAD_SIZE = 1 << 20;

/** A file whose first piece is on its way. */
class Started {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #first: Promise<IteratorResult<Uint8Array>>;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#first = this.#pieces.next();
    // It is awaited when its turn comes, if it comes.
    this.#first.catch(() => {});
  }

  async *read(): AsyncGenerator<Uint8Array> {
    try {
      for (let next = await this.#first; !next.done; next = await this.#pieces.next()) yield next.value;
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

/**
 * A storage that reads the small ones of `files` ahead of their turn, in this order: asking for one begins the reading of the next
 * ones. A file that is asked for again, or a part of one, is read as ever. To be closed in the end.
 */
export class AheadStorage implements Storage {
  readonly #storage: Storage;
  readonly #files: readonly File[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #parallelism: number;
  readonly #signal: AbortSignal | undefined;
  readonly #started = new Map<number, Started>();
  #next = 0;

  constructor(
    storage: Storage,
    files: readonly File[],
    parallelism: number,
    signal: AbortSignal | undefined,
  ) {
    this.#storage = storage;
    this.#files = files;
    this.#numbers = new Map(files.map(({ path }, number) => [path, number]));
    this.#parallelism = parallelism;
    this.#signal = signal;
  }

  list(...args: Parameters<Storage["list"]>): ReturnType<Storage["list"]> {
    return this.#storage.list(...args);
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const isWhole = options.start === undefined && options.end === undefined;
    const own = isWhole ? await this.#take(this.#numbers.get(path)) : undefined;
    yield* own ? own.read() : this.#storage.read(path, options);
  }

  /** Closes what was begun, and not asked for. */
  async close(): Promise<void> {
    await this.#closeUpTo(Number.POSITIVE_INFINITY);
  }

  async #take(number: number | undefined): Promise<Started | undefined> {
    if (number === undefined) return undefined;
    // Those before it were passed over.
    await this.#closeUpTo(number - 1);
    this.#next = Math.max(this.#next, number);
    for (; this.#next < this.#files.length && this.#next - number < this.#parallelism; this.#next++) {
      const { path, size } = this.#files[this.#next]!;
      if (size === undefined || size > READ_AHEAD_SIZE) continue;
      this.#started.set(this.#next, new Started(this.#storage.read(path, { signal: this.#signal })));
    }
    const own = this.#started.get(number);
    this.#started.delete(number);
    return own;
  }

  async #closeUpTo(last: number): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const [number, started] of this.#started) {
      if (number > last) break;
      this.#started.delete(number);
      closing.push(started.close());
    }
    await Promise.allSettled(closing);
  }
}
