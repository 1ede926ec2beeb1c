/** Turns dropped and chosen files into sources, which the worker opens. */

import { type EntryLike, filesOfEntries } from "../../../src/storage/file-list.ts";
import type { Source } from "../protocol/protocol.ts";
import { t } from "../strings/strings.ts";

/** Most files and folders in a dropped folder. With more it is not one replica, but somebody's whole disk. */
const MOST = 500_000;

/**
 * The source that was dropped; undefined if there is no file in it.
 *
 * @throws Error in plain words, if a file cannot be read
 */
export async function sourceOfDrop(data: DataTransfer): Promise<Source | undefined> {
  const items = [...data.items].filter(({ kind }) => kind === "file");
  // All of these must be taken before the first await: after it the browser empties the list.
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
  // A single file is opened as an archive. If it is none, the worker finds out what it is.
  if (files.length === 1 && first?.isDirectory !== true) {
    const handle = await handles[0];
    return { kind: "archive", file: files[0]!, handle: handle?.kind === "file" ? asFile(handle) : undefined };
  }
  const all = entries.filter((entry) => entry !== undefined);
  if (all.length > 0) return { kind: "files", name: all[0]!.name, files: await filesBelow(all) };
  return files.length > 0 ? sourceOfFiles(files) : undefined;
}

/** The source in the files of an input, with `webkitdirectory` or without. */
export function sourceOfFiles(files: readonly File[]): Source | undefined {
  const [first] = files;
  if (!first) return undefined;
  if (files.length === 1 && !first.webkitRelativePath) return { kind: "archive", file: first };
  const paths = files.map((file): [string, File] => [file.webkitRelativePath || file.name, file]);
  return { kind: "files", name: paths[0]![0].split("/")[0]!, files: paths };
}

/** Lets the person choose a folder, so that only the files that are needed are read. Undefined: this browser cannot. */
export async function chooseFolder(): Promise<Source | undefined> {
  if (!window.showDirectoryPicker) return undefined;
  return { kind: "directory", handle: await window.showDirectoryPicker({ id: "walkit", mode: "read" }) };
}

/** Lets the person choose an archive, with a handle that outlives a reload. Undefined: this browser cannot. */
export async function chooseArchive(): Promise<Source | undefined> {
  if (!window.showOpenFilePicker) return undefined;
  const [handle] = await window.showOpenFilePicker({
    id: "walkit-archive",
    types: [{ description: t.archives, accept: { "application/x-tar": [".tar", ".gz", ".tgz", ".zip"] } }],
  });
  return handle && (await sourceOfHandle(handle));
}

/** @throws DOMException if the file or folder is gone, or may not be read */
export async function sourceOfHandle(
  handle: FileSystemDirectoryHandle | FileSystemFileHandle,
): Promise<Source> {
  if (handle.kind === "directory") {
    const folder = handle as FileSystemDirectoryHandle;
    // Reads one entry: otherwise a folder that is gone would look like an empty one.
    await folder.values().next();
    return { kind: "directory", handle: folder };
  }
  const file = asFile(handle);
  return { kind: "archive", file: await file.getFile(), handle: file };
}

/** The handle by which the browser finds a source again; undefined if it has none. */
export function handleOfSource(source: Source): FileSystemDirectoryHandle | FileSystemFileHandle | undefined {
  return source.kind === "directory" || source.kind === "archive" ? source.handle : undefined;
}

function asFile(handle: FileSystemHandle): FileSystemFileHandle {
  return handle as FileSystemFileHandle;
}

async function handleOf(item: DataTransferItem): Promise<FileSystemHandle | undefined> {
  try {
    return (await item.getAsFileSystemHandle?.()) ?? undefined;
  } catch {
    return undefined;
  }
}

/** The files below some entries, with their paths. Throws if a file cannot be read: the worker would word it otherwise. */
async function filesBelow(entries: readonly FileSystemEntry[]): Promise<[string, File | undefined][]> {
  const all = await filesOfEntries(entries as readonly EntryLike[], { maxFiles: MOST });
  return all.map(([path, file]) => {
    if (file instanceof Error) throw file;
    return [path, file as File | undefined];
  });
}
