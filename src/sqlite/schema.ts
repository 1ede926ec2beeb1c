/** The schema: a table of its own, whose b-tree begins on page 1. {@link https://www.sqlite.org/fileformat2.html#storage_of_the_sql_database_schema} */

import { readUint32BE } from "../bytes.ts";
import { cellsOf, isIndexTree, overflowOf, recordOf, walkTree } from "./btree.ts";
import { type DatabasePages, Visits } from "./pages.ts";
import { type Encoding, type Value, valuesOf } from "./values.ts";

/** A row of the schema. */
export interface SchemaObject {
  /** `table`, `index`, `view` or `trigger`. */
  type: string;
  name: string;
  /** The first page of its b-tree; 0: it has none, as views, triggers and virtual tables. */
  root: number;
  /** How it was created; empty for an index that SQLite made by itself. */
  sql: string;
}

/** The rows of the schema by `<type> <name>`. */
export type Schema = ReadonlyMap<string, SchemaObject>;

/** The encoding of the database's texts. */
export function encodingOf(pages: DatabasePages): Encoding {
  const stored = readUint32BE(pages.get(1), 56);
  return stored === 2 ? "utf-16le" : stored === 3 ? "utf-16be" : "utf-8";
}

/** @throws Malformed where its b-tree or a row cannot be read */
export function readSchema(pages: DatabasePages): Schema {
  const encoding = encodingOf(pages);
  const schema = new Map<string, SchemaObject>();
  const visits = new Visits(pages);
  walkTree(pages, 1, (page) => {
    for (const cell of cellsOf(pages, page)) {
      const record = recordOf(pages, cell, overflowOf(pages, cell, visits));
      const [type, name, , root, sql] = valuesOf(record, encoding);
      const object = { type: text(type), name: text(name), root: Number(root ?? 0), sql: text(sql) };
      schema.set(`${object.type} ${object.name}`, object);
    }
  });
  return schema;
}

function text(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}

/** A b-tree. */
export interface Tree {
  /** As in the schema, `<type> <name>`. */
  name: string;
  /** The first of its pages. */
  root: number;
  /** How rows lie in it. A table WITHOUT ROWID is an index that holds all of its columns. */
  kind: "table" | "without rowid" | "index";
}

/** The b-tree of the schema itself, which has no row in it. */
export const SCHEMA_TREE = "table sqlite_schema";

/**
 * All b-trees of a database: of the schema first, then as the schema has them.
 *
 * @throws Malformed where a root is no page of a b-tree
 */
export function* treesOf(pages: DatabasePages, schema: Schema): Generator<Tree> {
  yield { name: SCHEMA_TREE, root: 1, kind: "table" };
  for (const [name, { type, root }] of schema) {
    if (root === 0) continue;
    const kind = !isIndexTree(pages, root) ? "table" : type === "table" ? "without rowid" : "index";
    yield { name, root, kind };
  }
}
