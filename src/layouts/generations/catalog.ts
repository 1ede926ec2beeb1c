/**
 * The catalog: what a replica's listing says. Generations with their snapshots and WAL segments, sorted by number, and
 * what else lies around. It opens no file.
 */

import { isGenerationName } from "../../replay/branch-name.ts";
import type { Stray, TimelineFile } from "../../replay/catalog.ts";
import { noGeneration } from "../../replay/faults.ts";
import type { WalPosition } from "../../replay/position.ts";
import type { Storage } from "../../storage/storage.ts";
import { parseIndexFolder, parseSegmentName, parseSnapshotName } from "./names.ts";
import { folderInPlace, pastNumbers } from "./odd.ts";
import type { Generation, Generations } from "./types.ts";

const TIMELINE_FILE = /^([0-9a-f]{16})\.(history|restore-points)$/;

/** From a generation's name on, a place that its files lie below. */
const FOLDER = /^[0-9a-f]{16}(\/(snapshots|wal)?)?\/?$/;

/** Which part of a listing is read. */
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
export async function readCatalog(storage: Storage, options: CatalogOptions = {}): Promise<Generations> {
  const prefix = options.prefix ?? "generations/";
  const only = options.generation;
  const generations = new Map<string, Generation>();
  const timelineFiles: TimelineFile[] = [];
  const strays: Stray[] = [];
  const listed = only === undefined ? prefix : `${prefix}${only}/`;
  const generationOf = (id: string) => {
    const known = generations.get(id);
    const generation = known ?? { id, snapshots: [], segments: [] };
    if (!known) generations.set(id, generation);
    return generation;
  };
  /** Paths of folders where files should be, and of files that cannot be read. */
  const blocked = new Set<string>();
  for await (const entry of storage.list(listed, { signal: options.signal })) {
    const { path, unreadable } = entry;
    const parts = path.slice(prefix.length).split("/");
    const id = parts[0]!;
    const beside = parts.length === 1 ? TIMELINE_FILE.exec(id) : null;
    if (beside) {
      const kind = beside[2] as TimelineFile["kind"];
      timelineFiles.push({ generation: beside[1]!, kind, path, size: entry.size });
      continue;
    }
    if (unreadable && FOLDER.test(path.slice(prefix.length))) {
      (generationOf(id).unreadable ??= []).push(unreadable);
      continue;
    }
    if (parts.length < 2 || !isGenerationName(id)) {
      strays.push({ path, generation: undefined, reason: reasonOf(path) });
      continue;
    }
    const generation = generationOf(id);
    const inside = parts.slice(1);
    const place = placeOf(inside) ?? (unreadable && indexFolderOf(inside));
    if (!place) {
      const past = path.endsWith(".lz4") ? pastNumbers(path, inside) : undefined;
      if (past) (generation.unreadable ??= []).push(past);
      else strays.push({ path, generation: id, reason: reasonOf(path) });
      continue;
    }
    const { position, length } = place;
    const isFolder = inside.length > length;
    const own = isFolder ? prefix + parts.slice(0, 1 + length).join("/") : path;
    const file = { path: own, size: entry.size, modified: entry.modified };
    if (isFolder || unreadable) {
      // However many files such a folder has, it is one thing in the way.
      if (blocked.has(own)) continue;
      blocked.add(own);
      Object.assign(file, NOTHING_KNOWN, {
        unreadable: unreadable ?? folderInPlace(own, path),
      });
    }
    if (inside[0] === "wal") generation.segments.push({ ...position, ...file });
    else generation.snapshots.push({ ...position, ...file });
  }
  if (only !== undefined && !generations.has(only)) {
    throw noGeneration(only, listed);
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

interface Place {
  position: WalPosition;
  /** How many parts of the path, from the generation's folder on, its name has. */
  length: number;
}

/** What a path in a generation's folder is by name; more parts than the name has mean a folder in the file's place. */
function placeOf([folder, name = "", nested = ""]: string[]): Place | undefined {
  if (folder === "snapshots") {
    const index = parseSnapshotName(name);
    return index === undefined ? undefined : { position: { index, offset: 0 }, length: 2 };
  }
  if (folder !== "wal") return undefined;
  const flat = parseSegmentName(name);
  if (flat) return { position: flat, length: 2 };
  const position = parseSegmentName(`${name}/${nested}`);
  return position && { position, length: 3 };
}

/** Of Litestream 0.4 the folder of an index that cannot be listed: as a segment that cannot be read. */
function indexFolderOf([folder, name = "", ...rest]: string[]): Place | undefined {
  const index = folder === "wal" && rest.join("/") === "" ? parseIndexFolder(name) : undefined;
  return index === undefined ? undefined : { position: { index, offset: 0 }, length: 1 + rest.length + 1 };
}

const NOTHING_KNOWN = { size: undefined, modified: undefined };

function reasonOf(path: string): Stray["reason"] {
  return path.endsWith("/") ? "empty-folder" : /\.tmp$/.test(path) ? "temporary" : "unknown-name";
}
