/** The conformance suite in a real Chromium: the built library, loaded as it is, with no bundler. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { build } from "../cli/support.ts";
import { CHROMIUM, launch, ROOT, serve } from "./browser.ts";

it.skipIf(!CHROMIUM)("passes in Chromium", { timeout: 120_000 }, async () => {
  build();
  const paths = readdirSync(join(ROOT, "test/fixtures"), { recursive: true });
  const site = await serve(ROOT);
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`${site.url}test/fixtures/litestream-0.3/basic.json`);
    // As text: the test runner would rewrite import() in a function.
    const result = (await page.evaluate(`(async () => {
      const { conformance } = await import("/test/conformance/suite.mjs");
      const read = async (path) =>
        new Uint8Array(await (await fetch("/test/fixtures/" + path)).arrayBuffer());
      return await conformance(read, ${JSON.stringify(paths)});
    })()`)) as { passed: number; failed: string[] };
    expect(result.failed).toEqual([]);
    expect(result.passed).toBeGreaterThan(1570);
    // Who opens generations alone does not load what reads LTX files.
    const [generations, ltx] = ["/test/fixtures/litestream-0.3/basic.tar", "/dist/layouts/ltx/layout.js"];
    expect(site.asked.indexOf(ltx)).toBeGreaterThan(site.asked.indexOf(generations));
  } finally {
    await browser.close();
    site.close();
  }
});
