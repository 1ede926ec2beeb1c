/**
 * Storage: bytes and paths, nothing else. The smallest contract that a directory, memory, an archive, a browser's file
 * handles or an object store can keep.
 */

import type { WalkitError } from "../errors.ts";

/** One file, as a listing tells of it. Paths are relative to the storage's root, with `/` between their parts. */
export interface Entry {
  /** The file's path. A path that ends with `/` is a folder with nothing in it. */
  path: string;
  /** Size in bytes, where the listing tells. */
  size?: number | undefined;
  /** Modification time in nanoseconds since 1970-01-01T00:00:00Z, as exact as the storage keeps it. */
  modified?: bigint | undefined;
  /** The folder or file cannot be looked at. What else the listing has is listed all the same. */
  unreadable?: WalkitError | undefined;
}

/** Which bytes of a file are read. */
export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** First byte to read; 0 by default. */
  start?: number | undefined;
  /** End of the range, exclusive; the end of the file by default, and where it lies past that. */
  end?: number | undefined;
}

/** How files are listed. */
export interface ListOptions {
  signal?: AbortSignal | undefined;
  /** What the storage knows from its last listing will do: it need not be made anew. */
  recent?: boolean | undefined;
}

/** Where files are: bytes by path, and nothing else. */
export interface Storage {
  /** All files whose path begins with `prefix`, in any order. */
  list(prefix: string, options?: ListOptions): AsyncIterable<Entry>;

  /**
   * The bytes of one file, in pieces of any size. A piece is valid until the next one is asked for, so that a storage
   * may reuse its buffers.
   *
   * @throws WalkitError `storage/not-found` or `storage/unreadable`, with the path
   */
  read(path: string, options?: ReadOptions): AsyncIterable<Uint8Array>;
}
