// An application: opens a database with real SQLite (node-sqlite3-wasm), runs the SQL that it is sent, a message each, and
// answers with where the last commit ends in the WAL. Only when told to does it close the database: that would checkpoint
// and delete the WAL under Litestream's hands.
import { existsSync, readFileSync } from "node:fs";
import sqlite from "node-sqlite3-wasm";

const path = process.argv[2];
const db = new sqlite.Database(path);
db.exec("PRAGMA locking_mode=exclusive; PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0");

function committedEnd() {
  const wal = existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : Buffer.alloc(0);
  const frame = wal.length < 32 ? 0 : 24 + wal.readUInt32BE(8);
  let end = 0;
  for (let at = 32; frame > 0 && at + frame <= wal.length; at += frame) {
    // Frames of an earlier round follow.
    if (wal.compare(wal, 16, 24, at + 8, at + 16) !== 0) break;
    if (wal.readUInt32BE(at + 4) > 0) end = at + frame;
  }
  return end;
}

process.on("message", ({ sql, close }) => {
  try {
    if (close) {
      db.close();
      process.send({ ok: true, end: 0 }, () => process.exit());
      return;
    }
    db.exec(sql);
    process.send({ ok: true, end: committedEnd() });
  } catch (error) {
    process.send({ ok: false, error: String(error) });
  }
});
process.send({ ok: true, end: committedEnd() });
