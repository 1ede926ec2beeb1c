/** Restore into a file on disk: through a temporary file beside it, flushed, then renamed. */

import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { type FileHandle, link, lstat, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import { checkFileIntegrity } from "../sqlite/file.ts";
import type { Storage } from "../storage/storage.ts";
import type { Target } from "../timeline/target.ts";
import type { RestoreResult } from "./execute.ts";
import { historyOfRestored } from "./history.ts";
import type { Spill } from "./page-store.ts";
import { type Restored, type RestoreOptions, restore } from "./restore.ts";
import type { DatabaseSink, DatabaseWrite } from "./sink.ts";

export interface RestoreFileOptions extends RestoreOptions {
  /** Replace what stands at the output, and the `-wal`, `-shm` and `-journal` beside it. */
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

/** What came of SQLite's check; undefined: nobody asked for it, and nothing called for it. */
export interface Checked {
  integrity: "ok" | "skipped" | undefined;
}

export interface RestoredFile extends Restored, Checked {
  /** The history file that was written beside the output. */
  history: string | undefined;
}

const HISTORY = ".history";

/** What SQLite would take as belonging to a database of that name. */
const COMPANIONS = ["-wal", "-shm", "-journal"];

/**
 * Restores `target` to the file `output`. Until everything is right, nothing stands under that name, and what stood there
 * stays.
 *
 * @throws WalkitError why not; `output/exists` before anything is read, unless `force` is set; `output/unwritable`
 */
export async function restoreFile(
  storage: Storage,
  target: Target,
  output: string,
  options: RestoreFileOptions = {},
): Promise<RestoredFile> {
  const force = options.force ?? false;
  const wantsHistory = (options.history ?? true) && isMoment(target);
  await checkOutput(output, force);
  if (wantsHistory && !force) await checkHistory(output + HISTORY);
  return await withTemporaryFile(dirname(output), async (temporary) => {
    const restored = await restoreTemporary(storage, target, temporary, options);
    const text = wantsHistory ? await historyOfRestored(storage, target, restored, options) : undefined;
    await publish(temporary, output, force);
    // What an older database of that name left behind would speak of the new one.
    if (force) await rm(output + HISTORY, { force: true });
    if (text !== undefined)
      await wrap(output + HISTORY, () => writeFile(output + HISTORY, text, { flag: "wx" }));
    return { ...restored, history: text === undefined ? undefined : output + HISTORY };
  });
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

async function checkHistory(path: string): Promise<void> {
  if (!(await lstat(path).catch(() => undefined))) return;
  throw new WalkitError(
    "output/exists",
    `Expected nothing at ${path}, where the history of the restored database goes, found a file there`,
    { path, hint: "Move it away, replace it with --force, or restore with --no-history" },
  );
}

/** As {@link restoreFile}, into a temporary file that `use` gets to read once it is whole. */
export async function restoreThrough(
  storage: Storage,
  target: Target,
  folder: string,
  use: (path: string) => Promise<void>,
  options: RestoreFileOptions = {},
): Promise<Restored & Checked> {
  return await withTemporaryFile(folder, async (temporary) => {
    const restored = await restoreTemporary(storage, target, temporary, options);
    await use(temporary.path);
    return restored;
  });
}

interface Temporary {
  path: string;
  file: FileHandle;
}

async function restoreTemporary(
  storage: Storage,
  target: Target,
  { path, file }: Temporary,
  options: RestoreFileOptions,
): Promise<Restored & Checked> {
  const { integrityCheck } = options;
  let note: Finding | undefined;
  let integrity: Checked["integrity"];
  const accept = async (result: RestoreResult) => {
    const how = integrityCheck ?? checkFor(result);
    integrity = note = undefined;
    if (how !== "none") {
      const lenient = integrityCheck === undefined;
      const skipped = await checkFile(path, how, lenient, options.signal).catch((error) => {
        throw error instanceof WalkitError ? withSteps(error, result) : error;
      });
      integrity = skipped ? "skipped" : "ok";
      note = skipped && findingOf(skipped, { generation: result.generation, severity: "warning" });
    }
    await options.accept?.(result);
  };
  const sink = new FileSink(file, path);
  const restored = await restore(storage, target, sink, {
    ...options,
    accept,
    openSpill: options.openSpill ?? (() => new FileSpill(`${path}-spill`)),
  });
  await sink.sync();
  return { ...restored, integrity, findings: note ? [...restored.findings, note] : restored.findings };
}

/** Up to this size, in bytes, SQLite checks by default what is proven but for steps from one WAL index to the next. */
export const CHECKED_BY_DEFAULT: number = 64 << 20;

/** Where nobody says how: what is not proven is checked. Steps that nothing proves are the rule behind the newest snapshot. */
function checkFor({ unproven, bytes }: RestoreResult): "none" | "full" {
  if (unproven.some(({ what }) => what !== "step")) return "full";
  return unproven.length > 0 && bytes <= CHECKED_BY_DEFAULT ? "full" : "none";
}

/** Where SQLite finds the database corrupt, the steps that nothing proves are where to look first. */
function withSteps(error: WalkitError, { unproven }: RestoreResult): WalkitError {
  const steps = unproven.flatMap((one) => (one.what === "step" ? one : []));
  if (error.code !== "database/integrity" || steps.length === 0) return error;
  const places = steps.slice(-5).map(({ from, to }) => `${from} to ${to}`);
  const which =
    steps.length > places.length ? `the last of ${steps.length}: ${places.join(", ")}` : places.join(", ");
  const hint = `Most likely the end of a WAL index is lost, where nothing proves that one goes on where the other ended (${which}). Bring it back from another copy of the replica, or restore a moment before that. Where the original database is corrupt as well, --integrity-check none restores it as it was replicated`;
  const { path, position, cause } = error;
  return new WalkitError(error.code, error.message, { path, position, hint, cause });
}

/**
 * SQLite's check of a finished file. `lenient`: nobody asked for it by name, so that it cannot be made is no reason to refuse,
 * but returned, and to be said.
 *
 * @throws WalkitError `database/integrity`; unless `lenient`, also `database/integrity-skipped`
 */
async function checkFile(
  path: string,
  how: "quick" | "full",
  lenient: boolean,
  signal: AbortSignal | undefined,
): Promise<WalkitError | undefined> {
  try {
    await checkFileIntegrity(path, how, { signal });
    return undefined;
  } catch (error) {
    if (!(error instanceof WalkitError) || error.code !== "database/integrity-skipped") throw error;
    if (lenient) return error;
    throw error.with({
      hint: "Restore with --integrity-check none, then run PRAGMA integrity_check where the application's functions, collations and modules are, or with the sqlite3 tool",
    });
  }
}

/** What stands at the output, and beside it, must be nothing; with `force`, files that can be replaced. */
async function checkOutput(output: string, force: boolean): Promise<void> {
  if (/[\\/]$/.test(output)) {
    throw new WalkitError(
      "output/unwritable",
      `Expected the output to name a file, found a folder's name: ${output}`,
      {
        path: output,
        hint: `Name a file in it, such as ${output}restored.db`,
      },
    );
  }
  for (const path of [output, ...COMPANIONS.map((ending) => output + ending)]) {
    const found = await lstat(path).catch(() => undefined);
    if (!found) continue;
    if (!(found.isFile() || (path === output && found.isSymbolicLink()))) {
      const what = found.isDirectory() ? "a folder" : "something that is no file";
      throw new WalkitError("output/exists", `Expected a file or nothing at ${path}, found ${what}`, {
        path,
        hint: found.isDirectory()
          ? `Name a file in it, such as ${join(path, "restored.db")}`
          : "Choose another output",
      });
    }
    if (force) continue;
    const message =
      path === output
        ? `Expected nothing at ${path}, found a file there`
        : `Expected no left-over of another database beside the output, found ${path}: SQLite would take it for its own`;
    throw new WalkitError("output/exists", message, { path });
  }
}

async function withTemporaryFile<T>(folder: string, work: (temporary: Temporary) => Promise<T>): Promise<T> {
  const path = join(folder, `.walkit-${randomBytes(6).toString("hex")}.tmp`);
  const file = await wrap(path, () => open(path, "wx+", 0o666));
  // An interrupted restore leaves nothing behind: the event loop is gone by then, so this must be done at once.
  const clean = () => rmSync(path, { force: true });
  process.once("exit", clean);
  try {
    return await work({ path, file });
  } finally {
    process.removeListener("exit", clean);
    await file.close();
    await rm(path, { force: true });
  }
}

/** Gives the finished file its name. Without `force` a file that came there meanwhile stays. */
async function publish(temporary: Temporary, output: string, force: boolean): Promise<void> {
  const { path } = temporary;
  await checkOutput(output, force);
  await wrap(output, async () => {
    if (force) await replace(temporary, output);
    else {
      try {
        await link(path, output);
      } catch (error) {
        if ((error as { code?: string }).code === "EEXIST") await checkOutput(output, false);
        // Where the file system has no links the check above has to do.
        await rename(path, output);
      }
    }
    await syncFolder(dirname(output));
  });
}

/**
 * Puts the new database in the place of the old one, with its permissions. The old one's companions are moved aside
 * first: beside the new one SQLite would take them for its own; if the old one stays after all, so do they.
 */
async function replace({ path, file }: Temporary, output: string): Promise<void> {
  const old = await stat(output).catch(() => undefined);
  if (old) {
    await file.chmod(old.mode & 0o7777);
    // Only root may give files away; anybody else's new file is their own.
    await file.chown(old.uid, old.gid).catch(() => {});
  }
  const aside: [from: string, to: string][] = [];
  try {
    for (const ending of COMPANIONS) {
      const [from, to] = [output + ending, path + ending];
      if (await lstat(from).catch(() => undefined)) {
        await rename(from, to);
        aside.push([from, to]);
      }
    }
    await rename(path, output);
  } catch (error) {
    for (const [from, to] of aside) await rename(to, from);
    throw error;
  }
  for (const [, to] of aside) await rm(to, { force: true });
}

/** So that the name survives a power failure as well. Not every system can. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/**
 * So much is written before the system is told to bring it to the disk, while more is computed. What is left for the end is
 * little then: a restore of 388 MB took 0.1 s less of 0.9 s, on a slow disk it takes as long as the disk does.
 */
const FLUSH = 64 << 20;

class FileSink implements DatabaseSink {
  readonly #file: FileHandle;
  readonly #path: string;
  #unflushed = 0;
  #flushing: Promise<void> | undefined;
  #failure: unknown;

  constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  async write(chunk: DatabaseWrite): Promise<void> {
    await wrap(this.#path, async () => {
      if (chunk.type === "truncate") return await this.#file.truncate(chunk.size);
      let { data, position } = chunk;
      while (data.length > 0) {
        const { bytesWritten } = await this.#file.write(data, 0, data.length, position);
        data = data.subarray(bytesWritten);
        position += bytesWritten;
        this.#unflushed += bytesWritten;
      }
      if (this.#unflushed < FLUSH || this.#flushing) return;
      this.#unflushed = 0;
      // The system tells of a failure once: it is kept for the end.
      this.#flushing = this.#file
        .datasync()
        .catch((error) => (this.#failure ??= error))
        .finally(() => (this.#flushing = undefined));
    });
  }

  /** Everything is on the disk. */
  async sync(): Promise<void> {
    await this.#flushing;
    if (this.#failure !== undefined) throw unwritable(this.#path, this.#failure);
    await wrap(this.#path, () => this.#file.sync());
  }
}

/** Pages past the memory budget, in a file without a name where the system allows that. */
class FileSpill implements Spill {
  readonly #path: string;
  readonly #file: number;
  #named: boolean;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, "wx+", 0o600);
    } catch (error) {
      throw unwritable(path, error);
    }
    this.#named = process.platform === "win32";
    if (!this.#named) unlinkSync(path);
  }

  write(data: Uint8Array, position: number): void {
    try {
      for (let done = 0; done < data.length; ) {
        done += writeSync(this.#file, data, done, data.length - done, position + done);
      }
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  read(into: Uint8Array, position: number): void {
    try {
      for (let done = 0; done < into.length; ) {
        const read = readSync(this.#file, into, done, into.length - done, position + done);
        if (read === 0) throw new Error("it became shorter");
        done += read;
      }
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  close(): void {
    closeSync(this.#file);
    if (this.#named) rmSync(this.#path, { force: true });
    this.#named = false;
  }
}

async function wrap<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof WalkitError ? error : unwritable(path, error);
  }
}

function unwritable(path: string, cause: unknown): WalkitError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new WalkitError("output/unwritable", `Cannot write ${path}: ${reason}`, { path, cause });
}
