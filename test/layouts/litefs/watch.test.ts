import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { SumWatch } from "../../../src/layouts/litefs/watch.ts";
import { CHECKSUM_FLAG } from "../../../src/ltx/index.ts";
import type { CommitEvent } from "../../../src/replay/events.ts";
import { checksumOf, LitefsNode } from "../../support/litefs.ts";

/** Not of 9 pages: their numbers come, by XOR, to that of page 1, and which page is which would not matter. */
let database: Uint8Array;
let after: bigint;
beforeAll(() => {
  const node = new LitefsNode();
  node.commit("CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(4500))");
  database = node.state;
  after = checksumOf(database, node.pageSize) & ~CHECKSUM_FLAG;
  node.close();
});

const path = "ltx/0000000000000001-0000000000000003.ltx";
function commit(sums: CommitEvent["sums"]): CommitEvent {
  const what = { sound: true, applied: true, pageCount: database.length / 512 };
  return { type: "commit", end: { txid: 3 }, change: { path, size: 9, txid: 0 }, sums, ...what };
}

/** Tells of `bytes` in pieces of as many pages. */
function watched(bytes: Uint8Array, pieces: readonly number[]): SumWatch {
  const watch = new SumWatch();
  let at = 0;
  for (const count of [...pieces, bytes.length]) {
    const end = Math.min(bytes.length, at + count * 512);
    if (end > at) watch.add(bytes.subarray(at, end));
    at = end;
  }
  return watch;
}

describe("a database on its way out", () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 6 });

  it("is what its last file tells, in whatever pieces it comes", () => {
    fc.assert(
      fc.property(pieces, (sizes) => {
        expect(() => watched(database, sizes).end(commit({ before: 0n, after }))).not.toThrow();
      }),
    );
  });

  it("with any bit that is another is refused, with the file and the transaction", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(7), pieces, (at, bit, sizes) => {
        const wrong = database.slice();
        // The size of pages is read from the header itself.
        wrong[100 + (at % (wrong.length - 100))]! ^= 1 << bit;
        expect(() => watched(wrong, sizes).end(commit({ before: 0n, after }))).toThrow(
          expect.objectContaining({ code: "ltx/database-checksum", path, position: "0000000000000003" }),
        );
      }),
    );
  });

  it("is taken as it is where its file tells nothing", () => {
    expect(() => watched(database.subarray(0, 512), []).end(commit(undefined))).not.toThrow();
  });
});
