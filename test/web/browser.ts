/** A real headless Chromium, and a server of files for it. Tests that need one skip where there is none. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";

export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** The program; `CHROMIUM` names another. */
export const CHROMIUM: string | undefined = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path !== undefined && existsSync(path));

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM!, args: ["--no-sandbox"] });
}

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
};

export interface Served {
  url: string;
  /** Paths that were asked for. */
  asked: string[];
  close(): void;
}

/** Serves the files below `folder` on this machine, with `headers` on each answer. */
export async function serve(folder: string, headers: Record<string, string> = {}): Promise<Served> {
  const asked: string[] = [];
  const server: Server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url!.replace(/[?#].*$/, ""));
    asked.push(path);
    const file = normalize(join(folder, path.endsWith("/") ? `${path}index.html` : path));
    const data = file.startsWith(folder) ? await readFile(file).catch(() => undefined) : undefined;
    response.writeHead(data ? 200 : 404, {
      ...headers,
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    });
    response.end(data);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, asked, close: () => void server.close(() => {}) };
}
