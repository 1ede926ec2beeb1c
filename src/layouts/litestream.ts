/**
 * A replica of Litestream, whichever version wrote it: generations of 0.3, LTX files of 0.5, or both side by side. What reads LTX
 * files is loaded with the first of them that is listed: most replicas have none, and a page has it as a file of its own.
 */

import { LTX_BRANCH, rootAbove } from "../replay/branch-name.ts";
import type { Branch, Catalog } from "../replay/catalog.ts";
import { noGeneration } from "../replay/faults.ts";
import type { Layout } from "../replay/layout.ts";
import type { Entry, Storage } from "../storage/storage.ts";
import { generations } from "./generations/layout.ts";

/** For branches of both kinds; undefined where no LTX file was listed yet. */
let both: typeof import("./both.ts").both | undefined;

async function load(): Promise<typeof import("./ltx/layout.ts")> {
  const [ltx, beside] = await Promise.all([import("./ltx/layout.ts"), import("./both.ts")]);
  both = beside.both;
  return ltx;
}

const reads = (): typeof generations | NonNullable<typeof both> => both ?? generations;

/** The folder that the LTX files of a replica lie in, whose generations lie below `prefix`; undefined where they cannot. */
function rootOf(prefix: string): string | undefined {
  const root = rootAbove(prefix);
  return root === prefix ? undefined : root;
}

export const litestream: Layout = {
  name: "litestream",

  async catalog({ storage, prefix }, { generation, signal, times = false, bases }) {
    const root = rootOf(prefix);
    const isOld = generation !== LTX_BRANCH;
    const catalog: Catalog = isOld
      ? await generations.catalog({ storage, prefix }, { generation, signal })
      : { generations: [], timelineFiles: [], strays: [] };
    if (root === undefined || (isOld && generation !== undefined)) {
      if (!isOld) throw noGeneration(LTX_BRANCH, prefix);
      return catalog;
    }
    // Which is the newer one only the times of its headers tell.
    const isTimed = times || catalog.generations.some(isFilled);
    const listed = await besideIn(storage, root, signal);
    const found = listed
      ? await (await load()).catalogIn({ storage, prefix: root }, { signal, times: isTimed, bases }, listed)
      : { generations: [], timelineFiles: [], strays: [] };
    if (!isOld && found.generations.length === 0) throw noGeneration(LTX_BRANCH, `${root}ltx/`);
    return {
      generations: [...catalog.generations, ...found.generations],
      timelineFiles: [...catalog.timelineFiles, ...found.timelineFiles],
      strays: [...catalog.strays, ...found.strays],
    };
  },

  plan: (...args) => reads().plan(...args),
  planChanges: (...args) => reads().planChanges(...args),
  choose: (...args) => reads().choose(...args),
  newest: (...args) => reads().newest(...args),
  isSettled: (...args) => reads().isSettled(...args),
  states: (...args) => reads().states(...args),
  doubt: (...args) => reads().doubt(...args),
  near: (...args) => reads().near(...args),
  faults: (...args) => reads().faults(...args),
  gaps: (...args) => reads().gaps(...args),
  missing: (...args) => reads().missing(...args),
  mayBeAhead: async (...args) => (await reads().mayBeAhead?.(...args)) ?? false,
  changes: (...args) => reads().changes(...args),
  claim: (...args) => reads().claim(...args),
  merged: (...args) => reads().merged!(...args),
};

function isFilled({ snapshots, segments, merged = [] }: Branch): boolean {
  return snapshots.length + segments.length + merged.length > 0;
}

/** What begins as the path of an LTX file below a replica's root, or of what walkit keeps beside them. */
const PREFIXES = ["ltx", "000"];
const LTX_FILE = /\.ltx(\.tmp)?$/;
const LTX_FOLDER = /^(ltx|ltx\/[0-9]|000[0-9])\/?$/;

/** What `storage` lists of these; undefined where there are no LTX files, nor may be. */
async function besideIn(
  storage: Storage,
  root: string,
  signal: AbortSignal | undefined,
): Promise<Pick<Storage, "list"> | undefined> {
  const entries: Entry[] = [];
  let isThere = false;
  for (const prefix of PREFIXES) {
    for await (const entry of storage.list(root + prefix, { signal })) {
      const { path, unreadable } = entry;
      entries.push(entry);
      isThere ||=
        LTX_FILE.test(path) || (unreadable !== undefined && LTX_FOLDER.test(path.slice(root.length)));
    }
  }
  if (!isThere) return undefined;
  return {
    async *list(prefix) {
      for (const entry of entries) if (entry.path.startsWith(prefix)) yield entry;
    },
  };
}
