import type { Entry, ListOptions, ReadOptions, Storage } from "../../src/storage/storage.ts";

/** A storage that counts how often it is listed, and how often each file is read. */
export class CountingStorage implements Storage {
  readonly lists: string[] = [];
  readonly reads: Map<string, number> = new Map();
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  list(prefix: string, options?: ListOptions): AsyncIterable<Entry> {
    this.lists.push(prefix);
    return this.#storage.list(prefix, options);
  }

  read(path: string, options?: ReadOptions): AsyncIterable<Uint8Array> {
    this.reads.set(path, (this.reads.get(path) ?? 0) + 1);
    return this.#storage.read(path, options);
  }
}
