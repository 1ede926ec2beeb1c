/** What differs between two schemas. */

import type { Schema } from "../sqlite/schema.ts";

/** Names as `<type> <name>`, in alphabetical order. */
export interface SchemaDiff {
  added: string[];
  removed: string[];
  /** Created in another way than before: `sql` differs. */
  changed: string[];
}

/** The indexes that SQLite makes for itself are left out: they say nothing that their table does not. */
export function diffSchemas(before: Schema, after: Schema): SchemaDiff {
  const isNamed = (key: string) => !/^\w+ sqlite_autoindex_/.test(key);
  const names = (all: Iterable<string>) => [...all].filter(isNamed).sort();
  const both = [...after.keys()].filter((key) => before.has(key));
  return {
    added: names([...after.keys()].filter((key) => !before.has(key))),
    removed: names([...before.keys()].filter((key) => !after.has(key))),
    changed: names(both.filter((key) => before.get(key)!.sql !== after.get(key)!.sql)),
  };
}
