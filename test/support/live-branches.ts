/**
 * PostgreSQL's story of timelines, with the real Litestream v0.3.13: a table is dropped, work goes on, the database is
 * brought back to just before, replicated anew into the same replica, and work goes on from there. Beside the replica
 * stands what is true of it. Needs {@link LITESTREAM}.
 *
 * The application is a process of its own. Its SQLite knows nothing of Litestream's locks, so it starts when Litestream
 * has made its first write, or is dead before Litestream starts.
 */

import { type ChildProcess, fork } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import sqlite from "node-sqlite3-wasm";
import { comparePositions, isGenerationName, type Position } from "../../src/snapshot/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import type { TrueCommit, TrueTimeline } from "./branches.ts";
import { sha256 } from "./fixtures.ts";
import { numbers } from "./generate.ts";
import { Litestream } from "./litestream.ts";
import { naiveGenerations, naiveStates } from "./naive.ts";

/** A state that is wanted back. */
export interface Moment {
  replica: string;
  generation: string;
  /** Where its last commit ends. */
  position: Position;
  /** When the segment with that commit was written, nanoseconds since 1970. */
  time: bigint;
  /** Whether that segment ends there: if not, no time leads to this state. */
  byTime: boolean;
  /** A path where nothing is yet. */
  output: string;
}

/** Brings a state back, and says where the file is. */
export type RestoreTo = (moment: Moment) => string | Promise<string>;

export interface LiveStory {
  /** The folder of the replica. */
  replica: string;
  /** In the order in which they began: the first life, what was made of it before the drop, and, if asked for, the third. */
  timelines: TrueTimeline[];
  notes: {
    /** Just before `DROP TABLE orders`: the second generation's switch point. */
    beforeDrop: Moment;
    /** Where the drop ends. */
    drop: Position;
    /** The third generation's switch point, well after the drop. */
    thursday: Moment | undefined;
  };
}

export interface LiveOptions {
  seed?: number;
  /** The drop follows the last work at once, so that mostly both are in one segment. By default it has one of its own. */
  abrupt?: boolean;
  /**
   * Then it turns out that a later moment would have been right: the first generation once more, well after the drop. The
   * application writes to that before Litestream starts.
   */
  again?: boolean;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function makeLiveStory(
  folder: string,
  restoreTo: RestoreTo,
  options: LiveOptions = {},
): Promise<LiveStory> {
  const started: { stop(): Promise<void> }[] = [];
  try {
    return await tell(folder, restoreTo, options, started);
  } finally {
    for (const each of started) await each.stop();
  }
}

async function tell(
  folder: string,
  restoreTo: RestoreTo,
  { seed = 1, abrupt = false, again = false }: LiveOptions,
  started: { stop(): Promise<void> }[],
): Promise<LiveStory> {
  const app = join(folder, "app.db");
  const begin = async (database: string, own: Beginning): Promise<Life> => {
    const life = await Life.start(folder, database, own);
    started.push(life);
    return life;
  };
  const setup = await Application.start(app, seed);
  started.push(setup);
  await setup.exec(
    "CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER, item TEXT); CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT, note TEXT)",
  );
  await setup.work(10);
  await setup.close();

  const life = await begin(app, { kind: "new: Litestream at once", seed: seed + 1 });
  const { replica, application } = life;
  await application.work(12);
  await life.restartWal();
  await application.work(12);
  if (!abrupt) await life.settle();
  const beforeDrop = life.position;
  await application.exec("DROP TABLE orders");
  application.tables = ["customers"];
  const drop = life.position;
  await life.settle();
  await application.work(6);
  await life.restartWal();
  await application.work(4);
  const thursday = life.position;
  await application.work(6);
  const timelines = await life.end();
  const root = timelines.at(-1)!;

  const momentAt = (position: Position, name: string): Moment => {
    const at = root.commits.findIndex((commit) => comparePositions(commit, position) === 0);
    const commit = root.commits[at];
    if (!commit) throw new Error(`No commit ends at ${position.index}:${position.offset}`);
    const byTime = root.commits[at + 1]?.time !== commit.time;
    const output = join(folder, name);
    return { replica, generation: root.generation, position, time: commit.time, byTime, output };
  };
  const bringBack = async (moment: Moment): Promise<{ path: string; base: Buffer }> => {
    const path = await restoreTo(moment);
    const base = readFileSync(path);
    const wanted = root.commits.find((commit) => comparePositions(commit, moment.position) === 0)!;
    if (sha256(base) !== wanted.sha256) throw new Error("The restored database is another one");
    return { path, base };
  };
  const origin = (switchPoint: Position) => ({ parent: root.generation, switchPoint, covered: true });

  const before = momentAt(beforeDrop, "before-drop.db");
  const { path } = await bringBack(before);
  const child = await begin(path, { kind: "restored: Litestream at once", seed: seed + 2 });
  await child.application.work(8);
  await child.restartWal();
  await child.application.work(4);
  timelines.push(...(await child.end(origin(beforeDrop))));

  const later = again ? momentAt(thursday, "thursday.db") : undefined;
  if (later) {
    const { path, base } = await bringBack(later);
    const application = await Application.start(path, seed + 3);
    started.push(application);
    application.tables = ["customers"];
    await application.work(2);
    await application.stop();
    const kind = "restored: 2 written, WAL kept";
    const sibling = await begin(path, { kind, seed: seed + 4, base });
    sibling.application.tables = ["customers"];
    await sibling.application.work(6);
    timelines.push(...(await sibling.end(origin(thursday))));
  }
  return { replica, timelines, notes: { beforeDrop: before, drop, thursday: later } };
}

class Application {
  readonly #child: ChildProcess;
  readonly #next: (below: number) => number;
  #answer: { resolve: (end: number) => void; reject: (error: Error) => void } | undefined;
  /** Where the last commit ends in the WAL. */
  end = 0;
  /** Those that it writes to. */
  tables: ("orders" | "customers")[] = ["orders", "customers"];

  private constructor(database: string, seed: number) {
    this.#next = numbers(seed * 7919);
    this.#child = fork(fileURLToPath(new URL("live-writer.mjs", import.meta.url)), [database]);
    this.#child.on("message", (m: { ok: boolean; end: number; error?: string }) => {
      if (m.ok) this.#answer?.resolve(m.end);
      else this.#answer?.reject(new Error(m.error));
    });
    this.#child.on("exit", () => this.#answer?.reject(new Error("The application died")));
  }

  static async start(database: string, seed: number): Promise<Application> {
    // Left behind by one that was killed.
    rmSync(`${database}.lock`, { recursive: true, force: true });
    const application = new Application(database, seed);
    await application.#wait();
    return application;
  }

  async #wait(): Promise<void> {
    this.end = await new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
    });
  }

  exec(sql: string): Promise<void> {
    this.#child.send({ sql });
    return this.#wait();
  }

  /** So many steps, each of one or two transactions. */
  async work(transactions: number): Promise<void> {
    const next = this.#next;
    for (let i = 0; i < transactions; i++) {
      const table = this.tables[next(this.tables.length)]!;
      const column = table === "orders" ? "item" : "note";
      const text = "x".repeat(next(60)) + next(1_000_000);
      await this.exec(
        next(4) > 0
          ? `INSERT INTO ${table}(${column}) VALUES ('${text}'), ('${text} too')`
          : `UPDATE ${table} SET ${column} = '${text}' WHERE id % 5 = ${next(5)}; DELETE FROM ${table} WHERE id % 17 = 16`,
      );
    }
  }

  async close(): Promise<void> {
    const over = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.send({ close: true });
    await this.#wait();
    await over;
  }

  /** Killed: the WAL stays. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const over = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await over;
  }
}

interface Beginning {
  kind: string;
  seed: number;
  /** The database without its WAL, where that is not what the file holds. */
  base?: Buffer;
}

/** The life of a generation: Litestream and an application at work on a database. */
class Life {
  readonly replica: string;
  readonly application: Application;
  readonly #folder: string;
  readonly #litestream: Litestream;
  readonly #database: string;
  readonly #kind: string;
  /** The database where the first WAL began. */
  readonly #base: Buffer;
  /** Generations that were there before. */
  readonly #earlier: Set<string>;
  #index = 0;

  private constructor(
    folder: string,
    database: string,
    own: {
      litestream: Litestream;
      application: Application;
      kind: string;
      base: Buffer;
      earlier: Set<string>;
    },
  ) {
    this.replica = own.litestream.replica;
    this.application = own.application;
    this.#folder = folder;
    this.#litestream = own.litestream;
    this.#database = database;
    this.#kind = own.kind;
    this.#base = own.base;
    this.#earlier = own.earlier;
  }

  static async start(
    folder: string,
    database: string,
    { kind, seed, base = readFileSync(database) }: Beginning,
  ): Promise<Life> {
    const litestream = new Litestream(folder, database);
    const earlier = new Set(generationsIn(litestream.replica));
    litestream.start();
    try {
      const deadline = Date.now() + 20_000;
      while (
        !generationsIn(litestream.replica).some((id) => !earlier.has(id) && hasWal(litestream.replica, id))
      ) {
        if (Date.now() > deadline) throw new Error(`Litestream made no generation: ${litestream.log}`);
        await pause(20);
      }
      await litestream.settle();
      const application = await Application.start(database, seed);
      return new Life(folder, database, { litestream, application, kind, base, earlier });
    } catch (error) {
      await litestream.stop();
      throw error;
    }
  }

  get position(): Position {
    return { index: this.#index, offset: this.application.end };
  }

  settle(): Promise<void> {
    return this.#litestream.settle();
  }

  /** The application restarts the WAL: a new index. Litestream must have copied all of it before. */
  async restartWal(): Promise<void> {
    await this.settle();
    await this.application.exec(
      "PRAGMA wal_checkpoint(RESTART); INSERT INTO customers(note) VALUES ('restarted')",
    );
    this.#index++;
    await this.settle();
  }

  async stop(): Promise<void> {
    await this.application.stop();
    await this.#litestream.stop();
  }

  /** Both end, and what is true of the generation is told. Before it any that never got a WAL. */
  async end(origin: Partial<TrueTimeline> = {}): Promise<TrueTimeline[]> {
    const { position } = this;
    await this.settle();
    await this.application.stop();
    // Litestream's SQLite does not know what the application has written: on closing it may well spoil the file.
    const last = checkpointedCopy(this.#database, this.#folder);
    await this.#litestream.stop();
    const added = generationsIn(this.replica).filter((id) => !this.#earlier.has(id));
    const [generation, another] = added.filter((id) => hasWal(this.replica, id));
    if (!generation || another) throw new Error(`Not one generation: ${this.#litestream.log}`);

    const { commits, firstExact } = commitsOf(this.replica, generation, this.#base);
    const end = commits.at(-1)!;
    if (comparePositions(end, position) !== 0) throw new Error("The replica does not end where the WAL does");
    if (end.sha256 !== sha256(last)) throw new Error("The replica's database is not the application's");
    const common = {
      parent: undefined,
      switchPoint: undefined,
      start: { sha256: sha256(this.#base), exact: false },
      covered: false,
      removed: "nothing",
      ...origin,
    } as const;
    return [
      ...added
        .filter((id) => id !== generation)
        .map((id) => ({
          ...common,
          generation: id,
          kind: `${this.#kind}; never any WAL`,
          commits: [],
          firstExact: 0,
        })),
      { ...common, generation, kind: this.#kind, commits, firstExact },
    ];
  }
}

function generationsIn(replica: string): string[] {
  const folder = join(replica, "generations");
  return existsSync(folder) ? readdirSync(folder).filter(isGenerationName).sort() : [];
}

function hasWal(replica: string, generation: string): boolean {
  const folder = join(replica, "generations", generation, "wal");
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".wal.lz4"));
}

/** The database as SQLite checkpoints it, from a copy of the file and its WAL. */
function checkpointedCopy(database: string, folder: string): Buffer {
  const copy = join(mkdtempSync(join(folder, "copy-")), "db");
  copyFileSync(database, copy);
  copyFileSync(`${database}-wal`, `${copy}-wal`);
  const db = new sqlite.Database(copy);
  db.exec("PRAGMA locking_mode=exclusive; PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  return readFileSync(copy);
}

/** By the naive model, from the database that was there when the first WAL began. */
function commitsOf(
  replica: string,
  generation: string,
  base: Buffer,
): { commits: TrueCommit[]; firstExact: number } {
  const folder = join(replica, "generations", generation);
  const storage = new MemoryStorage();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    const stat = statSync(path, { bigint: true });
    if (!stat.isFile()) continue;
    storage.files.set(`generations/${generation}/${name.split(sep).join("/")}`, {
      data: readFileSync(path),
      modified: stat.mtimeNs,
    });
  }
  const [naive] = naiveGenerations(storage);
  const snapshot = naive!.snapshots[0]!;
  if (snapshot.index !== 0) throw new Error("The generation does not begin at index 0");
  const states = naiveStates({ ...naive!, snapshots: [{ ...snapshot, bytes: base }] });
  const commits = states.map(({ index, end, sha256, path }): TrueCommit => {
    return { index, offset: end, sha256, time: storage.files.get(path)!.modified!, kept: true };
  });
  const mark = commits.findIndex((commit) => commit.sha256 === sha256(snapshot.bytes));
  return { commits, firstExact: Math.max(0, mark) };
}
