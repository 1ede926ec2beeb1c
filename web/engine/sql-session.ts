/// <reference path="./sql-js.d.ts" />
/** SQLite in this thread, by sql.js. */

import type { Database, SqlJs } from "sql.js";
import { diff } from "../../src/diff/diff.ts";
import { WalkitError } from "../../src/errors.ts";
import { parseDatabaseHeader } from "../../src/sqlite/header.ts";
import { checkIntegrity } from "../../src/sqlite/integrity.ts";
import { Malformed } from "../../src/sqlite/malformed.ts";
import { pagesOf } from "../../src/sqlite/pages.ts";
import { giveTurn } from "../../src/turn.ts";
import type { Answer, Answers, Rows } from "../app/protocol/protocol.ts";
import { cellOf } from "./cell.ts";
import { type Changes, viewChanges } from "./changes.ts";
import { CopyOnWrite } from "./copy.ts";
import { EngineError, messageOf } from "./failure.ts";
import { describeTables, quoted, storedColumns } from "./schema.ts";
import {
  MOST_ANSWERS,
  MOST_CHARACTERS,
  MOST_ROWS,
  MOST_ROWS_IN_ALL,
  MOST_TIME,
  type OpenedDatabase,
  type PagesBefore,
  type Sql,
  TOO_SLOW,
} from "./sql.ts";

interface Opened {
  bytes: Uint8Array<ArrayBuffer>;
  database: Database;
  names: Set<string>;
}

export class SqlSession implements Sql {
  readonly #load: () => Promise<SqlJs>;
  #opened: Opened | undefined;

  /** `load`: sql.js, the same each time. */
  constructor(load: () => Promise<SqlJs>) {
    this.#load = load;
  }

  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  async open(bytes: Uint8Array<ArrayBuffer>, check: boolean, signal?: AbortSignal): Promise<OpenedDatabase> {
    this.close();
    const sqlJs = await this.#load();
    signal?.throwIfAborted();
    const { pageSize } = parseDatabaseHeader(bytes);
    if (check) await checkIfPossible(bytes, signal);
    // sql.js cannot open a database in WAL mode.
    for (const at of [18, 19]) if (bytes[at] === 2) bytes[at] = 1;
    const database = new sqlJs.Database(new CopyOnWrite(bytes));
    try {
      const tables = await describeTables(database, signal);
      this.#opened = { bytes, database, names: new Set(tables.map(({ name }) => name)) };
      return { bytes: bytes.length, pageSize, pageCount: bytes.length / pageSize, tables };
    } catch (error) {
      database.close();
      throw sqlError(error, signal);
    }
  }

  async rows(table: string, from: number, count: number, signal?: AbortSignal): Promise<Rows> {
    const { database, names } = this.#need();
    if (!names.has(table)) throw new EngineError("no-table", `There is no table ${table}`);
    const whole = (value: number) => Math.max(0, Math.trunc(value) || 0);
    const wanted = Math.min(whole(count), MOST_ROWS);
    const sql = `SELECT * FROM ${quoted(table)} LIMIT ${wanted + 1} OFFSET ${whole(from)}`;
    const began = performance.now();
    const { answers } = await run(database, sql, wanted, signal);
    const { columns, rows, truncated } = answers[0]!;
    return { columns, rows, truncated, milliseconds: performance.now() - began };
  }

  async query(sql: string, signal?: AbortSignal): Promise<Answers> {
    const { bytes } = this.#need();
    const { Database } = await this.#load();
    // A connection and a copy of its own: there is nothing that it could leave behind, whatever it writes or commits.
    const copy = new CopyOnWrite(bytes);
    const database = new Database(copy);
    try {
      const before = traceOf(database);
      const found = await run(database, sql, MOST_ROWS, signal);
      return { ...found, wrote: copy.copied > 0 || traceOf(database) !== before };
    } finally {
      database.close();
    }
  }

  async diff(
    written: Uint32Array<ArrayBuffer>,
    before: PagesBefore | undefined,
    signal?: AbortSignal,
  ): Promise<Changes> {
    const { bytes, database } = this.#need();
    const sqlJs = await this.#load();
    const { pageSize } = parseDatabaseHeader(bytes);
    const old = new Map<number, Uint8Array>();
    for (const [i, page] of before?.numbers.entries() ?? []) {
      old.set(page, before!.data.subarray(i * pageSize, (i + 1) * pageSize));
    }
    try {
      const input = {
        after: pagesOf(bytes, pageSize),
        before: before && pagesOf(bytes, pageSize, before.count, old),
        written: new Set(written),
        columnsOf: storedColumns(sqlJs, database),
      };
      return viewChanges(await diff(input, { signal }));
    } catch (error) {
      throw error instanceof Malformed ? new EngineError("sql", `Malformed: ${error.message}`) : error;
    }
  }

  async check(bytes: Uint8Array<ArrayBuffer>, how: "quick" | "full", signal?: AbortSignal): Promise<void> {
    await this.#load();
    await checkIntegrity(bytes, how, signal);
  }

  close(): void {
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  #need(): Opened {
    if (this.#opened) return this.#opened;
    throw new EngineError("no-state", "No moment is looked into");
  }
}

/** A database that needs what is not here (a module, a collation) can be looked into all the same. */
async function checkIfPossible(
  bytes: Uint8Array<ArrayBuffer>,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await checkIntegrity(bytes, "full", signal);
  } catch (error) {
    if (!(error instanceof WalkitError && error.code === "database/integrity-skipped")) throw error;
  }
}

/**
 * What is different once something was written. Writes that are committed show in the copy of the bytes as well, unless the
 * file grew.
 */
function traceOf(database: Database): string {
  try {
    const sql =
      "SELECT total_changes(), (SELECT schema_version FROM pragma_schema_version), (SELECT page_count FROM pragma_page_count)";
    return JSON.stringify(database.exec(sql)[0]?.values);
  } catch {
    // Of a question that was ended within a statement, or a database that is corrupt.
    return "";
  }
}

/** Runs statements one after another, each row a step, so that a cancel is heard in between. */
async function run(
  database: Database,
  sql: string,
  most: number,
  signal: AbortSignal | undefined,
): Promise<Omit<Answers, "wrote">> {
  const began = performance.now();
  const answers: Answer[] = [];
  let truncated = false;
  let failure: string | undefined;
  let [left, characters] = [Math.max(most, MOST_ROWS_IN_ALL), MOST_CHARACTERS];
  try {
    const statements = database.iterateStatements(sql);
    for (let next = statements.next(); !next.done; next = statements.next()) {
      const columns = next.value.getColumnNames();
      const text = next.value.getSQL().trim();
      const before = changesOf(database);
      const rows: Rows["rows"] = [];
      let isCut = false;
      while (!isCut && next.value.step()) {
        await giveTurn();
        signal?.throwIfAborted();
        const isLate = performance.now() - began > MOST_TIME;
        if (isLate && rows.length === 0) throw new EngineError("sql", TOO_SLOW);
        isCut = isLate || rows.length >= Math.min(most, left) || characters < 0;
        if (isCut || columns.length === 0) continue;
        const row = next.value.get(null, { useBigInt: true }).map(cellOf);
        for (const cell of row) if (typeof cell === "string") characters -= cell.length;
        rows.push(row);
      }
      left -= rows.length;
      const written = changesOf(database) - before;
      if (columns.length === 0 && written === 0) continue;
      if (answers.length < MOST_ANSWERS)
        answers.push({ sql: text, columns, rows, truncated: isCut, written });
      else truncated = true;
    }
  } catch (error) {
    const said = sqlError(error, signal);
    // What came before it is an answer all the same.
    if (answers.length === 0 || !(said instanceof EngineError)) throw said;
    failure = said.message;
  }
  return { answers, truncated, failure, milliseconds: performance.now() - began };
}

/** Rows that were written since the connection was opened. */
function changesOf(database: Database): number {
  return Number(database.exec("SELECT total_changes()")[0]!.values[0]![0]);
}

/** What SQLite says, as an error; all else as it is. */
function sqlError(error: unknown, signal: AbortSignal | undefined): unknown {
  const isOther = error instanceof EngineError || error instanceof WebAssembly.RuntimeError;
  return isOther || signal?.aborted ? error : new EngineError("sql", messageOf(error));
}
