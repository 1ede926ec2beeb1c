/** Web servers as tests need them: of files in memory, or with answers of their own. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import { MemoryStorage } from "../../src/storage/index.ts";
import { type HttpOptions, HttpStorage } from "../../src/web.ts";
import { readFixture } from "./fixtures.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, path: string) => unknown;
const servers: Server[] = [];

/** After each test, and before where a test wants nobody to answer. */
export async function closeServers(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
afterEach(closeServers);

/** Returns the server's origin. */
export async function serve(answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    answer(request, response, decodeURIComponent(new URL(request.url!, "http://x").pathname));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface Kind {
  /** Of a folder's names; those of folders end with `/`. */
  index?: (names: string[], folder: string) => string;
  ranges?: boolean;
  /** In place of indexes. */
  manifest?: string;
}

const html = (
  names: string[],
  folder: string,
) => `<html><body><h1>Index of ${folder}</h1><a href="../">../</a>
  <a href="?C=N;O=D">Name</a> <A class=x HREF='/icons/'>icons</A> <a href="https://example.com/x">x</a> <a name="y">
  ${names.map((name) => `<a href="${encodeURI(name).replaceAll("&", "&amp;")}">${name}</a> 20-Nov-2026 1.2K`).join("\n")}
  <a href="sub/../../../escape">e</a><a href="a/b">deeper</a><a href="%2e%2e/">up</a><a href="..%2fx">up</a><a href="%">x</a>`;

/** A server of files in memory, below `/data/`. */
export function serveFiles(storage: MemoryStorage, kind: Kind = {}, log: string[] = []): Promise<string> {
  const { index = html, ranges = true, manifest } = kind;
  return serve((request, response, path) => {
    log.push(`${request.method} ${path}`);
    const name = path.slice("/data/".length);
    if (manifest && name === "walkit.json") return response.end(manifest);
    const file = storage.files.get(name);
    if (!file) {
      const below = [...storage.files.keys()].filter((key) => key.startsWith(name) && path.endsWith("/"));
      if (below.length === 0 || manifest) return response.writeHead(404).end("not here");
      const names = below.map((key) => key.slice(name.length).replace(/\/.*/s, "/"));
      return response.end(index([...new Set(names)], name));
    }
    if (file.modified) response.setHeader("last-modified", httpTime(file.modified));
    const range = ranges ? /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") : null;
    const { length } = file.data;
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(length, range?.[2] ? Number(range[2]) + 1 : length);
    if (range && start >= length) {
      return response.writeHead(416, { "content-range": `bytes */${length}` }).end();
    }
    if (range) response.writeHead(206, { "content-range": `bytes ${start}-${end - 1}/${length}` });
    else response.setHeader("content-length", length);
    response.end(request.method === "HEAD" ? undefined : file.data.subarray(start, end));
  });
}

export function httpTime(modified: bigint): string {
  return new Date(Number(modified / 1_000_000n)).toUTCString();
}

export function openData(url: string, options?: HttpOptions): HttpStorage {
  return new HttpStorage(`${url}/data`, options);
}

export const NAME = "multi-generation";

/** Without empty folders, which most indexes do not show. */
export const original: MemoryStorage = readFixture(NAME);
for (const path of [...original.files.keys()]) if (path.endsWith("/")) original.files.delete(path);

/** The same files with times of whole seconds. */
export const inSeconds: MemoryStorage = new MemoryStorage(
  [...original.files].map(([path, { data, modified }]) => [
    path,
    { data, modified: modified! - (modified! % 1_000_000_000n) },
  ]),
);
