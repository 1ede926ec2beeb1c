/** Handles, entries and files of the shape that a browser gives, over files in memory. */

import { MemoryStorage } from "../../src/storage/index.ts";
import type { EntryLike, FileHandleLike, FileLike, FolderHandleLike } from "../../src/web.ts";

/** Names of a folder's files and folders. A function in a file's place is called when it is opened. */
export interface Tree {
  [name: string]: Tree | File | (() => never);
}

export function treeOf(storage: MemoryStorage): Tree {
  const root: Tree = {};
  for (const [path, { data, modified }] of storage.files) {
    const parts = path.split("/");
    const name = parts.pop()!;
    let folder = root;
    for (const part of parts) folder = (folder[part] ??= {}) as Tree;
    if (name !== "") folder[name] = fileOf(name, data, modified ?? 0n);
  }
  return root;
}

export function fileOf(name: string, data: Uint8Array | string, modified = 0n): File {
  const lastModified = Number(modified / 1_000_000n);
  return new File([data as Uint8Array<ArrayBuffer>], name, { lastModified });
}

export function notFoundError(): DOMException {
  return new DOMException("A requested file or directory could not be found", "NotFoundError");
}

/** As `showDirectoryPicker` and `navigator.storage.getDirectory` give them. */
export function handleOf(name: string, tree: Tree): FolderHandleLike {
  const child = (key: string): FileHandleLike | FolderHandleLike => {
    const found = tree[key];
    if (found === undefined) throw notFoundError();
    if (!(found instanceof File) && typeof found !== "function") return handleOf(key, found);
    return { kind: "file", name: key, getFile: async () => (found instanceof File ? found : found()) };
  };
  const get = async (key: string, kind: string) => {
    if (key === "" || key === ".." || key.includes("/")) throw new TypeError("Name is not allowed.");
    const found = child(key);
    if (found.kind !== kind) throw new DOMException("The path supplied exists, but", "TypeMismatchError");
    return found;
  };
  return {
    kind: "directory",
    name,
    async *values() {
      for (const key of Object.keys(tree)) yield child(key);
    },
    getDirectoryHandle: async (key) => (await get(key, "directory")) as FolderHandleLike,
    getFileHandle: async (key) => (await get(key, "file")) as FileHandleLike,
  };
}

/** As `webkitGetAsEntry` gives them; like Chrome's, a reader gives 100 at a time. */
export function entryOf(name: string, tree: Tree | File | (() => never)): EntryLike {
  if (tree instanceof File || typeof tree === "function") {
    const open = (then: (file: FileLike) => void, fail: (error: unknown) => void) => {
      try {
        then(tree instanceof File ? tree : tree());
      } catch (error) {
        fail(error);
      }
    };
    return { isFile: true, isDirectory: false, name, file: open };
  }
  const createReader = () => {
    const rest = Object.entries(tree).map(([key, value]) => entryOf(key, value));
    return { readEntries: (then: (entries: EntryLike[]) => void) => then(rest.splice(0, 100)) };
  };
  return { isFile: false, isDirectory: true, name, createReader };
}

/** As an `<input webkitdirectory>` gives them. */
export function pickedFiles(name: string, storage: MemoryStorage): File[] {
  return [...storage.files]
    .filter(([path]) => !path.endsWith("/"))
    .map(([path, { data, modified }]) => {
      const file = fileOf(path.split("/").at(-1)!, data, modified ?? 0n);
      return Object.defineProperty(file, "webkitRelativePath", { value: `${name}/${path}` });
    });
}

/** The same files with times of whole milliseconds, below a folder. */
export function inMilliseconds(storage: MemoryStorage, folder = ""): MemoryStorage {
  const round = (time: bigint | undefined) => time && time - (time % 1_000_000n);
  return new MemoryStorage(
    [...storage.files].map(([path, { data, modified }]) => [
      folder + path,
      { data, modified: round(modified) },
    ]),
  );
}
