/** A replica of a database that is larger than one is looked into unasked, and hardly takes room: its rows are zeros. */

import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MemoryStorage } from "../../src/storage/index.ts";
import { temporaryFolder } from "../cli/support.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";

/** MiB of rows. */
const ROWS = 70;

/** Two commits after the snapshot, in one segment each. */
export function largeReplica(): MemoryStorage {
  const setup = `CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT, content BLOB);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
      INSERT INTO files SELECT i, 'file ' || i, zeroblob(1048576) FROM n;`;
  const replica = new SqliteReplica({ pageSize: 4096, setup });
  for (const id of [1, 2]) {
    replica.exec(`UPDATE files SET name = 'changed ${id}' WHERE id = ${id}`);
    replica.segment();
  }
  replica.close();
  return replica.storage;
}

/** Its snapshot by itself: nothing shows that it is a committed state. */
export function snapshotOf({ files }: MemoryStorage): MemoryStorage {
  return new MemoryStorage([...files].filter(([path]) => path.endsWith(".snapshot.lz4")));
}

/** The files of a storage in a folder. */
export function onDisk({ files }: MemoryStorage): string {
  const folder = temporaryFolder();
  for (const [path, { data, modified = 0n }] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, data);
    const time = Number(modified / 1_000_000n) / 1000;
    utimesSync(file, time, time);
  }
  return folder;
}
