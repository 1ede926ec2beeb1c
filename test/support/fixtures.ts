/** The golden replicas of `test/fixtures/litestream-0.3`, with what the real Litestream restored from them. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type MemoryFile, MemoryStorage } from "../../src/storage/index.ts";

export const FIXTURES: string = fileURLToPath(new URL("../fixtures/litestream-0.3/", import.meta.url));

export interface RecordedRestore {
  id: string;
  generation?: string;
  index?: number;
  timestampNs?: string;
  args: string[];
  exitCode: number;
  error?: string;
  db?: { sha256: string; size: number; appDumpSha256: string; integrityOk: boolean };
  undamaged?: { exitCode: number; sha256?: string };
  sameAsUndamaged?: boolean;
  verdict?: string;
}

export interface RecordedFile {
  path: string;
  index: number;
  offset?: number;
  size: number;
  mtimeNs: string;
  sha256: string;
  decompressedSize?: number;
  decompressedSha256?: string;
}

export interface Manifest {
  name: string;
  kind: "golden" | "variant";
  base?: string;
  what?: string;
  changedFiles?: string[];
  detail?: Record<string, unknown>;
  generations: { id: string; snapshots: RecordedFile[]; wal: RecordedFile[] }[];
  list?: Record<string, { stdout: string } | string>;
  restores: RecordedRestore[];
}

export const GOLDEN: string[] = names("");
export const DAMAGED: string[] = names("damaged/");

function names(folder: string): string[] {
  return readdirSync(FIXTURES + folder)
    .filter((name) => name.endsWith(".tar"))
    .map((name) => folder + name.slice(0, -4))
    .sort();
}

export function readManifest(name: string): Manifest {
  return JSON.parse(readFileSync(`${FIXTURES}${name}.json`, "utf8"));
}

export function tarPath(name: string): string {
  return `${FIXTURES}${name}.tar`;
}

/** A fixture in memory, with times to the nanosecond. Empty folders are kept as `path/`. */
export function readFixture(name: string): MemoryStorage {
  return new MemoryStorage(readTar(readFileSync(tarPath(name))));
}

/** Just enough of PAX: `mtime` with nine decimal places, plain names. */
export function readTar(tar: Uint8Array): Map<string, MemoryFile> {
  const text = (start: number, end: number) =>
    new TextDecoder().decode(tar.subarray(start, end)).replace(/\0.*$/s, "");
  const files = new Map<string, MemoryFile>();
  const folders = new Set<string>();
  let pax = new Map<string, string>();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, at + 136), 8);
    const type = String.fromCharCode(tar[at + 156]!);
    const data = tar.slice(at + 512, at + 512 + size);
    if (type === "x") {
      pax = new Map(
        [...new TextDecoder().decode(data).matchAll(/\d+ ([^=]+)=([^\n]*)\n/g)].map((m) => [m[1]!, m[2]!]),
      );
    } else {
      const prefix = text(at + 345, at + 500);
      const path = pax.get("path") ?? (prefix ? `${prefix}/` : "") + text(at, at + 100);
      const [seconds, fraction = ""] = (pax.get("mtime") ?? text(at + 136, at + 148)).split(".");
      const modified = BigInt(seconds!) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0").slice(0, 9));
      if (type === "5") folders.add(path.replace(/\/?$/, "/"));
      else files.set(path, { data, modified });
      pax = new Map();
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  const all = [...files.keys(), ...folders];
  for (const folder of folders) {
    if (!all.some((path) => path !== folder && path.startsWith(folder))) {
      files.set(folder, { data: new Uint8Array(0), modified: undefined });
    }
  }
  return files;
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
