/** A folder on a web server. */

import { isGone, type WalkitError } from "../errors.ts";
import type { Remedy } from "../remedy.ts";
import { giveTurn } from "../turn.ts";
import { asError, unreadable } from "./blob.ts";
import { FETCH_AGAIN, partOf, readBody, readText } from "./http-body.ts";
import { notFound } from "./memory.ts";
import type { Entry, ListOptions, ReadOptions, Storage } from "./storage.ts";
import { isFew, type ListedFile, parseHttpTime, parseIndex, parseManifest } from "./web-listing.ts";

/** How a web server is asked. */
export interface HttpOptions {
  /** In place of the runtime's own: to add headers, or to test. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Take what a redirect to another origin (host, port, http or https) leads to; by default it is refused. */
  otherOrigins?: boolean | undefined;
  /** Files and folders that may be listed; a million by default. */
  maxFiles?: number | undefined;
  /** Folders below each other that are listed; 16 by default. */
  maxDepth?: number | undefined;
  /** Bytes that the listing of a folder, or the manifest, may have; 64 MiB by default. */
  maxListing?: number | undefined;
}

/** Looked for in this order, in the folder itself. */
const MANIFESTS = ["walkit.json", "index.json"];
/** Files that the server is asked about at a time. */
const BATCH = 16;

/**
 * The files below a URL. They are listed by a manifest there (`walkit.json` or `index.json`: see `parseManifest`), else by the
 * server's own index of each folder (nginx, Apache, Caddy, `python3 -m http.server`), with a HEAD request for each file that it
 * does not tell all of. Times are exact as the manifest or Caddy tells them, else `Last-Modified`: whole seconds.
 */
export class HttpStorage implements Storage {
  /** Ends with `/`. */
  readonly url: string;
  readonly #base: URL;
  readonly #fetch: typeof globalThis.fetch;
  readonly #otherOrigins: boolean;
  readonly #maxFiles: number;
  readonly #maxDepth: number;
  readonly #maxListing: number;
  /** The manifest as it was last read; null where there was none, undefined before. */
  #listed: Map<string, ListedFile> | null | undefined;

  /**
   * @throws TypeError where `url` is none of http or https
   */
  constructor(url: string | URL, options: HttpOptions = {}) {
    this.#base = new URL(url);
    if (!/^https?:$/.test(this.#base.protocol)) {
      throw new TypeError(`Expected a URL of http or https, found ${this.#base.protocol}`);
    }
    this.#base.hash = "";
    if (!this.#base.pathname.endsWith("/")) this.#base.pathname += "/";
    this.url = this.#base.href;
    const given = options.fetch;
    // Called as a method, a browser's own does not work.
    this.#fetch = (...args) => (given ?? globalThis.fetch)(...args);
    this.#otherOrigins = options.otherOrigins ?? false;
    this.#maxFiles = options.maxFiles ?? 1_000_000;
    this.#maxDepth = options.maxDepth ?? 16;
    this.#maxListing = options.maxListing ?? 64 << 20;
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<Entry> {
    const { signal, recent = false } = options;
    const files = recent && this.#listed !== undefined ? this.#listed : await this.#anyManifest(signal);
    this.#listed = files;
    if (!files) {
      yield* this.#walk(prefix.slice(0, prefix.lastIndexOf("/") + 1), prefix, 0, { count: 0 }, signal);
      return;
    }
    for (const [path, file] of files) {
      const turn = giveTurn();
      if (turn) await turn;
      signal?.throwIfAborted();
      if (path.startsWith(prefix)) yield { path, ...file };
    }
  }

  /** Null where the server has none. */
  async #anyManifest(signal: AbortSignal | undefined): Promise<Map<string, ListedFile> | null> {
    for (const name of MANIFESTS) {
      const files = await this.#manifest(name, signal);
      if (!files) continue;
      if (files.size > this.#maxFiles) throw this.#tooMany();
      return files;
    }
    return null;
  }

  async #manifest(
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<Map<string, ListedFile> | undefined> {
    const response = await this.#ask(name, { method: "GET", cache: "no-cache" }, signal);
    // Servers of single pages answer with that page whatever they are asked for; others refuse what is not there.
    if (!isWhole(response)) {
      await response.body?.cancel();
      // A server in trouble may have one all the same, and what it lists without is something else.
      if (response.ok || isBusy(response.status)) throw this.#refused(name, response);
      return undefined;
    }
    const text = await readText(response, name, this.#maxListing, signal);
    if (!isFew(text, this.#maxFiles)) throw this.#tooMany();
    return parseManifest(text, name);
  }

  async *#walk(
    folder: string,
    prefix: string,
    depth: number,
    seen: { count: number },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Entry> {
    const headers = { accept: "application/json, text/html;q=0.9, */*;q=0.1" };
    const response = await this.#ask(folder, { method: "GET", cache: "no-cache", headers }, signal);
    if (!isWhole(response)) {
      await response.body?.cancel();
      const error = this.#refused(folder, response);
      // A folder that vanished between its listing and its turn held nothing that is still there.
      if (isGone(error) && folder !== "") return;
      if (depth === 0) throw error;
      yield { path: folder, unreadable: error };
      return;
    }
    const url = this.#urlOf(folder);
    if (response.url !== "" && new URL(response.url).pathname !== url.pathname) {
      await response.body?.cancel();
      throw unreadable(folder, `Expected an index of ${url.href}, found a redirect to ${response.url}`, {
        remedy: { do: "give-address", of: "redirect" },
      });
    }
    const text = await readText(response, folder, this.#maxListing, signal);
    const most = this.#maxFiles - seen.count;
    if (/^\s*\[/.test(text) && !isFew(text, most)) throw this.#tooMany();
    const { files, folders } = await parseIndex(text, url, { most, signal });
    seen.count += files.size + folders.size;
    if (seen.count > this.#maxFiles) throw this.#tooMany();
    if (files.size + folders.size === 0 && folder !== "" && folder.startsWith(prefix)) yield { path: folder };
    const wanted = [...files].filter(([name]) => (folder + name).startsWith(prefix));
    for (let at = 0; at < wanted.length; at += BATCH) {
      const batch = wanted
        .slice(at, at + BATCH)
        .map(([name, file]) => this.#entry(folder + name, file, signal));
      for (const entry of await Promise.all(batch)) if (entry) yield entry;
    }
    for (const name of folders) {
      const at = `${folder}${name}/`;
      if (!(at.startsWith(prefix) || prefix.startsWith(at)) || depth >= this.#maxDepth) continue;
      yield* this.#walk(at, prefix, depth + 1, seen, signal);
    }
  }

  /** Asks the server where the index does not tell all. */
  async #entry(path: string, file: ListedFile, signal: AbortSignal | undefined): Promise<Entry | undefined> {
    if (file.size !== undefined && file.modified !== undefined) return { path, ...file };
    let response: Response;
    try {
      response = await this.#ask(path, { method: "HEAD", cache: "no-cache" }, signal);
    } catch (error) {
      if (signal?.aborted) throw error;
      return { path, unreadable: error as WalkitError };
    }
    // A server that knows no HEAD may well know the file.
    const isOdd = response.ok && !isWhole(response);
    if (isOdd || response.status === 405 || response.status === 501) return { path, ...file };
    if (!response.ok) {
      const error = this.#refused(path, response);
      return isGone(error) ? undefined : { path, unreadable: error };
    }
    const length = response.headers.get("content-length");
    const isEncoded = response.headers.has("content-encoding");
    const size = length === null || isEncoded || !/^\d{1,15}$/.test(length) ? file.size : Number(length);
    return { path, size, modified: parseHttpTime(response.headers.get("last-modified")) ?? file.modified };
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const { signal, start = 0, end = Number.POSITIVE_INFINITY } = options;
    if (path === "" || path.endsWith("/")) throw notFound(path);
    const isPart = start > 0 || end !== Number.POSITIVE_INFINITY;
    // An empty range cannot be asked for, whether the file is there can.
    const init: RequestInit = { method: isPart && start >= end ? "HEAD" : "GET" };
    if (isPart && start < end) {
      init.headers = { range: `bytes=${start}-${Number.isFinite(end) ? end - 1 : ""}` };
    }
    const response = await this.#ask(path, init, signal);
    // It begins behind the file's end.
    if (response.status === 416 && isPart && !isInside(start, response)) {
      return void (await response.body?.cancel());
    }
    const isAsked = response.status === 206 && isPart;
    if (!isAsked && !isWhole(response)) {
      await response.body?.cancel();
      throw this.#refused(path, response);
    }
    if (init.method === "HEAD") return;
    if (isAsked) {
      yield* this.#readPart(response, path, start, end, signal);
      return;
    }
    // All of the file, also where a part was asked for.
    let position = 0;
    for await (const piece of readBody(response, path, signal)) {
      const wanted = piece.subarray(Math.max(0, start - position), Math.min(piece.length, end - position));
      position += piece.length;
      if (wanted.length > 0) yield wanted;
      if (position >= end) return;
    }
  }

  async *#readPart(
    response: Response,
    path: string,
    start: number,
    end: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    let told: number | undefined;
    try {
      told = partOf(response, path, start, end);
    } catch (error) {
      await response.body?.cancel();
      throw error;
    }
    let size = 0;
    for await (const piece of readBody(response, path, signal)) {
      size += piece.length;
      if (size > (told ?? end - start)) break;
      yield piece;
    }
    const most = told ?? end - start;
    if (size <= most && (told === undefined || size === told)) return;
    const found = size > most ? "more" : `${size}`;
    throw unreadable(path, `Expected ${most} bytes of ${path} from the server, found ${found}`, {
      remedy: FETCH_AGAIN,
    });
  }

  /** The URL of a path; what stands behind `?` in the folder's (a token) goes along. */
  #urlOf(path: string): URL {
    // Of half a character no URL can be made.
    if (/\p{Surrogate}/u.test(path)) throw notFound(path);
    const url = new URL(path.split("/").map(encodeURIComponent).join("/"), this.#base);
    if (!url.pathname.startsWith(this.#base.pathname) || path.startsWith("/")) throw notFound(path);
    url.search = this.#base.search;
    return url;
  }

  async #ask(path: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
    signal?.throwIfAborted();
    const url = this.#urlOf(path);
    let response: Response;
    try {
      response = await this.#fetch(url.href, signal ? { ...init, signal } : init);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      const reason = (cause as { cause?: unknown }).cause ?? cause;
      throw unreadable(path, `Cannot reach ${url.href}: ${asError(cause).message}${detail(reason, cause)}`, {
        cause,
        remedy: { do: "check", what: "connection" },
      });
    }
    if (response.url === "" || this.#otherOrigins) return response;
    const { origin } = new URL(response.url);
    if (origin === this.#base.origin) return response;
    await response.body?.cancel();
    throw unreadable(
      path,
      `Expected ${path || "the folder"} from ${this.#base.origin}, found a redirect to ${origin}`,
      {
        remedy: { do: "give-address", of: "other-origin" },
      },
    );
  }

  #refused(path: string, response: Response): WalkitError {
    const { status, statusText } = response;
    if (status === 404 || status === 410) return notFound(path || this.url);
    const found = `HTTP ${status}${statusText ? ` ${statusText}` : ""}`;
    return unreadable(path, `Expected ${path || this.url} from the server, found ${found}`, {
      remedy: remedyOf(status, path === "" || path.endsWith("/")),
    });
  }

  #tooMany(): WalkitError {
    return unreadable("", `Expected at most ${this.#maxFiles} files at ${this.url}, found more`, {
      remedy: { do: "open-closer", by: "address" },
    });
  }
}

/** All of what was asked for. Other answers that pass for good ones have a part of it (206), nothing (204), or something else. */
function isWhole({ status }: Response): boolean {
  return status === 200 || status === 203;
}

function isBusy(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Whether an answer that refuses a range says of the file that it goes beyond `start`. */
function isInside(start: number, response: Response): boolean {
  const size = /^bytes \*\/(\d{1,15})$/.exec(response.headers.get("content-range") ?? "")?.[1];
  return size !== undefined && Number(size) > start;
}

function detail(reason: unknown, cause: unknown): string {
  const { message } = asError(reason);
  return reason === cause || message === "" ? "" : ` (${message})`;
}

function remedyOf(status: number, isFolder: boolean): Remedy {
  const isForbidden = status === 401 || status === 403;
  if (isForbidden) return { do: "ask-server", answer: isFolder ? "no-listing" : "forbidden" };
  return { do: "ask-server", answer: isBusy(status) ? "busy" : "missing" };
}
