/** The page in a real headless Chromium: dropped, scrubbed, asked, restored; what it may not do, it does not. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashOf, temporaryFolder, unpack, walkit } from "../../cli/support.ts";
import { readManifest, tarPath } from "../../support/fixtures.ts";
import { CHROMIUM, ROOT, serve } from "../browser.ts";
import {
  download,
  drop,
  expectClean,
  textOf,
  type Visit,
  type VisitOptions,
  Visits,
  verdict,
  violations,
} from "./page-support.ts";

describe.skipIf(!CHROMIUM)("the page", { timeout: 60_000 }, () => {
  let visits: Visits;

  beforeAll(async () => {
    visits = await Visits.begin();
  }, 60_000);

  afterAll(() => visits?.end());

  const visit = (options?: VisitOptions): Promise<Visit> => visits.visit(options);

  const newest = (name: string) => readManifest(name).restores.find(({ id }) => id === "latest")!.db!.sha256;

  it("a dropped folder: verified, scrubbed, asked, restored to the bytes that Node restores", async () => {
    const one = await visit();
    const { page } = one;
    const replica = unpack("multi-generation");
    await drop(one, replica);
    expect(await verdict(page)).toMatch(/^Good\. .*3 timelines/);
    expect(hashOf(await download(page))).toBe(newest("multi-generation"));

    const position = page
      .locator(".mono")
      .getByText(/^[0-9a-f]{8}:[0-9a-f]{8}$/)
      .first();
    await expect.poll(() => textOf(position)).toBe("00000001:000070c8");
    const slider = page.getByRole("slider");
    await slider.focus();
    const seen = new Set<string>();
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press("ArrowLeft");
      await expect.poll(async () => seen.has(await textOf(position))).toBe(false);
      seen.add(await textOf(position));
      expect(await slider.getAttribute("aria-valuetext")).toContain("2026");
    }
    const at = await textOf(position);
    const node = join(temporaryFolder(), "node.db");
    const restored = await walkit(["restore", replica, "-o", node, "--target-position", at]);
    expect(restored.code).toBe(0);
    expect(hashOf(await download(page))).toBe(hashOf(node));

    await page.getByRole("tab", { name: "SQL" }).click();
    await page
      .getByRole("textbox", { name: /Ask this moment/ })
      .fill("SELECT count(*) AS n, 6 * 7 AS answer FROM orders");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("cell", { name: "42" }).waitFor();
    await page.getByRole("tab", { name: "What changed" }).click();
    await page
      .getByRole("tabpanel")
      .getByText(/orders/)
      .first()
      .waitFor();
    await page.getByRole("tab", { name: "Command" }).click();
    expect(await textOf(page.getByRole("tabpanel"))).toContain(`--target-position ${at}`);
    expectClean(one);
  });

  it("a dropped archive, and the built-in example", async () => {
    const one = await visit();
    await drop(one, tarPath("multi-snapshot"));
    expect(await verdict(one.page)).toMatch(/^Good\./);
    expect(hashOf(await download(one.page))).toBe(newest("multi-snapshot"));
    expectClean(one);
    const two = await visit();
    await two.page.getByText("Try the built-in example").click();
    expect(await verdict(two.page)).toMatch(
      /^Damaged\. The newest state, .* can be brought back\. One stretch/,
    );
    expectClean(two);
  });

  it("a damaged replica: what, where, and what can be had; what cannot be had is refused", async () => {
    const one = await visit();
    await drop(one, tarPath("damaged/missing-middle-segment"));
    expect(await verdict(one.page)).toMatch(/^Damaged\./);
    const text = await textOf(one.page.locator("main"));
    expect(text).toMatch(/missing/);
    expect(text).toMatch(/[0-9a-f]{8}_[0-9a-f]{8}\.wal\.lz4/);
    expectClean(one);
  });

  it("what is no replica gets plain words", async () => {
    const one = await visit();
    await drop(one, join(ROOT, "src/lz4"));
    await one.page.getByRole("alert").first().waitFor();
    expect(await textOf(one.page.getByRole("alert").first())).toMatch(/generations/);
    expectClean(one);
  });

  it.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 360],
  ] as const)("accessible by axe: %s, %d px wide", async (scheme, width) => {
    const one = await visit({ scheme, width });
    const { page } = one;
    expect(await violations(page), "empty").toEqual([]);
    await page.locator("input[type=file]").last().setInputFiles(tarPath("multi-generation"));
    await verdict(page);
    for (const tab of ["Tables", "SQL", "What changed", "Command"]) {
      await page.getByRole("tab", { name: tab }).click();
      await page.waitForTimeout(200);
      expect(await violations(page), tab).toEqual([]);
    }
    await download(page);
    expect(await violations(page), "restored").toEqual([]);
    const wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
    expect(wide, "nothing hangs over the edge").toBeLessThanOrEqual(0);
    const damaged = await visit({ scheme, width });
    await damaged.page.locator("input[type=file]").last().setInputFiles(tarPath("damaged/flip-page-data"));
    await verdict(damaged.page);
    expect(await violations(damaged.page), "damaged").toEqual([]);
  });

  it("has each worker in one file, which no other imports: WebKit would run it twice", () => {
    const assets = join(ROOT, "dist/web/assets");
    const scripts = readdirSync(assets).filter((name) => name.endsWith(".js"));
    const workers = scripts.filter((name) => /^(sql-)?worker-/.test(name));
    expect(workers.length).toBe(2);
    for (const name of scripts) {
      const text = readFileSync(join(assets, name), "utf8");
      expect(text, name).not.toMatch(/(?:from|import\()\s*["'`]\.\/(?:sql-)?worker-/);
    }
    for (const name of workers) {
      const text = readFileSync(join(assets, name), "utf8");
      expect(text, name).not.toMatch(/^import\b|[;}]import\s*[{*"']/);
    }
  });

  it("cannot reach anybody, even if it were made to", async () => {
    const one = await visit();
    const other = await serve(join(ROOT, "dist/web/"));
    try {
      for (const attempt of [
        `fetch("${other.url}")`,
        `new Promise((ok, no) => { const i = new Image(); i.onload = ok; i.onerror = no; i.src = "${other.url}icon.svg"; })`,
        `new Promise((ok, no) => { const s = document.createElement("script"); s.onload = ok; s.onerror = no; s.src = "${other.url}sw.js"; document.head.append(s); })`,
        `new Promise((ok, no) => { const s = document.createElement("script"); s.textContent = "window.ran = true"; document.head.append(s); window.ran ? ok() : no(); })`,
      ]) {
        const result = await one.page.evaluate(`${attempt}.then(() => "done", () => "refused")`);
        expect([attempt, result]).toEqual([attempt, "refused"]);
      }
      expect(other.asked).toEqual([]);
    } finally {
      other.close();
    }
  });

  it("works offline once loaded", async () => {
    const one = await visit();
    const { page, context } = one;
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
    await expect.poll(() => page.evaluate("caches.keys().then((keys) => keys.length)")).toBe(1);
    await page.waitForTimeout(500);
    await context.setOffline(true);
    await page.reload();
    await page.getByText("Try the built-in example").click();
    expect(await verdict(page)).toMatch(/^Damaged\. The newest state/);
  });

  it("keeps its own thread free while it works", async () => {
    const one = await visit();
    const began = Date.now();
    await drop(one, tarPath("busy"));
    await verdict(one.page);
    const slider = one.page.getByRole("slider");
    await slider.focus();
    for (let i = 0; i < 20; i++) await one.page.keyboard.press("ArrowLeft");
    const took = Date.now() - began;
    await one.page.waitForTimeout(500);
    const tasks = (await one.page.evaluate("window.longTasks")) as number[];
    // By itself no task takes 100 ms; on a busy machine each takes longer, and the whole with it.
    expect(tasks.filter((duration) => duration > Math.max(300, took / 4))).toEqual([]);
  });

  it("shows the replica that walkit ui serves", async () => {
    const { spawn } = await import("node:child_process");
    const child = spawn(process.execPath, [join(ROOT, "dist/cli/main.js"), "ui", unpack("basic")]);
    try {
      const url = await new Promise<string>((resolve) => {
        child.stdout.once("data", (data) => resolve(String(data).trim()));
      });
      const context = await visits.browser.newContext();
      const page = await context.newPage();
      await page.goto(url);
      expect(await verdict(page)).toMatch(/^Good\./);
      // What it shows is read while it lists anew.
      await page.waitForSelector(".inspector:not(.stale)");
      expect(await page.locator(".inspector").textContent()).toMatch(/orders/);
      await context.close();
    } finally {
      child.kill("SIGINT");
      expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
    }
  });
});
