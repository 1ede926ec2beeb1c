/**
 * The worker as Vite bundles it, in a real Chromium, under the page's content security policy: SQLite in its thread,
 * files of the origin's own, folders, and a query that never ends.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attemptRestore } from "../../support/attempt.ts";
import { readFixture, tarPath } from "../../support/fixtures.ts";
import { CHROMIUM, launch, ROOT, type Served, serve } from "../browser.ts";

const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'";

describe.skipIf(!CHROMIUM)("in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "walkit-worker-"));
  let site: Served;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    const client = join(ROOT, "web/app/workers/engine-client.ts");
    writeFileSync(
      join(folder, "main.ts"),
      `import { EngineClient } from ${JSON.stringify(client)}; self.client = new EngineClient();`,
    );
    writeFileSync(
      join(folder, "index.html"),
      `<!doctype html><script type="module" src="./main.ts"></script>`,
    );
    await build({
      configFile: false,
      root: folder,
      base: "./",
      logLevel: "error",
      worker: { format: "es" },
      build: { outDir: join(folder, "out"), assetsInlineLimit: 0, modulePreload: { polyfill: false } },
    });
    site = await serve(join(folder, "out/"), { "content-security-policy": CSP });
    browser = await launch();
    page = await browser.newPage();
    page.on("pageerror", ({ message }) => complaints.push(message));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(site.url);
    await page.waitForFunction("self.client");
    // As text: the test runner would rewrite what is in a function.
    await page.evaluate(`(async () => {
      self.hashOf = async (file) =>
        Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())), (b) => b.toString(16).padStart(2, "0")).join("");
      self.bytes = Uint8Array.from(atob("${readFileSync(tarPath("multi-snapshot")).toString("base64")}"), (c) => c.charCodeAt(0));
      const opened = await client.call("open", [{ kind: "archive", file: new File([bytes], "multi-snapshot.tar") }]);
      self.view = await client.call("load", [opened.replicas[0]]);
      const [{ generation, moments }] = view.timelines;
      self.moments = Array.from(moments.section, (index, i) => ({ generation, index, offset: moments.offset[i] }));
    })()`);
  });

  afterAll(async () => {
    await browser?.close();
    site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (text: string): Promise<unknown> => page.evaluate(`(async () => { ${text} })()`);

  it("looks, asks, compares and checks", async () => {
    const found = await run(`
      const moment = moments.at(-1);
      const state = await client.call("look", [moment]);
      const rows = await client.call("rows", ["orders", 0, 3]);
      const { tables } = await client.call("changes", [moment]);
      const { status, generations } = await client.call("verify", [false]);
      return { count: state.tables.find(({ name }) => name === "orders").rows, shown: rows.rows.length,
        changed: tables.map(({ table, added }) => [table, added]), status, integrity: generations[0].integrity };`);
    expect(found).toEqual({ count: 140, shown: 3, changed: [["orders", 7]], status: "ok", integrity: "ok" });
  });

  it("ends a query that never ends, and goes on", async () => {
    const found = await run(`
      const controller = new AbortController();
      const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
      const stuck = client.call("query", [endless], { signal: controller.signal }).catch(({ name }) => name);
      setTimeout(() => controller.abort(), 100);
      const next = await client.call("query", ["SELECT count(*) FROM orders"]);
      return [await stuck, next.answers[0].rows];`);
    expect(found).toEqual(["AbortError", [[140]]]);
  });

  it("restores into files, and leaves nothing of what was cancelled", async () => {
    const storage = readFixture("multi-snapshot");
    const moment = (await run("return moments[20]")) as { generation: string; index: number; offset: number };
    const { generation, ...position } = moment;
    const expected = await attemptRestore(storage, { generation, position });
    const found = await run(`
      const own = await client.call("restore", [moments[20], { kind: "private", name: "own.db" }]);
      const root = await navigator.storage.getDirectory();
      const handle = await root.getFileHandle("picked.db", { create: true });
      const stream = await handle.createWritable();
      await stream.write("before");
      await stream.close();
      const cancelled = [];
      for (const output of [{ kind: "handle", handle }, { kind: "private", name: "none.db" }]) {
        const controller = new AbortController();
        const options = { signal: controller.signal, onProgress: () => controller.abort() };
        cancelled.push(await client.call("restore", [moments[20], output], options).catch(({ name }) => name));
      }
      // The page hears of it before the worker does.
      await client.call("query", ["SELECT 1"]);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const kept = await (await handle.getFile()).text();
      const picked = await client.call("restore", [moments[20], { kind: "handle", handle }]);
      const names = [];
      for await (const name of (await root.getDirectoryHandle("walkit")).keys()) names.push(name);
      return { own: [own.sha256, await hashOf(own.file)], cancelled, kept, names,
        picked: [picked.sha256, await hashOf(await handle.getFile())] };`);
    const twice = [expected.sha256, expected.sha256];
    expect(found).toEqual({
      own: twice,
      cancelled: ["AbortError", "AbortError"],
      kept: "before",
      names: ["own.db"],
      picked: twice,
    });
  });

  it("opens a generation's folder", async () => {
    const files = [...readFixture("basic").files].map(([path, { data }]) => [path, Array.from(data)]);
    const found = await page.evaluate(
      `(async (files) => {
        let top = await (await navigator.storage.getDirectory()).getDirectoryHandle("picked", { create: true });
        for (const [path, bytes] of files) {
          let folder = top;
          const parts = path.split("/");
          for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create: true });
          const stream = await (await folder.getFileHandle(parts.at(-1), { create: true })).createWritable();
          await stream.write(new Uint8Array(bytes));
          await stream.close();
        }
        const generation = files[0][0].split("/")[1];
        const handle = await (await top.getDirectoryHandle("generations")).getDirectoryHandle(generation);
        const opened = await client.call("open", [{ kind: "directory", handle }]);
        const view = await client.call("load", [opened.replicas[0]]);
        return [opened.replicas[0].generation === generation, view.timelines[0].moments.section.length > 0];
      })(${JSON.stringify(files)})`,
    );
    expect(found).toEqual([true, true]);
    expect(complaints).toEqual([]);
  });

  it("has its example in it", async () => {
    const found = await run(`
      const opened = await client.call("open", [{ kind: "example" }]);
      const example = await client.call("load", [opened.replicas[0]]);
      return example.timelines.length;`);
    expect(found).toBe(3);
  });
});
