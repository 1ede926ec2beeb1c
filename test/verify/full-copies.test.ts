/** When copies of the whole database are told of: where they are many, and the database is not so small that changes are copies. */

import { expect, it } from "vitest";
import { verify } from "../../src/verify/index.ts";
import { LtxHistory, type Placed, pathOf, replicaOf } from "../support/ltx-history.ts";

/** What verify says of `count` transactions, of which these are copies, of a database of so many pages. */
async function saidOf(count: number, copies: readonly number[], pages = 80): Promise<unknown[]> {
  const made = new LtxHistory().transact(pages);
  const all = Array.from({ length: pages }, (_, i) => i + 1);
  for (let txid = 2; txid <= count; txid++) made.transact(pages, copies.includes(txid) ? all : [2]);
  const files: Placed[] = [[9, 1, 1]];
  for (let txid = 2; txid <= count; txid++) files.push([0, txid, txid]);
  const { status, findings } = await verify(replicaOf(made.storage(files)), { level: "replay" });
  expect(status).toBe("ok");
  return findings.map(({ code, severity, path }) => [code, severity, path]);
}

const TOLD = [["replica/full-copies", "info", pathOf(0, 3, 3)]];

it("five of twenty are told of, with the first of them", async () => {
  expect(await saidOf(21, [3, 6, 9, 12, 15])).toEqual(TOLD);
});

it("four are not, nor are five among more changes", async () => {
  expect(await saidOf(9, [3, 5, 7, 9])).toEqual([]);
  expect(await saidOf(22, [3, 6, 9, 12, 15])).toEqual([]);
});

it("of a small database none is: what it writes may well be all of it", async () => {
  const each = Array.from({ length: 20 }, (_, i) => i + 2);
  expect(await saidOf(21, each, 63)).toEqual([]);
  expect(await saidOf(21, each.slice(1), 64)).toEqual(TOLD);
});
