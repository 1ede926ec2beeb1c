/**
 * A database of LiteFS, a replica of its own: found by the names of its files. What reads it is loaded with its first listing: most
 * replicas are none, and a page has it as a file of its own.
 */

import { WalkitError } from "../errors.ts";
import type { Layout, Replica } from "../replay/layout.ts";
import type { Storage } from "../storage/storage.ts";
import type { Compared } from "./litefs/compare.ts";

export type { Compared } from "./litefs/compare.ts";

let loaded: Layout | undefined;

async function load(): Promise<Layout> {
  loaded ??= (await import("./litefs/layout.ts")).litefs;
  return loaded;
}

/** What comes behind a listing. */
function own(): Layout {
  if (!loaded) throw new TypeError("Expected the catalog to be asked for first");
  return loaded;
}

const litefs: Layout = {
  name: "litefs",
  catalog: async (replica, options) => await (await load()).catalog(replica, options),
  plan: (...args) => own().plan(...args),
  planChanges: (...args) => own().planChanges(...args),
  choose: (...args) => own().choose(...args),
  newest: (...args) => own().newest(...args),
  isSettled: (...args) => own().isSettled(...args),
  states: (...args) => own().states(...args),
  doubt: (...args) => own().doubt(...args),
  near: (...args) => own().near(...args),
  faults: (...args) => own().faults(...args),
  gaps: (...args) => own().gaps(...args),
  missing: (...args) => own().missing(...args),
  async *changes(...args) {
    yield* (await load()).changes(...args);
  },
  async *claim(...args) {
    yield* (await load()).claim(...args);
  },
  async *merged(...args) {
    yield* (await load()).merged!(...args);
  },
  pageSum: (...args) => own().pageSum!(...args),
  watch: () => own().watch!(),
};

/**
 * The database of LiteFS whose files lie in the folder `prefix` (empty, or with `/` at its end): `dbs/app.db/` of a data directory,
 * or the folder of a backup. Looks at nothing: whether there is one shows when it is read.
 */
export function litefsIn(storage: Storage, prefix: string): Replica {
  return { storage, layout: litefs, prefix };
}

/**
 * Compares two databases of LiteFS: two nodes, or a node and its backup.
 *
 * @throws WalkitError `ltx/*`, `lz4/*` for a file that is damaged, `storage/*`, `replica/not-a-replica` where there is no file
 */
export async function compareNodes(
  ...nodes: Parameters<typeof import("./litefs/compare.ts").compareNodes>
): Promise<Compared> {
  return await (await import("./litefs/compare.ts")).compareNodes(...nodes);
}

const NAME = "[0-9a-f]{16}-[0-9a-f]{16}\\.ltx";
/** A file of a database: LTX files in `ltx/`; the database and what SQLite has beside it, where the folder is in `dbs/`. */
const FILE = new RegExp(`^((?:.*/)?)ltx/${NAME}$|^((?:.*/)?dbs/[^/]+/)(?:database|journal|wal|ltx/)$`, "s");
const FLAT = new RegExp(`^((?:.*/)?)${NAME}$`, "s");
/** A folder of a level of Litestream 0.5. */
const LEVEL = /(?:^|\/)(?:[0-9]|000[0-9])\/$/;

/** The folder of the database of LiteFS that the file at `path` is of, by its name alone; undefined where it is of none. */
export function litefsFolder(path: string): string | undefined {
  const match = FILE.exec(path);
  if (match) return match[1] ?? match[2];
  const folder = FLAT.exec(path)?.[1];
  return folder === undefined || LEVEL.test(folder) ? undefined : folder;
}

/** What LiteFS 0.1 had in place of `dbs/<database>/`: the number of a database, and a file with its name. */
const FIRST = /^((?:.*\/)?[0-9a-f]{8}\/)name$/s;

/** The folder of a database of LiteFS 0.1 that the file at `path` names; undefined where it names none. */
export function firstLitefsFolder(path: string): string | undefined {
  return FIRST.exec(path)?.[1];
}

/** The error for the folder of a database of LiteFS 0.1, as {@link firstLitefsFolder} tells. */
export function tooOld(folder: string): WalkitError {
  const message = `Expected dbs/<database>/, as LiteFS keeps it since 0.2, found ${folder}, a database of LiteFS 0.1`;
  return new WalkitError("ltx/extinct", message, { path: folder });
}
