/** The part of sql.js that is used here. */
declare module "sql.js" {
  export interface Database {
    exec(sql: string): { columns: string[]; values: unknown[][] }[];
    close(): void;
  }
  export interface SqlJs {
    Database: new (data?: Uint8Array) => Database;
  }
  export default function initSqlJs(config?: { locateFile?: (file: string) => string }): Promise<SqlJs>;
}
