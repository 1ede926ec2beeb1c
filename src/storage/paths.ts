/** Paths that others wrote: into archives, listings, manifests. None leads out of the storage, each file has one. */

/** Something that a storage leaves out, and why: "it is a symbolic link to ../x". */
export interface Skipped {
  /** As it is written there. */
  path: string;
  reason: string;
}

/**
 * `name` as a path of a storage: relative, `/` between its parts, without `.` and empty parts, none at its end. Empty
 * for the root itself. Or the reason why it is none.
 */
export function cleanPath(name: string): { path: string } | { reason: string } {
  if (name === "") return { reason: "it has no name" };
  if (name.includes("\0")) return { reason: "there is a NUL in its name" };
  if (name.startsWith("/")) return { reason: "its path is absolute" };
  if (/^[a-z]:/i.test(name)) return { reason: "its path begins with a drive" };
  if (name.includes("\\")) return { reason: "there is a backslash in its name" };
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) return { reason: "its path leads out of the folder" };
  return { path: parts.join("/") };
}

/** Whether a file is none of the user's, but macOS's: `.DS_Store`, `._name`, all in `__MACOSX`. */
export function isJunk(path: string): boolean {
  return /(^|\/)(\.DS_Store$|\._|__MACOSX(\/|$))/.test(path);
}

/** The folders, each with `/` at its end, of all of `folders` (without one) that have nothing in them. */
export function emptyFolders(folders: Iterable<string>, files: Iterable<string>): string[] {
  const all = [...folders];
  const filled = new Set<string>([""]);
  for (const path of [...files, ...all]) {
    let at = path.lastIndexOf("/");
    for (; at > 0 && !filled.has(path.slice(0, at)); at = path.lastIndexOf("/", at - 1)) {
      filled.add(path.slice(0, at));
    }
  }
  return [...new Set(all)].filter((path) => !filled.has(path)).map((path) => path + "/");
}
