/** The package as npm sees it: its doors open, its lock file is complete for every platform. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const readJson = (name: string) => JSON.parse(readFileSync(ROOT + name, "utf8"));
const manifest = readJson("package.json");

const DOORS: Record<string, string[]> = {
  ".": [
    "verify",
    "restore",
    "listMoments",
    "overview",
    "replicaIn",
    "planRestore",
    "readChanges",
    "run",
    "MemoryStorage",
    "MemorySink",
    "WalkitError",
    "parseTime",
  ],
  "./lz4": [
    "compress",
    "decompress",
    "FrameDecoder",
    "FrameEncoder",
    "compressBlock",
    "decompressBlock",
    "xxh32",
  ],
  "./wal": ["WalReader", "WalWriter", "parseWalHeader", "walChecksum", "readTransactions"],
  "./ltx": [
    "LtxReader",
    "LtxWriter",
    "LtxMerge",
    "parseLtxHeader",
    "parseLtxName",
    "pageChecksum",
    "DatabaseChecksum",
    "readLtxOutline",
    "readPageIndex",
    "decodePageFrame",
  ],
  "./snapshot": ["readCatalog", "parseSegmentName", "formatPosition", "parseDatabaseHeader"],
  "./timeline": ["readLineage", "pathTo", "historyOf", "parseHistory", "parseRestorePoints", "parseTarget"],
  "./words": ["describeFinding", "wordRemedy", "stepsText"],
  "./node": ["openReplica", "restoreFile", "DirectoryStorage", "openIntegrityCheck", "checkFileIntegrity"],
  "./web": [
    "openArchive",
    "HandleStorage",
    "FileListStorage",
    "HttpStorage",
    "findReplicas",
    "HandleSink",
    "BlobSink",
  ],
};

describe("the doors", () => {
  it("are those that the manifest names", () => {
    expect(Object.keys(manifest.exports).sort()).toEqual([...Object.keys(DOORS), "./package.json"].sort());
  });

  it.each(Object.entries(DOORS))("%s opens on what it promises", async (door, names) => {
    const built = await import(`walkit${door.slice(1)}`);
    for (const name of names) expect(built[name], name).toBeTypeOf("function");
  });
});

it("is locked for every platform, without download addresses", () => {
  const { packages } = readJson("package-lock.json") as {
    packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }>;
  };
  // npm ci refuses a lock file that leaves out an optional package of another platform.
  for (const [path, { resolved, optionalDependencies = {} }] of Object.entries(packages)) {
    expect(resolved, path).toBeUndefined();
    for (const name of Object.keys(optionalDependencies))
      expect(packages).toHaveProperty([`node_modules/${name}`]);
  }
});
