/** The built command, run as a user would, over fixtures unpacked with the system's `tar` (it keeps nanoseconds). */

import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect } from "vitest";
import { compressBlock, compressBlockBound } from "../../src/lz4/index.ts";
import { sha256, tarPath } from "../support/fixtures.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const MAIN: string = join(ROOT, "dist/cli/main.js");

/** Compiles where `dist` is missing or older than `src`. Test files run side by side: one builds, the others wait. */
export function build(): void {
  const lock = join(ROOT, "node_modules/.walkit-build");
  for (let tries = 0; isStale(); tries++) {
    try {
      mkdirSync(lock);
    } catch {
      if (tries > 300) rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      continue;
    }
    try {
      const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/build.mjs"], {
        cwd: ROOT,
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(stdout + stderr);
      return;
    } finally {
      rmdirSync(lock);
    }
  }
}

function isStale(): boolean {
  if (!existsSync(MAIN)) return true;
  const built = statSync(MAIN).mtimeMs;
  // Of the page as well; not the pictures that are taken of it.
  const source = ["src", "web"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }),
  );
  const isSource = (path: string) => !path.includes(".screenshots");
  return source.some(
    (e) => e.isFile() && isSource(e.parentPath) && statSync(join(e.parentPath, e.name)).mtimeMs > built,
  );
}

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
  bytes: Buffer;
}

/** Runs `walkit ...args` to its end. */
export async function walkit(args: string[], options: SpawnOptions = {}): Promise<Run> {
  const run = await new Promise<Run>((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { ...options, stdio: "pipe" });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout!.on("data", (data) => out.push(data));
    child.stderr!.on("data", (data) => err.push(data));
    child.on("error", reject);
    child.on("close", (code) => {
      const bytes = Buffer.concat(out);
      resolve({ code, stdout: bytes.toString(), stderr: Buffer.concat(err).toString(), bytes });
    });
  });
  expect(run.stderr, "never a stack trace").not.toMatch(/^\s+at .*\(|internal error/m);
  return run;
}

/** Runs with `--json`, and parses. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at what is there; the keys are held against docs/json.md
export async function walkitJson(args: string[]): Promise<{ code: number | null; json: any }> {
  const { code, stdout } = await walkit([...args, "--json"]);
  return { code, json: JSON.parse(stdout) };
}

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "walkit-cli-"));
  made.push(folder);
  return folder;
}

/** Unpacks a fixture into a new folder (or `into`). */
export function unpack(name: string, into: string = join(temporaryFolder(), "replica")): string {
  mkdirSync(into, { recursive: true });
  const { status, stderr } = spawnSync("tar", ["xf", tarPath(name), "-C", into], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return into;
}

export function hashOf(path: string): string {
  return sha256(readFileSync(path));
}

/** The fixture `basic` with a snapshot that takes long to decompress: 6 pages, then gigabytes of zeros. */
export function slowReplica(): string {
  const replica = unpack("basic");
  const path = join(replica, "generations/f73d382fd730c09a/snapshots/00000000.snapshot.lz4");
  const zeros = new Uint8Array(4 << 20);
  const packed = new Uint8Array(compressBlockBound(zeros.length));
  const length = compressBlock(zeros, packed);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(length);
  const whole = readFileSync(path);
  const first = whole.subarray(7, -8);
  // The same header without a content checksum: flags 0x60, its own checksum for blocks of 4 MiB 0x73.
  const blocks = Array.from({ length: 4000 }, () => [size, packed.subarray(0, length)]).flat();
  writeFileSync(path, Buffer.concat([NO_CHECKSUM, first, ...blocks, Buffer.alloc(4)]));
  return replica;
}

const NO_CHECKSUM = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73]);
