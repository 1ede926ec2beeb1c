/** What the engine asks of SQLite, wherever that runs: in this thread, or in one that can be ended. */

import type { checkIntegrity } from "../../src/sqlite/integrity.ts";
import type { Answers, Rows, TableView } from "../app/protocol/protocol.ts";
import type { Changes } from "./changes.ts";

export interface OpenedDatabase {
  bytes: number;
  pageSize: number;
  pageCount: number;
  tables: TableView[];
}

/** Pages as they were before a commit. */
export interface PagesBefore {
  numbers: Uint32Array<ArrayBuffer>;
  /** One after another, in the order of `numbers`. */
  data: Uint8Array<ArrayBuffer>;
  /** How many pages the database had. */
  count: number;
}

/** One database in memory, and SQLite over it. All throw {@link EngineError} `sql` for what SQLite says. */
export interface Sql {
  /**
   * Takes `bytes` over, in the place of what was opened before.
   *
   * @param check SQLite's own check first: WalkitError `database/integrity`
   */
  open(bytes: Uint8Array<ArrayBuffer>, check: boolean, signal?: AbortSignal): Promise<OpenedDatabase>;
  rows(table: string, from: number, count: number, signal?: AbortSignal): Promise<Rows>;
  /** Whatever the statements write is gone afterwards. */
  query(sql: string, signal?: AbortSignal): Promise<Answers>;
  /** What the commit changed that wrote these pages last, with what is opened as the state after it. */
  diff(
    written: Uint32Array<ArrayBuffer>,
    before: PagesBefore | undefined,
    signal?: AbortSignal,
  ): Promise<Changes>;
  /** As `checkIntegrity`. Takes the bytes over. */
  check: typeof checkIntegrity;
  /** False: what was opened is lost, as after a query that had to be ended. */
  readonly isOpen: boolean;
  /** Frees everything. */
  close(): void;
}

/** Rows of a statement that are given at most, of all statements of a question, and characters in all of them. */
export const MOST_ROWS = 1000;
export const MOST_ROWS_IN_ALL = 5000;
export const MOST_CHARACTERS: number = 1 << 24;

/** Statements of a question whose answers are given. */
export const MOST_ANSWERS = 50;

/** Milliseconds that a statement may take. */
export const MOST_TIME = 20_000;

export const TOO_SLOW: string = `Stopped after ${MOST_TIME / 1000} seconds`;
