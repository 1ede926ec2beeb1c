/** What something is that is no replica: told by the bytes it begins with, and by the names in it. */

import { readUint32BE } from "../../src/bytes.ts";
import { FrameDecoder } from "../../src/lz4/index.ts";
import { isDatabase } from "../../src/sqlite/header.ts";
import { isJunk } from "../../src/storage/paths.ts";
import type { Storage } from "../../src/storage/storage.ts";
import type { Thing } from "../app/protocol/thing.ts";

type FileKind = Exclude<Thing, { files: number }>;
type FolderKind = Extract<Thing, { files: number }>;

/** Files of a folder that are counted. */
const MOST_FILES = 100_000;
/** Files of a folder that are opened, to see whether they are databases. */
const MOST_OPENED = 24;
/** Bytes of a file that are looked at; of an LZ4 frame: its first block, which has up to 4 MiB. */
const HEAD = 512;
const BLOCK = (4 << 20) + 64;

const PACKED: readonly (readonly [magic: string, by: string])[] = [
  ["\xfd7zXZ\0", "xz"],
  ["BZh", "bzip2"],
  ["\x28\xb5\x2f\xfd", "zstd"],
  ["7z\xbc\xaf\x27\x1c", "7-Zip"],
  ["Rar!\x1a\x07", "RAR"],
];

/** Of a WAL with checksums in little endian; one more: in big endian. */
const WAL_MAGIC = 0x377f0682;

/** What walkit opens by itself, where it is whole. */
const ARCHIVES = ["\x1f\x8b", "PK\x03\x04", "PK\x05\x06", "PK\x07\x08"];

/** One file that is no archive of a replica, or one that is not whole. */
export async function fileThing(file: Blob, name: string): Promise<FileKind> {
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  const kind = isLz4(head) ? await lz4Kind(file, name) : kindOfHead(head);
  if (kind) return { kind, name };
  const text = latin(head, 262);
  const packed = PACKED.find(([magic]) => text.startsWith(magic));
  if (packed) return { kind: "packed", name, by: packed[1] };
  const isArchive = ARCHIVES.some((magic) => text.startsWith(magic)) || text.slice(257) === "ustar";
  if (isArchive || (head.length > 0 && /\.(tar|tar\.gz|tgz|zip)$/i.test(name)))
    return { kind: "broken-archive", name };
  return { kind: head.length === 0 ? "empty-file" : "unknown-file", name };
}

/** What belongs to a database or to its backup. */
function kindOfHead(head: Uint8Array): FileKind["kind"] | undefined {
  if (isDatabase(head)) return "database";
  if (isWal(head)) return "wal";
  const text = latin(head, 64);
  if (text.startsWith("LTX1")) return "ltx";
  const isAge = /^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE)/.test(text);
  return isAge ? "encrypted" : undefined;
}

function isLz4(head: Uint8Array): boolean {
  return latin(head, 4) === "\x04\x22\x4d\x18";
}

/** Segments from the middle of a WAL begin with no header: these are told by their name. */
async function lz4Kind(file: Blob, name: string): Promise<FileKind["kind"]> {
  const content = unpackedHead(new Uint8Array(await file.slice(0, BLOCK).arrayBuffer()));
  if (isDatabase(content)) return "snapshot";
  return isWal(content) || /\.wal\.lz4$/.test(name) ? "segment" : "lz4";
}

function isWal(bytes: Uint8Array): boolean {
  const magic = bytes.length < 4 ? 0 : readUint32BE(bytes, 0);
  return magic === WAL_MAGIC || magic === WAL_MAGIC + 1;
}

function latin(bytes: Uint8Array, count: number): string {
  return String.fromCharCode(...bytes.subarray(0, count));
}

/** What an LZ4 frame begins with. */
function unpackedHead(head: Uint8Array): Uint8Array {
  const found: Uint8Array[] = [];
  try {
    for (const piece of new FrameDecoder().push(head)) {
      found.push(piece.slice());
      break;
    }
  } catch {
    // What comes before the fault is enough.
  }
  return found[0] ?? new Uint8Array(0);
}

/** A folder, or an archive's content, in which there is no replica. */
export async function folderThing(
  storage: Storage,
  name: string,
  signal: AbortSignal | undefined,
): Promise<FolderKind> {
  const endings = new Map<string, number>();
  const candidates: { path: string; likely: boolean }[] = [];
  const [pieces, archives, nameless] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let [files, ltx, metadata] = [0, 0, false];
  for await (const { path } of storage.list("", { signal })) {
    if (isJunk(path) || path.endsWith("/")) continue;
    if (++files > MOST_FILES) break;
    const own = path.slice(path.lastIndexOf("/") + 1);
    const ending = /[^.]\.([a-z0-9]{1,12})$/i.exec(own)?.[1]?.toLowerCase() ?? "";
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
    if (ending === "ltx") ltx++;
    else if (/\.(snapshot|wal)\.lz4$/.test(own)) {
      const above = /(?:^|\/)([^/]+)\/(?:snapshots|wal)\/[^/]+$/.exec(path)?.[1];
      if (above === undefined) pieces.add(path);
      else nameless.add(above);
    } else if (/(^|\/)generations\/[0-9a-f]{16}\/wal\/[0-9a-f]{8}\.wal$/.test(path)) metadata = true;
    else if (/\.(tar|tgz|tar\.gz|zip)$/i.test(own)) archives.add(path);
    const likely = /^(db3?|sqlite3?)$/.test(ending);
    if (likely || candidates.length < MOST_OPENED) candidates.push({ path, likely });
  }
  const about = { name, files: Math.min(files, MOST_FILES), most: files > MOST_FILES };
  const sorted = [...endings].sort((a, b) => b[1] - a[1]);
  const as = (kind: FolderKind["kind"], found: Iterable<string> = []): FolderKind => {
    return { kind, ...about, found: [...found].slice(0, 5), endings: sorted.slice(0, 4) };
  };
  if (files === 0) return as("empty");
  if (ltx > 0) return as("ltx-folder");
  if (metadata) return as("metadata");
  if (nameless.size > 0) return as("nameless", nameless);
  if (pieces.size > 0) return as("pieces", pieces);
  const databases = await databasesAmong(storage, candidates, signal);
  if (databases.length > 0) return as("databases", databases);
  if (archives.size > 0) return as("archives", archives);
  return as("files");
}

async function databasesAmong(
  storage: Storage,
  files: { path: string; likely: boolean }[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const found: string[] = [];
  // What is called a database first.
  for (const { path } of files.sort((a, b) => Number(b.likely) - Number(a.likely)).slice(0, MOST_OPENED)) {
    try {
      for await (const piece of storage.read(path, { signal, end: 16 })) {
        if (isDatabase(piece)) found.push(path);
        break;
      }
    } catch {
      signal?.throwIfAborted();
    }
  }
  return found;
}
