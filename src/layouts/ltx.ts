/** LTX files, which Litestream 0.5 and LiteFS keep in place of snapshots and WAL: told by their names alone. */

import { WalkitError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";

const NAME = /(^|\/)[0-9a-f]{16}-[0-9a-f]{16}\.ltx$/;
/** Folders of levels: Litestream 0.5 names them `ltx/0` in most storages, `0000` in S3. */
const LEVEL = /^(ltx\/[0-9]|000[0-9])\//;
/** Entries that are looked at: an LTX file is among the first in its folder, whatever else is there is not looked through. */
const MOST = 10_000;

/** Whether `path` is that of an LTX file. */
export function isLtxPath(path: string): boolean {
  return NAME.test(path);
}

/**
 * The path of an LTX file of Litestream 0.5 in the folder `root` (empty, or with `/` at its end); undefined where there is
 * none. Not to be looked into, a folder that should hold some counts as such a file.
 */
export async function findLtx(
  storage: Storage,
  root: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  for (const prefix of [`${root}ltx/`, `${root}000`]) {
    let count = 0;
    try {
      for await (const { path, unreadable } of storage.list(prefix, { signal, recent: true })) {
        const inside = path.slice(root.length);
        if (LEVEL.test(inside) && (NAME.test(inside) || (unreadable && inside.endsWith("/")))) return path;
        if (++count >= MOST) break;
      }
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
      // A server that forbids to list may say so of what is not there; the system of a folder does not.
      const { code } = (error.cause ?? {}) as { code?: unknown };
      if (code === "EACCES" || code === "EPERM") return prefix;
    }
  }
  return undefined;
}

/** The error for a place where LTX files are, `path` one of them, and nothing that walkit reads. */
export function onlyLtx(path: string): WalkitError {
  const isLiteFs = !/(^|\/)(ltx\/)?(000)?[0-9]\/[^/]*$/.test(path);
  const found = isLiteFs ? "LTX files of LiteFS" : "LTX files outside of their level's folder";
  return new WalkitError(
    "replica/ltx",
    `Expected generations/ or ltx/<level>/, as Litestream writes them, found ${found}`,
    {
      path,
      remedy: isLiteFs ? { do: "use-litefs" } : undefined,
    },
  );
}
