/**
 * Writing what walkit keeps beside a replica's generations: history files, restore points. Whoever reads meanwhile finds a
 * file as it was or as it is to be. A symbolic link in a file's place is not followed.
 */

import { closeSync, constants, lstatSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { type FileHandle, link, lstat, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { WalkitError } from "../errors.ts";
import type { DirectoryStorage } from "../storage/directory.ts";
import { leftoversOf, temporaryName } from "../storage/leftovers.ts";
import { formatOwner, parseOwner, stateOf, thisOwner } from "../storage/owner.ts";
import { cannotWrite } from "../storage/system.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDWR } = constants;
/** Neither through a link nor waiting for the other end of a pipe. */
const APPEND = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
const MODE = 0o644;

/**
 * Writes a text file, flushed to disk. It appears under its name only when it is whole; one that is replaced keeps its
 * permissions.
 *
 * @throws WalkitError `output/exists` where there is something and `replace` is not set; `output/unwritable`
 */
export async function writeTextFile(
  storage: DirectoryStorage,
  path: string,
  text: string | Uint8Array,
  { replace }: { replace: boolean },
): Promise<void> {
  const target = join(storage.root, path);
  const temporary = temporaryName(target);
  await wrap(path, async () => {
    const old = await refuseOther(target, path);
    if (old && !replace) throw exists(path);
    for (const { path: left, ending, owner } of leftoversOf(target)) {
      if (stateOf(owner, dirname(target)) === "gone") await rm(left + ending, { force: true });
    }
    const file = await open(temporary, "wx", MODE);
    const clean = () => rmSync(temporary, { force: true });
    process.once("exit", clean);
    try {
      try {
        await file.writeFile(text);
        if (old) await file.chmod(old.mode & 0o777);
        await file.sync();
      } finally {
        await file.close();
      }
      if (replace) await rename(temporary, target);
      else await nameIt(temporary, target, path);
      await syncFolder(dirname(target));
    } finally {
      process.removeListener("exit", clean);
      await rm(temporary, { force: true });
    }
  });
}

/** Gives a file its name, unless something has come there meanwhile. */
async function nameIt(temporary: string, target: string, path: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") throw exists(path);
    // Where the file system has no links another look has to do.
    if (await lstat(target).catch(() => undefined)) throw exists(path);
    await rename(temporary, target);
  }
}

/**
 * Appends one line (its line break included), flushed to disk. Where the file does not end with a line break it gets one
 * first; where there is none it is made. What cannot be written whole is taken back.
 *
 * @throws WalkitError `output/unwritable`
 */
export async function appendRestorePoint(
  storage: DirectoryStorage,
  path: string,
  line: string,
): Promise<void> {
  const target = join(storage.root, path);
  await wrap(path, async () => {
    const old = await refuseOther(target, path);
    const file = await open(target, old ? APPEND : APPEND | O_CREAT | O_EXCL, MODE);
    try {
      const { size } = await file.stat();
      const bytes = Buffer.from(size > 0 && !(await endsLine(file, size)) ? `\n${line}` : line);
      try {
        // One call: with O_APPEND what others append at the same time comes before it or behind it.
        const { bytesWritten } = await file.write(bytes);
        if (bytesWritten < bytes.length) throw new Error(`only ${bytesWritten} of ${bytes.length} bytes fit`);
        await file.sync();
      } catch (error) {
        if (old) await file.truncate(size).catch(() => {});
        else await rm(target, { force: true });
        throw error;
      }
    } finally {
      await file.close();
    }
    if (!old) await syncFolder(dirname(target));
  });
}

async function endsLine(file: FileHandle, size: number): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(new Uint8Array(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] === 10;
}

/** In milliseconds: so long another process may hold a lock, and so often it is looked whether it still does. */
const PATIENCE = 10_000;
const LOOK = 20;
/** So long one may hold it of which nothing can be known: of another machine or container. */
const LONGEST = 10 * 60_000;

/**
 * Does `work` while no other process that asks for the same lock does its own. The lock is the file `path`, with its
 * owner in it: that of a process that was killed is taken over.
 *
 * @throws WalkitError `output/unwritable` where another one holds it for 10 seconds
 */
export async function withLock<T>(
  storage: DirectoryStorage,
  path: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const lock = join(storage.root, path);
  const own = `${formatOwner(thisOwner())}\n`;
  for (const began = performance.now(); !(await wrap(path, async () => take(lock, own))); ) {
    signal?.throwIfAborted();
    if (await wrap(path, async () => breakStale(lock, own))) continue;
    if (performance.now() - began > PATIENCE) {
      const message = `Expected no other walkit to write here, found that one has held ${path} for ${PATIENCE / 1000} seconds`;
      throw new WalkitError("output/unwritable", message, {
        path,
        remedy: { do: "wait-for-lock" },
      });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  const free = () => {
    // Whoever took a stopped process for a killed one has it by now.
    if (contentOf(lock) === own) rmSync(lock, { force: true });
  };
  process.once("exit", free);
  try {
    return await work();
  } finally {
    process.removeListener("exit", free);
    free();
  }
}

/** Whether the lock is ours now. At once, so that it is hardly ever seen without its owner. */
function take(lock: string, own: string): boolean {
  let file: number;
  try {
    file = openSync(lock, "wx", MODE);
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") return false;
    throw error;
  }
  try {
    writeSync(file, own);
    return true;
  } catch (error) {
    rmSync(lock, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** What a lock says; undefined where there is none, or what is there is none. */
function contentOf(lock: string): string | undefined {
  try {
    const { size } = lstatSync(lock);
    return size > 200 ? undefined : readFileSync(lock, "latin1");
  } catch {
    return undefined;
  }
}

function isStale(lock: string, content: string): boolean {
  const owner = parseOwner(content.trim());
  const state = owner ? stateOf(owner, dirname(lock)) : "unknown";
  if (state !== "unknown") return state === "gone";
  try {
    return Date.now() - lstatSync(lock).mtimeMs > LONGEST;
  } catch {
    return false;
  }
}

/**
 * Removes a lock whose owner is gone. Of several that find it so only one does, by a lock of its own for this very content:
 * the others might remove the lock that its successor has taken by then.
 *
 * @returns whether there may be no lock now
 */
function breakStale(lock: string, own: string): boolean {
  const content = contentOf(lock);
  if (content === undefined || !isStale(lock, content)) return false;
  const id = parseOwner(content.trim())?.random ?? "empty";
  const breaking = lock.replace(/(\.tmp)?$/, `-${id}.tmp`);
  if (!take(breaking, own)) {
    const other = contentOf(breaking);
    if (other !== undefined && isStale(breaking, other)) rmSync(breaking, { force: true });
    return false;
  }
  try {
    if (contentOf(lock) !== content) return true;
    rmSync(lock, { force: true });
    return true;
  } finally {
    rmSync(breaking, { force: true });
  }
}

/** What stands at `target`: a file, or nothing. */
async function refuseOther(target: string, path: string): Promise<{ mode: number } | undefined> {
  const found = await lstat(target).catch(() => undefined);
  if (!found || found.isFile()) return found;
  const isLink = found.isSymbolicLink();
  const what = isLink ? "a symbolic link" : found.isDirectory() ? "a folder" : "something that is no file";
  throw new WalkitError("output/unwritable", `Expected a file or nothing at ${path}, found ${what}`, {
    path,
    remedy: isLink ? { do: "replace-link" } : { do: "make-way", for: "file", replaceable: false },
  });
}

function exists(path: string): WalkitError {
  return new WalkitError("output/exists", `Expected nothing at ${path}, found a file there`, { path });
}

/** So that a name survives a power failure as well. Not every system can. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

async function wrap<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof WalkitError ? error : cannotWrite(path, error);
  }
}
