/**
 * Files that hold every page though their names do not say so. After it lost its place in the WAL Litestream writes a copy of the whole
 * database as the next file of level 0. Where no file leads to such a copy, or what leads there is damaged, a restore can begin with it.
 */

import { ofEach } from "../../at-once.ts";
import { isFault, isGone } from "../../errors.ts";
import { lockPage, readLtxOutline } from "../../ltx/index.ts";
import type { ReadContext } from "../../replay/layout.ts";
import { readFile, readHeader, readRange } from "./file.ts";
import { SNAPSHOT_LEVEL } from "./names.ts";
import { beginOf, type LtxBranch, type LtxFile } from "./types.ts";
import { branchOfFiles } from "./walk.ts";

/** The most that LZ4 makes of a byte. */
const MOST = 255;

/** By storage: what was found out of a file, by its path, size and time: a listing is made more than once. */
const known = new WeakMap<object, Map<string, boolean>>();

/**
 * `branch` with what leads on from copies of the whole database, where names say that nothing leads to files, or, for `all`, from
 * any: of these files the header is read, and the page index of those that are large enough.
 */
export async function withBases(branch: LtxBranch, context: ReadContext, all: boolean): Promise<LtxBranch> {
  const wanted = all ? branch.files : walkUp(branch.files, () => false).unled;
  const candidates = wanted.filter(({ level, minTxid, size, unreadable }) => {
    return level !== SNAPSHOT_LEVEL && minTxid > 1 && !unreadable && size !== undefined;
  });
  if (candidates.length === 0) return branch;
  const found = await ofEach(candidates, (file) => isBase(file, context));
  const bases = new Set(candidates.filter((_, i) => found[i]).map(({ path }) => path));
  if (bases.size === 0) return branch;
  // What follows on one copy needs no other.
  const marked = all ? bases : walkUp(branch.files, ({ path }) => bases.has(path)).marked;
  const files = branch.files.map((file) => (marked.has(file.path) ? { ...file, base: true } : file));
  return { ...branchOfFiles(files), ...(branch.unreadable && { unreadable: branch.unreadable }) };
}

/**
 * Goes up through the states that files lead to. Where no file leads to the next, what `isBase` says of the files that end there
 * counts: the first of them that is one is marked, and leads on. Files from before the first state, which retention leaves, are
 * passed over where there is one.
 */
function walkUp(
  files: readonly LtxFile[],
  isBase: (file: LtxFile) => boolean,
): { marked: Set<string>; unled: LtxFile[] } {
  const marked = new Set<string>();
  const unled: LtxFile[] = [];
  const hasStates = files.some((file) => beginOf(file) === 1);
  const inOrder = [...files].sort((a, b) => a.maxTxid - b.maxTxid);
  let last = 0;
  for (let at = 0; at < inOrder.length; ) {
    const { maxTxid } = inOrder[at]!;
    const here: LtxFile[] = [];
    for (; inOrder[at]?.maxTxid === maxTxid; at++) here.push(inOrder[at]!);
    if (here.some((file) => beginOf(file) <= last + 1)) last = maxTxid;
    else if (last > 0 || !hasStates) {
      unled.push(...here);
      const base = here.find(isBase);
      if (!base) continue;
      marked.add(base.path);
      last = maxTxid;
    }
  }
  return { marked, unled };
}

async function isBase(file: LtxFile, context: ReadContext): Promise<boolean> {
  const { storage } = context;
  const kept = known.get(storage) ?? new Map<string, boolean>();
  known.set(storage, kept);
  const { path, size = 0, modified } = file;
  const key = `${path}\n${size}\n${modified}`;
  const before = kept.get(key);
  if (before !== undefined) return before;
  const read = (start: number, end: number) => readRange(file, context, start, end);
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
