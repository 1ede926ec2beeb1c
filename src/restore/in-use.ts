/**
 * Whether a database is in use, as far as can be told from outside. SQLite's locks cannot be looked at: they are POSIX locks,
 * for which Node has no call, and which a process loses with the first file that it closes.
 */

import { readdirSync, readFileSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename } from "node:path";
import { WalkitError } from "../errors.ts";
import { COMPANIONS, look } from "./publish.ts";

/**
 * Refuses to replace a database that is in use: a process of this machine has it open (on Linux, as far as the user may see),
 * or a `-shm` is beside it. SQLite deletes the `-shm` with the last connection: while it is there, the database is in use, or
 * its application was killed, which only its owner can tell.
 *
 * @throws WalkitError `output/in-use`
 */
export function refuseInUse(output: string): void {
  const database = realOf(output);
  const files = [database, ...COMPANIONS.map((ending) => database + ending)].filter((path) => look(path));
  const user = userOf(files);
  if (user) {
    const message = `Expected a database that nobody uses at ${output}, found that process ${user} has ${user.file} open`;
    throw new WalkitError("output/in-use", message, {
      path: output,
      remedy: { do: "stop-process" },
    });
  }
  const shared = `${database}-shm`;
  if (!look(database) || !look(shared)) return;
  const message = `Expected a database that nobody uses at ${output}, found ${basename(shared)} beside it: SQLite deletes that when the last application closes the database`;
  throw new WalkitError("output/in-use", message, {
    path: shared,
    remedy: { do: "stop-application", shared },
  });
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** So many open files are looked at, of all processes together. */
const MOST_LINKS = 500_000;

class User {
  readonly pid: string;
  readonly file: string;

  constructor(pid: string, file: string) {
    this.pid = pid;
    this.file = file;
  }

  toString(): string {
    try {
      const name = readFileSync(`/proc/${this.pid}/comm`, "utf8").trim();
      return name ? `${this.pid} (${name})` : this.pid;
    } catch {
      return this.pid;
    }
  }
}

/** The first other process that is seen to have one of the files open. */
function userOf(files: readonly string[]): User | undefined {
  // Deno would ask its user for all of it.
  if (process.platform !== "linux" || "Deno" in globalThis || files.length === 0) return undefined;
  const stats = files.map((file) => [file, statOf(file)] as const);
  const names = new Set(files.map((file) => basename(file)));
  let links = 0;
  for (const pid of namesIn("/proc")) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    for (const number of namesIn(`/proc/${pid}/fd`)) {
      if (links++ > MOST_LINKS) return undefined;
      const link = `/proc/${pid}/fd/${number}`;
      // In another container the folder may have another name, and the file has the same. Most links need no closer look.
      if (!names.has(basename(targetOf(link)))) continue;
      const open = statOf(link);
      const found = open && stats.find(([, one]) => one?.ino === open.ino && one.dev === open.dev);
      if (found) return new User(pid, found[0]);
    }
  }
  return undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
