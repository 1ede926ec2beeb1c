/** The conformance suite in a real Chromium: the built library, loaded as it is, with no bundler. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { build } from "../cli/support.ts";
import { CHROMIUM, launch, ROOT, serve } from "./browser.ts";

it.skipIf(!CHROMIUM)("passes in Chromium", { timeout: 120_000 }, async () => {
  build();
  const fixtures = "test/fixtures/litestream-0.3/";
  const names = ["", "damaged/"].flatMap((folder) =>
    readdirSync(join(ROOT, fixtures, folder))
      .filter((name) => name.endsWith(".tar"))
      .map((name) => folder + name.slice(0, -4)),
  );
  const site = await serve(ROOT);
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(`${site.url}test/fixtures/litestream-0.3/basic.json`);
    // As text: the test runner would rewrite import() in a function.
    const result = (await page.evaluate(`(async () => {
      const [core, timeline, lz4, web, { conformance }] = await Promise.all([
        import("/dist/index.js"),
        import("/dist/timeline/index.js"),
        import("/dist/lz4/index.js"),
        import("/dist/web.js"),
        import("/test/conformance/suite.mjs"),
      ]);
      const read = async (path) =>
        new Uint8Array(await (await fetch("/${fixtures}" + path)).arrayBuffer());
      return await conformance({ core, timeline, lz4, web }, read, ${JSON.stringify(names)});
    })()`)) as { passed: number; failed: string[] };
    expect(result.failed).toEqual([]);
    expect(result.passed).toBeGreaterThan(390);
  } finally {
    await browser.close();
    site.close();
  }
});
