/**
 * Files that hold every page though their names do not say so. After it lost its place in the WAL Litestream writes a copy of the whole
 * database as the next file of level 0. Where no file leads to such a copy, or what leads there is damaged, a restore can begin with it.
 */

import { isFault, isGone } from "../../errors.ts";
import { lockPage, readLtxOutline } from "../../ltx/index.ts";
import type { ReadContext } from "../../replay/layout.ts";
import { readFile, readHeader } from "./file.ts";
import { SNAPSHOT_LEVEL } from "./names.ts";
import { statesOf } from "./plan.ts";
import type { LtxBranch, LtxFile } from "./types.ts";
import { branchOfFiles } from "./walk.ts";

/** Files on their way at a time. */
const AT_ONCE = 32;
/** The most that LZ4 makes of a byte. */
const MOST = 255;

/** By storage: what was found out of a file, by its path, size and time: a listing is made more than once. */
const known = new WeakMap<object, Map<string, boolean>>();

/**
 * `branch` with what leads on from copies of the whole database, where names say that nothing leads to files, or, for `all`, from
 * any: of these files the header is read, and the page index of those that are large enough.
 */
export async function withBases(branch: LtxBranch, context: ReadContext, all: boolean): Promise<LtxBranch> {
  const wanted = all ? branch.files : unled(branch.files);
  const candidates = wanted.filter(({ level, minTxid, size, unreadable }) => {
    return level !== SNAPSHOT_LEVEL && minTxid > 1 && !unreadable && size !== undefined;
  });
  if (candidates.length === 0) return branch;
  const bases = new Set<string>();
  let next = 0;
  const work = async () => {
    for (let at = next++; at < candidates.length; at = next++)
      if (await isBase(candidates[at]!, context)) bases.add(candidates[at]!.path);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (bases.size === 0) return branch;
  const files = markedIn(branch.files, bases, all);
  return { ...branchOfFiles(files), ...(branch.unreadable && { unreadable: branch.unreadable }) };
}

/** What follows on one copy needs no other: of those that nothing leads to the first is marked, then the next that it does not lead to. */
function markedIn(files: readonly LtxFile[], bases: ReadonlySet<string>, all: boolean): readonly LtxFile[] {
  const mark = (paths: ReadonlySet<string>) =>
    files.map((file) => (paths.has(file.path) ? { ...file, base: true } : file));
  if (all) return mark(bases);
  const marked = new Set<string>();
  for (;;) {
    const now = mark(marked);
    const next = unled(now).find(({ path }) => bases.has(path) && !marked.has(path));
    if (!next) return now;
    marked.add(next.path);
  }
}

/**
 * Files that no state leads to, and whose own no other file leads to; not those from before the first state, which retention leaves.
 */
function unled(files: readonly LtxFile[]): LtxFile[] {
  const states = statesOf({ files });
  const lost: LtxFile[] = [];
  let next = 0;
  for (const file of [...files].sort((a, b) => a.maxTxid - b.maxTxid)) {
    const { minTxid, maxTxid } = file;
    while (next < states.length && states[next]! < maxTxid) next++;
    if (states[next] === maxTxid) continue;
    const before = states[next - 1];
    if (before === undefined ? states.length === 0 : before < minTxid - 1) lost.push(file);
  }
  return lost;
}

async function isBase(file: LtxFile, context: ReadContext): Promise<boolean> {
  const { storage, signal } = context;
  const kept = known.get(storage) ?? new Map<string, boolean>();
  known.set(storage, kept);
  const { path, size = 0, modified } = file;
  const key = `${path}\n${size}\n${modified}`;
  const before = kept.get(key);
  if (before !== undefined) return before;
  const read = async (start: number, end: number) => {
    const bytes = new Uint8Array(end - start);
    let filled = 0;
    for await (const piece of storage.read(path, { start, end, signal })) {
      bytes.set(piece.subarray(0, bytes.length - filled), filled);
      filled = Math.min(bytes.length, filled + piece.length);
    }
    return bytes.subarray(0, filled);
  };
  try {
    const { commit, pageSize } = await readHeader(file, context);
    const pages = commit - Number(commit >= lockPage(pageSize));
    const isLarge = commit > 0 && size * MOST >= pages * pageSize;
    const { index } = isLarge ? await readLtxOutline(read, size, { path }) : {};
    const found = isLarge && (index?.count ?? (await countPages(file, context))) === pages;
    kept.set(key, found);
    return found;
  } catch (error) {
    // What is wrong with it, whoever reads it is told.
    if (!isFault(error) && !isGone(error)) throw error;
    return false;
  }
}

/** Of a variant without a page index, as the first betas wrote it. */
async function countPages(file: LtxFile, { storage, signal }: ReadContext): Promise<number> {
  let pages = 0;
  for await (const { count } of readFile(file, { storage, signal }, () => {})) pages += count;
  return pages;
}
