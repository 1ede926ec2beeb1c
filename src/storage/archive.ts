/** One file that holds a whole replica: `.tar`, `.tar.gz` or `.zip`, told by its content. */

import type { WalkitError } from "../errors.ts";
import { isDatabase } from "../sqlite/header.ts";
import { asError, type BlobLike, readBlob, unreadable } from "./blob.ts";
import { gunzip, type UnpackedParts } from "./gzip.ts";
import { IndexedStorage } from "./indexed.ts";
import type { Skipped } from "./paths.ts";
import { type ArchiveIndex, type IndexOptions, indexTar } from "./tar.ts";
import { beginsTar } from "./tar-header.ts";
import { indexZip } from "./zip.ts";

/** The archives that can be opened. */
export type ArchiveKind = "tar" | "tar.gz" | "zip";

/** What opening an archive may take. */
export interface ArchiveOptions {
  signal?: AbortSignal | undefined;
  /** Bytes that a `.tar.gz` may unpack to, in memory; 2 GiB by default. */
  maxBytes?: number | undefined;
  /** Entries that an archive may have; a million by default. */
  maxEntries?: number | undefined;
  /** Told of a `.tar.gz`'s bytes as they are unpacked; all are `blob.size`. */
  onRead?: ((bytes: number) => void) | undefined;
  /** A new place for what a `.tar.gz` unpacks to; by default memory. */
  newParts?: (() => UnpackedParts) | undefined;
}

const MAX_BYTES = 2 ** 31;
const MAX_ENTRIES = 1_000_000;

/**
 * The files in an archive. Times are those that the archive keeps: of PAX to the nanosecond, of other tars whole seconds, of a
 * zip 100 ns or whole seconds; none where a zip has but the local time of DOS, whose place in the world it does not tell.
 */
export class ArchiveStorage extends IndexedStorage {
  readonly kind: ArchiveKind;
  /** What is in the archive and not in the storage: links, devices, paths that lead out of it, files replaced by later ones. */
  readonly skipped: readonly Skipped[];

  constructor(kind: ArchiveKind, { files, skipped }: ArchiveIndex) {
    super(files);
    this.kind = kind;
    this.skipped = skipped;
  }
}

/**
 * Opens an archive. A `.tar` and a `.zip` are read where they are; a `.tar.gz` is unpacked into memory.
 *
 * @throws WalkitError `storage/unreadable`: no archive of these kinds, damaged, ending early, too large
 */
export async function openArchive(blob: BlobLike, options: ArchiveOptions = {}): Promise<ArchiveStorage> {
  const { signal, maxBytes = MAX_BYTES, maxEntries = MAX_ENTRIES, onRead, newParts } = options;
  const index: IndexOptions = { signal, maxEntries, faultOf: archiveFault };
  const head = await headOf(blob, signal);
  const kind = archiveKindOf(head);
  if (!kind) throw foreign("a .tar, .tar.gz or .zip archive", head);
  if (kind === "zip") return new ArchiveStorage(kind, await indexZip(blob, index));
  if (kind === "tar") return new ArchiveStorage(kind, await indexTar(blob, index));
  const gzip = { signal, maxBytes, onRead, newParts, check: checkUnpacked, faultOf: archiveFault };
  const tar = await gunzip(blob, gzip);
  return new ArchiveStorage(kind, await indexTar(tar, index));
}

async function headOf(blob: BlobLike, signal: AbortSignal | undefined): Promise<Uint8Array> {
  for await (const piece of readBlob(blob, "", { signal, end: 512 }, archiveFault)) return piece;
  return new Uint8Array(0);
}

const ZIP = ["PK\x03\x04", "PK\x05\x06", "PK\x07\x08"];

const FOREIGN: readonly (readonly [magic: string, name: string])[] = [
  ["\xfd7zXZ\0", "an xz file"],
  ["BZh", "a bzip2 file"],
  ["\x28\xb5\x2f\xfd", "a zstd file"],
  ["7z\xbc\xaf\x27\x1c", "a 7z archive"],
  ["Rar!\x1a\x07", "a RAR archive"],
  ["\x04\x22\x4d\x18", "a single LZ4 file"],
];

/** What kind of archive begins with `head`, 512 bytes of it; undefined where it is none. */
export function archiveKindOf(head: Uint8Array): ArchiveKind | undefined {
  const text = String.fromCharCode(...head);
  if (text.startsWith("\x1f\x8b")) return "tar.gz";
  if (ZIP.some((magic) => text.startsWith(magic))) return "zip";
  return beginsTar(head) || text.slice(257, 262) === "ustar" ? "tar" : undefined;
}

function checkUnpacked(head: Uint8Array): void {
  const isTar = beginsTar(head) || String.fromCharCode(...head.subarray(257, 262)) === "ustar";
  if (!isTar) throw foreign("a tar archive in the gzip file", head);
}

function foreign(expected: string, head: Uint8Array): WalkitError {
  const text = String.fromCharCode(...head.subarray(0, 16));
  const name = isDatabase(head)
    ? "a SQLite database itself, not a replica of one"
    : FOREIGN.find(([magic]) => text.startsWith(magic))?.[1];
  const found = name ?? (head.length === 0 ? "an empty file" : "something else");
  return unreadable("", `Expected ${expected}, found ${found}`, {
    remedy: { do: "pack", how: "as-tar" },
  });
}

/** The archive's own file cannot be read (any more), whichever of the files in it was asked for. */
function archiveFault(path: string, cause: unknown): WalkitError {
  const { name, message } = asError(cause);
  return unreadable(path, `Cannot read ${path || "the archive"}: ${message || name}`, {
    cause,
    remedy: { do: "pick-again" },
  });
}
