/**
 * Replicas of databases whose file is longer than its header says, written by the real `sqlite3` tool: it can set
 * SQLITE_FCNTL_CHUNK_SIZE, and another program can make the file longer between two WALs.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compress } from "../../src/lz4/index.ts";
import { formatSegmentName, formatSnapshotName } from "../../src/snapshot/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";

export const GENERATION = "c4a9f00dc4a9f00d";

export const hasSqlite3: boolean = spawnSync("sqlite3", ["--version"]).status === 0;

/** What happens in one WAL, in the words of the tool; a line is a transaction. */
export interface WalScript {
  /** Take a snapshot before it. */
  snapshot?: boolean;
  lines: string[];
  /** At its end: the last connection is closed, and a new one takes the size of the database from the file. */
  reopen?: boolean;
  /** At its end, after the checkpoint: the file becomes longer by so many bytes. */
  extend?: number;
}

export function makeLongReplica(wals: readonly WalScript[]): MemoryStorage {
  const folder = mkdtempSync(join(tmpdir(), "walkit-long-"));
  try {
    const begin = ["PRAGMA journal_mode=wal;", "PRAGMA wal_autocheckpoint=0;"];
    const script = [
      "PRAGMA page_size=1024;",
      ...begin,
      "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);",
      "CREATE TABLE t (id INTEGER PRIMARY KEY, x);",
      "PRAGMA wal_checkpoint(RESTART);",
    ];
    const run = () => {
      const input = `${script.splice(0).join("\n")}\n`;
      const { status, stderr } = spawnSync("sqlite3", ["db"], { cwd: folder, input, encoding: "utf8" });
      if (status !== 0 || stderr) throw new Error(stderr || `sqlite3: ${status}`);
    };
    for (const [index, { snapshot, lines, extend, reopen }] of wals.entries()) {
      if (snapshot) script.push(`.system cp db snapshot-${index}`);
      script.push("INSERT INTO _litestream_seq VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1;");
      script.push(...lines, `.system cp db-wal wal-${index}`, "PRAGMA wal_checkpoint(RESTART);");
      if (reopen) run();
      if (extend) script.push(`.system truncate -s +${extend} db`);
      if (reopen) script.push(...begin);
    }
    run();
    return lay(folder, wals.length);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lay(folder: string, indexes: number): MemoryStorage {
  const storage = new MemoryStorage();
  let clock = 1_700_000_000_000_000_000n;
  const put = (name: string, data: Uint8Array) => {
    clock += 31_000_000n;
    storage.files.set(`generations/${GENERATION}/${name}`, { data: compress(data), modified: clock });
  };
  for (let index = 0; index < indexes; index++) {
    const snapshot = join(folder, `snapshot-${index}`);
    if (existsSync(snapshot)) put(`snapshots/${formatSnapshotName(index)}`, readFileSync(snapshot));
    const wal = readFileSync(join(folder, `wal-${index}`));
    let start = 0;
    for (let end = 32 + 24 + 1024; end <= wal.length; end += 24 + 1024) {
      const frame = end - 24 - 1024;
      // Behind the last frame of this round may lie older ones.
      if (wal.compare(wal, 16, 24, frame + 8, frame + 16) !== 0) break;
      if (wal.readUInt32BE(frame + 4) === 0) continue;
      put(`wal/${formatSegmentName({ index, offset: start })}`, wal.subarray(start, end));
      start = end;
    }
  }
  return storage;
}
