/**
 * What runs in the process (on Deno: the thread) that `engine.ts` starts: the runtime's own SQLite, and one check. It may
 * take long, on a hostile database for ever, and hears nothing meanwhile: it is there to be killed.
 */

import { rmSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { type ErrorCode, WalkitError } from "../errors.ts";
import { judge, type Query } from "./judge.ts";

/** What is asked: as the process's argument in JSON, or as the thread's data. */
export interface EngineQuestion {
  /** The database; absolute. */
  path: string;
  how: "quick" | "full";
  /** The database is in WAL mode. */
  wal: boolean;
  /** The file goes as soon as it is open, so that nothing is left of it whatever happens. */
  remove: boolean;
}

/** What is answered. `unavailable`: there is no engine after all. */
export type EngineAnswer =
  | { kind: "ok" }
  | { kind: "error"; code: ErrorCode | undefined; message: string }
  | { kind: "unavailable"; message: string };

interface Connection {
  query: Query;
  close(): void;
}

/** The parts of `node:sqlite` and of `bun:sqlite` that are used here. */
interface NodeSqlite {
  DatabaseSync: new (
    path: string | URL,
    options: { readOnly: true },
  ) => { prepare(sql: string): { all(): Record<string, unknown>[] }; close(): void };
}
interface BunSqlite {
  Database: new (
    path: string,
    flags: number,
  ) => { query(sql: string): { values(): unknown[][] }; close(): void };
  constants: { SQLITE_OPEN_READONLY: number; SQLITE_OPEN_URI: number };
}

async function answer({ path, how, wal, remove }: EngineQuestion): Promise<EngineAnswer> {
  let open: (path: string | URL) => Connection;
  try {
    const { bun } = process.versions;
    // Neither module is in every runtime: the name is no literal, which a bundler would look for.
    const engine = await import(bun ? BUN : NODE);
    open = bun ? bunEngine(engine as BunSqlite) : nodeEngine(engine as NodeSqlite);
  } catch (error) {
    return { kind: "unavailable", message: messageOf(error) };
  }
  let connection: Connection | undefined;
  try {
    connection = wal ? openWal(path, open) : open(path);
  } catch (error) {
    return { kind: "unavailable", message: messageOf(error) };
  }
  try {
    if (remove) removeOpen(path, connection.query);
    judge(connection.query, how);
    return { kind: "ok" };
  } catch (error) {
    const code = error instanceof WalkitError ? error.code : undefined;
    return { kind: "error", code, message: messageOf(error) };
  } finally {
    connection.close();
  }
}

const NODE: string = "node:sqlite";
const BUN: string = "bun:sqlite";

function nodeEngine({ DatabaseSync }: NodeSqlite): (path: string | URL) => Connection {
  return (path) => {
    const database = new DatabaseSync(path, { readOnly: true });
    return {
      query: (sql) =>
        database
          .prepare(sql)
          .all()
          .map((row) => Object.values(row)[0]),
      close: () => database.close(),
    };
  };
}

function bunEngine({ Database, constants }: BunSqlite): (path: string | URL) => Connection {
  const flags = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI;
  return (path) => {
    const database = new Database(String(path), flags);
    return {
      query: (sql) =>
        database
          .query(sql)
          .values()
          .map(([value]) => value),
      close: () => database.close(),
    };
  };
}

/**
 * A database in WAL mode. As `immutable` SQLite makes no `-wal` and `-shm` beside it; Node before 22.15, and Deno where not
 * all permissions are given, take no URI: the two files come into being, and whoever started this removes them. The
 * database itself is opened for reading only in any case.
 */
function openWal(path: string, open: (path: string | URL) => Connection): Connection {
  const url = pathToFileURL(path);
  url.searchParams.set("immutable", "1");
  try {
    return open(url);
  } catch {
    return open(path);
  }
}

function removeOpen(path: string, query: Query): void {
  // An open file cannot be removed on Windows: whoever made it does so at the end.
  if (process.platform === "win32") return;
  try {
    query("PRAGMA schema_version");
    rmSync(path, { force: true });
  } catch {
    // A database that cannot be read: the check says so.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

if (parentPort) parentPort.postMessage(await answer(workerData as EngineQuestion));
else writeSync(1, JSON.stringify(await answer(JSON.parse(process.argv[2]!) as EngineQuestion)));
