/** Where a restored database goes: a file that the user picked, or one of the origin's own (OPFS). */

import type { Spill } from "../../src/restore/page-store.ts";
import {
  HandleSink,
  openHandleSpill,
  type SyncFileLike,
  type WritableFileLike,
} from "../../src/restore/sinks/handle.ts";
import { MemorySink } from "../../src/restore/sinks/memory.ts";
import type { DatabaseSink } from "../../src/restore/sinks/sink.ts";
import { MOST_BYTES } from "../app/protocol/limits.ts";
import type { Output } from "../app/protocol/protocol.ts";

/** What is needed of a `FileSystemFileHandle`. `createSyncAccessHandle` is there in workers, for OPFS. */
export interface FileHandle {
  createWritable?(): Promise<WritableFileLike>;
  createSyncAccessHandle?(): Promise<SyncFileLike>;
  getFile(): Promise<File>;
}

/** What is needed of a `FileSystemDirectoryHandle` of OPFS: a folder with nothing else in it. */
export interface PrivateFolder {
  getFileHandle(name: string, options: { create: boolean }): Promise<FileHandle>;
  removeEntry(name: string): Promise<void>;
  keys(): AsyncIterable<string>;
}

/** An output under way. */
export interface OpenOutput {
  sink: DatabaseSink;
  /** Makes the file what was written. */
  keep(): Promise<Pick<FileHandle, "getFile">>;
  /** Leaves nothing. */
  drop(): Promise<void>;
}

/** @throws what the browser says: the page may not write there, another one has the file open */
export async function openOutput(output: Output, folder: PrivateFolder | undefined): Promise<OpenOutput> {
  if (output.kind === "handle") {
    const handle = output.handle as FileHandle;
    return opened(handle, new HandleSink(await handle.createWritable!()));
  }
  const { name } = output;
  if (!folder) return inMemory(name);
  const handle = await folder.getFileHandle(name, { create: true });
  const remove = () => folder.removeEntry(name).catch(() => {});
  try {
    // Several times as fast as a stream.
    const sync = await handle.createSyncAccessHandle?.();
    const open = opened(handle, new HandleSink(sync ?? (await handle.createWritable!())));
    return {
      ...open,
      drop: async () => {
        await open.drop();
        await remove();
      },
    };
  } catch {
    await remove();
    return inMemory(name);
  }
}

/** Some browsers have no files of the origin's own, or none in a window that is private: then memory must do. */
function inMemory(name: string): OpenOutput {
  const sink = new MemorySink(MOST_BYTES);
  return {
    sink,
    keep: async () => {
      const file = new File([sink.bytes], name);
      return { getFile: async () => file };
    },
    drop: async () => {},
  };
}

function opened(handle: FileHandle, sink: HandleSink): OpenOutput {
  return {
    sink,
    keep: async () => {
      await sink.close();
      return handle;
    },
    drop: () => sink.abort(),
  };
}

const SPILL = "walkit-spill-";
/** Restored databases stay so long, in milliseconds: time enough for a download. */
const KEPT = 24 * 3600_000;

/**
 * A place for changed pages past the memory budget, opened beforehand: a restore cannot wait when it needs it. Undefined
 * where there is none.
 */
export async function openSpill(
  folder: PrivateFolder | undefined,
): Promise<{ open: () => Spill; close: () => Promise<void> } | undefined> {
  if (!folder) return undefined;
  await sweep(folder);
  const name = SPILL + crypto.randomUUID();
  let file: SyncFileLike | undefined;
  try {
    const handle = await folder.getFileHandle(name, { create: true });
    file = await handle.createSyncAccessHandle?.();
  } catch {
    // No room, or a window that is private: then all must fit into memory.
  }
  if (!file) {
    await folder.removeEntry(name).catch(() => {});
    return undefined;
  }
  let used: Spill | undefined;
  return {
    open: () => (used = openHandleSpill(file)),
    close: async () => {
      if (!used) file.close();
      await folder.removeEntry(name).catch(() => {});
    },
  };
}

/** Removes what was left; what is open in another tab, the browser does not let it. */
async function sweep(folder: PrivateFolder): Promise<void> {
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  for (const name of names) {
    try {
      const { lastModified } = await (await folder.getFileHandle(name, { create: false })).getFile();
      if (name.startsWith(SPILL) || Date.now() - lastModified > KEPT) await folder.removeEntry(name);
    } catch {
      // It is gone, or in use.
    }
  }
}
