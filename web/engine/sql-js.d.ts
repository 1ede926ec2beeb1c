/// <reference path="../../src/sqlite/sql-js.d.ts" />

/** More of sql.js than a check of the database needs. */
declare module "sql.js" {
  export interface Statement {
    step(): boolean;
    get(bind?: null, options?: { useBigInt: boolean }): (null | number | bigint | string | Uint8Array)[];
    getColumnNames(): string[];
    getSQL(): string;
    free(): void;
  }
  export interface Database {
    prepare(sql: string): Statement;
    iterateStatements(sql: string): Iterator<Statement, undefined>;
  }
}
