/** The page in a real headless Chromium: dropped, scrubbed, asked, restored; what it may not do, it does not. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, hashOf, temporaryFolder, unpack, walkit } from "../cli/support.ts";
import { readManifest, tarPath } from "../support/fixtures.ts";
import { CHROMIUM, launch, ROOT, type Served, serve } from "./browser.ts";

const AXE = readFileSync(join(ROOT, "node_modules/axe-core/axe.min.js"), "utf8");

interface Visit {
  page: Page;
  context: BrowserContext;
  /** Whatever the page asked for that was not its own. */
  strangers: string[];
  errors: string[];
}

const textOf = async (locator: Locator): Promise<string> => (await locator.textContent()) ?? "";

describe.skipIf(!CHROMIUM)("the page", { timeout: 60_000 }, () => {
  let browser: Browser;
  let site: Served;

  beforeAll(async () => {
    build();
    [browser, site] = await Promise.all([launch(), serve(join(ROOT, "dist/web/"))]);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  async function visit(options: { scheme?: "dark" | "light"; width?: number } = {}): Promise<Visit> {
    const { scheme = "light", width = 1280 } = options;
    const context = await browser.newContext({
      colorScheme: scheme,
      viewport: { width, height: 900 },
      reducedMotion: "reduce",
      acceptDownloads: true,
    });
    const page = await context.newPage();
    const strangers: string[] = [];
    const errors: string[] = [];
    context.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(site.url) && !/^(blob|data):/.test(url)) strangers.push(url);
    });
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    // A headless browser has nobody to choose a file: the page then goes by the private file, and downloads that.
    await page.addInitScript("delete window.showSaveFilePicker");
    await page.addInitScript(`
      window.longTasks = [];
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.longTasks.push(Math.round(duration));
      }).observe({ entryTypes: ["longtask"] });
    `);
    await page.goto(site.url);
    return { page, context, strangers, errors };
  }

  /** What the system's file manager does: the page gets entries, as a person drops them. */
  async function drop({ page, context }: Visit, path: string): Promise<void> {
    const session = await context.newCDPSession(page);
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"] as const) {
      await session.send("Input.dispatchDragEvent", { type, x: 700, y: 400, data });
    }
  }

  async function verdict(page: Page): Promise<string> {
    const text = page.locator(".sign-text");
    await text
      .locator(".sign-word")
      .getByText(/^(Good|Damaged|Not sure)/)
      .waitFor({ timeout: 30_000 });
    return (await textOf(text)).replace(/\s+/g, " ");
  }

  async function violations(page: Page): Promise<string[]> {
    await page.evaluate(AXE);
    const result = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
    const found = (result as { violations: { id: string; nodes: { target: string[] }[] }[] }).violations;
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  }

  async function download(page: Page): Promise<string> {
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Restore this moment" }).click(),
    ]);
    const output = join(temporaryFolder(), "page.db");
    await file.saveAs(output);
    return output;
  }

  function expectClean({ strangers, errors }: Visit): void {
    expect(strangers).toEqual([]);
    expect(errors).toEqual([]);
  }

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
    expect(await verdict(two.page)).toMatch(/^Good\./);
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
    expect(await verdict(page)).toMatch(/^Good\./);
  });

  it("keeps its own thread free while it works", async () => {
    const one = await visit();
    await drop(one, tarPath("busy"));
    await verdict(one.page);
    const slider = one.page.getByRole("slider");
    await slider.focus();
    for (let i = 0; i < 20; i++) await one.page.keyboard.press("ArrowLeft");
    await one.page.waitForTimeout(500);
    const tasks = (await one.page.evaluate("window.longTasks")) as number[];
    // By itself no task takes 100 ms; here other tests are busy beside it.
    expect(tasks.filter((duration) => duration > 300)).toEqual([]);
  });

  it("walkit ui serves it to whoever knows the address, and to nobody else", async () => {
    const { spawn } = await import("node:child_process");
    const child = spawn(process.execPath, [join(ROOT, "dist/cli/main.js"), "ui", unpack("basic")]);
    try {
      const url = await new Promise<string>((resolve) => {
        child.stdout.once("data", (data) => resolve(String(data).trim()));
      });
      const { origin, pathname } = new URL(url);
      const status = async (path: string, headers: Record<string, string> = {}) =>
        (await fetch(origin + path, { headers })).status;
      expect(await status("/")).toBe(404);
      expect(await status(`/${"0".repeat(32)}/`)).toBe(404);
      expect(await status(pathname)).toBe(200);
      expect(await status(pathname, { origin: "http://evil.example" })).toBe(404);
      expect(await status(pathname, { "sec-fetch-site": "cross-site" })).toBe(404);
      expect(await status(`${pathname}replica/index.json`)).toBe(200);
      expect(await status(`${pathname}replica/..%2f..%2fetc%2fpasswd`)).toBe(404);
      expect(await status(`${pathname}..%2fcli%2fmain.js`)).toBe(404);
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(url);
      expect(await verdict(page)).toMatch(/^Good\./);
      await context.close();
    } finally {
      child.kill("SIGINT");
      expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
    }
  });
});
