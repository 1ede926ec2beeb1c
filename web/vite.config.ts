/** Builds the page into dist/web. Any server can serve the files, below any path. */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));
const PLACE = /["'`]__WALKIT_FILES__["'`]/;

export default defineConfig(({ mode }) => ({
  root,
  base: "./",
  publicDir: join(root, "public"),
  plugins: [keptFiles(), ...(mode === "fake" ? [fakeWorker()] : [])],
  // One file per worker. If a chunk imports the worker's first file, WebKit runs that file twice, and two engines answer.
  worker: { format: "es", rolldownOptions: { output: { codeSplitting: false } } },
  build: {
    outDir: join(root, mode === "fake" ? ".screenshots/fake-page" : "../dist/web"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: join(root, "index.html"), sw: join(root, "app/workers/sw.ts") },
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
}));

/** Writes the list of the page's files into the service worker. */
function keptFiles(): Plugin {
  let folder = "";
  return {
    name: "walkit-kept-files",
    apply: "build",
    configResolved: ({ build }) => {
      folder = build.outDir;
    },
    closeBundle: () => {
      const worker = join(folder, "sw.js");
      if (!existsSync(worker)) return;
      const all = readdirSync(folder, { recursive: true, withFileTypes: true });
      const paths = all
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => path !== worker && !path.endsWith(".map"))
        .sort();
      const hash = createHash("sha256");
      for (const path of paths) hash.update(path).update(readFileSync(path));
      const names = paths.map((path) => `./${relative(folder, path).split(sep).join("/")}`);
      const files = ["./", ...names.filter((name) => name !== "./index.html")];
      const text = JSON.stringify({ version: hash.digest("hex").slice(0, 16), files });
      writeFileSync(
        worker,
        readFileSync(worker, "utf8").replace(PLACE, () => JSON.stringify(text)),
      );
    },
  };
}

/** For screenshots: puts the fake worker in the real worker's place. */
function fakeWorker(): Plugin {
  return {
    name: "walkit-fake-worker",
    enforce: "pre",
    transform: (code, id) =>
      id.endsWith("engine-client.ts") ? code.replace('"./worker.ts"', '"../../fake/worker.ts"') : undefined,
  };
}
