/** Files that were picked with an `<input webkitdirectory>`, or dropped as folders. */

import { WalkitError } from "../errors.ts";
import { giveTurn } from "../turn.ts";
import { type FileLike, fileFault, nanosOf, readBlob, unreadable } from "./blob.ts";
import { type IndexedFile, IndexedStorage } from "./indexed.ts";

/**
 * A file and its path. In the file's place: undefined for an empty folder, whose path ends with `/`, or why it cannot be
 * looked at.
 */
export type FileAt = readonly [path: string, file: FileLike | WalkitError | undefined];

/**
 * The files of a list. The path of one that comes without is its `webkitRelativePath`, which begins with the picked folder's
 * name, or its name. Times are whole milliseconds. Of two that come with one path (folders of one name, dropped together) neither
 * is read: `storage/unreadable`.
 */
export class FileListStorage extends IndexedStorage {
  constructor(files: Iterable<FileLike | FileAt>) {
    const index = new Map<string, IndexedFile>();
    for (const given of files) {
      const [path, file] = isPair(given) ? given : [given.webkitRelativePath || given.name, given];
      const before = index.get(path);
      if (before && !path.endsWith("/")) index.set(path, { unreadable: twice(path) });
      else if (file === undefined) index.set(path, before ?? {});
      else if (file instanceof WalkitError) index.set(path, { unreadable: file });
      else {
        const modified = nanosOf(file.lastModified);
        index.set(path, { size: file.size, modified, read: (range) => readBlob(file, path, range) });
      }
    }
    super(index);
  }
}

function twice(path: string): WalkitError {
  return unreadable(path, `Expected one ${path}, found two`, {
    remedy: { do: "open-one", of: "folders" },
  });
}

function isPair(given: FileLike | FileAt): given is FileAt {
  return Array.isArray(given);
}

/** What is needed of a `FileSystemEntry`, as `DataTransferItem.webkitGetAsEntry` gives it. */
export interface EntryLike {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly name: string;
  /** Of a file. */
  file?(then: (file: FileLike) => void, fail: (error: unknown) => void): void;
  /** Of a folder. */
  createReader?(): ReaderLike;
}

/** What is needed of a `FileSystemDirectoryReader`: some of the entries each time (Chrome: 100), at last none. */
export interface ReaderLike {
  readEntries(then: (entries: EntryLike[]) => void, fail: (error: unknown) => void): void;
}

/** How picked files are listed. */
export interface FilesOptions {
  signal?: AbortSignal | undefined;
  /** Files and folders that there may be; a million by default. */
  maxFiles?: number | undefined;
}

const MAX_FILES = 1_000_000;
const MAX_DEPTH = 16;
/** Files that are asked for at a time. */
const BATCH = 64;

/**
 * All files in dropped entries, for a {@link FileListStorage}; paths begin with the name of what was dropped. The entries
 * themselves must be taken from the event before its handler first waits for something: then they are gone from it.
 *
 * @throws WalkitError `storage/unreadable` where there are too many
 */
export async function filesOfEntries(
  entries: Iterable<EntryLike | null>,
  options: FilesOptions = {},
): Promise<FileAt[]> {
  const { signal, maxFiles = MAX_FILES } = options;
  const found: FileAt[] = [];
  let count = 0;
  const walk = async (all: readonly EntryLike[], above: string, depth: number): Promise<void> => {
    signal?.throwIfAborted();
    count += all.length;
    if (count > maxFiles) throw tooMany(maxFiles);
    const files = all.filter(({ isFile }) => isFile);
    for (let at = 0; at < files.length; at += BATCH) {
      await giveTurn();
      signal?.throwIfAborted();
      const batch = files.slice(at, at + BATCH).map((entry) => fileOf(entry, above + entry.name));
      found.push(...(await Promise.all(batch)).filter((file) => file !== undefined));
    }
    for (const entry of all) {
      if (!entry.isDirectory || depth >= MAX_DEPTH) continue;
      const path = `${above}${entry.name}/`;
      let inside: EntryLike[];
      try {
        inside = await entriesOf(entry, maxFiles - count, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!isGone(error)) found.push([path, fileFault(path, error)]);
        continue;
      }
      if (inside.length === 0) found.push([path, undefined]);
      await walk(inside, path, depth + 1);
    }
  };
  await walk(
    [...entries].filter((entry) => entry !== null),
    "",
    0,
  );
  return found;
}

async function fileOf(entry: EntryLike, path: string): Promise<FileAt | undefined> {
  try {
    return [path, await new Promise<FileLike>((resolve, reject) => entry.file!(resolve, reject))];
  } catch (error) {
    return isGone(error) ? undefined : [path, fileFault(path, error)];
  }
}

async function entriesOf(
  folder: EntryLike,
  most: number,
  signal: AbortSignal | undefined,
): Promise<EntryLike[]> {
  const reader = folder.createReader!();
  const all: EntryLike[] = [];
  while (all.length <= most) {
    await giveTurn();
    signal?.throwIfAborted();
    const some = await new Promise<EntryLike[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    // Firefox has all of a folder at once: more than a call takes as arguments.
    for (const one of some) all.push(one);
  }
  return all;
}

function isGone(error: unknown): boolean {
  return (error as { name?: string }).name === "NotFoundError";
}

function tooMany(maxFiles: number): WalkitError {
  return unreadable("", `Expected at most ${maxFiles} files, found more`, {
    remedy: { do: "open-closer", by: "drop" },
  });
}
