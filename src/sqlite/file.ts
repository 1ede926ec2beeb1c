/** SQLite's check of a database that lies in a file: by the runtime's own engine, else by sql.js. */

import { open, rm } from "node:fs/promises";
import { askEngine, hasEngine, runtimeName } from "./engine.ts";
import { MAX_INTEGRITY_SIZE } from "./integrity.ts";
import { skipped } from "./judge.ts";
import { checkIntegrityInThread } from "./thread.ts";

/** How SQLite checks a file. */
export interface CheckFileOptions {
  signal?: AbortSignal | undefined;
  /** The file is the check's own: it may be removed as soon as it is open. */
  remove?: boolean | undefined;
}

/**
 * `PRAGMA quick_check` or `PRAGMA integrity_check` of the file at `path`, a whole database that nobody writes to and that
 * has no `-wal`. Its bytes stay as they are, and nothing is left beside it.
 *
 * @throws WalkitError `database/integrity` with the first problems in SQLite's words; `database/integrity-skipped` why the
 * check could not be made; the signal's reason once it is aborted
 */
export async function checkFileIntegrity(
  path: string,
  how: "quick" | "full",
  { signal, remove = false }: CheckFileOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  const { size, wal } = await lookAt(path);
  try {
    if (await askEngine({ path, how, wal, remove }, signal)) return;
  } finally {
    if (wal) for (const ending of ["-wal", "-shm"]) await rm(path + ending, { force: true });
  }
  if (size > MAX_INTEGRITY_SIZE) throw noEngine(size);
  await checkIntegrityInThread(await readWhole(path, size), how, signal);
}

/** Why a database of `size` bytes is not checked on this runtime. */
export function noEngine(size: number): ReturnType<typeof skipped> {
  const found = hasEngine() ? "the SQLite of" : "no SQLite in";
  const use = hasEngine() ? " not to be used here" : "";
  return skipped(
    `found a database of ${size} bytes and ${found} ${runtimeName()}${use}: without one at most ${MAX_INTEGRITY_SIZE} bytes are checked, in memory`,
    { do: "check-elsewhere", because: "no-engine" },
  );
}

async function lookAt(path: string): Promise<{ size: number; wal: boolean }> {
  const file = await open(path, "r");
  try {
    const header = new Uint8Array(20);
    await file.read(header, 0, header.length, 0);
    return { size: (await file.stat()).size, wal: header[18] === 2 || header[19] === 2 };
  } finally {
    await file.close();
  }
}

async function readWhole(path: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  const file = await open(path, "r");
  try {
    for (let done = 0; done < size; ) {
      const { bytesRead } = await file.read(bytes, done, size - done, done);
      if (bytesRead === 0) throw skipped("found that the file became shorter meanwhile");
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
  return bytes;
}
