// Compiles src/ afresh, and makes the command executable. The new dist/ takes the place of the old one at once, so that a
// command that is running meanwhile finds its files.
import { spawnSync } from "node:child_process";
import { chmodSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const fresh = `dist-${process.pid}`;
const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
const args = [join(dirname(manifest), "bin/tsc"), "-p", "tsconfig.build.json", "--outDir", fresh];
const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
if (status === 0) {
  chmodSync(`${fresh}/cli/main.js`, 0o755);
  rmSync("dist", { recursive: true, force: true });
  renameSync(fresh, "dist");
}
rmSync(fresh, { recursive: true, force: true });
process.exitCode = status ?? 1;
