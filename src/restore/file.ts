/** Restore into a file on disk: through a temporary file beside it, flushed, then renamed. */

import { type FileHandle, lstat, open } from "node:fs/promises";
import { join } from "node:path";
import { WalkitError } from "../errors.ts";
import type { Finding } from "../findings.ts";
import { MAX_INTEGRITY_SIZE } from "../sqlite/index.ts";
import { checkIntegrityInThread } from "../sqlite/thread.ts";
import type { Storage } from "../storage/storage.ts";
import { cannotWrite } from "../storage/system.ts";
import type { Target } from "../timeline/target.ts";
import type { RestoreResult } from "./execute.ts";
import { FileSink, FileSpill, wrap } from "./file-sink.ts";
import { historyOfRestored } from "./history.ts";
import { changedOwner, checkHistoryName, checkOutput, inherit, type Rights, rightsOf } from "./output.ts";
import { HISTORY, PARTS, publish } from "./publish.ts";
import { type Restored, type RestoreOptions, restore } from "./restore.ts";
import { clearLeftovers, type Temporary, withTemporaryFile } from "./temporary.ts";

export interface RestoreFileOptions extends RestoreOptions {
  /**
   * Replace what stands at the output, and the `-wal`, `-shm` and `-journal` beside it. A database that is in use is not
   * replaced.
   */
  force?: boolean | undefined;
  /**
   * SQLite's own check of the restored file before it gets its name. `none` by default; `full` where it cannot be proven
   * that the snapshot is a committed state (see `RestoreResult.proven`).
   */
  integrityCheck?: "none" | "quick" | "full" | undefined;
  /**
   * Where the target is not the newest moment, also write `<output>.history`, which names the generation and position that
   * the database branches off from. `true` by default.
   */
  history?: boolean | undefined;
}

export interface RestoredFile extends Restored {
  /** The history file that was written beside the output. */
  history: string | undefined;
}

/**
 * Restores `target` to the file `output`. Until everything is right, and flushed to disk, nothing stands under that name, and
 * what stood there stays; so does it where the restore fails or is killed. A new database may be read and written by its
 * owner only; one that replaces another (`force`) gets its owner and permissions.
 *
 * @throws WalkitError why not; before anything is read `output/exists`, unless `force` is set, and `output/in-use`;
 * `output/unwritable`, `runtime/*`
 */
export async function restoreFile(
  storage: Storage,
  target: Target,
  output: string,
  options: RestoreFileOptions = {},
): Promise<RestoredFile> {
  const force = options.force ?? false;
  const wantsHistory = (options.history ?? true) && isMoment(target);
  const findings = clearLeftovers(output);
  try {
    checkOutput(output, { force, history: wantsHistory });
  } catch (error) {
    throw error instanceof WalkitError ? alsoSaying(error, findings) : error;
  }
  return await withTemporaryFile(output, async (temporary) => {
    const restored = await restoreTemporary(storage, target, temporary, options);
    findings.push(...restored.findings);
    const text = wantsHistory ? await historyOfRestored(storage, target, restored, options) : undefined;
    const old = force ? await rightsOf(output) : undefined;
    if (old) await wrap(output, () => take(temporary.file, output, old, findings));
    if (text !== undefined) {
      checkHistoryName(output);
      const rights = (force && (await rightsOf(output + HISTORY))) || old;
      await wrap(output + HISTORY, () => writeHistory(temporary.path + PARTS.history, text, rights));
    }
    options.signal?.throwIfAborted();
    // Much may have come there meanwhile.
    checkOutput(output, { force, history: text !== undefined });
    await wrap(output, async () =>
      publish({ temporary: temporary.path, output, history: text !== undefined, force }),
    );
    return { ...restored, findings, history: text === undefined ? undefined : output + HISTORY };
  });
}

/** A refusal takes along what was cleared up before it. */
function alsoSaying(error: WalkitError, findings: readonly Finding[]): WalkitError {
  if (findings.length === 0) return error;
  const all = [error.message, ...findings.map(({ message }) => message)].join(". ");
  return new WalkitError(error.code, all, { path: error.path, hint: error.hint, cause: error.cause });
}

async function take(file: FileHandle, output: string, old: Rights, findings: Finding[]): Promise<void> {
  if (!(await inherit(file, old))) findings.push(changedOwner(output, old));
  await file.sync();
}

async function writeHistory(path: string, text: string, rights: Rights | undefined): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    if (rights) await inherit(file, { ...rights, mode: rights.mode & 0o666 });
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Whether a moment is asked for, and not just the newest. */
function isMoment({
  index,
  timestamp,
  position,
  transaction,
  name,
  immediate,
  generation,
  timeline,
}: Target): boolean {
  const moment = [index, timestamp, position, transaction, name, immediate, generation, timeline];
  return moment.some((value) => value !== undefined);
}

/**
 * As {@link restoreFile}, into a temporary file in `folder`, for its owner only, that `use` gets to read once it is whole.
 */
export async function restoreThrough(
  storage: Storage,
  target: Target,
  folder: string,
  use: (path: string) => Promise<void>,
  options: RestoreFileOptions = {},
): Promise<Restored> {
  const output = join(folder, "stdout");
  const findings = clearLeftovers(output);
  return await withTemporaryFile(output, async (temporary) => {
    const restored = await restoreTemporary(storage, target, temporary, options);
    await use(temporary.path);
    return { ...restored, findings: [...findings, ...restored.findings] };
  });
}

async function restoreTemporary(
  storage: Storage,
  target: Target,
  { path, file }: Temporary,
  options: RestoreFileOptions,
): Promise<Restored> {
  const { integrityCheck } = options;
  const accept = async (result: RestoreResult) => {
    const how = integrityCheck ?? (result.proven ? "none" : "full");
    if (how !== "none") await checkFile(path, how, integrityCheck === undefined, options.signal);
    await options.accept?.(result);
  };
  const sink = new FileSink(file, path);
  const restored = await restore(storage, target, sink, {
    ...options,
    accept,
    openSpill: options.openSpill ?? (() => new FileSpill(path + PARTS.spill)),
  });
  await sink.sync();
  return restored;
}

/** `lenient`: nobody asked for the check, so that it cannot be done is no reason to refuse. */
async function checkFile(
  path: string,
  how: "quick" | "full",
  lenient: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const { size } = await lstat(path);
    if (size > MAX_INTEGRITY_SIZE) {
      throw new WalkitError(
        "database/integrity-skipped",
        `Expected a database of at most ${MAX_INTEGRITY_SIZE} bytes to check in memory, found ${size}`,
        {
          hint: "Restore with --integrity-check none, then run PRAGMA integrity_check with the sqlite3 tool",
        },
      );
    }
    const bytes = new Uint8Array(size);
    await readInto(path, bytes);
    await checkIntegrityInThread(bytes, how, signal);
  } catch (error) {
    if (lenient && error instanceof WalkitError && error.code === "database/integrity-skipped") return;
    throw error;
  }
}

async function readInto(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "r");
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, done);
      if (bytesRead === 0) throw cannotWrite(path, new Error("it became shorter"));
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
}
