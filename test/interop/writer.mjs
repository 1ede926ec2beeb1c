// An application: opens a database with real SQLite (node-sqlite3-wasm) and runs the SQL that it is sent, a message each.
// It never closes the database: closing would checkpoint and delete the WAL under Litestream's hands.
import sqlite from "node-sqlite3-wasm";

const db = new sqlite.Database(process.argv[2]);
db.exec("PRAGMA locking_mode=exclusive; PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0");
process.on("message", (sql) => {
  try {
    db.exec(sql);
    process.send({ ok: true });
  } catch (error) {
    process.send({ ok: false, error: String(error) });
  }
});
process.send({ ok: true });
