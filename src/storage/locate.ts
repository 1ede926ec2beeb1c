/** Where on disk a replica is: a path or `file://` URL to its root, its `generations` folder, or one generation's. */

import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { WalkitError } from "../errors.ts";
import { isDatabase } from "../snapshot/database.ts";
import { isGenerationName } from "../snapshot/names.ts";
import { DirectoryStorage } from "./directory.ts";

export interface Replica {
  storage: DirectoryStorage;
  /** What stands before a generation's name in paths. */
  prefix: string;
  /** Set where the path is one generation's. */
  generation: string | undefined;
}

const HINT =
  "Point walkit at the folder that holds generations/, at generations/ itself, or at one generation's folder";

/**
 * Finds the replica at `location`.
 *
 * @throws WalkitError `storage/not-found`, `storage/unreadable`, `replica/not-a-replica`
 */
export async function openReplica(location: string): Promise<Replica> {
  const path = toPath(location);
  const names = await namesIn(path, location);
  if (names.includes("generations")) {
    const storage = new DirectoryStorage(path);
    if (names.includes("generation")) await refuseShadowWal(storage, location);
    return { storage, prefix: "generations/", generation: undefined };
  }
  const own = basename(path);
  if (isGenerationName(own) && (names.length === 0 || holdsFiles(names))) {
    return { storage: new DirectoryStorage(dirname(path)), prefix: "", generation: own };
  }
  if (own === "generations" || names.some(isGenerationName)) {
    return { storage: new DirectoryStorage(path), prefix: "", generation: undefined };
  }
  throw await notAReplica(path, location, names);
}

/**
 * A path or `file://` URL as an absolute path.
 *
 * @throws WalkitError `replica/not-a-replica` where it is another URL
 */
export function toPath(location: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) return resolve(location);
  if (scheme !== "file") {
    const remote = /^(s3|gs|gcs|abs|sftp)$/.test(scheme);
    const message = `Expected a folder on this machine, as a path or a file:// URL, found ${location}`;
    throw new WalkitError("replica/not-a-replica", message, {
      path: location,
      hint: remote
        ? "Copy the replica to a folder first, in a way that keeps file times (rclone copy, aws s3 sync), then name that folder"
        : HINT,
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
    if (code === "ENOENT") {
      throw new WalkitError("storage/not-found", `Expected a folder at ${location}, found nothing there`, {
        path: location,
        hint: "Check the path",
      });
    }
    if (code === "ENOTDIR") {
      if (await isDatabaseFile(path)) {
        throw new WalkitError(
          "replica/not-a-replica",
          `Expected a replica's folder, found a database itself, not a replica of one: ${location}`,
          {
            path: location,
            hint: "Its replica is where Litestream's configuration says: see 'replicas' in litestream.yml. To look at this file: walkit inspect",
          },
        );
      }
      throw new WalkitError(
        "replica/not-a-replica",
        `Expected a replica's folder, found a file: ${location}`,
        {
          path: location,
          hint: `${HINT}. To look at a single file: walkit inspect ${location}`,
        },
      );
    }
    throw new WalkitError("storage/unreadable", `Cannot read ${location}: ${(error as Error).message}`, {
      path: location,
      hint: "Check that you may read it",
      cause: error,
    });
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

/** Litestream's own folder beside the database has generations, too, with WAL that is not compressed, and no snapshot. */
async function refuseShadowWal(storage: DirectoryStorage, location: string): Promise<void> {
  for await (const { path } of storage.list("generations/")) {
    if (/\.lz4$/.test(path)) return;
  }
  throw new WalkitError(
    "replica/not-a-replica",
    `Expected a replica, found Litestream's local metadata folder (its shadow WAL): ${location}`,
    {
      path: location,
      hint: "The replica is where Litestream's configuration says: see 'replicas' in litestream.yml",
    },
  );
}

async function notAReplica(path: string, location: string, names: string[]): Promise<WalkitError> {
  const [own, above] = [basename(path), dirname(path)];
  if ((own === "wal" || own === "snapshots") && isGenerationName(basename(above))) {
    const message = `Expected a replica's folder, found ${own}/, a folder inside generation ${basename(above)}`;
    throw new WalkitError("replica/not-a-replica", message, {
      path: location,
      hint: `Name the generation's folder: ${above}`,
    });
  }
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
  return new WalkitError("replica/not-a-replica", `Expected generations/ in ${location}, found ${found}`, {
    path: location,
    hint: inside.length > 0 ? `There are replicas in it: ${inside.slice(0, 5).join(", ")}` : HINT,
  });
}
