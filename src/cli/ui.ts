/**
 * `walkit ui`: the page from the package on this machine alone, with a replica opened. What is served lies below a random
 * path, so that no other page or program that does not know it gets at anything.
 */

import { randomBytes, timingSafeEqual } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { WalkitError } from "../errors.ts";
import { type LocatedReplica, openReplica } from "../layouts/locate.ts";
import { catalogOf } from "../replay/replica.ts";
import type { Entry, Storage } from "../storage/storage.ts";
import { cannotRead, ofRuntime } from "../storage/system.ts";
import { formatTime } from "../time.ts";
import { EXIT } from "./exit.ts";
import { print, printAside, say } from "./output.ts";
import { printable } from "./text.ts";
import { type About, aboutOf } from "./ui-about.ts";

export interface UiFlags {
  port: number;
}

const HOST = "127.0.0.1";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".tar": "application/x-tar",
};

const HEADERS = {
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "content-security-policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** Bytes of files that are sent in one answer, and of the list that asks for them. */
const MOST_TOGETHER = 4 << 20;

/** Serves until `signal` is aborted. */
export async function runUi(
  location: string | undefined,
  { port }: UiFlags,
  signal: AbortSignal,
): Promise<number> {
  const page = fileURLToPath(new URL("../web/", import.meta.url));
  const built = await stat(join(page, "index.html")).catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw cannotRead(page, error);
  });
  if (!built) {
    throw new WalkitError("storage/not-found", `Expected the page at ${page}, found nothing there`, {
      path: page,
      remedy: say("The package is not whole: install it again, or in a checkout run npm run build"),
    });
  }
  const replica = location === undefined ? undefined : await openReplica(location);
  const token = randomBytes(16).toString("hex");
  const about = location === undefined || !replica ? undefined : await aboutOf(location, replica);
  const site = new Site(page, replica, token, about);
  const server = createServer((request, response) => void site.answer(request, response));
  await askForNetwork(port);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(cannotListen(port, cause)));
    server.listen(port, HOST, resolve);
  });
  const origin = `${HOST}:${(server.address() as AddressInfo).port}`;
  site.origin = origin;
  print(`http://${origin}/${token}/${replica ? "#replica=replica/&batch=batch&about=about.json" : ""}`);
  const what = location === undefined ? "The page" : `The page, with ${printable(location)}`;
  printAside(`${what}, for this machine only and with this address only. Ctrl-C ends it.`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  server.close();
  server.closeAllConnections();
  return EXIT.ok;
}

/** What Deno has for permissions, as far as it is needed here. */
interface WithPermissions {
  Deno?: { permissions: { request(about: { name: "net"; host: string }): Promise<{ state: string }> } };
}

/** Deno refuses to listen by an error that nobody can catch: it is asked first, as it would ask its user then. */
async function askForNetwork(port: number): Promise<void> {
  const { Deno } = globalThis as WithPermissions;
  const asked = await Deno?.permissions.request({ name: "net", host: `${HOST}:${port}` });
  if (!asked || asked.state === "granted") return;
  const message = `Expected permission to listen on ${HOST}:${port}, found that Deno was started without it`;
  throw new WalkitError("runtime/permission", message, {
    remedy: say(`Run Deno with --allow-net=${HOST} as well`),
  });
}

const LISTENING: Readonly<Record<string, readonly [found: string, hint: string]>> = {
  EADDRINUSE: [
    "another program listens there",
    "Choose another --port, or none: a free one is taken; or end that program (it may be another walkit ui)",
  ],
  EACCES: ["you may not listen there", "Choose a --port from 1024 on, or none: a free one is taken"],
  EADDRNOTAVAIL: [
    "this machine has no such address",
    "Bring the loopback interface up: the page is served to this machine alone",
  ],
};

function cannotListen(port: number, cause: NodeJS.ErrnoException): WalkitError {
  const [found, hint] = LISTENING[cause.code ?? ""] ?? [cause.message, undefined];
  const message = `Expected to serve the page at ${HOST}:${port}, found that ${found}`;
  return (
    ofRuntime(cause) ??
    new WalkitError("ui/port", message, { cause, remedy: hint === undefined ? undefined : say(hint) })
  );
}

class Site {
  /** Host and port, once they are known. */
  origin = "";
  readonly #about: About | undefined;
  readonly #page: string;
  readonly #replica: LocatedReplica | undefined;
  readonly #token: Buffer;
  /** What the listing has: no other file of the machine is sent, whatever a path says. */
  #listed = new Map<string, number>();

  constructor(page: string, replica: LocatedReplica | undefined, token: string, about: About | undefined) {
    this.#about = about;
    this.#page = page;
    this.#replica = replica;
    this.#token = Buffer.from(token);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const path = this.#pathOf(request);
      if (path === undefined) deny(response, 404);
      else if (path === "batch" && request.method === "POST" && this.#replica)
        await this.#sendTogether(this.#replica, request, response);
      else if (request.method !== "GET" && request.method !== "HEAD") deny(response, 405);
      else if (path === "about.json" && this.#about) sendJson(this.#about, request, response);
      else if (path.startsWith("replica/") && this.#replica)
        await this.#sendReplica(this.#replica, path.slice("replica/".length), request, response);
      else await this.#sendPage(path || "index.html", request, response);
    } catch {
      // Whoever asked has gone, or the file has: there is nobody and nothing to tell.
      if (!response.headersSent) deny(response, 500);
      response.destroy();
    }
  }

  /**
   * The path behind the token; undefined for whoever does not know it, for another page's request, and for another host's
   * name that leads to this machine (DNS rebinding).
   */
  #pathOf({ url = "", headers }: IncomingMessage): string | undefined {
    if (headers.host !== this.origin) return undefined;
    if (headers.origin !== undefined && headers.origin !== `http://${this.origin}`) return undefined;
    const site = headers["sec-fetch-site"];
    if (site !== undefined && site !== "same-origin" && site !== "none") return undefined;
    const [, token = "", rest = ""] = /^\/([^/?#]*)\/([^?#]*)/.exec(url) ?? [];
    const given = Buffer.from(token);
    if (given.length !== this.#token.length || !timingSafeEqual(given, this.#token)) return undefined;
    try {
      return decodeURIComponent(rest);
    } catch {
      return undefined;
    }
  }

  async #sendPage(path: string, { method }: IncomingMessage, response: ServerResponse): Promise<void> {
    const file = normalize(join(this.#page, path));
    const type = TYPES[extname(file)];
    if (!file.startsWith(this.#page.endsWith(sep) ? this.#page : this.#page + sep) || type === undefined) {
      return deny(response, 404);
    }
    const data = await readFile(file).catch(() => undefined);
    if (!data) return deny(response, 404);
    response.writeHead(200, { ...HEADERS, "content-type": type, "content-length": data.length });
    response.end(method === "HEAD" ? undefined : data);
  }

  async #sendReplica(
    replica: LocatedReplica,
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { storage, folder } = replica;
    if (path === "index.json") {
      const files: object[] = [];
      const listed = new Map<string, number>();
      for (const { path: name, size, modified, unreadable } of await entriesOf(replica)) {
        if (unreadable) files.push({ path: name, unreadable: unreadable.message });
        if (unreadable || name.endsWith("/")) continue;
        listed.set(name, size ?? 0);
        files.push({ path: name, size, modified: modified === undefined ? undefined : formatTime(modified) });
      }
      // At once: the page reads what it knows of while it lists anew.
      this.#listed = listed;
      return sendJson({ files }, request, response);
    }
    const size = await this.#sizeOf(replica, path);
    if (size === undefined) return deny(response, 404);
    const range = rangeOf(request.headers.range, size);
    if (range === "unsatisfiable") return deny(response, 416);
    const [start, end] = range ?? [0, size];
    response.writeHead(range ? 206 : 200, {
      ...HEADERS,
      "content-type": "application/octet-stream",
      "content-length": end - start,
      "accept-ranges": "bytes",
      ...(range ? { "content-range": `bytes ${start}-${end - 1}/${size}` } : {}),
    });
    if (request.method === "HEAD" || end === start) response.end();
    else if (folder) {
      await pipeline(createReadStream(join(folder.root, path), { start, end: end - 1 }), response);
    } else await pipeline(Readable.from(storage.read(path, { start, end })), response);
  }

  /** In bytes; undefined where it was not listed, or is no file any more. */
  async #sizeOf({ folder }: LocatedReplica, path: string): Promise<number | undefined> {
    const size = this.#listed.get(path);
    if (size === undefined || !folder) return size;
    const found = await stat(join(folder.root, path)).catch(() => undefined);
    return found?.isFile() ? found.size : undefined;
  }

  /**
   * Several small files in one answer: a browser takes milliseconds for each request. The paths come as an array in JSON; a line
   * of JSON with their sizes goes before their bytes, with null for what is not there.
   */
  async #sendTogether(
    replica: LocatedReplica,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const paths = await pathsOf(request);
    if (!paths) return deny(response, 400);
    const sizes: (number | null)[] = [];
    const all: Buffer[] = [];
    let sum = 0;
    for (const path of paths) {
      const size = await this.#sizeOf(replica, path);
      const isFew = size !== undefined && sum + size <= MOST_TOGETHER;
      const data = isFew ? await contentOf(replica, path).catch(() => undefined) : undefined;
      sizes.push(data ? data.length : null);
      if (data) all.push(data);
      sum += data?.length ?? 0;
    }
    const answer = Buffer.concat([Buffer.from(`${JSON.stringify(sizes)}\n`), ...all]);
    const type = "application/octet-stream";
    response.writeHead(200, { ...HEADERS, "content-type": type, "content-length": answer.length });
    response.end(answer);
  }
}

/** What the replica's layout lists: nothing else that lies beside is sent. */
async function entriesOf(replica: LocatedReplica): Promise<Iterable<Entry>> {
  const entries = new Map<string, Entry>();
  const storage: Storage = {
    async *list(prefix, options) {
      for await (const entry of replica.storage.list(prefix, options)) {
        entries.set(entry.path, entry);
        yield entry;
      }
    },
    read: (path, options) => replica.storage.read(path, options),
  };
  try {
    await catalogOf({ ...replica, storage });
  } catch (error) {
    // The generation has gone: then there is nothing of it.
    if (!(error instanceof WalkitError) || error.code !== "target/no-generation") throw error;
  }
  return entries.values();
}

async function contentOf({ storage, folder }: LocatedReplica, path: string): Promise<Buffer> {
  if (folder) return await readFile(join(folder.root, path));
  const pieces: Uint8Array[] = [];
  for await (const piece of storage.read(path)) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

/** The paths that are asked for together; undefined where it is no list of them, or a very long one. */
async function pathsOf(request: IncomingMessage): Promise<string[] | undefined> {
  let text = "";
  for await (const piece of request.setEncoding("utf8")) {
    // To its end, so that the connection can go on; what is too long is no JSON when it is cut.
    if (text.length <= MOST_TOGETHER) text += piece;
  }
  try {
    const paths: unknown = JSON.parse(text);
    return Array.isArray(paths) && paths.every((path) => typeof path === "string") ? paths : undefined;
  } catch {
    return undefined;
  }
}

/** First byte and end of a `Range` header; undefined where there is none that is understood. */
function rangeOf(header: string | undefined, size: number): [number, number] | "unsatisfiable" | undefined {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? "");
  if (!match) return undefined;
  const start = Number(match[1]);
  const end = match[2] === "" ? size : Math.min(size, Number(match[2]) + 1);
  return start >= size || end <= start ? "unsatisfiable" : [start, end];
}

function sendJson(value: object, { method }: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { ...HEADERS, "content-type": "application/json" });
  response.end(method === "HEAD" ? undefined : JSON.stringify(value));
}

function deny(response: ServerResponse, status: number): void {
  response.writeHead(status, { ...HEADERS, "content-type": "text/plain" });
  response.end(status === 404 ? "Not here\n" : "No\n");
}
