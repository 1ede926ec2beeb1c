/** The listing of one database of LiteFS. */

import type { WalkitError } from "../../errors.ts";
import type { RemoteFile, Stray, TimelineFile } from "../../replay/catalog.ts";
import { isJunk } from "../../storage/paths.ts";
import type { Storage } from "../../storage/storage.ts";
import { DATABASE, parseLitefsPath } from "./names.ts";
import type { LitefsFile } from "./types.ts";
import { LTX_BRANCH } from "./types.ts";

export interface Listed {
  files: LitefsFile[];
  database: RemoteFile | undefined;
  /** SQLite's own files beside it. */
  journal: RemoteFile | undefined;
  wal: RemoteFile | undefined;
  strays: Stray[];
  timelineFiles: TimelineFile[];
  unreadable: WalkitError[];
}

const BESIDE = /^ltx\.(history|restore-points)$/;

/**
 * Lists the files of the database in the folder `prefix` (empty, or with `/` at its end); opens none.
 *
 * @returns undefined where nothing is there that LiteFS has
 * @throws WalkitError `storage/*` from the listing
 */
export async function listLitefs(
  storage: Storage,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<Listed | undefined> {
  const listed: Listed = {
    ...{ files: [], database: undefined, journal: undefined, wal: undefined },
    ...{ strays: [], timelineFiles: [], unreadable: [] },
  };
  let isThere = false;
  for await (const { path, size, modified, unreadable } of storage.list(prefix, { signal })) {
    const inside = path.slice(prefix.length);
    const name = parseLitefsPath(inside);
    const file = { path, size, modified, ...(unreadable && { unreadable }) };
    const beside = BESIDE.exec(inside);
    if (name) listed.files.push({ ...file, ...name, level: 0 });
    else if (inside === DATABASE || inside === "journal" || inside === "wal") listed[inside] = file;
    else if (beside) {
      const kind = beside[1] as TimelineFile["kind"];
      listed.timelineFiles.push({ generation: LTX_BRANCH, kind, path, size });
    } else if (unreadable && /^(ltx\/?|database\/?)?$/.test(inside)) listed.unreadable.push(unreadable);
    else if (/^ltx\/./.test(inside) && !inside.endsWith("/") && !isJunk(path)) {
      const reason = inside.endsWith(".tmp") ? "temporary" : "unknown-name";
      listed.strays.push({ path, generation: LTX_BRANCH, reason });
    } else if (inside !== "ltx/") continue;
    isThere = true;
  }
  return isThere ? listed : undefined;
}
