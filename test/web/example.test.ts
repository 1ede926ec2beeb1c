/** The example of the page is what its script makes of it. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { build, temporaryFolder } from "../cli/support.ts";
import { ROOT } from "./browser.ts";

beforeAll(build, 120_000);

it("is made by scripts/example.mjs, byte for byte, and small", () => {
  const made = join(temporaryFolder(), "shop.tar");
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/example.mjs", made], {
    cwd: ROOT,
  });
  expect(status, stdout.toString() + stderr.toString()).toBe(0);
  const found = readFileSync(made);
  const kept = readFileSync(join(ROOT, "web/example/shop.tar"));
  expect(found.equals(kept), "made anew by: npm run build && node scripts/example.mjs").toBe(true);
  expect(kept.length).toBeLessThan(400_000);
});
