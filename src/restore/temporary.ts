/**
 * Temporary files of a restore, named after its output, for their owner only. What a killed restore left is found by that
 * name when the next one goes to the same output.
 */

import { lstatSync, rmSync, truncateSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { type Finding, makeFinding } from "../findings.ts";
import type { Remedy } from "../remedy.ts";
import { leftoversOf, temporaryName } from "../storage/leftovers.ts";
import { isOurs, type Owner, stateOf } from "../storage/owner.ts";
import { cannotWrite } from "../storage/system.ts";
import { ASIDE, ENDINGS, isPublished, look, takeBack } from "./publish.ts";

export interface Temporary {
  path: string;
  file: FileHandle;
}

/**
 * Makes an empty temporary file for `output`, which only its owner may read, and removes it and all beside it when `work`
 * has ended, whatever comes of that.
 *
 * @throws WalkitError `output/unwritable`, `runtime/*`
 */
export async function withTemporaryFile<T>(
  output: string,
  work: (temporary: Temporary) => Promise<T>,
): Promise<T> {
  const path = temporaryName(output);
  const file = await open(path, "wx+", 0o600).catch((error) => Promise.reject(cannotWrite(path, error)));
  // An interrupted restore leaves nothing behind. The event loop is gone by then, so the clean-up is synchronous.
  const clean = () => clearUp(path);
  process.once("exit", clean);
  try {
    return await work({ path, file });
  } finally {
    process.removeListener("exit", clean);
    await file.close();
    clearUp(path);
  }
}

/**
 * Removes the files that can be removed; the next restore tries again with the others. The temporary database stays where files
 * that were moved aside could not be put back: without it they would count as not needed.
 */
function clearUp(path: string): void {
  try {
    if (look(path) && ASIDE.some(([, aside]) => look(path + aside))) {
      truncateSync(path);
      return;
    }
  } catch {
    return;
  }
  for (const ending of ENDINGS) {
    try {
      rmSync(path + ending, { force: true });
    } catch {
      // As above.
    }
  }
}

/** Milliseconds: so old a file may be whose process may still be running. */
const LONGEST = 24 * 60 * 60 * 1000;

/**
 * Clears up after killed restores to `output`: undoes what they had half done, removes their files, and says so. A restore that
 * is still running keeps its files; one that may be running keeps them for a day.
 */
export function clearLeftovers(output: string, now: number = Date.now()): Finding[] {
  const folder = dirname(output);
  const groups = new Map<string, Owner>();
  for (const { path, ending, owner } of leftoversOf(output)) {
    if (ENDINGS.includes(ending)) groups.set(path, owner);
  }
  return [...groups].flatMap(([path, owner]) => {
    try {
      return clear(path, output, stateOf(owner, folder), now);
    } catch (error) {
      return leftover(path, `could not be removed: ${(error as Error).message}`, {
        do: "delete",
        what: "leftover",
      });
    }
  });
}

function clear(path: string, output: string, state: ReturnType<typeof stateOf>, now: number): Finding[] {
  const parts = ENDINGS.map((ending) => path + ending).filter((part) => look(part));
  const found = parts.map((part) => lstatSync(part));
  // Another user's files are theirs to clear up, and may be made to deceive.
  if (state === "alive" || !found.every(isOurs)) return [];
  const newest = Math.max(...found.map(({ mtimeMs, ctimeMs }) => Math.max(mtimeMs, ctimeMs)));
  if (state === "unknown" && now - newest < LONGEST) {
    return leftover(
      parts[0]!,
      "was left in place: another walkit may still be writing it (on another machine, or in another container)",
      { do: "delete", what: "maybe-in-use" },
    );
  }
  const isDone = isPublished(path, output);
  const kept = isDone ? [] : takeBack(path, output, undefined, { careful: true });
  const back = isDone ? [] : parts.filter((part) => !look(part));
  for (const part of parts) if (!kept.includes(part)) rmSync(part, { force: true });
  return [
    ...kept.flatMap((part) =>
      leftover(
        part,
        "is what a killed restore had moved aside, and was left in place: the database has changed since",
        { do: "delete", what: "moved-aside" },
      ),
    ),
    makeFinding(
      "output/leftover",
      `Expected no temporary files of another restore to ${output}, found some of a killed one: removed${back.length > 0 ? ", and what it had moved aside put back" : ""}`,
      { path },
    ),
  ];
}

function leftover(path: string, what: string, remedy: Remedy): Finding[] {
  const message = `Expected no temporary files of another restore, found one that ${what}`;
  return [makeFinding("output/leftover", message, { path, remedy, severity: "warning" })];
}
