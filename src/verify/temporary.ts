/** Verify's copy of the newest state for SQLite to check: a temporary file, where the runtime has an SQLite of its own. */

import { rmSync } from "node:fs";
import { type FileHandle, mkdtemp, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WalkitError } from "../errors.ts";
import type { DatabaseSink, DatabaseWrite } from "../restore/sinks/sink.ts";
import { hasEngine } from "../sqlite/engine.ts";
import { checkFileIntegrity, noEngine } from "../sqlite/file.ts";
import { MAX_INTEGRITY_SIZE } from "../sqlite/index.ts";
import { skipped } from "../sqlite/judge.ts";
import type { IntegrityCheck } from "./options.ts";

export interface TemporaryOptions {
  /** Where the temporary file goes; by default the system's folder for such files (`TMPDIR`). */
  folder?: string | undefined;
}

/**
 * For `openIntegrityCheck` of `verify`: SQLite's check of a database of `size` bytes by the runtime's own engine, in a
 * process of its own, on a temporary file that only its owner can read and that goes whatever happens. Undefined where the
 * runtime has no engine, or the folder takes no file: a database of at most 1 GiB is then checked in memory.
 *
 * @throws WalkitError `database/integrity-skipped` where a larger one cannot be checked, or there is no room for it
 */
export async function openIntegrityCheck(
  size: number,
  signal?: AbortSignal,
  { folder = tmpdir() }: TemporaryOptions = {},
): Promise<IntegrityCheck | undefined> {
  signal?.throwIfAborted();
  const inMemory = size <= MAX_INTEGRITY_SIZE;
  if (!hasEngine()) {
    if (inMemory) return undefined;
    throw noEngine(size);
  }
  const free = await freeBytes(folder);
  if (free !== undefined && free < size * ROOM) {
    if (inMemory) return undefined;
    throw noRoom(folder, `found ${free} bytes free`, size);
  }
  try {
    return await TemporaryDatabase.open(folder);
  } catch (error) {
    if (inMemory) return undefined;
    throw noRoom(folder, `found that it takes none: ${messageOf(error)}`, size);
  }
}

/** Others need some room as well. */
const ROOM = 1.05;

class TemporaryDatabase implements IntegrityCheck {
  readonly sink: DatabaseSink = { write: (chunk) => this.#write(chunk) };
  readonly #folder: string;
  readonly #within: string;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #clean: () => void;
  #end = 0;

  private constructor(folder: string, within: string, file: FileHandle, clean: () => void) {
    this.#folder = folder;
    this.#within = within;
    this.#path = join(folder, NAME);
    this.#file = file;
    this.#clean = clean;
  }

  /** In a folder of its own, so that nobody else lays a journal beside it. */
  static async open(within: string): Promise<TemporaryDatabase> {
    const folder = await mkdtemp(join(within, "walkit-"));
    // After a second signal the event loop is gone: this must be done at once.
    const clean = () => rmSync(folder, { recursive: true, force: true });
    process.once("exit", clean);
    try {
      const file = await open(join(folder, NAME), "wx+", 0o600);
      return new TemporaryDatabase(folder, within, file, clean);
    } catch (error) {
      process.removeListener("exit", clean);
      clean();
      throw error;
    }
  }

  async #write(chunk: DatabaseWrite): Promise<void> {
    try {
      if (chunk.type === "truncate") return await this.#file.truncate(chunk.size);
      let { data, position } = chunk;
      this.#end = Math.max(this.#end, position + data.length);
      while (data.length > 0) {
        const { bytesWritten } = await this.#file.write(data, 0, data.length, position);
        data = data.subarray(bytesWritten);
        position += bytesWritten;
      }
    } catch (error) {
      throw noRoom(this.#within, `found ${messageOf(error)}`, this.#end);
    }
  }

  async check(how: "quick" | "full", signal?: AbortSignal): Promise<void> {
    try {
      await this.#leaveWalMode();
    } catch (error) {
      throw noRoom(this.#within, `found ${messageOf(error)}`, this.#end);
    }
    await checkFileIntegrity(this.#path, how, { signal, remove: true });
  }

  /** SQLite opens a database in WAL mode, for reading only, but with two files beside it. */
  async #leaveWalMode(): Promise<void> {
    const versions = new Uint8Array(2);
    const { bytesRead } = await this.#file.read(versions, 0, 2, 18);
    if (bytesRead < 2 || !versions.includes(2)) return;
    await this.#file.write(
      versions.map((version) => (version === 2 ? 1 : version)),
      0,
      2,
      18,
    );
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(this.#folder, { recursive: true, force: true });
    process.removeListener("exit", this.#clean);
  }
}

const NAME = "database";

async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

function noRoom(folder: string, found: string, size: number): WalkitError {
  return skipped(`which needs a temporary file of ${size} bytes in ${folder}, ${found}`, {
    do: "make-room",
    permit: process.versions.deno !== undefined,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
