/** Paths that others wrote: into archives, listings, manifests. None leads out of the storage, each file has one. */

import { giveTurn } from "../turn.ts";

/** Something that a storage leaves out, and why: "it is a symbolic link to ../x". */
export interface Skipped {
  /** As it is written there. */
  path: string;
  reason: string;
}

/** Characters that a path may have: as many bytes as Linux allows. A replica's own are 80 or so. */
const MAX_PATH = 4096;
/** Folders that a path may lead through. Each of them is looked at for each path: see `emptyFolders`. */
const MAX_FOLDERS = 32;

/**
 * `name` as a path of a storage: relative, `/` between its parts, without `.` and empty parts, none at its end. Empty
 * for the root itself. Or the reason why it is none.
 */
export function cleanPath(name: string): { path: string } | { reason: string } {
  if (name === "") return { reason: "it has no name" };
  if (name.length > MAX_PATH) return { reason: `its path is longer than ${MAX_PATH} characters` };
  if (name.includes("\0")) return { reason: "there is a NUL in its name" };
  // No URL can be made of it, nor two of them be told apart in UTF-8.
  if (/\p{Surrogate}/u.test(name)) return { reason: "there is half a character in its name" };
  if (name.startsWith("/")) return { reason: "its path is absolute" };
  if (/^[a-z]:/i.test(name)) return { reason: "its path begins with a drive" };
  if (name.includes("\\")) return { reason: "there is a backslash in its name" };
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) return { reason: "its path leads out of the folder" };
  if (parts.length > MAX_FOLDERS + 1) return { reason: `it lies in more than ${MAX_FOLDERS} folders` };
  return { path: parts.join("/") };
}

/**
 * The name of an entry of an archive as a path: as {@link cleanPath}, but below the folder that it is unpacked into, as other
 * programs do it, where it is absolute or begins with a drive. `backslashes`: these part folders, as on Windows.
 */
export function cleanArchivePath(
  name: string,
  { backslashes = false }: { backslashes?: boolean } = {},
): ReturnType<typeof cleanPath> {
  if (name.length > 2 * MAX_PATH) return cleanPath(name);
  const slashed = backslashes ? name.replaceAll("\\", "/") : name;
  const inside = slashed.replace(/^(?:[a-z]:)?\/+|^[a-z]:/i, "");
  return inside === "" && name !== "" ? { path: "" } : cleanPath(inside);
}

/** Whether what stands at `path` of an archive would be a part of a replica: without it the replica is another one. */
export function isReplicaPath(path: string): boolean {
  return /(^|\/)(generations|[0-9a-f]{16}(\/(snapshots|wal)(\/.*)?)?)$/.test(path);
}

/** Whether a file is none of the user's, but macOS's: `.DS_Store`, `._name`, all in `__MACOSX`. */
export function isJunk(path: string): boolean {
  return /(^|\/)(\.DS_Store$|\._|__MACOSX(\/|$))/.test(path);
}

/**
 * The folders, each with `/` at its end, of all of `folders` (without one) that have nothing in them. What it takes grows with
 * the paths' number and length, not with the number of all folders that they lie in: of hostile ones these are too many to keep.
 */
export async function emptyFolders(
  folders: Iterable<string>,
  files: Iterable<string>,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const empty = new Set(folders);
  let last = "";
  for (const path of [...files, ...empty]) {
    if (empty.size === 0) break;
    const turn = giveTurn();
    if (turn) await turn;
    signal?.throwIfAborted();
    let at = path.lastIndexOf("/");
    // Most files lie beside the one before.
    if (at === last.length && path.startsWith(last)) continue;
    for (last = path.slice(0, Math.max(at, 0)); at > 0; at = path.lastIndexOf("/", at - 1)) {
      empty.delete(path.slice(0, at));
    }
  }
  return [...empty].map((path) => path + "/");
}
