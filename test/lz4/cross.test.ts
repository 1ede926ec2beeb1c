import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { fileURLToPath } from "node:url";
import * as lz4js from "lz4js";
import { afterAll, describe, expect, it } from "vitest";
import { compress, compressLegacy, decompress, inspectFrames, skippableFrame } from "../../src/lz4/index.ts";
import {
  allEncodeOptions,
  checkBlockRules,
  decodeCut,
  join,
  mixedBytes,
  randomBytes,
  textBytes,
} from "./helpers.ts";

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const samples: [string, Uint8Array][] = [
  ["nothing", new Uint8Array(0)],
  ["one byte", Uint8Array.of(1)],
  ["text", textBytes(100_000)],
  ["noise", randomBytes(100_000)],
  ["zeros", new Uint8Array(5_000_000)],
  ["a mixture", mixedBytes(400_000)],
];

describe("lz4js", () => {
  it.each(samples)("and this understand each other: %s", (_, sample) => {
    expect(same(decompress(lz4js.compress(sample)), sample)).toBe(true);
    for (const options of allEncodeOptions()) {
      if (options.blockChecksum) continue; // lz4js looks for block checksums in front of the data
      const settings = { ...options, contentSize: sample.length };
      const limit = sample.length + 16;
      expect(same(lz4js.decompress(compress(sample, settings), limit), sample)).toBe(true);
    }
  });

  it("and this understand each other about many small inputs", () => {
    for (let size = 1; size < 600; size++) {
      const sample = size % 2 === 0 ? mixedBytes(size, size) : textBytes(size, size);
      if (!same(decompress(lz4js.compress(sample)), sample)) throw new Error(`wrong at size ${size}`);
      if (!same(lz4js.decompress(compress(sample)), sample)) throw new Error(`not understood at ${size}`);
    }
  });

  it.each(samples)("compresses no better: %s", (_, sample) => {
    const options = { contentChecksum: false };
    expect(compress(sample, options).length).toBeLessThanOrEqual(lz4js.compress(sample).length);
  });
});

describe("the lz4 command", () => {
  const version = (() => {
    try {
      return execFileSync("lz4", ["--version"], { encoding: "utf8" });
    } catch {
      return undefined;
    }
  })();
  if (version === undefined) console.warn("lz4 is not installed: not compared with it");
  const folder = mkdtempSync(joinPath(tmpdir(), "walkit-lz4-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (args: string[], input: Uint8Array): Uint8Array => {
    const path = joinPath(folder, "input");
    writeFileSync(path, input);
    return execFileSync("lz4", [...args, path, "-c"], {
      maxBuffer: 1 << 26,
      stdio: ["pipe", "pipe", "pipe"],
    });
  };

  it.skipIf(version === undefined).each(samples)("decodes what this encodes: %s", (_, sample) => {
    for (const options of allEncodeOptions()) {
      const settings = options.blockChecksum ? options : { ...options, contentSize: sample.length };
      if (!same(run(["-d"], compress(sample, settings)), sample)) throw new Error(JSON.stringify(settings));
    }
    expect(same(run(["-d"], compressLegacy(sample)), sample)).toBe(true);
    const several = join([skippableFrame(Uint8Array.of(1)), compress(sample), compress(sample)]);
    expect(same(run(["-d"], several), join([sample, sample]))).toBe(true);
  });

  it.skipIf(version === undefined).each(samples)("encodes what this decodes: %s", (_, sample) => {
    for (const args of [
      ["-1"],
      ["-12"],
      ["-l"],
      ["--fast=9"],
      ["--content-size"],
      ["--no-frame-crc"],
      ["-B4"],
      ["-B5", "-BD"],
      ["-B6", "-BX"],
      ["-B7", "-BD", "-BX"],
      ["-B4", "-BD", "-9", "--content-size"],
    ]) {
      const file = run(args, sample);
      if (!same(decompress(file), sample)) throw new Error(`wrong: lz4 ${args.join(" ")}`);
      if (
        !same(
          decodeCut(file, () => 3001),
          sample,
        )
      )
        throw new Error(`wrong in pieces: ${args.join(" ")}`);
    }
  });
});

describe("files of Litestream", () => {
  interface Listed {
    path: string;
    size: number;
    decompressedSize?: number;
    decompressedSha256?: string;
  }

  /** The regular files of a tar archive: name, then content. */
  function* untar(bytes: Uint8Array): Generator<[string, Uint8Array]> {
    const text = (start: number, size: number) =>
      new TextDecoder().decode(bytes.subarray(start, start + size)).replace(/\0.*$/s, "");
    for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
      const size = Number.parseInt(text(at + 124, 12), 8);
      const prefix = text(at + 345, 155);
      const type = text(at + 156, 1);
      const name = prefix === "" ? text(at, 100) : `${prefix}/${text(at, 100)}`;
      if (type === "0" || type === "") yield [name, bytes.subarray(at + 512, at + 512 + size)];
      at += 512 + Math.ceil(size / 512) * 512;
    }
  }

  /** Everything in a manifest that describes a file. */
  function listed(value: unknown): Listed[] {
    if (typeof value !== "object" || value === null) return [];
    const here = value as Record<string, unknown>;
    const found =
      typeof here.path === "string" && "decompressedSha256" in here ? [here as unknown as Listed] : [];
    return [...found, ...Object.values(here).flatMap(listed)];
  }

  const fixtures = fileURLToPath(new URL("../fixtures/litestream-0.3/", import.meta.url));
  const names = readdirSync(fixtures).filter((name) => name.endsWith(".tar"));

  it.each(names)("%s", (name) => {
    const manifest = JSON.parse(readFileSync(joinPath(fixtures, name.replace(/tar$/, "json")), "utf8"));
    const files = new Map(untar(readFileSync(joinPath(fixtures, name))));
    const expected = listed(manifest).filter((file) => file.path.endsWith(".lz4"));
    expect(expected.length).toBeGreaterThan(0);
    for (const { path, decompressedSha256 } of expected) {
      const key = [...files.keys()].find((candidate) => candidate.endsWith(path));
      const file = files.get(key ?? "");
      if (file === undefined) throw new Error(`${path} is not in the archive`);
      const content = decompress(file, { path });
      expect([path, createHash("sha256").update(content).digest("hex")]).toEqual([path, decompressedSha256]);
      expect(
        same(
          decodeCut(file, () => 1000),
          content,
        ),
      ).toBe(true);
      const again = compress(content);
      expect(same(decompress(again), content)).toBe(true);
      for (const { blocks } of inspectFrames(again))
        for (const { offset, compressedSize, stored } of blocks)
          if (!stored) checkBlockRules(again.subarray(offset + 4, offset + 4 + compressedSize));
    }
  });
});
