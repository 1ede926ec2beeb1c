/** A folder that a page was given (File System Access), or its own (OPFS). */

import type { WalkitError } from "../errors.ts";
import { giveTurn } from "../turn.ts";
import { type FileLike, fileFault, nanosOf, readBlob, unreadable } from "./blob.ts";
import type { Entry, ReadOptions, Storage } from "./storage.ts";

/** What is needed of a `FileSystemFileHandle`. */
export interface FileHandleLike {
  readonly kind: "file";
  readonly name: string;
  getFile(): Promise<FileLike>;
}

/** What is needed of a `FileSystemDirectoryHandle`. */
export interface FolderHandleLike {
  readonly kind: "directory";
  readonly name: string;
  values(): AsyncIterable<FileHandleLike | FolderHandleLike>;
  getDirectoryHandle(name: string): Promise<FolderHandleLike>;
  getFileHandle(name: string): Promise<FileHandleLike>;
}

/** A replica is four folders deep; whoever picks the folder above of the folder above is served as well. */
const MAX_DEPTH = 16;
/** Files that are asked for their size and time at a time. */
const BATCH = 64;

/**
 * The files below a folder's handle; their paths begin below it. Times are `File.lastModified`, whole milliseconds: less exact
 * than the nanoseconds of a directory on disk, so files written within one millisecond have the same.
 */
export class HandleStorage implements Storage {
  readonly root: FolderHandleLike;
  /** Handles of folders by path, so that not each read walks down from the root. */
  readonly #folders = new Map<string, FolderHandleLike>();

  constructor(root: FolderHandleLike) {
    this.root = root;
    this.#folders.set("", root);
  }

  async *list(prefix: string, options: { signal?: AbortSignal | undefined } = {}): AsyncGenerator<Entry> {
    const path = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    let folder: FolderHandleLike;
    try {
      folder = await this.#folderAt(path);
    } catch (error) {
      if (isGone(error) && path !== "") return;
      throw fileFault(path, error);
    }
    yield* this.#walk(folder, path, prefix, 0, options.signal);
  }

  /** The handle of the folder at `path`, which is empty or ends with `/`. */
  async #folderAt(path: string): Promise<FolderHandleLike> {
    let known = path;
    while (!this.#folders.has(known)) known = known.slice(0, known.slice(0, -1).lastIndexOf("/") + 1);
    let folder = this.#folders.get(known)!;
    while (known.length < path.length) {
      const end = path.indexOf("/", known.length);
      folder = await folder.getDirectoryHandle(path.slice(known.length, end));
      known = path.slice(0, end + 1);
      this.#folders.set(known, folder);
    }
    return folder;
  }

  async *#walk(
    folder: FolderHandleLike,
    path: string,
    prefix: string,
    depth: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Entry> {
    const files: FileHandleLike[] = [];
    const folders: FolderHandleLike[] = [];
    try {
      for await (const handle of folder.values()) {
        await giveTurn();
        signal?.throwIfAborted();
        if (handle.kind === "file") files.push(handle);
        else folders.push(handle);
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      // A folder that vanished between its listing and its turn held nothing that is still there.
      if (isGone(error) && path !== "") return;
      if (depth === 0) throw fileFault(path, error);
      yield { path, unreadable: fileFault(path, error) };
      return;
    }
    if (files.length + folders.length === 0 && path !== "" && path.startsWith(prefix)) yield { path };
    const wanted = files.filter(({ name }) => (path + name).startsWith(prefix));
    for (let at = 0; at < wanted.length; at += BATCH) {
      await giveTurn();
      signal?.throwIfAborted();
      const batch = wanted.slice(at, at + BATCH).map((handle) => entryOf(handle, path + handle.name));
      for (const entry of await Promise.all(batch)) if (entry) yield entry;
    }
    for (const inner of folders) {
      const at = `${path}${inner.name}/`;
      if (!(at.startsWith(prefix) || prefix.startsWith(at)) || depth >= MAX_DEPTH) continue;
      this.#folders.set(at, inner);
      yield* this.#walk(inner, at, prefix, depth + 1, signal);
    }
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    options.signal?.throwIfAborted();
    const cut = path.lastIndexOf("/") + 1;
    let file: FileLike;
    try {
      const folder = await this.#folderAt(path.slice(0, cut));
      file = await (await folder.getFileHandle(path.slice(cut))).getFile();
    } catch (error) {
      throw readFault(path, error);
    }
    yield* readBlob(file, path, options);
  }
}

async function entryOf(handle: FileHandleLike, path: string): Promise<Entry | undefined> {
  try {
    const { size, lastModified } = await handle.getFile();
    return { path, size, modified: nanosOf(lastModified) };
  } catch (error) {
    return isGone(error) ? undefined : { path, unreadable: fileFault(path, error) };
  }
}

function isGone(error: unknown): boolean {
  return (error as { name?: string }).name === "NotFoundError";
}

/** A name that the browser takes for none (empty, `..`) is a TypeError. */
function readFault(path: string, error: unknown): WalkitError {
  if (!(error instanceof TypeError)) return fileFault(path, error);
  return unreadable(path, `Expected the path of a file, found ${path || "an empty one"}`, { cause: error });
}

/**
 * A folder of these handles: of several that were dropped together, or of one whose name is to be seen (a generation's folder
 * is known by its name alone). Each can be asked for with `DataTransferItem.getAsFileSystemHandle`.
 *
 * @throws WalkitError `storage/unreadable` where two have one name: what is in them could not be told apart
 */
export function folderOf(handles: Iterable<FileHandleLike | FolderHandleLike>): FolderHandleLike {
  const all = [...handles];
  const names = new Set<string>();
  for (const { name } of all) {
    if (names.has(name)) {
      throw unreadable(name, `Expected one ${name}, found two`, {
        remedy: { do: "open-one", of: "entries" },
      });
    }
    names.add(name);
  }
  const find = (name: string, kind: string) => {
    const found = all.find((handle) => handle.name === name && handle.kind === kind);
    if (found) return found;
    throw new DOMException(`There is no ${name}`, "NotFoundError");
  };
  return {
    kind: "directory",
    name: "",
    async *values() {
      yield* all;
    },
    getDirectoryHandle: async (name) => find(name, "directory") as FolderHandleLike,
    getFileHandle: async (name) => find(name, "file") as FileHandleLike,
  };
}
