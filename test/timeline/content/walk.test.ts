/** The states of a branch, one after another, held against how another one began. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { readUint32BE } from "../../../src/bytes.ts";
import { replicaIn } from "../../../src/layouts/open.ts";
import { xxh32 } from "../../../src/lz4/index.ts";
import type { Branch } from "../../../src/replay/catalog.ts";
import { PageHashes } from "../../../src/replay/page-hashes.ts";
import type { Position } from "../../../src/replay/position.ts";
import { catalogOf } from "../../../src/replay/replica.ts";
import { sequenceValue } from "../../../src/sqlite/litestream.ts";
import type { MemoryStorage } from "../../../src/storage/index.ts";
import type { Beginning } from "../../../src/timeline/content/beginning.ts";
import { cellsOf } from "../../../src/timeline/content/cells.ts";
import { type WalkOptions, walkAlong } from "../../../src/timeline/content/walk.ts";
import { attemptRestore } from "../../support/attempt.ts";
import { type Made, makeReplica, type Recipe, type TrueState } from "../../support/generate.ts";
import { recipe } from "../../support/harm.ts";
import { SqliteReplica } from "../../support/sqlite-replica.ts";

const PAGE = 512;

/** Three WALs, of which the first and the last have a snapshot that holds nothing of them. */
const PLAIN: Recipe = {
  ...{ pageSize: PAGE, pages: 8, seed: 6 },
  indexes: [
    { snapshot: true, mark: 0, segments: [{ commits: 2 }, { commits: 1 }] },
    { snapshot: false, mark: 0, segments: [{ commits: 2 }] },
    { snapshot: true, mark: 0, segments: [{ commits: 2 }] },
  ],
};

/** A child that began with these bytes, and wrote nothing of them itself. */
function childOf(bytes: Uint8Array, pageSize = PAGE, about: Partial<Beginning> = {}): Beginning {
  const hashes = new PageHashes();
  const pageCount = bytes.length / pageSize;
  const pages = Array.from({ length: pageCount }, (_, i) => i + 1);
  for (const page of pages) hashes.set(page, xxh32(bytes.subarray((page - 1) * pageSize, page * pageSize)));
  const file = { index: 0, offset: 0, size: 1, modified: undefined };
  return {
    generation: { id: "child", snapshots: [{ ...file, path: "s" }], segments: [{ ...file, path: "w" }] },
    ...{ pageCount, hashes, telling: new Set(pages.slice(1)), own: new Set(), counterPage: undefined },
    ...{ cells: new Set(), cellPages: new Set(), counters: undefined, isNew: false, began: undefined },
    ...{ countBefore: [0, Number.POSITIVE_INFINITY], mostChanges: Number.POSITIVE_INFINITY },
    ...{ changesBefore: undefined },
    ...about,
  };
}

const place = ({ index, offset }: { index: number; offset: number }) => ({ index, offset });

async function databaseAt({ storage }: Made, state: TrueState): Promise<Uint8Array | undefined> {
  const attempt = await attemptRestore(storage, { position: place(state) });
  if (attempt.error) return undefined;
  expect(attempt.sha256).toBe(state.sha256);
  return attempt.bytes;
}

async function walk(storage: MemoryStorage, child: Beginning, options?: WalkOptions) {
  const replica = replicaIn(storage);
  const [branch] = (await catalogOf(replica)).generations;
  return await walkAlong(replica, branch!, [child], undefined, options);
}

/** Where the child came from. */
async function originOf(storage: MemoryStorage, child: Beginning, options?: WalkOptions) {
  const [match] = (await walk(storage, child, options)).matches;
  const claim = match!.claim((await catalogOf(replicaIn(storage))).generations[0] as Branch);
  return claim?.inference.parent === undefined ? undefined : claim.inference.switchPoint;
}

it("finds the state that the child began as, whichever it is from the first snapshot's mark on", async () => {
  let found = 0;
  await fc.assert(
    fc.asyncProperty(recipe, fc.nat(), async (one, which) => {
      const made = makeReplica(one);
      const state = made.states[which % made.states.length]!;
      const { mark } = made.snapshots[0]!;
      if (state.index === mark.index && state.offset < mark.offset) return;
      const bytes = await databaseAt(made, state);
      if (!bytes) return;
      const origin = await originOf(made.storage, childOf(bytes, one.pageSize));
      const same = made.states.filter((other) => other.sha256 === state.sha256).map(place);
      expect(same).toContainEqual(origin && place(origin as TrueState));
      found++;
    }),
    { numRuns: 30 },
  );
  expect(found).toBeGreaterThan(10);
});

it("finds no state that was none, and how near the nearest is", async () => {
  const made = makeReplica(PLAIN);
  const state = made.states[3]!;
  const bytes = (await databaseAt(made, state))!.slice();
  for (const page of [2, 5]) bytes[PAGE * page - 1]! ^= 1;
  const { matches } = await walk(made.storage, childOf(bytes));
  expect(matches[0]!.nearest).toEqual({ position: place(state), different: 2 });
  expect(await originOf(made.storage, childOf(bytes))).toBeUndefined();
});

it("counts the pages of each state that differ from the child's as a comparison of both does", async () => {
  await fc.assert(
    fc.asyncProperty(recipe, fc.nat(), async (one, which) => {
      const made = makeReplica(one);
      const { pageSize } = one;
      const { mark } = made.snapshots[0]!;
      const states = made.states.filter(({ index, offset }) => index > mark.index || offset >= mark.offset);
      const databases = await Promise.all(states.map((state) => databaseAt(made, state)));
      const wanted = databases[which % databases.length];
      if (!wanted) return;
      for (const [i, database] of databases.entries()) {
        // The start of a WAL is a state where the one before it ends.
        if (!database || states[i]!.offset === 0) continue;
        const only = place(states[i]!);
        const { matches } = await walk(made.storage, childOf(wanted, pageSize), { only });
        let different = 0;
        for (let at = 0; at < Math.max(wanted.length, database.length); at += pageSize) {
          const [a, b] = [wanted, database].map((bytes) => Buffer.from(bytes.subarray(at, at + pageSize)));
          if (!a!.equals(b!)) different++;
        }
        expect(matches[0]!.nearest).toEqual({ position: only, different });
      }
    }),
    { numRuns: 10 },
  );
});

it("looks at one state alone, where that is asked for, and says which pages differ there", async () => {
  const made = makeReplica(PLAIN);
  const [first, second] = [made.states[1]!, made.states[2]!];
  const bytes = (await databaseAt(made, second))!;
  const child = childOf(bytes);
  expect(await originOf(made.storage, child, { only: place(second) })).toEqual(place(second));
  expect(await originOf(made.storage, child, { only: place(first) })).toBeUndefined();
  const before = (await databaseAt(made, first))!;
  const { differing } = await walk(made.storage, child, { comparedAt: place(first) });
  const pages = Array.from({ length: Math.max(bytes.length, before.length) / PAGE }, (_, i) => i + 1);
  const pageOf = (database: Uint8Array, page: number) =>
    Buffer.from(database.subarray((page - 1) * PAGE, page * PAGE));
  expect([...differing]).toEqual(pages.filter((page) => !pageOf(bytes, page).equals(pageOf(before, page))));
});

it("looks at where a section begins, where that is asked for", async () => {
  const made = makeReplica(PLAIN);
  for (const index of [1, 2]) {
    const state = made.states.find((one) => one.index === index && one.offset === 0)!;
    const only: Position = { index, offset: 0 };
    expect(await originOf(made.storage, childOf((await databaseAt(made, state))!), { only })).toEqual(only);
  }
});

it("takes a state before the mark for none: the snapshot reaches further than the WAL", async () => {
  const made = makeReplica({
    ...{ pageSize: PAGE, pages: 6, seed: 2 },
    indexes: [{ snapshot: true, mark: 3, segments: [{ commits: 3 }, { commits: 3 }] }],
  });
  const { mark } = made.snapshots[0]!;
  const seen: boolean[] = [];
  for (const state of made.states) {
    const { matches } = await walk(made.storage, childOf(new Uint8Array(PAGE)), { only: place(state) });
    expect(matches[0]!.nearest?.position ?? place(state)).toEqual(place(state));
    seen.push(matches[0]!.nearest !== undefined);
  }
  expect(mark.offset).toBeGreaterThan(0);
  expect(seen).toEqual(made.states.map(({ offset }) => offset >= mark.offset));
});

it("knows no state behind damage, until the next snapshot", async () => {
  const made = makeReplica(PLAIN);
  const children = await Promise.all(
    made.states.map(async (state) => childOf((await databaseAt(made, state))!)),
  );
  const { path } = made.segments[1]!;
  const file = made.storage.files.get(path)!;
  made.storage.files.set(path, { ...file, data: file.data.slice(0, 30) });
  const known: boolean[] = [];
  for (const child of children) known.push((await originOf(made.storage, child)) !== undefined);
  // The last of the second WAL is what the third begins with.
  expect(known).toEqual([true, true, true, false, false, false, true, true, true, true]);
});

it("holds no state against a child that began before it", async () => {
  const made = makeReplica(PLAIN);
  const last = made.states.at(-1)!;
  const bytes = (await databaseAt(made, last))!;
  // As far apart as Litestream writes them; closer ones are taken for a copy's.
  for (const [i, path] of [...made.storage.files.keys()].entries()) {
    const file = made.storage.files.get(path)!;
    made.storage.files.set(path, {
      ...file,
      modified: 1_700_000_000_000_000_000n + BigInt(i) * 1_000_000_000n,
    });
  }
  const time = made.storage.files.get(made.segments.at(-1)!.path)!.modified!;
  const origin = (began: bigint | undefined) => originOf(made.storage, childOf(bytes, PAGE, { began }));
  expect(await origin(time)).toEqual(place(last));
  expect(await origin(time - 1n)).toBeUndefined();
  expect(await origin(undefined)).toEqual(place(last));
});

it("knows the change counter of each state", async () => {
  const made = makeReplica(PLAIN);
  const last = made.states.at(-1)!;
  const bytes = (await databaseAt(made, last))!;
  const changes = readUint32BE(bytes, 24);
  const origin = (mostChanges: number) => originOf(made.storage, childOf(bytes, PAGE, { mostChanges }));
  expect([await origin(changes), await origin(changes - 1)]).toEqual([place(last), undefined]);
});

it("knows Litestream's counter of each state, and the cells of the pages that the child has written", async () => {
  const replica = new SqliteReplica({ setup: "CREATE TABLE t (x)" });
  for (let row = 1; row <= 4; row++) {
    replica.exec(`INSERT INTO t VALUES ('row ${row}')`);
    replica.checkpoint();
  }
  replica.close();
  const attempt = await attemptRestore(replica.storage, { index: 2 });
  if (attempt.error) throw attempt.error;
  const { bytes } = attempt;
  const pages = Array.from({ length: bytes.length / 1024 }, (_, i) => i + 1);
  const pageOf = (page: number) => bytes.subarray((page - 1) * 1024, page * 1024);
  const counterPage = pages.find((page) => sequenceValue(pageOf(page)) !== undefined)!;
  const table = pages.find((page) => page > 1 && cellsOf(page, pageOf(page)).size === 3)!;
  const own = { own: new Set([counterPage, table]), counterPage };
  const sectionsOf = async (counters: number[], cells: Set<number>) => {
    const about = { ...own, counters, cells, cellPages: new Set([table]) };
    return await originOf(replica.storage, childOf(bytes, 1024, about));
  };
  const cells = cellsOf(table, pageOf(table));
  for (const counter of [1, 2, 3])
    expect(await sectionsOf([counter], cells)).toMatchObject({ index: counter, offset: expect.any(Number) });
  expect(await sectionsOf([9], cells)).toBeUndefined();
  // The likeliest counter first; with one of two the cells in common settle it.
  expect(await sectionsOf([3, 2], cells)).toMatchObject({ index: 3 });
  const { matches } = await walk(
    replica.storage,
    childOf(bytes, 1024, { ...own, counters: undefined, cells, cellPages: new Set([table]) }),
  );
  const branch = (await catalogOf(replicaIn(replica.storage))).generations[0]!;
  expect(matches[0]!.claim(branch)).toMatchObject({ shared: 3, extra: 0 });
});

it("is not gone on with where a file has gone, or the caller has lost interest", async () => {
  const made = makeReplica(PLAIN);
  const replica = replicaIn(made.storage);
  const [branch] = (await catalogOf(replica)).generations;
  made.storage.files.delete(made.segments[1]!.path);
  const child = childOf(new Uint8Array(PAGE));
  await expect(walkAlong(replica, branch!, [child], undefined)).rejects.toMatchObject({
    code: "storage/not-found",
  });
  const reason = new Error("enough");
  const aborted = walkAlong(replica, branch!, [child], AbortSignal.abort(reason));
  await expect(aborted).rejects.toBe(reason);
});
