/** The runtimes here that have an SQLite of their own: this one, and those that `scripts/runtimes.sh` has fetched. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../node_modules/.cache/runtimes/node_modules/.bin/", import.meta.url));

/** The words before the file to run. */
export const ENGINES: [name: string, ...words: string[]][] = [
  ["deno", `${BIN}deno`, "run", "--quiet", "--no-prompt", "-A"],
  ["bun", `${BIN}bun`],
].filter(([, program]) => existsSync(program!)) as typeof ENGINES;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 15)) ENGINES.push(["node", process.execPath]);
