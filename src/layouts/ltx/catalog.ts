/** The listing of the LTX files below a replica's root. */

import type { WalkitError } from "../../errors.ts";
import type { Stray, TimelineFile } from "../../replay/catalog.ts";
import { isJunk } from "../../storage/paths.ts";
import type { Storage } from "../../storage/storage.ts";
import { LTX_PREFIXES, parseLtxPath } from "./names.ts";
import { LTX_BRANCH, type LtxBranch, type LtxFile } from "./types.ts";
import { branchOfFiles } from "./walk.ts";

/**
 * Lists the LTX files below `root` (empty, or with `/` at its end); opens none.
 *
 * @returns no branch where there are none
 * @throws WalkitError `storage/*` from the listing
 */
export async function listLtx(
  storage: Pick<Storage, "list">,
  root: string,
  signal: AbortSignal | undefined,
): Promise<Listed> {
  const files: LtxFile[] = [];
  const strays: Stray[] = [];
  const timelineFiles: TimelineFile[] = [];
  const unknown: WalkitError[] = [];
  for (const prefix of LTX_PREFIXES) {
    for await (const { path, size, modified, unreadable } of storage.list(root + prefix, { signal })) {
      const inside = path.slice(root.length);
      const place = parseLtxPath(inside);
      // Of a folder that cannot be listed all that is known is that it may hold some.
      if (place) files.push({ ...place, path, size, modified, ...(unreadable && { unreadable }) });
      else if (BESIDE.test(inside)) {
        const kind = BESIDE.exec(inside)![1] as TimelineFile["kind"];
        timelineFiles.push({ generation: LTX_BRANCH, kind, path, size });
      } else if (unreadable && FOLDER.test(inside)) unknown.push(unreadable);
      else if (LEVEL.test(inside) && !isJunk(path))
        strays.push({ path, generation: LTX_BRANCH, reason: reasonOf(path) });
    }
  }
  if (files.length === 0 && unknown.length === 0) return { branch: undefined, strays, timelineFiles };
  const branch = branchOfFiles(files);
  if (unknown.length > 0) branch.unreadable = unknown;
  return { branch, strays, timelineFiles };
}

interface Listed {
  branch: LtxBranch | undefined;
  strays: Stray[];
  timelineFiles: TimelineFile[];
}

const BESIDE = /^ltx\.(history|restore-points)$/;
/** What lies where the files of levels do: another level than these ten is none. */
const LEVEL = /^(?:ltx|000[0-9])\/./;
const FOLDER = /^(?:ltx|ltx\/[0-9]|000[0-9])\/?$/;

function reasonOf(path: string): Stray["reason"] {
  return path.endsWith("/") ? "empty-folder" : path.endsWith(".tmp") ? "temporary" : "unknown-name";
}
