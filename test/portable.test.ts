/** The library leans on nothing but what every runtime has: no dependency, no Node module, no global that browsers lack. */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";
import { describe, expect, it } from "vitest";
import { readFixture, readManifest, sha256 } from "./support/fixtures.ts";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));

/** What each source file imports: statically, and lazily. */
const imports = new Map(
  readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts") && !/^kernel.assembly/.test(path))
    .map((path) => {
      const text = readFileSync(join(SRC, path), "utf8");
      const found = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!);
      return [
        path.replaceAll("\\", "/"),
        { fixed: found(/^(?:import|export)[^;]*?from "([^"]+)"/gms), lazy: found(/import\("([^"]+)"\)/g) },
      ] as const;
    }),
);

/** Files only for Node; everything else is the portable library. */
const NODE =
  /^(cli\/|node\.ts$|storage\/(directory|locate|timeline-files)\.ts$|moments\/record\.ts$|sqlite\/thread(-worker)?\.ts$|threads\/(node|decode-worker)\.ts$|restore\/file\.ts$)/;

/** `design`: imports go down only. */
const FLOORS = [
  [/^((errors|bytes|findings|turn)\.ts$|kernel\/)/, 0],
  [/^(lz4|wal)\//, 1],
  [/^(snapshot|storage|sqlite|threads)\//, 2],
  [/^(replay|timeline)\//, 3],
  [/^(restore|verify|moments)\//, 4],
  [/^(cli\/|index\.ts|node\.ts|web\.ts)/, 5],
] as const;

const floorOf = (path: string) => FLOORS.find(([pattern]) => pattern.test(path))![1];

describe("every source file", () => {
  it.each([...imports])("%s imports downwards only, and nothing from outside", (path, { fixed, lazy }) => {
    for (const target of [...fixed, ...lazy.filter((one) => one.startsWith("."))]) {
      if (!target.startsWith(".")) {
        expect(NODE.test(path), `${path} imports ${target}`).toBe(true);
        expect(target === "commander" ? path.startsWith("cli/") : target.startsWith("node:"), target).toBe(
          true,
        );
        continue;
      }
      const file = relative(SRC, join(SRC, path, "..", target)).replaceAll("\\", "/");
      expect(imports.has(file), `${path} imports ${file}`).toBe(true);
      expect(floorOf(file), `${path} imports ${file}`).toBeLessThanOrEqual(floorOf(path));
      if (NODE.test(file)) expect(NODE.test(path), `${path} imports ${file}`).toBe(true);
    }
    for (const target of lazy) {
      if (path.startsWith("cli/") || target.startsWith(".")) continue;
      // Who opens no zip archive pays nothing for them.
      if (path === "storage/zip.ts") expect(target).toBe("@zip.js/zip.js/lib/zip-core-reader.js");
      else expect(target).toBe("sql.js");
    }
  });
});

const VERIFY_AND_RESTORE = {
  stdin: {
    contents: 'export { restore, verify, MemoryStorage, MemorySink } from "./index.ts"',
    resolveDir: SRC,
    loader: "ts",
  },
  bundle: true,
  minify: true,
  write: false,
  platform: "browser",
  external: ["sql.js"],
} satisfies BuildOptions;

it("verify and restore are small", async () => {
  const { outputFiles, metafile } = await build({
    ...VERIFY_AND_RESTORE,
    format: "esm",
    splitting: true,
    outdir: "out",
    metafile: true,
  });
  const first = new Set<string>();
  const add = (path: string) => {
    if (first.has(path)) return;
    first.add(path);
    for (const { path: next, kind } of metafile!.outputs[path]!.imports) {
      if (kind === "import-statement") add(next);
    }
  };
  add(Object.keys(metafile!.outputs).find((path) => path.endsWith("stdin.js"))!);
  const files = outputFiles.filter(({ path }) => [...first].some((name) => path.endsWith(name)));
  expect(files.length).toBe(first.size);
  const size = files.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0);
  // Without the SQL engine and what is loaded when it is needed, but with the texts of all findings and the kernel.
  expect(size).toBeLessThan(46 * 1024);
});

it("runs where there are only Web APIs", async () => {
  const { outputFiles } = await build({ ...VERIFY_AND_RESTORE, format: "iife", globalName: "walkit" });
  const code = outputFiles[0]!.text;
  const context = createContext({
    TextDecoder,
    TextEncoder,
    atob,
    performance,
    AbortController,
    AbortSignal,
    setTimeout,
    clearTimeout,
  });
  const { restore, verify, MemoryStorage, MemorySink } = runInContext(`${code}; walkit`, context);
  const name = "multi-snapshot";
  const storage = new MemoryStorage(readFixture(name).files);
  const sink = new MemorySink();
  await restore(storage, {}, sink);
  expect(sha256(sink.bytes)).toBe(readManifest(name).restores.find(({ id }) => id === "latest")!.db!.sha256);
  expect((await verify(storage, { level: "replay" })).status).toBe("ok");
});
