/** From what the page was given to a storage, and the replicas in it. */

import { WalkitError } from "../../src/errors.ts";
import { type FoundReplica, findReplicas } from "../../src/layouts/find.ts";
import { openArchive } from "../../src/storage/archive.ts";
import { FileListStorage } from "../../src/storage/file-list.ts";
import { folderOf, HandleStorage } from "../../src/storage/handles.ts";
import { HttpStorage } from "../../src/storage/http.ts";
import type { Storage } from "../../src/storage/storage.ts";
import type { Opened, Source } from "../app/protocol/protocol.ts";
import type { CallContext } from "./calls.ts";
import { NoReplica } from "./failure.ts";
import { KeptStorage, readFrom } from "./kept.ts";
import { fileThing, folderThing } from "./thing.ts";
import { inWindows } from "./window.ts";

/** Fetches the archive that comes with the page. */
export type FetchExample = (signal: AbortSignal) => Promise<Blob>;

export const EXAMPLE = "shop";

interface FoundSource {
  name: string;
  storage: Storage;
  skipped: Opened["skipped"];
  home?: Opened["home"] | undefined;
}

/**
 * Opens a source.
 *
 * @throws NoReplica what it is instead
 * @throws WalkitError `storage/*`, `replica/*`
 */
export async function openSource(
  source: Source,
  fetchExample: FetchExample,
  context: CallContext,
): Promise<{ opened: Opened; found: FoundReplica[] }> {
  const { signal } = context;
  const { name, storage, skipped, home } = await storageOf(source, fetchExample, context);
  context.onProgress({ phase: "list", done: 0, total: undefined });
  try {
    const found = await findReplicas(storage, { signal });
    const replicas = found.map(({ path, prefix, generation }) => ({ path, prefix, generation }));
    return { opened: { name, replicas, skipped: [...skipped], home }, found };
  } catch (error) {
    if (!(error instanceof WalkitError) || error.code !== "replica/not-a-replica") throw error;
    throw new NoReplica(await folderThing(storage, name, signal), error, skipped);
  }
}

async function storageOf(
  source: Source,
  fetchExample: FetchExample,
  context: CallContext,
): Promise<FoundSource> {
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
      const storage = new KeptStorage(new HttpStorage(url), batch);
      const home = await homeOf(source.about, signal);
      return { name: home?.name ?? decoded(last), storage, skipped: [], home };
    }
  }
}

/** What `walkit ui` says of the replica that it serves. */
async function homeOf(url: string | undefined, signal: AbortSignal): Promise<Opened["home"]> {
  if (url === undefined) return undefined;
  const answer = await fetch(url, { signal }).catch(() => undefined);
  signal.throwIfAborted();
  const about: unknown = answer?.ok ? await answer.json().catch(() => undefined) : undefined;
  const { path, name, quoted, program, canMark } = (about ?? {}) as Record<string, unknown>;
  const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
  if (!isText(path) || !isText(name) || !isText(quoted) || !isText(program)) return undefined;
  return { path, name, quoted, program, canMark: canMark === true };
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
): Promise<FoundSource> {
  let done = 0;
  const onRead = (bytes: number) => onProgress({ phase: "unpack", done: (done += bytes), total: file.size });
  try {
    const storage = await openArchive(inWindows(file), { signal, onRead });
    return { name, storage, skipped: [...storage.skipped] };
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    // A file that cannot be read at all is no thing to be named.
    const thing = await fileThing(file, name).catch(() => undefined);
    signal.throwIfAborted();
    throw thing ? new NoReplica(thing, error) : error;
  }
}
