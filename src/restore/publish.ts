/**
 * Gives a finished restore its names. The database gets its name last, in one step. A failure before that is undone at once;
 * what a killed process left half done, the next restore undoes.
 *
 * The event loop gets no turn in between: no signal can interrupt, except SIGKILL.
 */

import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
} from "node:fs";
import { dirname } from "node:path";
import { WalkitError } from "../errors.ts";

/** Endings of files that SQLite takes for a part of the database beside them. */
export const COMPANIONS: readonly string[] = ["-wal", "-shm", "-journal"];

/** Where the history of a restored database goes: beside it. */
export const HISTORY = ".history";

/**
 * Beside the temporary database, under its name and one of these: the new history, pages past the memory budget, and what is
 * moved aside (the old history, the companions of the old database).
 */
export const PARTS = { history: "-history", spill: "-spill", oldHistory: "-old-history" } as const;

/** Files that are moved aside: the ending of their own name, and that of their name meanwhile. */
export const ASIDE: readonly (readonly [own: string, aside: string])[] = [
  [HISTORY, PARTS.oldHistory],
  ...COMPANIONS.map((ending) => [ending, ending] as const),
];

/** Every ending that a file beside the temporary database may have. */
export const ENDINGS: readonly string[] = [
  "",
  PARTS.history,
  PARTS.spill,
  ...ASIDE.map(([, aside]) => aside),
];

/** The calls that change a folder: a test has them fail one by one. */
export interface FolderCalls {
  rename(from: string, to: string): void;
  link(from: string, to: string): void;
  unlink(path: string): void;
  /** Names then survive a power failure, in this order. It never throws, as not every system can do it. */
  sync(folder: string): void;
}

export const CALLS: FolderCalls = {
  rename: renameSync,
  link: linkSync,
  unlink: unlinkSync,
  sync(folder) {
    let file: number | undefined;
    try {
      file = openSync(folder, "r");
      fsyncSync(file);
    } catch {
      // Windows, and some network file systems.
    } finally {
      if (file !== undefined) closeSync(file);
    }
  },
};

export interface Published {
  /** The whole, flushed database. */
  temporary: string;
  output: string;
  /** The history lies beside `temporary`, whole and flushed. */
  history: boolean;
  /** The database at the output, its companions and its history make way. */
  force: boolean;
}

/**
 * Gives `temporary` the name `output`, and its history the name beside it.
 *
 * @throws what a call threw, or `output/exists`; everything is then as it was, `temporary` included
 */
export function publish({ temporary, output, history, force }: Published, calls: FolderCalls = CALLS): void {
  let moved = false;
  let renamed = false;
  try {
    for (const [own, aside] of force ? ASIDE : []) {
      const found = look(output + own);
      if (!found || found.isDirectory()) continue;
      calls.rename(output + own, temporary + aside);
      moved = true;
    }
    if (history) {
      renamed = !nameIt(temporary + PARTS.history, output + HISTORY, calls);
      moved = true;
    }
    // The other changes must reach the disk before the database's name does.
    if (moved) calls.sync(dirname(output));
    if (force) calls.rename(temporary, output);
    else nameIt(temporary, output, calls);
  } catch (error) {
    if (renamed) calls.rename(output + HISTORY, temporary + PARTS.history);
    takeBack(temporary, output, calls);
    throw error;
  }
  calls.sync(dirname(output));
  for (const ending of ENDINGS) {
    try {
      if (look(temporary + ending)) calls.unlink(temporary + ending);
    } catch {
      // The next restore to this output tries again.
    }
  }
}

/**
 * A second name for a file, where nothing has that name; a new one where the file system knows no second names.
 *
 * @returns whether it has both names
 */
function nameIt(from: string, to: string, calls: FolderCalls): boolean {
  try {
    calls.link(from, to);
    return true;
  } catch (error) {
    if (look(to)) {
      throw new WalkitError("output/exists", `Expected nothing at ${to}, found that a file has come there`, {
        path: to,
        cause: error,
      });
    }
    calls.rename(from, to);
    return false;
  }
}

/** Whether the database has got its name: files that were moved aside are not needed any more then. */
export function isPublished(temporary: string, output: string): boolean {
  const mine = look(temporary);
  return !mine || isSame(mine, look(output));
}

/**
 * Undoes what {@link publish} did before the database got its name.
 *
 * @returns paths of files that could not be put back: another file has their name by now, or, with `careful`, the database has
 * changed since they were moved aside
 */
export function takeBack(
  temporary: string,
  output: string,
  calls: FolderCalls = CALLS,
  { careful = false }: { careful?: boolean } = {},
): string[] {
  const kept: string[] = [];
  const history = look(temporary + PARTS.history);
  if (history && isSame(history, look(output + HISTORY))) calls.unlink(output + HISTORY);
  const database = look(output);
  for (const [own, aside] of ASIDE.toReversed()) {
    const found = look(temporary + aside);
    if (!found) continue;
    // A WAL laid over a database that has gone on without it would damage that.
    const isStale = careful && own !== HISTORY && database !== undefined && database.mtimeMs > found.ctimeMs;
    if (isStale || look(output + own)) kept.push(temporary + aside);
    else calls.rename(temporary + aside, output + own);
  }
  calls.sync(dirname(output));
  return kept;
}

/** The file of that name, links not followed; undefined where there is none, or the name is too long for one. */
export function look(
  path: string,
  { lengthCounts = false }: { lengthCounts?: boolean } = {},
): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    const { code = "" } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR" || (code === "ENAMETOOLONG" && !lengthCounts))
      return undefined;
    throw error;
  }
}

function isSame(a: Stats, b: Stats | undefined): boolean {
  return b !== undefined && a.dev === b.dev && a.ino === b.ino && a.ino !== 0;
}
