/**
 * The real Litestream replicates a live workload that real SQLite writes; walkit verifies the replica and restores it, and
 * so does Litestream: both restores agree, at every moment that can be named.
 */

import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openReplica, restoreFile } from "../../src/node.ts";
import { formatTime, readCatalog } from "../../src/snapshot/index.ts";
import { verify } from "../../src/verify/index.ts";
import { sha256 } from "../support/fixtures.ts";
import { LITESTREAM, Litestream } from "../support/litestream.ts";

class Application {
  readonly #child: ChildProcess;
  #answer: { resolve: () => void; reject: (error: Error) => void } | undefined;

  private constructor(database: string) {
    this.#child = fork(fileURLToPath(new URL("writer.mjs", import.meta.url)), [database]);
    this.#child.on("message", (m: { ok: boolean; error?: string }) => {
      if (m.ok) this.#answer?.resolve();
      else this.#answer?.reject(new Error(m.error));
    });
    this.#child.on("exit", () => this.#answer?.reject(new Error("The application died")));
  }

  static async start(database: string): Promise<Application> {
    // Left behind by one that was killed.
    rmSync(`${database}.lock`, { recursive: true, force: true });
    const application = new Application(database);
    await application.#wait();
    return application;
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
    });
  }

  exec(sql: string): Promise<void> {
    this.#child.send(sql);
    return this.#wait();
  }

  kill(): Promise<unknown> {
    const over = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    return over;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A database with a table, as an application left it. */
async function makeDatabase(path: string): Promise<void> {
  const setup = await Application.start(path);
  await setup.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB); CREATE INDEX ta ON t(a)");
  await setup.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  await setup.kill();
}

function insert(rows: number): string {
  return `INSERT INTO t(a, b) SELECT 'row ' || value, randomblob(300) FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${rows}) SELECT value FROM n)`;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "walkit-interop-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

if (!LITESTREAM) console.warn("No Litestream for this machine: interoperability is not tested");

it.skipIf(!LITESTREAM)("agrees with Litestream on a live workload", { timeout: 120_000 }, async () => {
  const database = join(folder, "app.db");
  await makeDatabase(database);
  const litestream = new Litestream(folder, database);
  litestream.start();
  await litestream.settle();
  const application = await Application.start(database);
  try {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 12; i++) {
        await application.exec(i % 5 === 4 ? `DELETE FROM t WHERE id % 7 = ${i % 7}` : insert(8 * (i + 1)));
        await pause(25);
      }
      await litestream.settle();
      // The application restarts the WAL: a new index.
      if (round < 2)
        await application.exec("PRAGMA wal_checkpoint(RESTART); UPDATE t SET a = 'restarted' WHERE id = 1");
    }
    await litestream.settle();
  } finally {
    await application.kill();
    await litestream.stop();
  }

  const replica = await openReplica(litestream.replica);
  const report = await verify(replica);
  expect(report.findings).toEqual([]);
  expect(report.generations[0]!.transactions).toBeGreaterThan(36);

  const targets: { args: string[]; timestamp?: bigint }[] = [{ args: [] }];
  const { generations } = await readCatalog(replica.storage, replica);
  for (const { modified } of generations.flatMap((g) => [...g.snapshots, ...g.segments])) {
    targets.push({ args: ["-timestamp", formatTime(modified!)], timestamp: modified! });
  }
  const chosen = targets.filter((_, i) => i === 0 || i % Math.ceil(targets.length / 12) === 0);
  let agreed = 0;
  for (const [i, { args, timestamp }] of chosen.entries()) {
    const [ours, theirs] = [join(folder, `ours-${i}.db`), join(folder, `theirs-${i}.db`)];
    const { status, stderr } = litestream.restore(theirs, ...args);
    if (status !== 0) continue;
    await restoreFile(replica, { timestamp }, ours);
    expect(`${args} ${sha256(readFileSync(ours))}`, stderr).toBe(`${args} ${sha256(readFileSync(theirs))}`);
    agreed++;
  }
  expect(agreed).toBeGreaterThan(5);
});

it.skipIf(!LITESTREAM)("is not misled by a replica that is alive", { timeout: 120_000 }, async () => {
  const database = join(folder, "app.db");
  await makeDatabase(database);
  // Snapshots at every turn, and retention that deletes nearly everything right away.
  const litestream = new Litestream(folder, database, {
    "snapshot-interval": "100ms",
    retention: "150ms",
    "retention-check-interval": "50ms",
  });
  litestream.start();
  await litestream.settle();
  const application = await Application.start(database);
  let over = false;
  const writing = (async () => {
    for (let i = 0; !over; i++) {
      await application.exec(i % 9 === 8 ? "DELETE FROM t WHERE id % 3 = 0" : insert(40));
      if (i % 12 === 11) {
        // Litestream must have copied all of the WAL before the application restarts it.
        await pause(150);
        await application.exec("PRAGMA wal_checkpoint(RESTART); UPDATE t SET a = 'again' WHERE id = 1");
      }
      await pause(5);
    }
  })();
  const seen = { verified: 0, restored: 0, indexes: new Set<number>() };
  try {
    const replica = await openReplica(litestream.replica);
    for (const end = Date.now() + 6000; Date.now() < end; ) {
      const report = await verify(replica, { level: "replay" });
      const grave = report.findings.filter(
        ({ severity }) => severity === "damage" || severity === "inconclusive",
      );
      expect(grave).toEqual([]);
      seen.verified++;
      const restored = await restoreFile(replica, {}, join(folder, "now.db"), {
        force: true,
        integrityCheck: "full",
      });
      expect(restored.lost).toBeUndefined();
      seen.restored++;
      seen.indexes.add(restored.snapshot.index);
    }
  } finally {
    over = true;
    await writing;
    await application.kill();
    await litestream.stop();
  }
  expect(seen.restored).toBeGreaterThan(10);
  expect(seen.indexes.size).toBeGreaterThan(2);
});
