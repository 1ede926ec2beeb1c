/** What a web server tells of its files: a manifest beside them, or an index of each folder, in HTML or JSON. */

import type { WalkitError } from "../errors.ts";
import { parseTime } from "../time.ts";
import { giveTurn } from "../turn.ts";
import { unreadable } from "./blob.ts";
import { cleanPath } from "./paths.ts";

/** A file as a manifest or an index tells of it. */
export interface ListedFile {
  /** In bytes; undefined where it is not told, or only roughly. */
  size?: number | undefined;
  /** Nanoseconds since 1970. */
  modified?: bigint | undefined;
  /** It is there, and the server cannot read it. */
  unreadable?: WalkitError | undefined;
}

/** What an index tells of a folder: names without `/`. */
export interface ListedFolder {
  files: Map<string, ListedFile>;
  folders: Set<string>;
}

/**
 * Reads a manifest: `{ "files": [{ "path": "...", "size": 123, "modified": "2026-11-20T12:15:47.123456789Z" }] }`. Paths are
 * relative to the folder that it lies in; size and modified may be left out. `unreadable` in their place says why a file cannot
 * be read. Undefined where `text` is none.
 *
 * @throws WalkitError `storage/unreadable` where it is one with something wrong in it
 */
export function parseManifest(text: string, name: string): Map<string, ListedFile> | undefined {
  const files = (parseJson(text) as { files?: unknown } | null | undefined)?.files;
  if (!Array.isArray(files)) {
    // Another program's index.json is none of ours; and some servers answer with a page whatever they are asked for.
    if (name !== "walkit.json" || !/^\s*[{[]/.test(text)) return undefined;
    throw wrong(name, "no list of files");
  }
  const found = new Map<string, ListedFile>();
  for (const file of files as unknown[]) {
    const { path, size, modified, unreadable: reason } = (file ?? {}) as Record<string, unknown>;
    const clean = typeof path === "string" ? cleanPath(path) : { reason: "its path is no text" };
    if ("reason" in clean) throw wrong(name, `${JSON.stringify(path)}: ${clean.reason}`);
    if (clean.path === "" || found.has(clean.path)) throw wrong(name, `${clean.path} twice`);
    if (size !== undefined && !isSize(size)) throw wrong(name, `the size ${JSON.stringify(size)} of ${path}`);
    const time = modified === undefined ? undefined : timeOf(modified);
    if (modified !== undefined && time === undefined) {
      throw wrong(name, `the time ${JSON.stringify(modified)} of ${path}`);
    }
    const error = typeof reason === "string" ? unreadable(clean.path, reason.slice(0, 1000)) : undefined;
    found.set(clean.path, { size: size as number | undefined, modified: time, unreadable: error });
  }
  return found;
}

function wrong(name: string, found: string): Error {
  const expected = "relative paths, each once, sizes in bytes, times as 2026-11-20T12:15:47Z";
  return unreadable(name, `Expected ${expected} in ${name}, found ${found}`, {
    remedy: { do: "rewrite-listing", file: name },
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function timeOf(value: unknown): bigint | undefined {
  try {
    return typeof value === "string" ? parseTime(value) : undefined;
  } catch {
    return undefined;
  }
}

const HTTP_TIME = /^[A-Z][a-z]+,? (\d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|UTC|[+-]0000))$/;

/**
 * Nanoseconds since 1970 of a time as HTTP writes it, in whole seconds; undefined for any other. `Date.parse` takes nearly
 * everything for a time, and what is without a zone for one of wherever this runs.
 */
export function parseHttpTime(text: string | null): bigint | undefined {
  const time = Date.parse(HTTP_TIME.exec(text ?? "")?.[1] ?? "");
  return Number.isNaN(time) ? undefined : BigInt(Math.floor(time / 1000)) * 1_000_000_000n;
}

/** Lists and objects in what is told of each file. */
const BRACKETS = 2;

/** Whether `text` is JSON of no more than `files` files, as far as can be said without making an object of each. */
export function isFew(text: string, files: number): boolean {
  // There may be some of them in names, and in what else another program tells.
  const most = BRACKETS * files + 1000;
  let count = 0;
  for (let i = 0; i < text.length && count <= most; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) count++;
  }
  return count <= most;
}

export interface IndexOptions {
  /** More than so many files and folders are not looked for. */
  most: number;
  signal?: AbortSignal | undefined;
}

/**
 * Reads the index of the folder at `url`. Of HTML its links: those to something in the folder itself; all others lead out of
 * it, or sort it anew. What it says of sizes and times is not read: sizes are rounded, times are local and without seconds.
 * JSON is that of nginx's autoindex or of Caddy's file server, and tells both.
 */
export async function parseIndex(text: string, url: URL, options: IndexOptions): Promise<ListedFolder> {
  const { most, signal } = options;
  const listed: ListedFolder = { files: new Map(), folders: new Set() };
  const entries = /^\s*\[/.test(text) ? parseJson(text) : undefined;
  if (Array.isArray(entries)) {
    for (const entry of entries as unknown[]) addJson(listed, (entry ?? {}) as Record<string, unknown>);
    return listed;
  }
  for (const [, attributes] of text.matchAll(/<a\s([^<>]*)>/gi)) {
    const match = /(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))/i.exec(attributes!);
    const found = childOf(url, decodeEntities(match?.[1] ?? match?.[2] ?? match?.[3] ?? ""));
    if (found?.isFolder) listed.folders.add(found.name);
    else if (found) listed.files.set(found.name, {});
    if (listed.files.size + listed.folders.size > most) break;
    // A page may have millions of links.
    const turn = giveTurn();
    if (turn) await turn;
    signal?.throwIfAborted();
  }
  return listed;
}

function addJson(listed: ListedFolder, entry: Record<string, unknown>): void {
  const name = typeof entry.name === "string" ? entry.name.replace(/\/$/, "") : "";
  if (!isName(name)) return;
  if (entry.type === "directory" || entry.is_dir === true) {
    listed.folders.add(name);
    return;
  }
  const size = isSize(entry.size) ? entry.size : undefined;
  const { mtime, mod_time: exact } = entry;
  const modified = exact === undefined && typeof mtime === "string" ? parseHttpTime(mtime) : timeOf(exact);
  listed.files.set(name, { size, modified });
}

/** What `link` in the index at `folder` names, where that is something in the folder itself. */
function childOf(folder: URL, link: string): { name: string; isFolder: boolean } | undefined {
  try {
    const url = new URL(link, folder);
    if (url.origin !== folder.origin || !url.pathname.startsWith(folder.pathname)) return undefined;
    const [, part, slash] = /^([^/]+)(\/?)$/.exec(url.pathname.slice(folder.pathname.length)) ?? [];
    const name = decodeURIComponent(part ?? "");
    return isName(name) ? { name, isFolder: slash === "/" } : undefined;
  } catch {
    return undefined;
  }
}

function isName(name: string): boolean {
  const clean = cleanPath(name);
  return "path" in clean && clean.path !== "" && clean.path === name && !name.includes("/");
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi,
    (all, decimal, hex, name) => {
      if (name !== undefined) return ENTITIES[(name as string).toLowerCase()]!;
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number.parseInt(decimal, 10);
      return code <= 0x10ffff ? String.fromCodePoint(code) : all;
    },
  );
}
