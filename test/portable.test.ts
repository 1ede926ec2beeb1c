/** The library leans on nothing but what every runtime has: no dependency, no Node module, no global that browsers lack. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";
import { build as buildWithVite, createLogger } from "vite";
import { describe, expect, it } from "vitest";
import { readFixture, readManifest, sha256 } from "./support/fixtures.ts";
import { importsBelow, resolved } from "./support/imports.ts";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));

/** What each source file imports: statically, and lazily. */
const imports = importsBelow("src");

/** Files only for Node; everything else is the portable library. */
const NODE =
  /^(cli\/|node\.ts$|storage\/(directory|leftovers|owner)\.ts$|layouts\/(archive-file|locate)\.ts$|timeline\/files\.ts$|moments\/record\.ts$|sqlite\/(thread(-worker)?|engine(-process)?|file)\.ts$|verify\/temporary\.ts$|restore\/(file|sinks\/file|in-use|output|publish|temporary)\.ts$)/;

describe("every source file", () => {
  it.each([...imports])("%s imports nothing from outside", (path, { fixed, lazy }) => {
    for (const target of [...fixed, ...lazy.filter((one) => one.startsWith("."))]) {
      if (!target.startsWith(".")) {
        expect(NODE.test(path), `${path} imports ${target}`).toBe(true);
        expect(target === "commander" ? path.startsWith("cli/") : target.startsWith("node:"), target).toBe(
          true,
        );
        continue;
      }
      const file = resolved(path, target);
      expect(imports.has(file), `${path} imports ${file}`).toBe(true);
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

const VERIFY_AND_RESTORE =
  'export { replicaIn, restore, verify, MemoryStorage, MemorySink } from "./index.ts"';

/** With esbuild, as a page has it. What is imported lazily is in files of its own. */
async function withEsbuild(options: BuildOptions) {
  const { outputFiles, metafile, warnings } = await build({
    stdin: { contents: VERIFY_AND_RESTORE, resolveDir: SRC, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    platform: "browser",
    outdir: "out",
    metafile: true,
    ...options,
  });
  expect(warnings).toEqual([]);
  return { files: outputFiles!, outputs: metafile!.outputs };
}

it("verify and restore are loaded without what most replicas do not need", async () => {
  const { files, outputs } = await withEsbuild({ format: "esm", splitting: true, external: ["sql.js"] });
  const first = new Set<string>();
  const add = (path: string) => {
    if (first.has(path)) return;
    first.add(path);
    for (const { path: next, kind } of outputs[path]!.imports) if (kind === "import-statement") add(next);
  };
  add(Object.keys(outputs).find((path) => path.endsWith("stdin.js"))!);
  const loaded = files.filter(({ path }) => [...first].some((name) => path.endsWith(name)));
  expect(loaded.length).toBe(first.size);
  // Timelines come by import(), the SQL engine likewise.
  const sources = [...first].flatMap((path) => Object.keys(outputs[path]!.inputs));
  expect(sources.filter((path) => /timeline\/(?!target)/.test(path))).toEqual([]);
  const size = loaded.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0);
  expect(sources.filter((path) => /restore\/(salvage|loss|sound)/.test(path))).toEqual([]);
  expect(sources.filter((path) => /words\//.test(path))).toEqual([]);
  // 48.0 KB: of that, gzipped by itself, messages 4.1, the kernel and its twins 4.1, times as evidence 1.9, what lets several
  // folds share a pass 1.5; 4.5 is what 15 files cost over one.
  // What reads LTX files comes by import(), too: 16 KB.
  expect(sources.filter((path) => /(^|\/)ltx\/|verify\/exact/.test(path))).toEqual([]);
  expect(size).toBeLessThan(47 * 1024);
});

const BUNDLERS = {
  /** All in one script, the SQL engine too: a stranger's page has it so. */
  async esbuild() {
    const { files } = await withEsbuild({ format: "iife", globalName: "walkit" });
    return files.map(({ text }) => text);
  },
  async Vite() {
    const entry = join(SRC, "verify-and-restore.ts"); // which is not there
    const customLogger = createLogger("silent");
    const warned: string[] = [];
    customLogger.warn = (text) => warned.push(text);
    const built = await buildWithVite({
      root: SRC,
      configFile: false,
      customLogger,
      plugins: [
        {
          name: "entry",
          resolveId: (id) => (id === entry ? entry : undefined),
          load: (id) => (id === entry ? VERIFY_AND_RESTORE : undefined),
        },
      ],
      build: { write: false, lib: { entry, formats: ["iife"], name: "walkit" } },
    });
    expect(warned).toEqual([]);
    return (built as { output: { type: string; code: string }[] }[])[0]!.output
      .filter(({ type }) => type === "chunk")
      .map(({ code }) => code);
  },
};

it.each(Object.entries(BUNDLERS))(
  "bundled by %s it runs where there are only Web APIs",
  async (_, bundle) => {
    const codes = await bundle();
    expect(codes.length).toBe(1);
    expect(codes[0]).not.toMatch(/\b(?:require|import|from)\s*\(?["']node:/);
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
    const { replicaIn, restore, verify, MemoryStorage, MemorySink } = runInContext(
      `${codes[0]}; walkit`,
      context,
    );
    const name = "multi-snapshot";
    const storage = new MemoryStorage(readFixture(name).files);
    const sink = new MemorySink();
    await restore(replicaIn(storage), {}, sink);
    expect(sha256(sink.bytes)).toBe(
      readManifest(name).restores.find(({ id }) => id === "latest")!.db!.sha256,
    );
    expect((await verify(replicaIn(storage), { level: "replay" })).status).toBe("ok");
  },
);
