/** From what is dropped or chosen to what the worker opens. */

import type { Source } from "./protocol.ts";

const ARCHIVE = /\.(tar|tar\.gz|tgz|zip)$/i;

/** A folder of more files than this is not one replica, but somebody's disk. */
const MOST = 500_000;

/** @throws Error in plain words */
export async function sourceOfDrop(data: DataTransfer): Promise<Source | undefined> {
  const items = [...data.items].filter(({ kind }) => kind === "file");
  // All must be asked for before the first await: then the list is emptied.
  const handles = items.map((item) => handleOf(item));
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? undefined);
  const files = [...data.files];
  const first = entries[0];
  if (entries.length === 1 && first?.isDirectory) {
    const handle = await handles[0];
    if (handle?.kind === "directory")
      return { kind: "directory", handle: handle as FileSystemDirectoryHandle };
    return { kind: "files", name: first.name, files: await filesBelow([first]) };
  }
  if (files.length === 1 && ARCHIVE.test(files[0]!.name)) return { kind: "archive", file: files[0]! };
  const all = entries.filter((entry) => entry !== undefined);
  if (all.length > 0) return { kind: "files", name: all[0]!.name, files: await filesBelow(all) };
  return files.length > 0 ? sourceOfFiles(files) : undefined;
}

/** Of an input, with `webkitdirectory` or without. */
export function sourceOfFiles(files: readonly File[]): Source | undefined {
  const [first] = files;
  if (!first) return undefined;
  if (files.length === 1 && !first.webkitRelativePath) return { kind: "archive", file: first };
  const paths = files.map((file): [string, File] => [file.webkitRelativePath || file.name, file]);
  return { kind: "files", name: paths[0]![0].split("/")[0]!, files: paths };
}

/** `#replica=<path>`: what `walkit ui` serves, on the page's own address. */
export function sourceOfHash(hash: string): Source | undefined {
  const path = new URLSearchParams(hash.replace(/^#/, "")).get("replica");
  if (path === null) return undefined;
  const url = new URL(path, location.href);
  return url.origin === location.origin ? { kind: "served", url: url.href } : undefined;
}

/** Where the browser can ask for a folder so that only what is needed is read. */
export async function chooseFolder(): Promise<Source | undefined> {
  if (!window.showDirectoryPicker) return undefined;
  return { kind: "directory", handle: await window.showDirectoryPicker({ id: "walkit", mode: "read" }) };
}

async function handleOf(item: DataTransferItem): Promise<FileSystemHandle | undefined> {
  try {
    return (await item.getAsFileSystemHandle?.()) ?? undefined;
  } catch {
    return undefined;
  }
}

async function filesBelow(entries: readonly FileSystemEntry[]): Promise<[string, File][]> {
  const files: [string, File][] = [];
  const waiting = [...entries];
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) =>
        (entry as FileSystemFileEntry).file(resolve, reject),
      );
      files.push([entry.fullPath.replace(/^\//, ""), file]);
      if (files.length > MOST) throw new Error(`There are more than ${MOST} files in this folder`);
      continue;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
        reader.readEntries(resolve, reject),
      );
      if (some.length === 0) break;
      waiting.push(...some);
    }
  }
  return files;
}
