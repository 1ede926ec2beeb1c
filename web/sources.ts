/** From what is dropped or chosen to what the worker opens. */

import { type EntryLike, filesOfEntries } from "../src/storage/file-list.ts";
import type { Source } from "./protocol.ts";

const ARCHIVE = /\.(tar|tar\.gz|tgz|zip)$/i;

/** A folder of more files and folders than this is not one replica, but somebody's disk. */
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

/** `#replica=<path>&batch=<path>`: what `walkit ui` serves, on the page's own address, and where it sends several files at once. */
export function sourceOfHash(hash: string): Source | undefined {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const ownUrl = (path: string | null) => {
    if (path === null || !URL.canParse(path, location.href)) return undefined;
    const url = new URL(path, location.href);
    return url.origin === location.origin ? url.href : undefined;
  };
  const url = ownUrl(words.get("replica"));
  return url === undefined ? undefined : { kind: "served", url, batch: ownUrl(words.get("batch")) };
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

/** What cannot be read is refused here: the worker would be told of it in other words. */
async function filesBelow(entries: readonly FileSystemEntry[]): Promise<[string, File | undefined][]> {
  const all = await filesOfEntries(entries as readonly EntryLike[], { maxFiles: MOST });
  return all.map(([path, file]) => {
    if (file instanceof Error) throw file;
    return [path, file as File | undefined];
  });
}
