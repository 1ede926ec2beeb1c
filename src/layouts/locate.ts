/** Where on disk a replica is: a path or `file://` URL to its root, its `generations` folder, or one generation's. */

import { lstat, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { WalkitError } from "../errors.ts";
import { isGenerationName } from "../replay/branch-name.ts";
import type { Replica } from "../replay/layout.ts";
import { isDatabase } from "../sqlite/header.ts";
import { DirectoryStorage } from "../storage/directory.ts";
import { isJunk } from "../storage/paths.ts";
import { cannotRead } from "../storage/system.ts";
import { litefsIn, tooOld } from "./litefs.ts";
import { findLtx, isLtxPath, onlyLtx } from "./ltx.ts";
import { replicaIn } from "./open.ts";

/** A replica on disk. */
export interface LocatedReplica extends Replica {
  /** The folder or archive on disk that the storage's paths are in. */
  root: string;
  /** The storage, where it is a folder: an archive is only read. */
  folder: DirectoryStorage | undefined;
  /** Gives back what an archive needs: open files. A process that ends need not. */
  close(): Promise<void>;
}

/**
 * Finds the replica at `location`: a folder, a `.tar`, `.tar.gz` or `.zip`, or a path that goes on inside of such an archive. A
 * database of LiteFS is a replica: of a data directory that has one alone, or by its own folder.
 *
 * @throws WalkitError `storage/not-found`, `storage/unreadable`, `replica/not-a-replica`, `replica/ltx`, `ltx/extinct`
 */
export async function openReplica(location: string): Promise<LocatedReplica> {
  const path = toPath(location);
  const archive = await archiveAt(path, location);
  if (archive) return archive;
  const names = await namesIn(path, location);
  if (names.includes("generations")) {
    await expectFolder(join(path, "generations"), location);
    const storage = new DirectoryStorage(path);
    await refuseShadowWal(storage, "generations/", location);
    return inFolder(storage, "generations/");
  }
  const own = basename(path);
  if (isGenerationName(own) && (names.length === 0 || holdsFiles(names))) {
    const storage = new DirectoryStorage(dirname(path));
    await refuseShadowWal(storage, `${own}/`, location);
    return inFolder(storage, "", own);
  }
  if (own === "generations" || names.some(isGenerationName)) {
    // What lies beside the folder counts where it may be newer.
    const above = new DirectoryStorage(dirname(path));
    const ltx = own === "generations" ? await findLtx(above, "", undefined) : undefined;
    if (ltx !== undefined && isLtxPath(ltx)) {
      return inFolder(above, "generations/");
    }
    if (own === "generations" && names.length > 0 && !names.some(isReplicaName)) {
      throw await notAReplica(path, location, names);
    }
    const storage = new DirectoryStorage(path);
    await refuseShadowWal(storage, "", location);
    return inFolder(storage, "");
  }
  const root = /^(.*)[\\/](?:ltx[\\/][0-9]|000[0-9])[\\/][^\\/]*$/s.exec(
    (await ltxIn(path, names)) ?? "",
  )?.[1];
  if (root !== undefined) return inFolder(new DirectoryStorage(root), "generations/");
  const database = await litefsAt(path, names, location);
  if (database !== undefined) {
    const storage = new DirectoryStorage(database);
    return located(storage, litefsIn(storage, ""));
  }
  throw await notAReplica(path, location, names);
}

/** Folders that are looked into for databases. */
const MOST_DATABASES = 1000;

/**
 * The folder of the database of LiteFS that `path` means: its own or `ltx/` in it, the only one of a data directory or of backups;
 * undefined where there is none.
 *
 * @throws WalkitError `replica/not-a-replica` where there are several, `ltx/extinct` for LiteFS 0.1
 */
async function litefsAt(path: string, names: string[], location: string): Promise<string | undefined> {
  if (basename(path) === "ltx" && names.some(isLtxPath)) return dirname(path);
  const isAmong = basename(path) === "dbs";
  const below = names.includes("dbs") ? join(path, "dbs") : path;
  if (below === path && !isAmong && (await isDatabaseFolder(path, names, basename(dirname(path)) === "dbs")))
    return path;
  const found: string[] = [];
  const inside = below === path ? names : await readdir(below).catch(() => []);
  for (const name of inside.slice(0, MOST_DATABASES)) {
    const folder = join(below, name);
    const own = await readdir(folder).catch(() => []);
    if (await isDatabaseFolder(folder, own, isAmong || below !== path)) found.push(folder);
  }
  if (found.length < 2) return found[0];
  const message = `Expected one database of LiteFS in ${location}, found ${found.length}`;
  throw new WalkitError("replica/not-a-replica", message, {
    path: location,
    remedy: { do: "name-replica", where: "databases", paths: found.slice(0, SHOWN) },
  });
}

/** Databases that an advice names. */
const SHOWN = 20;

/** Whether a folder is that of a database of LiteFS. `isAmong`: it lies where LiteFS keeps them, and need not have LTX files. */
async function isDatabaseFolder(path: string, names: string[], isAmong: boolean): Promise<boolean> {
  const inside = names.includes("ltx") ? await readdir(join(path, "ltx")).catch(() => []) : [];
  if (![...names, ...inside].some(isLtxPath)) return isAmong && names.includes("database");
  if (/^[0-9a-f]{8}$/.test(basename(path)) && names.includes("name")) throw tooOld(path);
  return true;
}

function inFolder(storage: DirectoryStorage, prefix: string, generation?: string): LocatedReplica {
  return located(storage, replicaIn(storage, { prefix, generation }));
}

/** A replica in a folder. */
function located(folder: DirectoryStorage, replica: Replica): LocatedReplica {
  return { ...replica, root: folder.root, folder, close: async () => {} };
}

/** Where `path` is a file, or goes through one; undefined where that is no archive, or there is none. */
async function archiveAt(path: string, location: string): Promise<LocatedReplica | undefined> {
  const inside: string[] = [];
  for (let file = path; ; file = dirname(file)) {
    const found = await stat(file).catch((error: { code?: string }) => error.code);
    if (typeof found === "object") {
      if (!found.isFile()) return undefined;
      const { openArchiveFile } = await import("./archive-file.ts");
      const opened = await openArchiveFile(file, inside.join("/"), location);
      if (!opened) return undefined;
      const { found: replica, close } = opened;
      return { ...replica, root: file, folder: undefined, close };
    }
    if ((found !== "ENOTDIR" && found !== "ENOENT") || file === dirname(file)) return undefined;
    inside.unshift(basename(file));
  }
}

/** Of what lies in `generations/`: a generation, a file of walkit's, or of no one's. */
function isReplicaName(name: string): boolean {
  return /^[0-9a-f]{16}(\.(history|restore-points))?$/.test(name) || isNoOnes(name);
}

/** Whether a file or folder is there by itself, in a place that is empty otherwise. */
export function isNoOnes(name: string): boolean {
  return /^(lost\+found|\.gitkeep|\.gitignore|\.keep|Thumbs\.db|desktop\.ini)$/.test(name) || isJunk(name);
}

async function expectFolder(path: string, location: string): Promise<void> {
  const found = await stat(path).catch((cause: Error) => {
    throw new WalkitError("storage/unreadable", `Cannot read ${path}: ${cause.message}`, {
      ...{ path: location, cause },
      remedy: { do: "check", what: "link" },
    });
  });
  if (found.isDirectory()) return;
  throw new WalkitError(
    "replica/not-a-replica",
    `Expected generations/ in ${location}, found a file of that name`,
    { path: location, remedy: { do: "point-at-replica" } },
  );
}

/**
 * The path on disk that `location` means, absolute.
 *
 * @throws WalkitError `replica/not-a-replica` where it is another URL than `file://`
 */
export function toPath(location: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) return resolve(location);
  if (scheme !== "file") {
    const remote = /^(s3|gs|gcs|abs|sftp)$/.test(scheme);
    const message = `Expected a folder on this machine, as a path or a file:// URL, found ${location}`;
    throw new WalkitError("replica/not-a-replica", message, {
      path: location,
      remedy: remote ? { do: "copy", from: "cloud" } : { do: "point-at-replica" },
    });
  }
  // Litestream takes the host part as the first folder, and does not decode escapes; a URL proper has neither.
  const rest = location.slice("file://".length);
  if (!rest.startsWith("/")) return resolve("/", rest);
  try {
    return fileURLToPath(location);
  } catch {
    return resolve(rest);
  }
}

async function namesIn(path: string, location: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    const { code } = error as { code?: string };
    const isLink = code === "ENOENT" && (await lstat(path).catch(() => undefined))?.isSymbolicLink();
    if (code === "ENOENT" && !isLink) {
      throw new WalkitError("storage/not-found", `Expected a folder at ${location}, found nothing there`, {
        path: location,
        remedy: { do: "check", what: "path" },
      });
    }
    if (code === "ENOTDIR") {
      if (await isDatabaseFile(path)) {
        throw new WalkitError(
          "replica/not-a-replica",
          `Expected a replica's folder, found a database itself, not a replica of one: ${location}`,
          {
            path: location,
            remedy: { do: "read-configuration", inspect: true },
          },
        );
      }
      throw new WalkitError(
        "replica/not-a-replica",
        `Expected a replica's folder, found a file: ${location}`,
        {
          path: location,
          remedy: { do: "point-at-replica", inspect: location },
        },
      );
    }
    throw cannotRead(location, error, { do: "check", what: "permission" });
  }
}

/** By its content, or where that is no help (an empty or damaged file) by its name. */
async function isDatabaseFile(path: string): Promise<boolean> {
  if (/\.(db3?|sqlite3?)$/i.test(path)) return true;
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return false;
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(100), 0, 100, 0);
    return isDatabase(buffer.subarray(0, bytesRead));
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

function holdsFiles(names: string[]): boolean {
  return names.includes("snapshots") || names.includes("wal");
}

/** Files that are looked at for one of a replica's. */
const MOST = 10_000;

/** Litestream's own folder beside the database has generations, too, with WAL that is not compressed, and no snapshot. */
async function refuseShadowWal(storage: DirectoryStorage, prefix: string, location: string): Promise<void> {
  let isShadow = false;
  let count = 0;
  for await (const { path } of storage.list(prefix)) {
    if (/\.lz4(\.tmp)?(\/|$)/.test(path) || ++count > MOST) return;
    isShadow ||= /(^|\/)wal\/[0-9a-f]{8}\.wal$/.test(path);
  }
  if (!isShadow) return;
  throw new WalkitError(
    "replica/not-a-replica",
    `Expected a replica, found Litestream's local metadata folder (its shadow WAL): ${location}`,
    {
      path: location,
      remedy: { do: "read-configuration", inspect: false },
    },
  );
}

/** An LTX file in the folder, or below what Litestream 0.5 and LiteFS name so. */
async function ltxIn(path: string, names: string[]): Promise<string | undefined> {
  const file = names.find(isLtxPath);
  if (file !== undefined) return join(path, file);
  const storage = new DirectoryStorage(path);
  for (const folder of names.filter((name) => /^(ltx|dbs|[0-9]|000[0-9])$/.test(name))) {
    let count = 0;
    for await (const { path: name } of storage.list(`${folder}/`)) {
      if (isLtxPath(name)) return join(path, name);
      if (++count > MOST) break;
    }
  }
  return undefined;
}

async function notAReplica(path: string, location: string, names: string[]): Promise<WalkitError> {
  const [own, above] = [basename(path), dirname(path)];
  if ((own === "wal" || own === "snapshots") && isGenerationName(basename(above))) {
    const message = `Expected a replica's folder, found ${own}/, a folder inside generation ${basename(above)}`;
    throw new WalkitError("replica/not-a-replica", message, {
      path: location,
      remedy: { do: "name-replica", where: "above", paths: [above] },
    });
  }
  const ltx = await ltxIn(path, names);
  if (ltx !== undefined) return onlyLtx(ltx);
  const inside: string[] = [];
  for (const name of names.slice(0, 1000)) {
    const found = await stat(resolve(path, name, "generations")).catch(() => undefined);
    if (found?.isDirectory()) inside.push(name);
  }
  const found = holdsFiles(names)
    ? `snapshots/ or wal/ in a folder whose name is no generation's (16 hex digits): ${basename(path)}`
    : names.length === 0
      ? "an empty folder"
      : `a folder with ${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
  return new WalkitError(
    "replica/not-a-replica",
    `Expected generations/ or LTX files in ${location}, found ${found}`,
    {
      path: location,
      remedy:
        inside.length > 0
          ? { do: "name-replica", where: "inside", paths: inside.slice(0, 5) }
          : { do: "point-at-replica" },
    },
  );
}
