/**
 * The paths of a LiteFS data directory, and of its backups.
 *
 * ```
 * dbs/<database>/database              with journal, wal and shm beside it, which are SQLite's -journal, -wal, -shm
 * dbs/<database>/ltx/<min>-<max>.ltx   the newest transactions
 * <database>/<min>-<max>.ltx           a backup in a folder: unbroken from the first transaction on
 * ```
 */

import { parseLtxName } from "../../ltx/index.ts";

/** What the path of an LTX file says, as it is below the database's folder; undefined where no file of LiteFS has it. */
export function parseLitefsPath(path: string): { minTxid: number; maxTxid: number } | undefined {
  return parseLtxName(path.startsWith("ltx/") ? path.slice(4) : path);
}

/** The SQLite database in its folder. */
export const DATABASE = "database" as const;

/** The folder that `database` lies in, with `/` at its end unless it is the storage's root. */
export function folderOf(path: string): string {
  return path.slice(0, path.length - DATABASE.length);
}

/** Whether a path is that of the database itself, and no LTX file's. */
export function isDatabasePath(path: string): boolean {
  return path === DATABASE || path.endsWith(`/${DATABASE}`);
}
