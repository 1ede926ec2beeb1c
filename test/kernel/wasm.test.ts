/** What is in src/kernel/wasm.ts is what the sources beside it compile to. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const compiler = existsSync(`${ROOT}node_modules/assemblyscript/package.json`);

it.skipIf(!compiler)("is what the sources compile to (skipped where assemblyscript is not installed)", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/kernel.mjs", "--check"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
