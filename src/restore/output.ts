/** What may stand at the output of a restore, and beside it. */

import type { FileHandle } from "node:fs/promises";
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { WalkitError } from "../errors.ts";
import { type Finding, makeFinding } from "../findings.ts";
import { cannotWrite } from "../storage/system.ts";
import { refuseInUse } from "./in-use.ts";
import { COMPANIONS, HISTORY, look } from "./publish.ts";

/**
 * Refuses an output where a file stands, or companions of a database do. `force` allows a database that nobody uses.
 *
 * @throws WalkitError `output/exists`, `output/in-use`, `output/unwritable`, `runtime/permission`
 */
export function checkOutput(output: string, { force, history }: { force: boolean; history: boolean }): void {
  if (/[\\/]$/.test(output)) {
    throw new WalkitError(
      "output/unwritable",
      `Expected the output to name a file, found a folder's name: ${output}`,
      {
        path: output,
        remedy: { do: "name-file", example: `${output}restored.db` },
      },
    );
  }
  for (const path of [output, ...COMPANIONS.map((ending) => output + ending)]) {
    const found = lookAt(path, path === output);
    if (!found) continue;
    if (!(found.isFile() || (path === output && found.isSymbolicLink()))) {
      const what = found.isDirectory() ? "a folder" : "something that is no file";
      throw new WalkitError("output/exists", `Expected a file or nothing at ${path}, found ${what}`, {
        path,
        remedy: found.isDirectory()
          ? { do: "name-file", example: join(path, "restored.db") }
          : { do: "choose-output" },
      });
    }
    if (force) continue;
    const message =
      path === output
        ? `Expected nothing at ${path}, found a file there`
        : `Expected no left-over of another database beside the output, found ${path}: SQLite would take it for its own`;
    throw new WalkitError("output/exists", message, { path });
  }
  if (force) refuseInUse(output);
  if (history) checkHistory(output + HISTORY, force);
}

/** Nothing may stand where the history goes; with `force`, a file may. */
function checkHistory(path: string, force: boolean): void {
  const found = lookAt(path);
  if (!found || (force && !found.isDirectory())) return;
  const what = found.isDirectory() ? "a folder" : "a file";
  throw new WalkitError(
    "output/exists",
    `Expected nothing at ${path}, where the history of the restored database goes, found ${what} there`,
    {
      path,
      remedy: { do: "make-way", for: "history", replaceable: !found.isDirectory() },
    },
  );
}

/** The output's name must leave room for the history's. It is checked late, as the newest moment has no history. */
export function checkHistoryName(output: string): void {
  try {
    look(output + HISTORY, { lengthCounts: true });
  } catch (cause) {
    const path = output + HISTORY;
    const message = `Expected room for ${HISTORY} behind the output's name, found that ${basename(path)} is longer than the file system allows`;
    throw new WalkitError("output/unwritable", message, {
      path,
      cause,
      remedy: { do: "shorten-output" },
    });
  }
}

function lookAt(path: string, lengthCounts = false): ReturnType<typeof look> {
  try {
    return look(path, { lengthCounts });
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Owner and permissions of a file. */
export type Rights = { uid: number; gid: number; mode: number };

/** The rights of the file at `path`, links followed; undefined where there is none. */
export async function rightsOf(path: string): Promise<Rights | undefined> {
  return await stat(path).catch(() => undefined);
}

/**
 * Gives a new file, which only its owner may read, the owner and the permissions of the file that it replaces. At no time
 * may anybody read it who could not read the old one.
 *
 * @returns whether it has the same owner and group now; only root can give files away
 */
export async function inherit(file: FileHandle, { uid, gid, mode }: Rights): Promise<boolean> {
  const same = (now: Rights) => now.uid === uid && now.gid === gid;
  let now = await file.stat();
  if (!same(now)) {
    // The owner first: the group's permissions are for the old file's group.
    await file.chown(uid, gid).catch(() => file.chown(now.uid, gid).catch(() => {}));
    now = await file.stat();
  }
  if (same(now)) {
    await file.chmod(mode & 0o7777);
    return true;
  }
  // Another group may do no more than everybody.
  const group = now.gid === gid ? 0o070 : (mode & 0o007) << 3;
  await file.chmod(mode & (0o707 | group));
  return false;
}

export function changedOwner(output: string, { uid, gid }: Rights): Finding {
  return makeFinding(
    "output/owner",
    `Expected to give ${output} the owner and group of the file that it replaced (${uid}:${gid}), found that the system does not allow it`,
    { path: output, remedy: { do: "give-owner", uid, gid, path: output } },
  );
}
