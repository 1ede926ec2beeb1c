/** The ways to a target, one after another, and what a way that failed teaches of the next. */

import { expect, it } from "vitest";
import { type ErrorCode, WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import type { Catalog } from "../../src/replay/catalog.ts";
import type { PlanTarget } from "../../src/replay/plan.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { type Failed, nothingKnown, type Way, waysTo } from "../../src/restore/ways.ts";
import { makeReplica } from "../support/generate.ts";

const segments = [{ commits: 1 }, { commits: 1 }, { commits: 1 }, { commits: 1 }];
const made = makeReplica({
  ...{ pageSize: 512, pages: 4, seed: 3 },
  indexes: [
    { snapshot: true, mark: 0, segments },
    { snapshot: false, mark: 0, segments },
    { snapshot: true, mark: 3, segments },
    { snapshot: false, mark: 0, segments },
  ],
});
// No faster than Litestream.
for (const file of made.storage.files.values()) file.modified = file.modified! * 100n;
const [older, newer] = made.snapshots as [(typeof made.snapshots)[0], (typeof made.snapshots)[0]];
const replica = replicaIn(made.storage);

const failed = ({ plan }: Way, code: ErrorCode, path = plan.snapshot.path): Failed => ({
  plan,
  error: new WalkitError(code, `${code} in ${path}`, { path }),
});

async function begin(target: PlanTarget, change: (catalog: Catalog) => void = () => {}) {
  const catalog = structuredClone(await catalogOf(replica));
  change(catalog);
  const known = nothingKnown();
  const ways = waysTo({ replica, catalog, isPart: false, target, signal: undefined }, known);
  const next = async (last?: Failed): Promise<Way> => (await ways.next(last)).value;
  return { known, next };
}

it("go back from snapshot to snapshot; the first that was wrong is the reason to give", async () => {
  const { known, next } = await begin({});
  const first = await next();
  expect(first.plan.snapshot.path).toBe(newer.path);
  const second = await next(failed(first, "lz4/content-checksum"));
  expect(second.plan.snapshot.path).toBe(older.path);
  expect(second.plan.segments).toHaveLength(made.segments.length);
  await expect(next(failed(second, "database/size"))).rejects.toThrow(
    `lz4/content-checksum in ${newer.path}`,
  );
  expect(known.notes.map(({ path, severity }) => [path, severity])).toEqual([
    [newer.path, "warning"],
    [older.path, "warning"],
  ]);
});

it("end where something else is wrong than a snapshot", async () => {
  const { known, next } = await begin({});
  const { path } = made.segments.at(-1)!;
  await expect(next(failed(await next(), "wal/salt", path))).rejects.toMatchObject({
    code: "wal/salt",
    path,
  });
  expect(known).toEqual(nothingKnown());
});

it("leave out a snapshot that the listing says cannot be read", async () => {
  const error = new WalkitError("storage/unreadable", "not this one", { path: newer.path });
  const { known, next } = await begin({}, ({ generations }) => {
    generations[0]!.snapshots[1]!.unreadable = error;
  });
  expect((await next()).plan.snapshot.path).toBe(older.path);
  expect(known.notes).toMatchObject([{ code: "storage/unreadable", path: newer.path }]);
});

it("stop at a snapshot that no WAL leads past", async () => {
  const { next } = await begin({}, ({ generations: [branch] }) => {
    branch!.segments = branch!.segments.filter(({ index }) => index !== 2);
  });
  await expect(next(failed(await next(), "lz4/truncated"))).rejects.toMatchObject({ code: "lz4/truncated" });
});

it("take the same snapshot again with its mark, where one page looked newer than the target", async () => {
  const { known, next } = await begin({ commit: { index: 3, offset: made.segments[9]!.offset } });
  const first = await next();
  expect(first.plan.mark).toBeUndefined();
  const again = await next(failed(first, "replica/before-mark"));
  const mark = { index: 3, offset: newer.mark.offset };
  expect([again.plan.snapshot.path, again.plan.mark]).toEqual([newer.path, mark]);
  expect(known.notes).toEqual([]);
  const third = await next(failed(again, "replica/before-mark"));
  expect([third.plan.snapshot.path, third.late]).toEqual([older.path, undefined]);
});

it("of a time end at the mark of the snapshot that reaches past it", async () => {
  const { next } = await begin({ timestamp: made.storage.files.get(newer.path)!.modified! });
  const first = await next();
  const again = await next(failed(first, "replica/before-mark"));
  const third = await next(failed(again, "replica/before-mark"));
  expect(third.plan.snapshot.path).toBe(older.path);
  const late = await next(failed(third, "lz4/truncated"));
  expect(late.late?.path).toBe(newer.path);
  expect(late.plan.end).toEqual({ index: 3, offset: newer.mark.offset });
  await expect(next(failed(late, "wal/salt"))).rejects.toMatchObject({ code: "replica/before-mark" });
});
