/** An archive on disk, opened as a storage: read where it lies; a `.tar.gz` is unpacked into memory, or a temporary file. */

import { close, closeSync, constants, fstatSync, openSync, read, rmSync, write } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { WalkitError } from "../errors.ts";
import { archiveKindOf, openArchive } from "../storage/archive.ts";
import type { BlobLike } from "../storage/blob.ts";
import type { UnpackedParts } from "../storage/gzip.ts";
import { type FoundReplica, findReplicas } from "./find.ts";

const readAt = promisify(read);
const writeAt = promisify(write);

/** What is unpacked of a `.tar.gz` is kept in memory up to this size, in bytes. */
const IN_MEMORY = 64 << 20;
/** Bytes that a `.tar.gz` may unpack to: a small one can fill any disk. */
const MAX_BYTES = 64 * 2 ** 30;

/** A range of an open file. */
class FileBlob implements BlobLike {
  readonly size: number;
  readonly #file: number;
  readonly #start: number;

  constructor(file: number, start: number, size: number) {
    this.#file = file;
    this.#start = start;
    this.size = size;
  }

  slice(start = 0, end: number = this.size): BlobLike {
    const from = Math.min(start, this.size);
    return new FileBlob(this.#file, this.#start + from, Math.max(0, Math.min(end, this.size) - from));
  }

  /** Shorter where the file has become so. */
  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(this.size);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await readAt(this.#file, bytes, at, bytes.length - at, this.#start + at);
      if (bytesRead === 0) return bytes.buffer.slice(0, at);
      at += bytesRead;
    }
    return bytes.buffer;
  }
}

/** In memory up to a size, then in a file that has no name any more: whatever happens, it is gone with the process. */
class SpillingParts implements UnpackedParts {
  #size = 0;
  #pieces: Uint8Array[] = [];
  #file: number | undefined;
  readonly #onFile: (file: number) => void;

  constructor(onFile: (file: number) => void) {
    this.#onFile = onFile;
  }

  get size(): number {
    return this.#size;
  }

  async add(piece: Uint8Array): Promise<void> {
    this.#size += piece.length;
    this.#pieces.push(piece.slice());
    if (this.#size <= IN_MEMORY) return;
    const pieces = this.#pieces;
    this.#pieces = [];
    let at = this.#size - pieces.reduce((sum, { length }) => sum + length, 0);
    try {
      this.#file ??= this.#open();
      for (const bytes of pieces) {
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await writeAt(this.#file, bytes, done, bytes.length - done, at);
          done += bytesWritten;
          at += bytesWritten;
        }
      }
    } catch (cause) {
      throw new WalkitError(
        "storage/unreadable",
        `Cannot unpack the archive into ${tmpdir()}: ${(cause as Error).message}`,
        {
          cause,
          remedy: { do: "unpack", because: "no-room" },
        },
      );
    }
  }

  #open(): number {
    const path = join(tmpdir(), `.walkit-${crypto.randomUUID()}.tmp`);
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    // Where a file in use keeps its name, it goes at the end.
    process.once("exit", () => rmSync(path, { force: true }));
    rmSync(path, { force: true });
    this.#onFile(file);
    return file;
  }

  blob(): BlobLike {
    if (this.#file !== undefined) return new FileBlob(this.#file, 0, this.#size);
    const all = new Blob(this.#pieces as Uint8Array<ArrayBuffer>[]);
    this.#pieces = [];
    return all;
  }
}

export interface OpenedArchive {
  /** The one replica that is meant. */
  found: FoundReplica;
  close(): Promise<void>;
}

/**
 * Opens the archive `path`, and finds the replica at `inside` in it: a path as it is in the archive; empty for the only one.
 *
 * @returns undefined where the file is no archive, by its content and by its name
 * @throws WalkitError `storage/*`, `replica/not-a-replica`, `replica/ltx`
 */
export async function openArchiveFile(
  path: string,
  inside: string,
  location: string,
): Promise<OpenedArchive | undefined> {
  const open: number[] = [];
  const closeAll = async () => {
    for (const file of open.splice(0)) await promisify(close)(file);
  };
  try {
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    open.push(file);
    const blob = new FileBlob(file, 0, fstatSync(file).size);
    const head = new Uint8Array(await blob.slice(0, 512).arrayBuffer());
    if (!archiveKindOf(head) && !/\.(tar|tgz|tar\.gz|zip)$/i.test(path)) {
      await closeAll();
      return undefined;
    }
    const newParts = () => new SpillingParts((spilled) => open.push(spilled));
    const storage = await openArchive(blob, { maxBytes: MAX_BYTES, newParts });
    const found = choose(await findReplicas(storage), path, inside, location);
    return { found, close: closeAll };
  } catch (error) {
    for (const file of open.splice(0)) closeSync(file);
    if (error instanceof WalkitError) throw error.with({ path: location });
    throw new WalkitError("storage/unreadable", `Cannot read ${path}: ${(error as Error).message}`, {
      ...{ path: location, cause: error },
      remedy: { do: "check", what: "permission" },
    });
  }
}

function choose(found: FoundReplica[], archive: string, inside: string, location: string): FoundReplica {
  if (inside === "" && found.length === 1) return found[0]!;
  for (const replica of found) {
    const { path, prefix } = replica;
    if (inside !== "" && (inside === path || `${inside}/` === prefix)) return replica;
    if (replica.onlyLtx?.startsWith(`${inside}/`) && inside === `${prefix}ltx`) return replica;
    const generation = inside.slice(prefix.length);
    if (inside === prefix + generation && /^[0-9a-f]{16}$/.test(generation))
      return { ...replica, generation };
  }
  const names = found.map((replica) => namedIn(archive, replica));
  const list = names.slice(0, 20).join(", ") + (names.length > 20 ? ` and ${names.length - 20} more` : "");
  throw new WalkitError(
    "replica/not-a-replica",
    inside === ""
      ? `Expected one replica in ${location}, found ${found.length}: ${list}`
      : `Expected a replica at ${inside} in ${archive}, found none there; there is ${list}`,
    { path: location, remedy: { do: "name-replica", where: "archive", paths: names.slice(0, 20) } },
  );
}

/** How a replica in an archive is named on the command line. */
function namedIn(archive: string, { path, prefix }: FoundReplica): string {
  const inside = path || prefix.replace(/\/$/, "");
  return inside === "" ? archive : join(dirname(archive), basename(archive), inside);
}
