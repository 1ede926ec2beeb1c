/**
 * Makes a replica of many small WAL segments, once, under `bench/.data/many/`: an application that never commits twice
 * between two looks of Litestream. Each segment is one transaction, done by real SQLite and cut out of the WAL that SQLite
 * wrote.
 */

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Application, sha256, transactionsOf, walEnd } from "./application.mjs";
import { kept } from "./own-replica.mjs";
import { DATA } from "./peers.mjs";

const ORDERS = 100_000;
const INDEXES = 20;
/** In each index. */
const SEGMENTS = 1000;

/** The replica and what is known of it, made now if need be. */
export function manySegments() {
  const recipe = `1: ${ORDERS} orders, ${INDEXES} x ${SEGMENTS} segments`;
  return kept(join(DATA, "many"), recipe, async (replica, work) => {
    console.error(`making a replica of ${INDEXES * SEGMENTS} segments, once: less than a minute`);
    const database = join(work, "app.db");
    let application = await Application.start(database);
    try {
      await application.do("fill", { count: ORDERS });
      await application.kill();
      application = await Application.start(database);
      await application.do("open");
      await application.do("litestreamTables");
      await application.do("finish");
      replica.snapshot([readFileSync(database)]);
      for (let index = 0; index < INDEXES; index++) {
        await application.do("litestreamSequence");
        await application.do("transactions", { count: SEGMENTS - 1 });
        const wal = readFileSync(`${database}-wal`).subarray(0, walEnd(`${database}-wal`));
        for (const [start, end] of transactionsOf(wal)) {
          replica.segment(index, start, [wal.subarray(start, end)]);
        }
        if (index < INDEXES - 1) await application.do("restart");
      }
      await application.do("finish");
      await application.do("check");
    } finally {
      await application.kill();
    }
    return { databaseBytes: statSync(database).size, sha256: await sha256(database) };
  });
}
