/** What a commit touched: which b-trees the pages that it wrote belong to, before and after it. */

import { PageOwners } from "../sqlite/owners.ts";
import type { DatabasePages } from "../sqlite/pages.ts";
import type { Schema } from "../sqlite/schema.ts";

/** What was written of one b-tree: its pages before, where they were written over or left, and after. */
export interface Touched {
  /** As in the schema, `<type> <name>`; `table sqlite_schema` for its own. */
  tree: string;
  /** Page numbers, ascending. */
  before: number[];
  after: number[];
}

export interface Touches {
  trees: Touched[];
  /** Pages that were written and that rows may overflow to. It takes reading rows to tell which. */
  loose: Set<number>;
  /** What the pages of the state after it belong to. */
  owners: PageOwners;
}

/**
 * Sorts the pages that a commit wrote by b-tree. A b-tree's page that stands in `before` and is no longer its own was left,
 * and need not have been written for that.
 *
 * @param before undefined where that state is not known
 * @param written numbers of the pages
 * @throws Malformed where the b-trees of a state cannot be followed
 */
export function touchedTrees(
  before: { pages: DatabasePages; schema: Schema } | undefined,
  after: { pages: DatabasePages; schema: Schema },
  written: ReadonlySet<number>,
): Touches {
  const now = new PageOwners(after.pages, after.schema);
  const was = before && new PageOwners(before.pages, before.schema);
  const touched = new Map<string, Touched>();
  const add = (tree: string | undefined, side: "before" | "after", page: number) => {
    if (tree === undefined) return;
    let one = touched.get(tree);
    if (!one) touched.set(tree, (one = { tree, before: [], after: [] }));
    one[side].push(page);
  };
  const loose = new Set<number>();
  const count = Math.max(after.pages.count, before?.pages.count ?? 0);
  for (let page = 1; page <= count; page++) {
    const [tree, old] = [now.treeOf(page)?.name, was?.treeOf(page)?.name];
    const isWritten = written.has(page);
    if (!isWritten && (!was || tree === old)) continue;
    add(tree, "after", page);
    add(old, "before", page);
    if (!isWritten || now.useOf(page) !== "other") continue;
    const use = was?.useOf(page) ?? "other";
    if (use !== "tree" && use !== "free") loose.add(page);
  }
  return { trees: [...touched.values()], loose, owners: now };
}
