import { WalkitError } from "../errors.ts";
import type { Entry, ReadOptions, Storage } from "../storage/storage.ts";

/** A file that was listed is gone. No {@link WalkitError}: whoever looks for those must not take it for damage. */
export class Vanished extends Error {
  override readonly name = "Vanished";
  readonly error: WalkitError;

  constructor(error: WalkitError) {
    super(error.message);
    this.error = error;
  }
}

/** A storage whose listing stands still, so that several looks at it are looks at the same replica. */
export class Listing implements Storage {
  readonly #storage: Storage;
  readonly #entries: readonly Entry[];

  private constructor(storage: Storage, entries: readonly Entry[]) {
    this.#storage = storage;
    this.#entries = entries;
  }

  /** @throws WalkitError `storage/*` */
  static async of(storage: Storage, prefix: string, signal?: AbortSignal): Promise<Listing> {
    const entries: Entry[] = [];
    for await (const entry of storage.list(prefix, { signal })) entries.push(entry);
    return new Listing(storage, entries);
  }

  async *list(prefix: string): AsyncGenerator<Entry> {
    for (const entry of this.#entries) if (entry.path.startsWith(prefix)) yield entry;
  }

  /** @throws Vanished in place of `storage/not-found` */
  async *read(path: string, options?: ReadOptions): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#storage.read(path, options);
    } catch (error) {
      throw error instanceof WalkitError && error.code === "storage/not-found" ? new Vanished(error) : error;
    }
  }
}
