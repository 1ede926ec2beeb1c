/** From what the page was given to a storage, and the replicas in it. */

import { openArchive } from "../../src/storage/archive.ts";
import { FileListStorage } from "../../src/storage/file-list.ts";
import { findReplicas } from "../../src/storage/find.ts";
import { folderOf, HandleStorage } from "../../src/storage/handles.ts";
import { HttpStorage } from "../../src/storage/http.ts";
import type { Storage } from "../../src/storage/storage.ts";
import type { Opened, Source } from "../protocol.ts";
import type { CallContext } from "./calls.ts";
import { KeptStorage, readFrom } from "./kept.ts";
import { inWindows } from "./window.ts";

/** Fetches the archive that comes with the page. */
export type FetchExample = (signal: AbortSignal) => Promise<Blob>;

export const EXAMPLE = "shop";

/**
 * Opens a source.
 *
 * @throws WalkitError `storage/*`, `replica/not-a-replica`
 */
export async function openSource(
  source: Source,
  fetchExample: FetchExample,
  context: CallContext,
): Promise<{ opened: Opened; storage: Storage }> {
  const { name, storage, skipped } = await storageOf(source, fetchExample, context);
  context.onProgress({ phase: "list", done: 0, total: undefined });
  const replicas = await findReplicas(storage, { signal: context.signal });
  return { opened: { name, replicas, skipped: [...skipped] }, storage };
}

async function storageOf(
  source: Source,
  fetchExample: FetchExample,
  context: CallContext,
): Promise<{ name: string; storage: Storage; skipped: Opened["skipped"] }> {
  const { signal } = context;
  switch (source.kind) {
    case "example":
      return await archiveOf(await fetchExample(signal), EXAMPLE, context);
    case "archive":
      return await archiveOf(source.file, source.file.name, context);
    case "files":
      return { name: source.name, storage: new KeptStorage(new FileListStorage(source.files)), skipped: [] };
    case "directory": {
      // A generation's folder is known by its name alone, which a storage of the folder itself would not show.
      const storage = new KeptStorage(new HandleStorage(folderOf([source.handle])));
      return { name: source.handle.name, storage, skipped: [] };
    }
    case "served": {
      const url = new URL(source.url, globalThis.location?.href);
      const last = url.pathname.replace(/\/$/, "").split("/").at(-1) ?? "";
      const batch = source.batch === undefined ? undefined : readFrom(new URL(source.batch));
      return { name: decoded(last), storage: new KeptStorage(new HttpStorage(url), batch), skipped: [] };
    }
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

async function archiveOf(
  file: Blob,
  name: string,
  { signal, onProgress }: CallContext,
): Promise<{ name: string; storage: Storage; skipped: Opened["skipped"] }> {
  let done = 0;
  const storage = await openArchive(inWindows(file), {
    signal,
    onRead: (bytes) => onProgress({ phase: "unpack", done: (done += bytes), total: file.size }),
  });
  return { name, storage, skipped: [...storage.skipped] };
}
