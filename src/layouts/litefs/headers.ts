/** What files say of themselves, where their names do not tell enough. */

import { ofEach } from "../../at-once.ts";
import { isFault, isGone } from "../../errors.ts";
import { FLAG_LZ4, type LtxHeader, lockPage } from "../../ltx/index.ts";
import type { ReadContext } from "../../replay/layout.ts";
import { readFile, readHeader, timeOf } from "../ltx/file.ts";
import type { LitefsFile } from "./types.ts";

/** What a file says of itself. */
interface About {
  isDeletion: boolean;
  /** Nanoseconds since 1970; undefined where LiteFS set none, as before 0.3. */
  time: bigint | undefined;
  /** It holds every page. */
  isWhole: boolean;
}

/** What was found out of a storage's files, by path, with their size and time: a listing is made more than once. */
const known = new WeakMap<object, Map<string, { key: string; about: About }>>();

/**
 * What the headers of files say, by path; without those that cannot be read or have gone. `whole`: also which of them hold every
 * page. Of a file without compression its size tells; another is read where it is large enough.
 */
export async function aboutFiles(
  files: readonly LitefsFile[],
  context: ReadContext,
  whole: boolean,
): Promise<Map<string, About>> {
  const found = new Map<string, About>();
  const { storage } = context;
  const before = known.get(storage) ?? new Map<string, { key: string; about: About }>();
  known.set(storage, before);
  await ofEach(files, async (file) => {
    const key = `${file.size} ${file.modified} ${whole}`;
    const kept = before.get(file.path);
    const about = kept?.key === key ? kept.about : await aboutFile(file, context, whole);
    if (!about) return;
    before.set(file.path, { key, about });
    found.set(file.path, about);
  });
  return found;
}

async function aboutFile(file: LitefsFile, context: ReadContext, whole: boolean): Promise<About | undefined> {
  if (file.unreadable) return undefined;
  try {
    const header = await readHeader(file, context);
    const isWhole = whole && mayBeWhole(file, header) && (await isWholeFile(file, context));
    return { isDeletion: header.commit === 0, time: timeOf(header), isWhole };
  } catch (error) {
    if (!isFault(error) && !isGone(error)) throw error;
    return undefined;
  }
}

/** The most that LZ4 makes of a byte. */
const MOST = 255;

function mayBeWhole({ size = Number.POSITIVE_INFINITY }: LitefsFile, header: LtxHeader): boolean {
  const { commit, pageSize, flags } = header;
  if (commit === 0) return false;
  const pages = pagesOf(header) * (4 + pageSize);
  return flags & FLAG_LZ4 ? size >= pages / MOST : size >= pages;
}

/** Pages of the database that the file leads to which an LTX file has: all but the one for locks. */
function pagesOf({ commit, pageSize }: LtxHeader): number {
  return commit - Number(commit >= lockPage(pageSize));
}

/** The order of pages is checked on reading: as many as there are are all there are. */
async function isWholeFile(file: LitefsFile, { storage, signal }: ReadContext): Promise<boolean> {
  let header: LtxHeader | undefined;
  let pages = 0;
  try {
    const onHeader = (one: LtxHeader) => {
      header = one;
    };
    for await (const run of readFile(file, { storage, signal }, onHeader, { variant: "v1-raw" }))
      pages += run.count;
  } catch (error) {
    if (!isFault(error)) throw error;
    return false;
  }
  return pages === pagesOf(header!);
}
