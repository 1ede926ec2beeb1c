/**
 * Healthy replicas for the measurements of `docs/times.md`: the real Litestream v0.3.13 and a real application (Python's
 * SQLite, which keeps to Litestream's locks) at work, at several rhythms. Needs {@link LITESTREAM} and `python3`.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LITESTREAM } from "./litestream.ts";

/** Whether the corpus can be made here. */
export function canMakeCorpus(): boolean {
  return LITESTREAM !== undefined && spawnSync("python3", ["-c", "import sqlite3"]).status === 0;
}

/** How an application and Litestream work. */
interface Rhythm {
  /** Of Litestream's configuration, for the database. */
  db?: Record<string, string | number>;
  /** Of Litestream's configuration, for the replica. */
  replica?: Record<string, string>;
  /** Milliseconds between two transactions. */
  every: number;
  /** How long Litestream runs, in milliseconds: a number for each of its lives. */
  lives: number[];
  /** Between two lives: the WAL and Litestream's own files are deleted, so that each life is a generation. */
  anew?: boolean;
  /** The application closes the database every so many milliseconds, opens it anew, and checkpoints as it does so. */
  closes?: number;
}

const FEW_PAGES = { "min-checkpoint-page-count": 10, "max-checkpoint-page-count": 1000 };

export const RHYTHMS: Record<string, Rhythm> = {
  "as installed": { db: FEW_PAGES, every: 150, lives: [22_000] },
  busy: {
    db: { ...FEW_PAGES, "monitor-interval": "20ms" },
    replica: { "sync-interval": "20ms" },
    every: 5,
    lives: [5000],
  },
  idle: { db: FEW_PAGES, every: 4000, lives: [20_000] },
  "sync longer than checkpoints": {
    db: { ...FEW_PAGES, "monitor-interval": "50ms" },
    replica: { "sync-interval": "3s", "snapshot-interval": "1100ms" },
    every: 20,
    lives: [14_000],
  },
  "sync much longer than checkpoints": {
    db: { ...FEW_PAGES, "monitor-interval": "20ms" },
    replica: { "sync-interval": "6s", "snapshot-interval": "700ms" },
    every: 8,
    lives: [15_000],
  },
  restarts: { db: FEW_PAGES, every: 100, lives: [4000, 3000, 5000, 3000] },
  deploys: { db: FEW_PAGES, every: 300, lives: [1500, 2500, 1200, 1800, 1400, 2200], anew: true },
  "short retention": {
    db: { ...FEW_PAGES, "monitor-interval": "100ms" },
    replica: {
      "sync-interval": "100ms",
      "snapshot-interval": "2s",
      retention: "3s",
      "retention-check-interval": "1s",
    },
    every: 40,
    lives: [14_000],
  },
  "application checkpoints": {
    db: { ...FEW_PAGES, "monitor-interval": "100ms" },
    replica: { "sync-interval": "100ms" },
    every: 30,
    closes: 2500,
    lives: [12_000],
  },
};

const APPLICATION = `
import sqlite3, sys, time
path, every, closes = sys.argv[1], float(sys.argv[2]) / 1000, float(sys.argv[3]) / 1000
def connect():
    db = sqlite3.connect(path, timeout=20, isolation_level=None)
    db.execute("PRAGMA journal_mode=wal")
    db.execute("PRAGMA synchronous=off")
    return db
db = connect()
db.execute("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, x TEXT)")
print("ready", flush=True)
opened = time.time()
n = 0
while True:
    n += 1
    try:
        db.execute("INSERT INTO t(x) VALUES (?)", (str(n) * 30,))
    except sqlite3.OperationalError:
        pass
    if closes and time.time() - opened > closes:
        db.execute("PRAGMA wal_checkpoint(RESTART)")
        db.close()
        db = connect()
        opened = time.time()
    time.sleep(every)
`;

/** Makes the replica of each rhythm in a folder of its own below `folder`, and says where. */
export async function makeCorpus(folder: string): Promise<Map<string, string>> {
  const script = join(folder, "application.py");
  writeFileSync(script, APPLICATION);
  const made = Object.entries(RHYTHMS).map(async ([name, rhythm]): Promise<[string, string]> => {
    const own = join(folder, name.replaceAll(" ", "-"));
    mkdirSync(own);
    return [name, await live(own, script, rhythm)];
  });
  return new Map(await Promise.all(made));
}

async function live(folder: string, script: string, rhythm: Rhythm): Promise<string> {
  const { db = {}, replica: own = {}, every, lives, anew = false, closes = 0 } = rhythm;
  const [database, replica, config] = ["app.db", "replica", "litestream.json"].map((n) =>
    join(folder, n),
  ) as [string, string, string];
  mkdirSync(replica);
  const replicas = [{ type: "file", path: replica, ...own }];
  // JSON is YAML.
  writeFileSync(config, JSON.stringify({ dbs: [{ path: database, ...db, replicas }] }));
  for (const life of lives) {
    const application = spawn("python3", [script, database, String(every), String(closes)]);
    await new Promise((resolve) => application.stdout.once("data", resolve));
    const litestream = spawn(LITESTREAM!, ["replicate", "-config", config], { stdio: "ignore" });
    await new Promise((resolve) => setTimeout(resolve, life));
    if (anew) await end(application, "SIGKILL");
    await end(litestream, "SIGTERM");
    if (!anew) await end(application, "SIGKILL");
    if (!anew) continue;
    for (const name of readdirSync(folder)) {
      if (/-wal$|-shm$|-litestream$/.test(name)) rmSync(join(folder, name), { recursive: true });
    }
  }
  return replica;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await over;
}
