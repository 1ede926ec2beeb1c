/**
 * Replicas with several generations, whose databases real SQLite writes, laid down as Litestream v0.3.13 does it, and beside
 * them what is true: which generation descends from which one, and the database at every commit.
 *
 * What is imitated was measured on generations that the real program began, on databases of 6 to 3348 pages of 512 to 65536
 * bytes. The number of generations stands in brackets; all of a kind agreed.
 *
 * - A restored database that nothing has written to (25): the first snapshot is the restored file, byte for byte (in 46
 *   more, too), and the first commit of WAL index 0 is a write to `_litestream_seq` alone, one frame, that the snapshot
 *   does not hold. So not even page 1 changes. The tables are there already, Litestream takes its read lock, makes a WAL
 *   with that write as there is none, and what comes after the lock is not checkpointed.
 * - The application wrote, and the WAL is still there (19): no write to `_litestream_seq` at all. The first segment has
 *   the application's commits from offset 0 on, and the snapshot equals the state at its end. All that it differs in
 *   from the restored file is therefore in the WAL of index 0.
 * - It wrote and closed the database, or checkpointed and went on in the next WAL (3): those changes are in the snapshot,
 *   and in no WAL. Without a WAL all is as in the first case, from the changed file on.
 * - It writes on while Litestream starts (3): what the WAL had when Litestream took its read lock is in the snapshot, but
 *   for pages that were written again since: none at all, or a part of the changes. The first segment goes on past that.
 * - First index 1 (4; where the WAL has the least number of pages for a checkpoint at the first sync already): WAL index 0
 *   is never uploaded, the snapshot holds all of it, and the first commit of index 1 is a write to `_litestream_seq` that
 *   the snapshot does not hold.
 * - `seq` goes up by one with each such write, from 1. A database that was never checkpointed has no row there, though,
 *   if it had a WAL when Litestream started: a generation and its children may all begin with 1.
 * - A new database (4): the two `CREATE TABLE`s are commits (page 1 and a new page each) in the first WAL, at its start or
 *   behind what the application has there, and the snapshot equals the state behind them.
 * - The same position restored several times (3) gives equal snapshots and equal first commits; only the salts differ.
 * - A generation with a snapshot and never any WAL: Litestream killed right after its first snapshot (25 of 25), if the WAL
 *   is gone when it starts again; and every second one where two Litestreams run on one database (8 of 16).
 * - A database that goes on after a time without Litestream (4; WAL deleted or restarted meanwhile) is like a restored
 *   one, with the end of the generation before as the position.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sqlite from "node-sqlite3-wasm";
import { compress } from "../../src/lz4/index.ts";
import { formatSegmentName, formatSnapshotName, type Position } from "../../src/snapshot/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { sha256 } from "./fixtures.ts";
import { numbers } from "./generate.ts";

export interface TrueCommit {
  index: number;
  /** Where it ends in the WAL. */
  offset: number;
  /** Of the database as SQLite itself would checkpoint it at that moment. Several commits may have the same. */
  sha256: string;
  /** When the segment that holds it was written, nanoseconds since 1970. */
  time: bigint;
  /** Whether the replica still has that segment. */
  kept: boolean;
}

export interface TrueTimeline {
  generation: string;
  /** Undefined: a new database. The parent may be gone from the replica. */
  parent: string | undefined;
  /** The last commit of the parent that the database had when it went its own way. */
  switchPoint: Position | undefined;
  /** Of the database before the first WAL that was uploaded, and whether the first snapshot is just that. */
  start: { sha256: string; exact: boolean };
  /** Every commit that was uploaded, in order. Empty: a snapshot, and never any WAL. */
  commits: TrueCommit[];
  /** From this commit on each can be restored exactly; the first snapshot may hold the ones before it already, or a part. */
  firstExact: number;
  /** What happened between the restore and Litestream's start. */
  kind: string;
  /** Whether the parent's database at the switch point and the WAL from its first byte on give every commit. */
  covered: boolean;
  /** What was deleted of it afterwards: nothing, what lies before its newest snapshot, all. */
  removed: "nothing" | "early" | "all";
}

export interface Branches {
  storage: MemoryStorage;
  timelines: TrueTimeline[];
}

/**
 * What the application does before Litestream starts: nothing; writes, and the WAL stays; writes and closes the database,
 * so that the WAL goes; writes, checkpoints, and goes on in the next WAL.
 */
export type Before = "nothing" | "kept" | "closed" | "restarted";

export interface GenerationRecipe {
  /**
   * A new database, a restored one, or one that goes on after Litestream was down. `of`: number of an earlier generation,
   * `at`: of one of its commits, both counted round. The first generation is always a new database.
   */
  from:
    | { type: "root"; script: "same" | "other" }
    | { type: "child"; of: number; at: number }
    | { type: "continuation"; of: number };
  before: Before;
  /** How many transactions that is. */
  writes: number;
  /** Transactions between Litestream's start and its snapshot. */
  busy: number;
  firstIndex: 0 | 1;
  /** Before it another one with a snapshot and no WAL, of the same database. */
  stillborn: boolean;
  seed: number;
  /** Per WAL index: whether it has a snapshot (the first one always has), and per segment the number of transactions. */
  indexes: { snapshot: boolean; segments: number[] }[];
  /** What is deleted when all is done. */
  remove: "nothing" | "early" | "all";
}

export interface BranchesRecipe {
  pageSize: number;
  /** The database gets smaller at times: auto_vacuum=FULL, and now and then a VACUUM. */
  shrinks: boolean;
  /**
   * The application undoes at times what it has just done, page for page: several commits then have the same database, and
   * frames of the WAL equal pages of a snapshot that never saw them.
   */
  undoes: boolean;
  /** Rows of some 200 bytes in a table that is never written to again: a database of more than a few pages. */
  filler?: number;
  seed: number;
  generations: GenerationRecipe[];
}

const generationRecipe: fc.Arbitrary<GenerationRecipe> = fc.record({
  from: fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant("root"), script: fc.constantFrom("same", "other") }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("child"),
        of: fc.nat(4),
        at: fc.oneof(fc.nat(1000), fc.constant(7)),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("continuation"), of: fc.nat(4) }) },
  ),
  before: fc.constantFrom<Before[]>("nothing", "nothing", "kept", "kept", "closed", "restarted"),
  writes: fc.integer({ min: 1, max: 3 }),
  busy: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
  firstIndex: fc.constantFrom<(0 | 1)[]>(0, 0, 0, 1),
  stillborn: fc.oneof({ weight: 19, arbitrary: fc.constant(false) }, fc.constant(true)),
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  indexes: fc.array(
    fc.record({
      snapshot: fc.boolean(),
      segments: fc.array(fc.constantFrom(1, 1, 1, 2, 5), { minLength: 1, maxLength: 5 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  remove: fc.oneof(
    { weight: 8, arbitrary: fc.constant("nothing") },
    { weight: 2, arbitrary: fc.constant("early") },
    { weight: 1, arbitrary: fc.constant("all") },
  ),
});

function recipeThat(may: { shrink?: boolean; undo?: boolean } = {}): fc.Arbitrary<BranchesRecipe> {
  return fc.record({
    pageSize: fc.constantFrom(512, 1024, 4096),
    shrinks: fc.constant(may.shrink ?? false),
    undoes: fc.constant(may.undo ?? false),
    seed: fc.integer({ min: 1, max: 2 ** 31 }),
    generations: fc.array(generationRecipe, { minLength: 1, maxLength: 5 }),
  });
}

export const branchesRecipe: fc.Arbitrary<BranchesRecipe> = recipeThat();
export const shrinkingBranchesRecipe: fc.Arbitrary<BranchesRecipe> = recipeThat({ shrink: true });
export const undoingBranchesRecipe: fc.Arbitrary<BranchesRecipe> = recipeThat({ undo: true });

/** A generation as it is being made, with the database at each of its commits. */
interface Made {
  timeline: TrueTimeline;
  databases: Buffer[];
  snapshots: { index: number; path: string }[];
  segments: { index: number; path: string }[];
  remove: GenerationRecipe["remove"];
}

export function makeBranches(recipe: BranchesRecipe): Branches {
  const storage = new MemoryStorage();
  const made: Made[] = [];
  let clock = 1_700_000_000_000_000_000n;
  const put = (path: string, data: Uint8Array): bigint => {
    // No faster than Litestream: files that follow each other within a millisecond are taken for a copy's.
    clock += 31_000_000n;
    storage.files.set(path, { data: compress(data), modified: clock });
    return clock;
  };
  recipe.generations.forEach((plan, number) => {
    clock += 1_000_000_000n;
    const { parent, at } = originOf(
      plan,
      made.filter(({ timeline }) => timeline.commits.length > 0),
    );
    const restored = parent?.databases[at];
    const database = new LiveDatabase(restored);
    const begin = (what: string, kind: string): Made => {
      const commit = parent?.timeline.commits[at];
      const timeline: TrueTimeline = {
        generation: sha256(new TextEncoder().encode(`${recipe.seed} ${number} ${what}`)).slice(0, 16),
        parent: parent?.timeline.generation,
        switchPoint: commit && { index: commit.index, offset: commit.offset },
        start: { sha256: "", exact: true },
        commits: [],
        firstExact: 0,
        kind,
        covered: false,
        removed: "nothing",
      };
      const generation: Made = { timeline, databases: [], snapshots: [], segments: [], remove: plan.remove };
      made.push(generation);
      return generation;
    };
    try {
      if (!restored) createDatabase(database, recipe, plan);
      const workload = new Workload(plan.seed, recipe.undoes);
      const replication = new Replication(database, workload, recipe.shrinks, put);
      replication.before(plan);
      if (plan.stillborn && restored && replication.hasNoWal) {
        const { timeline, snapshots } = begin("stillborn", `${kindOf(plan, parent)}; never any WAL`);
        const path = snapshotPath(timeline.generation, 0);
        snapshots.push({ index: 0, path });
        timeline.covered = database.file().equals(restored);
        timeline.start.sha256 = sha256(database.file());
        put(path, database.file());
      }
      replication.run(begin("", kindOf(plan, parent)), plan, restored);
    } finally {
      database.close();
    }
  });
  for (const generation of made) remove(storage, generation);
  return { storage, timelines: made.map(({ timeline }) => timeline) };
}

function originOf({ from }: GenerationRecipe, earlier: Made[]): { parent: Made | undefined; at: number } {
  if (from.type === "root" || earlier.length === 0) return { parent: undefined, at: 0 };
  const parent = earlier[from.of % earlier.length]!;
  const { commits, firstExact } = parent.timeline;
  const at =
    from.type === "child" ? firstExact + (from.at % (commits.length - firstExact)) : commits.length - 1;
  return { parent, at };
}

function kindOf(
  { from, before, writes, busy, firstIndex }: GenerationRecipe,
  parent: Made | undefined,
): string {
  const script =
    from.type === "root" && from.script === "other" ? "a script of its own" : "the common script";
  const origin = !parent ? `new, by ${script}` : from.type === "child" ? "restored" : "went on";
  const what = {
    nothing: "Litestream at once",
    kept: `${writes} written, WAL kept`,
    closed: `${writes} written, closed`,
    restarted: `${writes} written, checkpointed, ${writes} written`,
  }[before];
  const meanwhile =
    firstIndex === 1 ? "; the first sync checkpointed" : busy ? `; ${busy} before the snapshot` : "";
  return `${origin}: ${what}${meanwhile}`;
}

function snapshotPath(generation: string, index: number): string {
  return `generations/${generation}/snapshots/${formatSnapshotName(index)}`;
}

/** As Litestream's retention does it. */
function remove(storage: MemoryStorage, { timeline, snapshots, segments, remove: what }: Made): void {
  const from = what === "all" ? Number.POSITIVE_INFINITY : what === "early" ? snapshots.at(-1)!.index : 0;
  const gone = [...snapshots, ...segments].filter(({ index }) => index < from);
  for (const { path } of gone) storage.files.delete(path);
  for (const commit of timeline.commits) commit.kept = commit.index >= from;
  if (gone.length > 0) timeline.removed = what;
}

const SEQUENCE =
  "INSERT INTO _litestream_seq (id, seq) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1";

interface Commit {
  offset: number;
  database: Buffer;
  pages: number[];
}

/** Litestream, and the application, at work on one database. */
class Replication {
  readonly #database: LiveDatabase;
  readonly #workload: Workload;
  readonly #shrinks: boolean;
  readonly #put: (path: string, data: Uint8Array) => bigint;
  /** The database with all commits. */
  #state: Buffer;
  /** The commits of the WAL's current round. */
  #commits: Commit[] = [];
  /** The salts of the round before: as long as they are there nothing was written in this one. */
  #old: Buffer | undefined;
  #index = 0;
  /** How many commits of the round are uploaded. */
  #uploaded = 0;

  constructor(
    database: LiveDatabase,
    workload: Workload,
    shrinks: boolean,
    put: (path: string, data: Uint8Array) => bigint,
  ) {
    this.#shrinks = shrinks;
    this.#database = database;
    this.#workload = workload;
    this.#put = put;
    this.#state = database.file();
  }

  get hasNoWal(): boolean {
    return this.#commits.length === 0;
  }

  /** What the application does before Litestream starts. */
  before({ before, writes }: GenerationRecipe): void {
    if (before === "nothing") return;
    this.#write(writes);
    if (before === "closed") {
      this.#database.reopen();
      this.#commits = [];
      this.#expectState();
    }
    if (before === "restarted") {
      this.#restart();
      this.#write(writes);
    }
  }

  run(made: Made, plan: GenerationRecipe, restored: Buffer | undefined): void {
    const { next } = this.#workload;
    this.#start(made, plan, restored);
    plan.indexes.forEach(({ snapshot, segments }, number) => {
      if (number > 0) this.#checkpoint(made);
      // The read lock that Litestream took after the checkpoint keeps later commits out of the file.
      const file = this.#database.file();
      const when = snapshot && number > 0 ? next(segments.length) : -1;
      segments.forEach((transactions, at) => {
        if (at === when) this.#snapshot(made, file);
        this.#write(transactions);
        this.#segment(made);
      });
    });
    this.#restart();
  }

  /** Litestream starts, and makes its first snapshot and segment. */
  #start(made: Made, { busy, firstIndex }: GenerationRecipe, restored: Buffer | undefined): void {
    this.#exec("CREATE TABLE IF NOT EXISTS _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)");
    this.#exec("CREATE TABLE IF NOT EXISTS _litestream_lock (id INTEGER)");
    // The read lock: nothing past it is checkpointed.
    const mark = this.#commits.length;
    if (mark === 0) this.#exec(SEQUENCE);
    if (firstIndex === 1) {
      this.#nextIndex();
      this.#snapshot(made, this.#database.file());
    } else {
      this.#write(busy);
      const snapshot = partlyCheckpointed(this.#database.file(), this.#commits, mark);
      this.#snapshot(made, snapshot);
      if (!snapshot.equals(this.#database.file())) {
        made.timeline.firstExact = mark - 1;
        made.timeline.start.exact = false;
      }
    }
    made.timeline.start.sha256 = sha256(this.#database.file());
    const { database, pages } = this.#commits[0]!;
    made.timeline.covered =
      restored !== undefined && overlay(restored, pagesOf(database, pages), database.length).equals(database);
    this.#segment(made);
  }

  #write(transactions: number): void {
    const { next } = this.#workload;
    for (let done = 0; done < transactions; ) {
      const commits = this.#commits.length;
      this.#exec(this.#shrinks && next(20) === 0 ? "VACUUM" : this.#workload.transaction());
      if (this.#commits.length > commits) done++;
    }
  }

  #exec(sql: string): void {
    this.#database.exec(sql);
    const wal = this.#database.wal();
    if (wal.length < 32 || this.#old?.equals(wal.subarray(16, 24))) return;
    const pageSize = wal.readUInt32BE(8);
    let pages = new Map<number, Buffer>();
    for (let at = this.#end; at + 24 + pageSize <= wal.length; at += 24 + pageSize) {
      // Frames of an earlier round.
      if (wal.compare(wal, 16, 24, at + 8, at + 16) !== 0) break;
      pages.set(wal.readUInt32BE(at), wal.subarray(at + 24, at + 24 + pageSize));
      const size = wal.readUInt32BE(at + 4);
      if (size === 0) continue;
      this.#state = overlay(this.#state, pages, size * pageSize);
      this.#commits.push({ offset: at + 24 + pageSize, database: this.#state, pages: [...pages.keys()] });
      pages = new Map();
    }
  }

  /** Where the last commit ends. */
  get #end(): number {
    return this.#commits.at(-1)?.offset ?? 32;
  }

  /** What was committed since the last segment becomes one. */
  #segment({ timeline, databases, segments }: Made): void {
    const commits = this.#commits.slice(this.#uploaded);
    if (commits.length === 0) return;
    const index = this.#index;
    const offset = this.#commits[this.#uploaded - 1]?.offset ?? 0;
    const path = `generations/${timeline.generation}/wal/${formatSegmentName({ index, offset })}`;
    const time = this.#put(path, this.#database.wal().subarray(offset, this.#end));
    segments.push({ index, path });
    for (const { offset, database } of commits) {
      timeline.commits.push({ index, offset, sha256: sha256(database), time, kept: true });
      databases.push(database);
    }
    this.#uploaded = this.#commits.length;
  }

  #snapshot({ timeline, snapshots }: Made, file: Buffer): void {
    const path = snapshotPath(timeline.generation, this.#index);
    snapshots.push({ index: this.#index, path });
    this.#put(path, file);
  }

  /** Uploads the rest, checkpoints, and goes on in a new WAL. */
  #checkpoint(made: Made): void {
    // A checkpoint that failed, though the write that follows it did not.
    if (this.#workload.next(5) === 0) this.#exec(SEQUENCE);
    this.#segment(made);
    this.#nextIndex();
    if (this.#workload.next(4) > 0) this.#segment(made);
  }

  #nextIndex(): void {
    this.#restart();
    this.#index++;
    this.#exec(SEQUENCE);
  }

  #restart(): void {
    this.#old = this.#database.wal().subarray(16, 24);
    this.#database.exec("PRAGMA wal_checkpoint(RESTART)");
    this.#commits = [];
    this.#uploaded = 0;
    this.#expectState();
  }

  /** What is held to be true is what SQLite says. */
  #expectState(): void {
    if (!this.#state.equals(this.#database.file())) throw new Error("SQLite checkpointed another database");
  }
}

/** As a checkpoint copies pages: those whose newest frame lies before the mark, and no others. */
function partlyCheckpointed(file: Buffer, commits: Commit[], mark: number): Buffer {
  if (mark === commits.length) return commits.at(-1)?.database ?? file;
  if (mark === 0) return file;
  const { length } = commits.at(-1)!.database;
  const pages = new Map<number, Buffer>();
  commits.slice(0, mark).forEach(({ pages: changed, database }, at) => {
    for (const [page, data] of pagesOf(database, changed)) {
      const again = commits.slice(at + 1).some((later) => later.pages.includes(page));
      if (!again && page * data.length <= length) pages.set(page, data);
    }
  });
  return overlay(file, pages, Math.max(file.length, ...[...pages].map(([page, data]) => page * data.length)));
}

function pagesOf(database: Buffer, numbers: number[]): Map<number, Buffer> {
  const header = database.readUInt16BE(16);
  const pageSize = header === 1 ? 65536 : header;
  const present = numbers.filter((page) => page * pageSize <= database.length);
  return new Map(present.map((page) => [page, database.subarray((page - 1) * pageSize, page * pageSize)]));
}

function overlay(database: Buffer, pages: ReadonlyMap<number, Buffer>, length: number): Buffer {
  const next = Buffer.alloc(length);
  database.copy(next, 0, 0, length);
  const pageSize = [...pages.values()][0]?.length ?? 0;
  for (const [page, data] of pages) if (page * pageSize <= length) data.copy(next, (page - 1) * pageSize);
  return next;
}

/** A file that real SQLite has open, in WAL mode, and checkpoints only when told. */
class LiveDatabase {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "walkit-branch-"));
  readonly #path: string = join(this.#folder, "db");
  #db: InstanceType<typeof sqlite.Database>;

  constructor(bytes: Uint8Array | undefined) {
    if (bytes) writeFileSync(this.#path, bytes);
    this.#db = new sqlite.Database(this.#path);
    if (bytes) this.#setUp();
  }

  #setUp(): void {
    this.#db.exec(
      "PRAGMA locking_mode=exclusive; PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=off",
    );
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  file(): Buffer {
    return readFileSync(this.#path);
  }

  wal(): Buffer {
    return existsSync(`${this.#path}-wal`) ? readFileSync(`${this.#path}-wal`) : Buffer.alloc(0);
  }

  /** The application closes it, whereupon the WAL goes, and opens it again. */
  reopen(): void {
    this.#db.close();
    this.#db = new sqlite.Database(this.#path);
    this.#setUp();
  }

  close(): void {
    this.#db.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function createDatabase(
  database: LiveDatabase,
  recipe: BranchesRecipe,
  { from, seed }: GenerationRecipe,
): void {
  const other = from.type === "root" && from.script === "other";
  const vacuum = recipe.shrinks ? "PRAGMA auto_vacuum=FULL;" : "";
  database.exec(`PRAGMA page_size=${recipe.pageSize}; ${vacuum} PRAGMA journal_mode=wal`);
  if (other) database.exec("CREATE TABLE settings(key TEXT PRIMARY KEY, value)");
  database.exec(
    `CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT, note TEXT);
    CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER, item TEXT, price INTEGER);
    CREATE INDEX orders_customer ON orders(customer);
    CREATE TABLE switches(id INTEGER PRIMARY KEY, on_ INTEGER); INSERT INTO switches VALUES (1, 0)`,
  );
  if (recipe.filler) {
    database.exec(
      `CREATE TABLE filler(id INTEGER PRIMARY KEY, text TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${recipe.filler})
      INSERT INTO filler(text) SELECT printf('%0200d', i * 7919) FROM n`,
    );
  }
  // Not what the generation's own workload begins with: to write the same again may leave pages as they were.
  const workload = new Workload((other ? seed : recipe.seed) ^ 0x5bd1e995, false);
  for (let i = 0; i < 4; i++) database.exec(workload.transaction());
  database.reopen();
}

/** What an application writes: mostly to the same few pages. */
class Workload {
  readonly next: (below: number) => number;
  readonly #undoes: boolean;
  #undoing = false;

  constructor(seed: number, undoes: boolean) {
    this.#undoes = undoes;
    this.next = numbers(seed);
    // The first numbers from seeds that are close to each other are close to each other.
    for (let i = 0; i < 8; i++) this.next(2);
  }

  /** Changes something in most cases, though not in all. */
  transaction(): string {
    if (this.#undoes) {
      this.#undoing = this.next(this.#undoing ? 2 : 16) === 0;
      if (this.#undoing) return "UPDATE switches SET on_ = 1 - on_";
    }
    const statements = Array.from({ length: 1 + this.next(3) }, () => this.#statement());
    return `BEGIN; ${statements.join("; ")}; COMMIT`;
  }

  #statement(): string {
    const { next } = this;
    switch (next(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return `INSERT INTO orders(customer, item, price) VALUES (${next(50)}, '${this.#text(60)}', ${next(9999)})`;
      case 5:
      case 6:
      case 7:
        return `INSERT INTO customers(name, note) VALUES ('${this.#text(20)}', '${this.#text(200)}')`;
      case 8:
      case 9:
        return `UPDATE customers SET note = '${this.#text(90)}' WHERE id % 7 = ${next(7)}`;
      case 10:
        return `UPDATE orders SET price = price + ${next(3)} WHERE customer = ${next(50)}`;
      case 11:
        return `DELETE FROM orders WHERE id % 9 = ${next(9)}`;
      case 12:
        return `DELETE FROM customers WHERE id % 13 = ${next(13)}`;
      case 13:
        return "DROP TABLE IF EXISTS events";
      case 14:
        return "UPDATE orders SET item = item WHERE id % 2 = 0";
      default:
        return `CREATE TABLE IF NOT EXISTS events(what TEXT); INSERT INTO events VALUES ('${this.#text(300)}')`;
    }
  }

  #text(length: number): string {
    const { next } = this;
    return Array.from({ length: 1 + next(length) }, () => String.fromCharCode(97 + next(26))).join("");
  }
}
