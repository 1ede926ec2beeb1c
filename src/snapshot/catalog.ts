/**
 * The catalog: what a replica's listing says. Generations with their snapshots and WAL segments, sorted by number, and
 * what else lies around. It opens no file.
 */

import { WalkitError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";
import { isGenerationName, type Position, parseSegmentName, parseSnapshotName } from "./names.ts";

/** A snapshot's file. */
export interface Snapshot {
  index: number;
  path: string;
  /** Compressed size in bytes, where the listing tells. */
  size: number | undefined;
  /** Nanoseconds since 1970, where the storage keeps times. Litestream takes it as the time of creation. */
  modified: bigint | undefined;
}

/** A WAL segment's file. `offset` is the byte offset of its first byte within the WAL of `index`, uncompressed. */
export interface Segment extends Position {
  path: string;
  size: number | undefined;
  modified: bigint | undefined;
}

export interface Generation {
  id: string;
  /** Ascending by index. */
  snapshots: Snapshot[];
  /** Ascending by index, then offset. */
  segments: Segment[];
}

/** What walkit keeps beside a generation's folder, where Litestream sees and deletes nothing: see `timeline/`. */
export interface TimelineFile {
  generation: string;
  kind: "history" | "restore-points";
  path: string;
  /** In bytes, where the listing tells. */
  size: number | undefined;
}

/** A file (or, with `/` at the end, an empty folder) that is no part of a replica, and why it is not. */
export interface Stray {
  path: string;
  generation: string | undefined;
  reason: "unknown-name" | "temporary" | "empty-folder";
}

export interface Catalog {
  /** Ascending by name, which says nothing about their order in time. */
  generations: Generation[];
  /** Ascending by path; none where one generation alone is looked at. Their generations may be gone. */
  timelineFiles: TimelineFile[];
  strays: Stray[];
}

const TIMELINE_FILE = /^([0-9a-f]{16})\.(history|restore-points)$/;

/** Paths, from a generation's name on, that a replica's files may lie at. */
const REPLICA = /^[0-9a-f]{16}\/((snapshots|wal)\/[^/]*)?$/;

export interface CatalogOptions {
  /** What stands before a generation's name in every path; `generations/` by default. */
  prefix?: string | undefined;
  /** Look at this generation only. */
  generation?: string | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Reads the listing of a replica.
 *
 * @throws WalkitError `storage/*` from the listing, `target/no-generation` for a `generation` that is not there
 */
export async function readCatalog(storage: Storage, options: CatalogOptions = {}): Promise<Catalog> {
  const prefix = options.prefix ?? "generations/";
  const only = options.generation;
  const generations = new Map<string, Generation>();
  const timelineFiles: TimelineFile[] = [];
  const strays: Stray[] = [];
  const listed = only === undefined ? prefix : `${prefix}${only}/`;
  for await (const entry of storage.list(listed, { signal: options.signal })) {
    const { path } = entry;
    if (entry.unreadable && REPLICA.test(path.slice(prefix.length))) throw entry.unreadable;
    const parts = path.slice(prefix.length).split("/");
    const id = parts[0]!;
    const beside = parts.length === 1 ? TIMELINE_FILE.exec(id) : null;
    if (beside) {
      const kind = beside[2] as TimelineFile["kind"];
      timelineFiles.push({ generation: beside[1]!, kind, path, size: entry.size });
      continue;
    }
    if (parts.length < 2 || !isGenerationName(id)) {
      strays.push({ path, generation: undefined, reason: reasonOf(path) });
      continue;
    }
    let generation = generations.get(id);
    if (!generation) generations.set(id, (generation = { id, snapshots: [], segments: [] }));
    const file = { path, size: entry.size, modified: entry.modified };
    const name = parts[2] ?? "";
    const snapshot = parts.length === 3 && parts[1] === "snapshots" ? parseSnapshotName(name) : undefined;
    const segment = parts.length === 3 && parts[1] === "wal" ? parseSegmentName(name) : undefined;
    if (snapshot !== undefined) generation.snapshots.push({ index: snapshot, ...file });
    else if (segment) generation.segments.push({ ...segment, ...file });
    else strays.push({ path, generation: id, reason: reasonOf(path) });
  }
  if (only !== undefined && !generations.has(only)) {
    throw new WalkitError(
      "target/no-generation",
      `Expected generation ${only} in the replica, found none of that name`,
      {
        path: listed,
        hint: "List the generations with: walkit generations <replica>",
      },
    );
  }
  for (const { snapshots, segments } of generations.values()) {
    snapshots.sort((a, b) => a.index - b.index);
    segments.sort((a, b) => a.index - b.index || a.offset - b.offset);
  }
  return {
    generations: [...generations.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    timelineFiles: timelineFiles.sort((a, b) => (a.path < b.path ? -1 : 1)),
    strays: strays.sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/**
 * Whether files of `before` are gone from `after`, or have another size or time there: retention deletes, and uploads
 * finish, while a replica is read. What is wrong with files that changed meanwhile is no damage.
 */
export function hasChanged(before: Catalog, after: Catalog): boolean {
  const now = new Map(filesOf(after).map((file) => [file.path, file]));
  return filesOf(before).some(({ path, size, modified }) => {
    const file = now.get(path);
    return file?.size !== size || file?.modified !== modified || !file;
  });
}

function filesOf({ generations }: Catalog): (Snapshot | Segment)[] {
  return generations.flatMap((generation) => [...generation.snapshots, ...generation.segments]);
}

function reasonOf(path: string): Stray["reason"] {
  return path.endsWith("/") ? "empty-folder" : /\.tmp$/.test(path) ? "temporary" : "unknown-name";
}
