/**
 * A real headless Chromium with the built page in it, looked at from within (tasks and frames of the page's own thread) and
 * from without (memory of the process that draws the page and holds its workers).
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";
import { DATA } from "./peers.mjs";

const PROGRAM = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path !== undefined && existsSync(path));

export const hasChromium = PROGRAM !== undefined;

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

/** Serves the files of a folder to this machine. */
export async function serve(folder) {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    const file = join(folder, path === "/" ? "index.html" : path);
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/**
 * What the page's own thread was kept from. A task is what the browser calls a long one, 50 ms or more. A gap is the time
 * from one frame to the next; 60 a second are 16.7 ms apart.
 *
 * @typedef {object} Calm
 * @property {number} task the longest task, seconds; 0: none was as long as 50 ms
 * @property {number} tasks how many tasks took 100 ms or more
 * @property {number} gap the longest gap, seconds
 * @property {number} frames a second
 */

/** Runs in the page before its own scripts. */
const WATCH = `
  const seen = { tasks: [], frames: 0, gap: 0, began: 0, last: 0 };
  const note = (entries) => { for (const { duration } of entries) seen.tasks.push(duration / 1000); };
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ entryTypes: ["longtask"] });
  const waiting = [];
  requestAnimationFrame(function frame() {
    const now = performance.now();
    seen.gap = Math.max(seen.gap, now - seen.last);
    seen.last = now;
    seen.frames++;
    for (const one of [...waiting]) {
      if (!document.querySelector(one.selector)) continue;
      waiting.splice(waiting.indexOf(one), 1);
      one.resolve((now - seen.began) / 1000);
    }
    requestAnimationFrame(frame);
  });
  window.bench = {
    begin() {
      note(observer.takeRecords());
      Object.assign(seen, { tasks: [], frames: 0, gap: 0, began: performance.now(), last: performance.now() });
    },
    until: (selector) => new Promise((resolve) => waiting.push({ selector, resolve })),
    calm() {
      note(observer.takeRecords());
      const gap = Math.max(seen.gap, performance.now() - seen.last) / 1000;
      const frames = seen.frames / ((performance.now() - seen.began) / 1000);
      return { task: Math.max(0, ...seen.tasks), tasks: seen.tasks.filter((one) => one >= 0.1).length, gap, frames };
    },
  };
`;

/** The page, opened in a browser of its own. */
export class OpenPage {
  page;
  #context;
  #profile;

  /** `keeps`: what the page hands over as a download is kept, until the browser is closed. */
  static async at(url, { keeps = false } = {}) {
    const opened = new OpenPage();
    // A profile on disk, as people have one: without, private files are in the memory of another process.
    opened.#profile = mkdtempSync(join(DATA, "chromium-"));
    opened.#context = await chromium.launchPersistentContext(opened.#profile, {
      executablePath: PROGRAM,
      args: ["--no-sandbox"],
      viewport: { width: 1360, height: 900 },
      acceptDownloads: keeps,
      serviceWorkers: "block",
    });
    opened.page = opened.#context.pages()[0] ?? (await opened.#context.newPage());
    opened.page.setDefaultTimeout(300_000);
    // Nobody is there to pick a file: the page then writes to its private files, and downloads from there.
    await opened.page.addInitScript("delete window.showSaveFilePicker");
    await opened.page.addInitScript(WATCH);
    await opened.page.goto(url);
    return opened;
  }

  get version() {
    return `Chromium ${this.#context.browser().version()}`;
  }

  /** Drops a file or a folder, as a file manager does it. */
  async drop(path) {
    const session = await this.#context.newCDPSession(this.page);
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) {
      await session.send("Input.dispatchDragEvent", { type, x: 700, y: 400, data });
    }
  }

  /**
   * Does something, and looks at the page until `selectors` have been there, each after the one before.
   *
   * @returns {Promise<Calm & { seconds: number[], peak: number | undefined }>} `seconds`: when each was there; `peak`: of
   *   the process's memory meanwhile, bytes
   */
  async watch(act, ...selectors) {
    await this.#resetPeaks();
    await this.page.evaluate("bench.begin()");
    const there = this.page.evaluate(
      `(async () => { const all = []; for (const one of ${JSON.stringify(selectors)}) all.push(await bench.until(one)); return all; })()`,
    );
    await act();
    const seconds = await there;
    const calm = await this.page.evaluate("bench.calm()");
    return { ...calm, seconds, peak: await this.#peak() };
  }

  /** Processes that draw pages, by number; none where that cannot be looked at. */
  async #renderers() {
    if (!existsSync("/proc/self/status")) return [];
    const session = await this.#context.browser().newBrowserCDPSession();
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    await session.detach();
    return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  }

  async #resetPeaks() {
    // 5: the most memory that was resident at a time is counted anew.
    for (const id of await this.#renderers()) writeFileSync(`/proc/${id}/clear_refs`, "5");
  }

  /** Of the largest of them: a spare one may wait beside the page's own. */
  async #peak() {
    const peaks = (await this.#renderers()).map((id) => {
      const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, "utf8")) ?? [];
      return Number(kilobytes) * 1024;
    });
    return peaks.length > 0 ? Math.max(...peaks) : undefined;
  }

  async close() {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
