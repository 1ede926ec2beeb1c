/** Where the database of `walkit restore` may go: to a folder that is there, and is none of the replica's. */

import type { Stats } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { WalkitError } from "../errors.ts";
import type { LocatedReplica } from "../layouts/locate.ts";
import { isGenerationName } from "../replay/branch-name.ts";
import { COMPANIONS, HISTORY } from "../restore/publish.ts";
import { cannotRead, cannotWrite } from "../storage/system.ts";
import { UsageError } from "./arguments.ts";
import { say } from "./output.ts";
import { printable, shellQuote } from "./text.ts";

/** What is there; undefined where nothing is. That it cannot be looked at is an error, and no "nothing". */
async function look(path: string, how: typeof stat | typeof lstat): Promise<Stats | undefined> {
  try {
    return (await how(path)) as Stats;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw cannotWrite(path, error);
  }
}

/** Whether something has that name, be it a link that leads nowhere. */
export async function exists(path: string): Promise<boolean> {
  return (await look(path, lstat)) !== undefined;
}

/** A folder as the output is a slip, and nothing to replace. */
export async function refuseFolder(output: string): Promise<void> {
  const found = await stat(output).catch(() => undefined);
  if (!found?.isDirectory()) return;
  const file = `${output.replace(/\/+$/, "")}/restored.db`;
  const message = `-o names a file, found a folder: did you mean ${file}?`;
  throw new WalkitError("output/exists", message, {
    path: output,
    remedy: say(`Name a file: -o ${shellQuote(file)}`),
  });
}

/**
 * Where the output cannot go, said before anything is read.
 *
 * @throws UsageError where it is inside the replica, or the archive itself
 * @throws WalkitError `output/unwritable` where there is no folder
 */
export async function checkPlace(output: string, location: string, replica: LocatedReplica): Promise<void> {
  const folder = dirname(output);
  const found = await look(folder, stat);
  if (!found?.isDirectory()) {
    throw new WalkitError(
      "output/unwritable",
      `Expected a folder to write to at ${folder}, found ${found ? "a file" : "nothing"} there`,
      { path: output, remedy: say("Create the folder, or choose another output") },
    );
  }
  const place = await realOf(folder);
  if (place === undefined) return;
  const refuse = (what: string) =>
    new UsageError(`the output ${output} ${what}: choose a place outside of it`);
  for (const own of await foldersOf(replica)) {
    if (isInside(place, own)) throw refuse(`lies inside the replica (${printable(own)})`);
  }
  // An archive, or what stands behind its name: the path of a replica in it.
  const ways = [pathOf(location)];
  while (dirname(ways.at(-1)!) !== ways.at(-1)) ways.push(dirname(ways.at(-1)!));
  const archives = await Promise.all(ways.map(realOf));
  const names = ["", HISTORY, ...COMPANIONS].map((ending) => join(place, basename(output) + ending));
  const targets = [...names, await realOf(output)];
  if (archives.some((path) => path !== undefined && targets.includes(path)))
    throw refuse("would replace the replica itself");
}

function pathOf(location: string): string {
  try {
    return location.startsWith("file:") ? fileURLToPath(location) : resolve(location);
  } catch {
    return resolve(location);
  }
}

function isInside(place: string, folder: string): boolean {
  const way = relative(folder, place);
  return way === "" || !(way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way));
}

/** Links followed; undefined where nothing is there, or it may not be looked at. */
async function realOf(path: string): Promise<string | undefined> {
  return await realpath(path).catch(() => undefined);
}

/** So many generations are looked into for links that lead elsewhere. */
const MOST = 10_000;

/** The real folders of a replica: its root, `generations/`, and what links in there lead to. */
async function foldersOf({ folder, prefix }: LocatedReplica): Promise<string[]> {
  // Of an archive nothing can be written to but the archive itself.
  if (!folder) return [];
  const generations = join(folder.root, prefix);
  const own = await realpath(generations).catch((error: { code?: string }) => {
    // A replica of LTX files has no such folder: then it is the root that counts.
    if (error.code === "ENOENT") return generations;
    throw cannotRead(prefix, error);
  });
  const root = await realOf(folder.root);
  const folders = new Set([own]);
  if (root !== undefined) folders.add(root);
  // LiteFS takes whatever lies beside a database's folder for another database.
  if (root !== undefined && basename(dirname(root)) === "dbs") folders.add(dirname(root));
  // Where the path is that of generations/, or of one generation, the replica is the folder above.
  if (prefix === "" && basename(own) === "generations") folders.add(dirname(own));
  const named = await realOf(dirname(folder.root));
  if (prefix === "" && basename(folder.root) === "generations" && named !== undefined) folders.add(named);
  const names = (await readdir(generations).catch(() => [])).filter(isGenerationName).slice(0, MOST);
  for (const name of names) {
    const parts = ["", "snapshots", "wal"].map((part) => join(generations, name, part));
    for (const real of await Promise.all(parts.map(realOf))) {
      if (real !== undefined && !isInside(real, own)) folders.add(real);
    }
  }
  for (const name of (await readdir(folder.root).catch(() => [])).filter(isLtxFolder)) {
    for (const part of [name, ...LEVELS.map((level) => join(name, level))]) {
      const real = await realOf(join(folder.root, part));
      if (real !== undefined && (root === undefined || !isInside(real, root))) folders.add(real);
    }
  }
  return [...folders];
}

/** Whether a folder in a replica's root holds LTX files, or the folders of these. */
function isLtxFolder(name: string): boolean {
  return /^(ltx|000[0-9])$/.test(name);
}

const LEVELS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
