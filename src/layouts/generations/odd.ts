/** Errors for what hardly any replica has in it. */

import { WalkitError } from "../../errors.ts";

/** A folder at `path`, where a file should be; `inside` is what the listing has of it. */
export function folderInPlace(path: string, inside: string): WalkitError {
  const isMinio = inside.endsWith("/xl.meta");
  const found = isMinio ? "a folder with xl.meta in it: this is the disk of a MinIO server" : "a folder";
  return new WalkitError("storage/unreadable", `Expected a file at ${path}, found ${found}`, {
    path,
    remedy: isMinio ? { do: "copy", from: "minio" } : { do: "bring-back", what: "file" },
  });
}

/** A file of Litestream's by its name, whose numbers are larger than walkit's; undefined where it is none. */
export function pastNumbers(path: string, inside: readonly string[]): WalkitError | undefined {
  if (!WIDE.test(inside.join("/"))) return undefined;
  return new WalkitError(
    "storage/unreadable",
    `Expected a WAL index up to ffffffff and an offset below 2^53, found more in the name ${path}`,
    { path, remedy: { do: "find-writer" } },
  );
}

/** Numbers of 16 digits. What has fewer is read. */
const WIDE =
  /^(snapshots\/[0-9a-f]{16}\.snapshot|wal\/([0-9a-f]{16}\/[0-9a-f]{16}|[0-9a-f]{8}_[1-9a-f][0-9a-f]{13,15})\.wal)\.lz4$/;
