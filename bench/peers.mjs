/** The programs that walkit is compared with, as far as this machine has them, and where the bench keeps its data. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);

/** Git ignores it. */
export const DATA = fileURLToPath(new URL(".data", import.meta.url));
export const WALKIT = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** Litestream itself: the npm package's wrapper would cost a start of Node. Undefined where there is none. */
export function findLitestream() {
  try {
    const root = dirname(require.resolve("@flydotio/litestream/package.json"));
    const program = join(root, "..", `litestream-${process.platform}-${process.arch}`, "litestream");
    const version = versionOf(program, "version");
    return version && { program, version: version.replace(/^v/, "") };
  } catch {
    return undefined;
  }
}

/** Litestream 0.5, which restores LTX files: where the tests find it. Undefined where there is none. */
export function findLitestream5() {
  const folder =
    process.env.WALKIT_LITESTREAM ??
    fileURLToPath(new URL("../node_modules/.cache/litestream/", import.meta.url));
  for (const version of ["0.5.18", "0.5.17"]) {
    const program = [join(folder, version, "bin/litestream"), join(folder, version, "litestream")].find(
      existsSync,
    );
    if (program && versionOf(program, "version")) return { program, version };
  }
  return undefined;
}

/** The `lz4` tool. Undefined where there is none. */
export function findLz4() {
  const version = versionOf("lz4", "--version")?.match(/v(\d+(\.\d+)+)/)?.[1];
  return version && { program: "lz4", version };
}

/** Version of lz4js. Undefined where it is not installed. */
export function findLz4js() {
  try {
    return require("lz4js/package.json").version;
  } catch {
    return undefined;
  }
}

function versionOf(program, ...args) {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

export function describeMachine() {
  const [cpu] = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  return `${cpu?.model.trim() ?? "unknown CPU"}, ${cpus().length} cores, ${memory}, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

/** The command line of walkit has to be built. */
export function requireBuild() {
  if (existsSync(WALKIT)) return;
  console.error("dist/ is missing: run npm run build first");
  process.exit(2);
}
