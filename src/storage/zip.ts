/**
 * A zip archive as files. Its directory is read by zip.js: the reader alone, 22 KB that are loaded with the first zip. What it
 * tells is held against the files themselves when they are read.
 */

import { WalkitError } from "../errors.ts";
import { giveTurn } from "../turn.ts";
import { type BlobLike, type FaultOf, unreadable } from "./blob.ts";
import { cleanArchivePath, emptyFolders, isJunk, isReplicaPath } from "./paths.ts";
import { type ArchiveIndex, type IndexOptions, leftOut } from "./tar.ts";
import { addCrc32, DEFLATED, type PackedFile, readPacked, STORED } from "./zip-entry.ts";

type ZipModule = typeof import("@zip.js/zip.js/lib/zip-core-reader.js");
type Reader = ConstructorParameters<ZipModule["ZipReader"]>[0];
type FileEntry = import("@zip.js/zip.js/lib/zip-core-reader.js").FileEntry;

/** Bytes that the list of files may have. Of a million of a replica's it has 150 MB. */
const MAX_DIRECTORY = 1 << 28;

/**
 * What zip.js remarks of an archive and does no harm. All else means that the list of files is not of this archive alone, or not
 * of all of it: fewer entries counted than are listed, one archive behind the other, two places where the list could be.
 */
const HARMLESS = /^(unsorted central directory|unknown version|malformed extra field|wrapped entries count)/;

/**
 * Finds the files in a zip archive.
 *
 * @throws WalkitError `storage/unreadable` where it is damaged, ends early, is too large, is ambiguous, has one name twice
 */
export async function indexZip(blob: BlobLike, options: IndexOptions): Promise<ArchiveIndex> {
  const { signal, maxEntries, faultOf } = options;
  const { ZipReader } = await import("@zip.js/zip.js/lib/zip-core-reader.js");
  const index: ArchiveIndex = { files: new Map(), skipped: [] };
  const folders: string[] = [];
  const reader = new ZipReader(readerOf(blob, options));
  let count = 0;
  try {
    for await (const entry of reader.getEntriesGenerator({ filenameValidation: "tolerant" })) {
      await giveTurn();
      signal?.throwIfAborted();
      if (++count > maxEntries) {
        throw unreadable("", `Expected an archive of at most ${maxEntries} entries, found more`, {
          remedy: { do: "unpack", because: "limit" },
        });
      }
      const skip = (reason: string) => void index.skipped.push({ path: entry.filename, reason });
      // Older programs of Windows write its own separator, against the format's rules.
      const clean = cleanArchivePath(entry.filename, { backslashes: true });
      const isFolder = entry.directory || entry.filename.endsWith("\\");
      if ("reason" in clean) skip(clean.reason);
      else if (isFolder && entry.uncompressedSize > 0) skip("it is a folder, and has bytes");
      else if (isFolder) {
        if (clean.path !== "" && !isJunk(clean.path)) folders.push(clean.path);
      } else if (clean.path === "") skip("it has no name");
      else if (isJunk(clean.path)) skip("it is macOS's own");
      else if (entry.symlink) {
        skip("it is a symbolic link");
        if (isReplicaPath(clean.path)) {
          index.files.set(clean.path, { unreadable: leftOut(clean.path, "it is a symbolic link") });
        }
      } else if (!entry.directory) add(index, clean.path, entry, blob, faultOf);
    }
  } catch (error) {
    throw error instanceof WalkitError || signal?.aborted ? error : noZip(error);
  }
  const doubt = reader.warnings?.find(({ reason }) => !HARMLESS.test(reason));
  if (doubt) throw noZip(new Error(`it is ambiguous, with ${doubt.reason}`));
  for (const folder of await emptyFolders(folders, index.files.keys(), signal)) index.files.set(folder, {});
  return index;
}

function add(
  { files }: ArchiveIndex,
  path: string,
  entry: FileEntry,
  blob: BlobLike,
  faultOf: FaultOf,
): void {
  // Which one of them counts, programs disagree on.
  if (files.has(path)) {
    throw unreadable(path, `Expected one ${path} in the zip archive, found two`, {
      remedy: { do: "unpack", because: "same-name-twice" },
    });
  }
  const { offset, compressedSize: packedSize, uncompressedSize: size, compressionMethod: method } = entry;
  const nameCrc32 = addCrc32(0, entry.rawFilename);
  const packed: PackedFile = { offset, packedSize, size, method, crc32: entry.crc32 ?? 0, nameCrc32 };
  files.set(path, {
    size,
    modified: timeOf(entry),
    unreadable: whyUnreadable(path, entry),
    read: (options) => readPacked(blob, path, packed, options, faultOf),
  });
}

function whyUnreadable(path: string, entry: FileEntry): WalkitError | undefined {
  const { encrypted, compressionMethod } = entry;
  if (encrypted) {
    return unreadable(path, `Expected ${path} without a password, found it encrypted`, {
      remedy: { do: "unpack", because: "encrypted-or-rare" },
    });
  }
  if (compressionMethod === STORED || compressionMethod === DEFLATED) return undefined;
  const message = `Expected ${path} stored or deflated, found zip's compression method ${compressionMethod}`;
  return unreadable(path, message, { remedy: { do: "unpack", because: "encrypted-or-rare" } });
}

/** 1601 to 1970, in units of 100 ns. */
const NTFS_EPOCH = 116_444_736_000_000_000n;

/**
 * Of NTFS in units of 100 ns, else the extended timestamp in whole seconds. Undefined where there is only the time of DOS:
 * that is local time, of a place which the archive does not tell. Taken for UTC it would be off by hours, and a restore to a
 * time would, without a sign, end at another one.
 */
function timeOf({ extraField }: FileEntry): bigint | undefined {
  const ntfs = extraField?.get(0x000a)?.data;
  if (ntfs && ntfs.length >= 16) {
    const view = new DataView(ntfs.buffer, ntfs.byteOffset, ntfs.byteLength);
    const time = view.getBigUint64(8, true);
    if (view.getUint16(4, true) === 1 && time > 0n) return (time - NTFS_EPOCH) * 100n;
  }
  const extended = extraField?.get(0x5455)?.data;
  if (!extended || extended.length < 5 || (extended[0]! & 1) === 0) return undefined;
  const view = new DataView(extended.buffer, extended.byteOffset, extended.byteLength);
  return BigInt(view.getInt32(1, true)) * 1_000_000_000n;
}

/** zip.js's own takes the browser's Blobs only, its errors are not ours, and it knows no signal. */
function readerOf(blob: BlobLike, { signal, faultOf }: IndexOptions): Reader {
  const reader = {
    size: blob.size,
    async readUint8Array(offset: number, length: number): Promise<Uint8Array> {
      await giveTurn();
      signal?.throwIfAborted();
      if (length > MAX_DIRECTORY && blob.size - offset > MAX_DIRECTORY) {
        const expected = `a list of files of at most ${MAX_DIRECTORY} bytes in the zip archive`;
        throw unreadable("", `Expected ${expected}, found ${length}`, {
          remedy: { do: "unpack", because: "limit" },
        });
      }
      try {
        return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      } catch (error) {
        throw faultOf("", error);
      }
    },
  };
  return reader as unknown as Reader;
}

function noZip(cause: unknown): WalkitError {
  const { message, reason } = cause as { message: string; reason?: string };
  const found = reason === undefined ? message : `${message} (${reason})`;
  return unreadable(
    "",
    `Expected a whole zip archive, found that its list of files cannot be read: ${found}`,
    {
      cause,
      remedy: { do: "fetch-again", what: "archive" },
    },
  );
}
