/** The page in a real headless Chromium, as the tests of it visit it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { build, temporaryFolder } from "../../cli/support.ts";
import { launch, ROOT, type Served, serve } from "../browser.ts";

const AXE = readFileSync(join(ROOT, "node_modules/axe-core/axe.min.js"), "utf8");

export interface Visit {
  page: Page;
  context: BrowserContext;
  /** Whatever the page asked for that was not its own. */
  strangers: string[];
  errors: string[];
}

export interface VisitOptions {
  scheme?: "dark" | "light";
  width?: number;
}

/** A browser, and the built page on a server for it. */
export class Visits {
  readonly browser: Browser;
  readonly site: Served;

  private constructor(browser: Browser, site: Served) {
    this.browser = browser;
    this.site = site;
  }

  /** Builds the page where it is older than its source. */
  static async begin(): Promise<Visits> {
    build();
    const [browser, site] = await Promise.all([launch(), serve(join(ROOT, "dist/web/"))]);
    return new Visits(browser, site);
  }

  async end(): Promise<void> {
    await this.browser.close();
    this.site.close();
  }

  async visit({ scheme = "light", width = 1280 }: VisitOptions = {}): Promise<Visit> {
    const context = await this.browser.newContext({
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
      if (!url.startsWith(this.site.url) && !/^(blob|data):/.test(url)) strangers.push(url);
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
    await page.goto(this.site.url);
    return { page, context, strangers, errors };
  }
}

/** What the system's file manager does: the page gets entries, as a person drops them. */
export async function drop({ page, context }: Visit, path: string): Promise<void> {
  const session = await context.newCDPSession(page);
  const { width } = page.viewportSize()!;
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, x: width / 2, y: 400, data });
  }
}

/** What the sign says, once it says it. */
export async function verdict(page: Page): Promise<string> {
  const text = page.locator(".sign-text");
  await text
    .locator(".sign-word")
    .getByText(/^(Good|Damaged|Not sure|Encrypted)/)
    .waitFor({ timeout: 30_000 });
  return (await textOf(text)).replace(/\s+/g, " ");
}

/** What axe-core finds, each with its places. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const result = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
  const found = (result as { violations: { id: string; nodes: { target: string[] }[] }[] }).violations;
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

/** Restores the moment, and gives the path of the file that the page hands over. */
export async function download(page: Page): Promise<string> {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Restore this moment" }).click(),
  ]);
  const output = join(temporaryFolder(), "page.db");
  await file.saveAs(output);
  return output;
}

/** Nobody else was asked for anything, and nothing was complained about. */
export function expectClean({ strangers, errors }: Visit): void {
  expect(strangers).toEqual([]);
  expect(errors).toEqual([]);
}

export const textOf = async (locator: Locator): Promise<string> => (await locator.textContent()) ?? "";
