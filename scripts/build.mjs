// Compiles src/ to dist/ afresh, and makes the command executable.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

rmSync("dist", { recursive: true, force: true });
const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
const { status } = spawnSync(
  process.execPath,
  [join(dirname(manifest), "bin/tsc"), "-p", "tsconfig.build.json"],
  {
    stdio: "inherit",
  },
);
if (status !== 0) process.exit(status ?? 1);
if (existsSync("dist/cli/main.js")) chmodSync("dist/cli/main.js", 0o755);
