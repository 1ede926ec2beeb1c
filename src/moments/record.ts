/** Recording a restore point: a line in the file beside its generation. */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { WalkitError } from "../errors.ts";
import { isGenerationName, LTX_BRANCH, rootAbove } from "../replay/branch-name.ts";
import type { Catalog, TimelineFile } from "../replay/catalog.ts";
import { formatPosition, type Position } from "../replay/position.ts";
import type { DirectoryStorage } from "../storage/directory.ts";
import { cannotRead } from "../storage/system.ts";
import { formatTime, now } from "../time.ts";
import { appendRestorePoint, withLock, writeTextFile } from "../timeline/files.ts";
import { readRestorePoints } from "../timeline/points.ts";
import {
  expectRestorePointName,
  formatRestorePoints,
  MAX_RESTORE_POINTS_SIZE,
  quoted,
  restorePointsPath,
} from "../timeline/restore-points.ts";

/** A restore point to be recorded. */
export interface NewRestorePoint {
  name: string;
  generation: string;
  position: Position;
}

/** Where and how a restore point is recorded. */
export interface RecordOptions {
  /** What stands before a generation's name in paths; `generations/` by default. */
  prefix?: string | undefined;
  /** A restore point of that name is moved. */
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Gives a position a name, in `<generation>.restore-points` beside the generation's folder, flushed to disk.
 *
 * @returns the file's path
 * @throws WalkitError `output/exists` where a generation of the replica has that name already and `force` is not set;
 * `timeline/restore-points` where the names that there are cannot be understood; `output/unwritable`, `storage/*`
 * @throws RangeError where it is no name
 */
export async function recordRestorePoint(
  storage: DirectoryStorage,
  { name, generation, position }: NewRestorePoint,
  { prefix = "generations/", force = false, signal }: RecordOptions = {},
): Promise<string> {
  const recorded = formatTime(now());
  const line = formatRestorePoints([{ name: expectRestorePointName(name), position, recorded }]);
  const path = restorePointsPath(prefix, generation);
  const record = async () => {
    const files = await restorePointFiles(storage, prefix);
    const points = await readRestorePoints(storage, files, { signal });
    const known = points.filter((point) => point.name === name);
    if (known[0] && !force) throw taken(known[0], restorePointsPath(prefix, known[0].generation));
    const isHere = known.some((point) => point.generation === generation);
    const size = files.timelineFiles.find((file) => file.path === path)?.size ?? 0;
    if (size + 1 + Buffer.byteLength(line) > MAX_RESTORE_POINTS_SIZE) throw tooLarge(path);
    if (isHere) await replaceLine(storage, path, name, line);
    else await appendRestorePoint(storage, path, line);
    // The old place goes last, so that the name always has one.
    for (const { generation: other } of known) {
      if (other !== generation) await replaceLine(storage, restorePointsPath(prefix, other), name, "");
    }
  };
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  await withLock(storage, `${folder}.walkit-mark.tmp`, record, signal);
  return path;
}

/** The files beside the generations: without a look into the generations, which may be many files. */
async function restorePointFiles(storage: DirectoryStorage, prefix: string): Promise<Catalog> {
  const folder = join(storage.root, prefix);
  const timelineFiles: TimelineFile[] = [];
  const add = async (generation: string) => {
    const path = restorePointsPath(prefix, generation);
    const found = await stat(join(storage.root, path)).catch(() => undefined);
    if (found && !found.isDirectory())
      timelineFiles.push({ generation, kind: "restore-points", path, size: found.size });
  };
  await add(LTX_BRANCH);
  const names = await readdir(folder).catch((error: { code?: string }) => {
    // A replica of LTX files has no such folder.
    if (error.code === "ENOENT" && rootAbove(prefix) !== prefix) return [];
    throw cannotRead(prefix, error);
  });
  for (const entry of names) {
    const generation = entry.slice(0, 16);
    if (isGenerationName(generation) && prefix + entry === restorePointsPath(prefix, generation))
      await add(generation);
  }
  return { generations: [], timelineFiles, strays: [] };
}

/** Replaces the line of the restore point `name` by `line`; all other bytes stay. */
async function replaceLine(
  storage: DirectoryStorage,
  path: string,
  name: string,
  line: string,
): Promise<void> {
  // Latin 1: a character for each byte, whatever they are.
  const bytes = await readFile(join(storage.root, path)).catch((error) =>
    Promise.reject(cannotRead(path, error)),
  );
  const lines = bytes.toString("latin1").split(/(?<=\n)/);
  const old = lines.findIndex((text) => {
    const words = Buffer.from(text, "latin1").toString();
    return !/^\s*#/.test(words) && words.split("\t", 2)[1]?.replace(/\r?\n$/, "") === name;
  });
  if (old < 0) throw new Error(`${path} has changed`);
  lines[old] = Buffer.from(line).toString("latin1");
  await writeTextFile(storage, path, Buffer.from(lines.join(""), "latin1"), { replace: true });
}

function taken({ name, generation, position }: NewRestorePoint, path: string): WalkitError {
  return new WalkitError(
    "output/exists",
    `Expected a name that no restore point has, found ${quoted(name)} at ${formatPosition(position)} of generation ${generation}`,
    {
      path,
      position: formatPosition(position),
      remedy: { do: "rename-restore-point" },
    },
  );
}

function tooLarge(path: string): WalkitError {
  return new WalkitError(
    "output/unwritable",
    `Expected room for one more restore point in ${path}, found it to be as large as such a file gets (${MAX_RESTORE_POINTS_SIZE} bytes)`,
    { path, remedy: { do: "delete-lines" } },
  );
}
