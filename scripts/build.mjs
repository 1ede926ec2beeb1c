// Compiles src/ afresh: the library file by file, the command into one file, the page into web/. The new dist/ takes the place of the old one at
// once, so that a command that is running meanwhile finds its files.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve as absolute, dirname, join } from "node:path";
import { build } from "esbuild";
import { build as buildPage } from "vite";

const fresh = `dist-${process.pid}`;
const old = `${fresh}-old`;
const { resolve } = createRequire(import.meta.url);

/**
 * Node takes 25 ms to find and open the command's and commander's modules one by one: `restore` of a small replica takes
 * 0.12 s in place of 0.14 s. Pieces for each command, loaded when it is run, are no faster than one file. White space alone costs
 * 10 ms and 4 MB of memory, at each start.
 */
async function bundleCommand(folder) {
  for (const name of readdirSync(folder)) if (!name.startsWith("main.")) rmSync(join(folder, name));
  await build({
    // A thread's or process's first file is looked for beside the file that starts it: of the command, in its folder.
    entryPoints: ["src/cli/run.ts", "src/sqlite/thread-worker.ts", "src/sqlite/engine-process.ts"],
    outdir: folder,
    entryNames: "[name]",
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: true,
    sourcesContent: false,
    // Names stay, for whoever reads an internal error.
    minifyWhitespace: true,
    minifySyntax: true,
    external: ["sql.js"],
    // Commander and sql.js are CommonJS. Node's import() of sql.js takes 11 ms, require() 4 ms.
    supported: { "dynamic-import": false },
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  copyFileSync(join(dirname(resolve("commander")), "LICENSE"), join(folder, "LICENSE.commander"));
  chmodSync(join(folder, "main.js"), 0o755);
}

try {
  const tsc = join(dirname(resolve("typescript/package.json")), "bin/tsc");
  const args = [tsc, "-p", "tsconfig.build.json", "--outDir", fresh];
  process.exitCode = spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
  if (process.exitCode === 0) {
    await bundleCommand(join(fresh, "cli"));
    // A test runner says otherwise, and the page would be built for development.
    process.env.NODE_ENV = "production";
    await buildPage({
      configFile: "web/vite.config.ts",
      logLevel: "warn",
      build: { outDir: absolute(fresh, "web"), emptyOutDir: true },
    });
    if (existsSync("dist")) renameSync("dist", old);
    renameSync(fresh, "dist");
  }
} finally {
  for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
}
