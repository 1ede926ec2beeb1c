import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LitefsFile } from "../../../src/layouts/litefs/types.ts";
import { branchOf, hasUnled, statesOf } from "../../../src/layouts/litefs/walk.ts";
import { ltxName } from "../../../src/ltx/index.ts";

const pathOf = (min: number, max = min) => `ltx/${ltxName(min, max)}`;
function file(minTxid: number, maxTxid = minTxid, more: Partial<LitefsFile> = {}): LitefsFile {
  return { level: 0, minTxid, maxTxid, path: pathOf(minTxid, maxTxid), size: 9, modified: 5n, ...more };
}

const DATABASE = { path: "database", size: 512, modified: 7n };
const branch = (
  files: LitefsFile[],
  database: typeof DATABASE | undefined = undefined,
  bases: string[] = [],
) => branchOf({ files, database, unreadable: [] }, new Set(bases));

describe("the branch that files are", () => {
  it("has snapshots, what leads on from one to the next, and what repeats others", () => {
    const { snapshots, segments, merged, files } = branch([
      file(4, 5),
      file(1, 2),
      file(3),
      file(4),
      file(3, 4),
    ]);
    expect(files.map(({ path }) => path)).toEqual([
      pathOf(1, 2),
      pathOf(3),
      pathOf(3, 4),
      pathOf(4),
      pathOf(4, 5),
    ]);
    expect(snapshots.map(({ txid }) => txid)).toEqual([2]);
    // A file is laid over the state that those before it lead to, even where it begins earlier.
    expect(segments.map(({ path, txid, end }) => [path, txid, end.txid])).toEqual([
      [pathOf(3), 2, 3],
      [pathOf(3, 4), 3, 4],
      [pathOf(4, 5), 4, 5],
    ]);
    expect(merged.map(({ path, txid, since }) => [path, txid, since.txid])).toEqual([[pathOf(4), 4, 3]]);
  });

  it("goes on behind a gap from where the next file begins", () => {
    const { segments } = branch([file(1), file(2), file(5), file(6)]);
    expect(segments.map(({ txid, maxTxid }) => [txid, maxTxid])).toEqual([
      [1, 2],
      [4, 5],
      [5, 6],
    ]);
  });

  it("has the database itself at its newest transaction, as the last of its snapshots", () => {
    const { snapshots, database } = branch([file(1), file(7)], DATABASE);
    expect(database).toMatchObject({ ...DATABASE, minTxid: 1, maxTxid: 7, txid: 7 });
    expect(snapshots.at(-1)).toBe(database);
  });

  it("has no database where the newest transaction deleted it, or where it is empty and alone", () => {
    const deleted = [file(1), file(2, 2, { isDeletion: true })];
    expect(branch(deleted, DATABASE).database).toBeUndefined();
    expect(branch([...deleted, file(3)], DATABASE).database?.txid).toBe(3);
    expect(branch([], { ...DATABASE, size: 0 }).database).toBeUndefined();
    expect(branch([], DATABASE).database?.txid).toBe(0);
  });
});

describe("a file that nothing leads to", () => {
  it("is known by names, whatever the database itself holds", () => {
    expect(hasUnled(branch([file(1), file(2), file(3)]))).toBe(false);
    expect(hasUnled(branch([file(2), file(3)], DATABASE))).toBe(true);
    expect(hasUnled(branch([file(1), file(3)]))).toBe(true);
    // A snapshot from a primary leads on.
    expect(hasUnled(branch([file(1, 3), file(4)]))).toBe(false);
  });
});

describe("states", () => {
  const anyFile = fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(0, 0, 0, 1, 3), fc.nat(7))
    .map(([min, more, what]) => {
      const unreadable =
        what === 0 ? ({ code: "storage/unreadable" } as LitefsFile["unreadable"]) : undefined;
      return file(min, min + more, { unreadable, isDeletion: what === 1 || undefined });
    });
  const files = fc.uniqueArray(anyFile, { maxLength: 12, selector: ({ path }) => path });

  it("are where files lead, one laid over the other, save where the database is gone", () => {
    fc.assert(
      fc.property(files, fc.subarray([2, 3, 4, 5, 6]), fc.boolean(), (all, whole, isThere) => {
        const one = branch(
          all,
          isThere ? DATABASE : undefined,
          whole.map((txid) => pathOf(txid)),
        );
        // Tried until nothing is added any more, in any order.
        const reached = new Set<number>();
        const led = new Set<number>();
        for (const { txid, unreadable } of [...one.snapshots, ...one.bases]) if (!unreadable) led.add(txid);
        for (let before = -1; before !== led.size; ) {
          before = led.size;
          for (const { txid, end, unreadable } of [...one.segments].reverse())
            if (!unreadable && led.has(txid)) led.add(end.txid);
        }
        for (const txid of led) reached.add(txid);
        for (const { minTxid, maxTxid, isDeletion, path } of all) {
          const change = one.segments.find((segment) => segment.path === path);
          if (isDeletion && minTxid > 1 && change && !change.unreadable && led.has(change.txid))
            reached.delete(maxTxid);
        }
        expect(statesOf(one)).toEqual([...reached].sort((a, b) => a - b));
      }),
    );
  });
});
