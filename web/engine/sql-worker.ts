/** The thread that SQLite runs in. See `sql-thread.ts`, its other end. */

import wasm from "sql.js/dist/sql-wasm-browser.wasm?url";
import { SqlSession } from "./sql-session.ts";
import { serveSql } from "./sql-thread.ts";

const load = async () => {
  const { default: initSqlJs } = await import("sql.js");
  return await initSqlJs({ locateFile: () => wasm });
};

serveSql(self as unknown as Parameters<typeof serveSql>[0], new SqlSession(load));
