/** What a commit touched: which b-trees the pages that it wrote belong to, before and after it. */

import { readUint32BE } from "../bytes.ts";
import { cellsOf, freePages, type Pages, recordOf, walkTree } from "../sqlite/btree.ts";
import { lockPage } from "../sqlite/header.ts";
import { type Encoding, valuesOf } from "../sqlite/record.ts";

/** A row of the schema. */
export interface SchemaObject {
  type: string;
  name: string;
  root: number;
  sql: string;
}

export function encodingOf(pages: Pages): Encoding {
  const stored = readUint32BE(pages.get(1), 56);
  return stored === 2 ? "utf-16le" : stored === 3 ? "utf-16be" : "utf-8";
}

/** The schema by `<type> <name>`; without the indexes that SQLite makes for itself where `sql` is asked for. */
export function readSchema(pages: Pages): Map<string, SchemaObject> {
  const encoding = encodingOf(pages);
  const schema = new Map<string, SchemaObject>();
  walkTree(pages, 1, (page) => {
    for (const cell of cellsOf(pages, page)) {
      const [type, name, , root, sql] = valuesOf(recordOf(pages, cell), encoding);
      const object = {
        type: String(type),
        name: String(name),
        root: Number(root ?? 0),
        sql: String(sql ?? ""),
      };
      schema.set(`${object.type} ${object.name}`, object);
    }
  });
  return schema;
}

/** What was written of one b-tree: its pages before, where they were written over or left, and after. */
export interface Touched {
  key: string;
  before: number[];
  after: number[];
}

export interface Touches {
  trees: Touched[];
  /** Pages that belong to no b-tree's own pages and are not free: rows overflow to them. */
  loose: Set<number>;
}

/**
 * Sorts the pages that a commit wrote by b-tree. A b-tree's page that stands in `before` and is no longer its own was left,
 * and need not have been written for that.
 */
export function touchedTrees(
  before: { pages: Pages; schema: ReadonlyMap<string, SchemaObject> } | undefined,
  after: { pages: Pages; schema: ReadonlyMap<string, SchemaObject> },
  written: ReadonlySet<number>,
): Touches {
  const keys: string[] = ["table sqlite_schema"];
  const numbers = new Map<string, number>([[keys[0]!, 1]]);
  const ownersOf = ({ pages, schema }: typeof after): Uint32Array => {
    const owners = new Uint32Array(pages.count + 1);
    walkTree(pages, 1, (page) => (owners[page] = 1));
    for (const [key, { root }] of schema) {
      if (root === 0) continue;
      let number = numbers.get(key);
      if (number === undefined) numbers.set(key, (number = keys.push(key)));
      walkTree(pages, root, (page) => (owners[page] = number));
    }
    return owners;
  };
  const now = ownersOf(after);
  const was = before && ownersOf(before);
  const touched = new Map<number, Touched>();
  const add = (number: number, side: "before" | "after", page: number) => {
    let tree = touched.get(number);
    if (!tree) touched.set(number, (tree = { key: keys[number - 1]!, before: [], after: [] }));
    tree[side].push(page);
  };
  const free = new Set([...freePages(after.pages), ...(before ? freePages(before.pages) : [])]);
  const loose = new Set<number>();
  for (let page = 1; page < Math.max(now.length, was?.length ?? 0); page++) {
    const [owner, old] = [now[page] ?? 0, was?.[page] ?? 0];
    const isWritten = written.has(page);
    if (!isWritten && (!was || owner === old)) continue;
    if (owner > 0) add(owner, "after", page);
    if (old > 0) add(old, "before", page);
    if (isWritten && owner + old === 0 && !free.has(page) && !isSpecial(after.pages, page)) loose.add(page);
  }
  return { trees: [...touched.values()], loose };
}

/** The page of the locks, and those that tell where pages belong. {@link https://www.sqlite.org/fileformat2.html#ptrmap} */
function isSpecial(pages: Pages, page: number): boolean {
  if (page === lockPage(pages.pageSize)) return true;
  const isAutoVacuum = readUint32BE(pages.get(1), 52) > 0;
  return isAutoVacuum && (page - 2) % (Math.floor(pages.usable / 5) + 1) === 0;
}
