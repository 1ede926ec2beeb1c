/** Which page of a database belongs to what. */

import { readUint32BE } from "../bytes.ts";
import { walkTree } from "./btree.ts";
import { freePages } from "./freelist.ts";
import { lockPage } from "./header.ts";
import { Malformed } from "./malformed.ts";
import type { DatabasePages } from "./pages.ts";
import { type Schema, type Tree, treesOf } from "./schema.ts";

/**
 * - `tree`: a b-tree's own page
 * - `free`: on the freelist
 * - `reserved`: the page of the locks, and those of auto-vacuum that tell where pages belong
 * - `other`: a row overflows to it. It takes reading all rows to tell which
 */
export type PageUse = "tree" | "free" | "reserved" | "other";

const OTHER = 0;
const FREE = 1;
const RESERVED = 2;
/** Numbers of b-trees begin here. */
const TREES = 3;

/** Four bytes for each page. */
export class PageOwners {
  readonly trees: readonly Tree[];
  readonly #owners: Uint32Array;

  /**
   * Reads the interior pages of every b-tree, and the freelist. Where several b-trees claim a page, as in no sound database, the
   * first of the schema has it, with what lies below.
   *
   * @throws Malformed where a b-tree or the freelist cannot be followed
   */
  constructor(pages: DatabasePages, schema: Schema) {
    const trees: Tree[] = [];
    const owners = new Uint32Array(pages.count + 1);
    for (const tree of treesOf(pages, schema)) {
      const { root } = tree;
      const number = TREES + trees.push(tree) - 1;
      walkTree(pages, root, (page) => {
        const owner = owners[page]!;
        if (owner === number) throw new Malformed(`the b-tree at page ${root} runs in circles`);
        if (owner !== OTHER) return false;
        owners[page] = number;
        return true;
      });
    }
    for (const page of freePages(pages)) if (owners[page] === OTHER) owners[page] = FREE;
    for (const page of reservedPages(pages)) if (owners[page] === OTHER) owners[page] = RESERVED;
    this.trees = trees;
    this.#owners = owners;
  }

  /** The b-tree whose own page it is. */
  treeOf(page: number): Tree | undefined {
    return this.trees[(this.#owners[page] ?? OTHER) - TREES];
  }

  /** `other` where there is no such page, too. */
  useOf(page: number): PageUse {
    const owner = this.#owners[page] ?? OTHER;
    return owner >= TREES ? "tree" : owner === FREE ? "free" : owner === RESERVED ? "reserved" : "other";
  }
}

/** {@link https://www.sqlite.org/fileformat2.html#pointer_map_or_ptrmap_pages} */
function* reservedPages({ pageSize, usable, count, get }: DatabasePages): Generator<number> {
  const lock = lockPage(pageSize);
  if (lock <= count) yield lock;
  const isAutoVacuum = readUint32BE(get(1), 52) > 0;
  if (!isAutoVacuum) return;
  // Each tells of as many pages as it has room for, 5 bytes each, which follow it.
  const step = Math.floor(usable / 5) + 1;
  for (let page = 2; page <= count; page += step) yield page === lock ? page + 1 : page;
}
