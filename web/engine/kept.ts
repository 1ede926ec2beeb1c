/**
 * A storage that is listed once in a while, and whose small files are read once and kept, as far as there is room: opening a
 * replica lists it eight times and goes through its files five times, and each file costs a browser milliseconds, however few
 * bytes it has.
 */

import { concat } from "../../src/bytes.ts";
import type { Entry, ListOptions, ReadOptions, Storage } from "../../src/storage/storage.ts";
import { giveTurn } from "../../src/turn.ts";
import { firstOf } from "../app/protocol/search.ts";

/** Bytes of a file that is kept. Larger ones cost more to read than to ask for. */
const SMALL = 1 << 16;
/** Bytes that are kept in all. */
const MOST_KEPT = 32 << 20;
/** Files, and bytes, that are asked for together. */
const TOGETHER = 512;
const MOST_TOGETHER = 1 << 20;
/** Milliseconds for which a listing holds, unless a file of it is found gone; longer where it took long. */
const FRESH = 5000;

/** Reads several files at once; of one that is not there any more there is nothing in the answer. */
export type ReadTogether = (paths: readonly string[]) => Promise<ReadonlyMap<string, Uint8Array>>;

type Known = Pick<Entry, "size" | "modified">;

export class KeptStorage implements Storage {
  readonly #storage: Storage;
  readonly #readTogether: ReadTogether | undefined;
  /** Small files, as they were listed last. */
  readonly #small = new Map<string, Known>();
  /** Their paths in order, which is mostly that of reading; undefined: to be put in order again. */
  #order: string[] | undefined;
  /** The last listing, what it was a listing of, and until when it holds. */
  #listing: { prefix: string; entries: Entry[]; until: number } | undefined;
  /** Those that were read last come last. */
  readonly #kept = new Map<string, Promise<Uint8Array | undefined>>();
  #bytes = 0;

  constructor(storage: Storage, readTogether?: ReadTogether) {
    this.#storage = storage;
    this.#readTogether = readTogether;
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<Entry> {
    // A look at what lies beside does not take the place of the listing that is kept.
    if (options.recent) {
      yield* this.#storage.list(prefix, options);
      return;
    }
    const began = performance.now();
    const last = this.#listing;
    if (last && began < last.until && prefix.startsWith(last.prefix)) {
      for (const entry of last.entries) {
        await giveTurn();
        options.signal?.throwIfAborted();
        if (entry.path.startsWith(prefix)) yield entry;
      }
      return;
    }
    const entries: Entry[] = [];
    for await (const entry of this.#storage.list(prefix, options)) {
      entries.push(entry);
      const { path, size, modified } = entry;
      const before = this.#small.get(path);
      if (before && (before.size !== size || before.modified !== modified)) this.#forget(path);
      if (size === undefined || size > SMALL || entry.unreadable || path.endsWith("/")) {
        if (this.#small.delete(path)) this.#order = undefined;
      } else {
        if (!before) this.#order = undefined;
        this.#small.set(path, { size, modified });
      }
      yield entry;
    }
    const now = performance.now();
    this.#listing = { prefix, entries, until: now + Math.max(FRESH, 3 * (now - began)) };
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const { signal, start = 0, end } = options;
    signal?.throwIfAborted();
    try {
      const bytes = this.#small.has(path) ? await this.#take(path) : undefined;
      signal?.throwIfAborted();
      if (bytes) yield bytes.subarray(start, end);
      // Larger, or it has gone, which the storage says in its own words.
      else yield* this.#storage.read(path, options);
    } catch (error) {
      // The replica may have changed: whoever asks what there is now is to hear it.
      this.#listing = undefined;
      throw error;
    }
  }

  async #take(path: string): Promise<Uint8Array | undefined> {
    const kept = this.#kept.get(path);
    if (kept) {
      this.#kept.delete(path);
      this.#kept.set(path, kept);
      return await kept;
    }
    const paths = this.#readTogether ? this.#from(path) : [path];
    const all = this.#readTogether ? this.#readTogether(paths) : this.#readOne(path);
    for (const one of paths) {
      const read = all.then((found) => found.get(one));
      this.#kept.set(one, read);
      this.#bytes += this.#sizeOf(one);
      // What could not be read is asked for anew, and what has gone is not remembered.
      read.then(
        (bytes) => bytes || this.#forget(one, read),
        () => this.#forget(one, read),
      );
    }
    const wanted = this.#kept.get(path)!;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= MOST_KEPT) break;
      this.#forget(oldest);
    }
    return await wanted;
  }

  async #readOne(path: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#storage.read(path)) pieces.push(piece.slice());
    return new Map([[path, concat(pieces)]]);
  }

  /** A small file and those behind it in its folder that are not kept yet. */
  #from(path: string): string[] {
    this.#order ??= [...this.#small.keys()].sort();
    const order = this.#order;
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    const paths: string[] = [];
    let at = firstOf(0, order.length, (i) => order[i]! >= path);
    for (let bytes = 0; at < order.length && paths.length < TOGETHER; at++) {
      const next = order[at]!;
      bytes += this.#sizeOf(next);
      if (!next.startsWith(folder) || this.#kept.has(next) || bytes > MOST_TOGETHER) break;
      paths.push(next);
    }
    return paths;
  }

  #sizeOf(path: string): number {
    return this.#small.get(path)?.size ?? 0;
  }

  /** `read`: only where that is what is kept. */
  #forget(path: string, read?: Promise<unknown>): void {
    const kept = this.#kept.get(path);
    if (!kept || (read && kept !== read)) return;
    this.#kept.delete(path);
    this.#bytes -= this.#sizeOf(path);
  }
}

/**
 * Reads files together from `walkit ui`: a list of paths is posted, and the answer is a line of JSON with their sizes (null: not
 * there), then their bytes.
 */
export function readFrom(url: URL): ReadTogether {
  return async (paths) => {
    const body = JSON.stringify(paths);
    const answer = await fetch(url, { method: "POST", body }).catch(() => undefined);
    // Then each is asked for by itself, and what is wrong is said in words.
    if (!answer?.ok) return new Map();
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const head = bytes.indexOf(10);
    const sizes: (number | null)[] = JSON.parse(new TextDecoder().decode(bytes.subarray(0, head)));
    const found = new Map<string, Uint8Array>();
    let at = head + 1;
    for (const [i, size] of sizes.entries()) {
      if (size === null) continue;
      found.set(paths[i]!, bytes.subarray(at, at + size));
      at += size;
    }
    return found;
  };
}
