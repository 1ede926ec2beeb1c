/** The restore points of a replica, and the one of a name. */

import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { findRestorePoint, readRestorePoints } from "../../src/timeline/points.ts";
import { MAX_RESTORE_POINTS_SIZE } from "../../src/timeline/restore-points.ts";
import { CountingStorage } from "../support/counting.ts";
import { LtxReplica, rows } from "../support/ltx-replica.ts";

const [FIRST, SECOND] = ["0123456789abcdef", "fedcba9876543210"] as const;
const pathOf = (generation: string) => `generations/${generation}.restore-points`;

/** A replica with these files of restore points; of generations that need not be there. */
function storageOf(texts: Record<string, string>): MemoryStorage {
  return new MemoryStorage(
    Object.entries(texts).map(([generation, text]) => {
      return [pathOf(generation), { data: Buffer.from(text), modified: 1n }] as const;
    }),
  );
}

const two = { [FIRST]: "0:0\tone\n1:20\tboth\n", [SECOND]: "2:40\tboth\t2026-11-20T12:15:47Z\n" };

const catalogIn = (storage: MemoryStorage) => catalogOf(replicaIn(storage));

async function read(storage: MemoryStorage, options?: Parameters<typeof readRestorePoints>[2]) {
  const points = await readRestorePoints(storage, await catalogIn(storage), options);
  return points.map(({ name, generation }) => `${name} of ${generation}`);
}

const find = async (texts: Record<string, string>, name: string, generation?: string) =>
  await findRestorePoint(storageOf(texts), await catalogIn(storageOf(texts)), name, generation);

it("are those of all generations, or of one, whose file alone is read then", async () => {
  const storage = storageOf(two);
  expect(await read(storage)).toEqual([`one of ${FIRST}`, `both of ${FIRST}`, `both of ${SECOND}`]);
  const counting = new CountingStorage(storage);
  const catalog = await catalogIn(storage);
  const points = await readRestorePoints(counting, catalog, { generation: SECOND });
  expect(points).toEqual([
    {
      ...{ generation: SECOND, name: "both", recorded: "2026-11-20T12:15:47Z" },
      position: { index: 2, offset: 0x40 },
    },
  ]);
  expect([...counting.reads.keys()]).toEqual([pathOf(SECOND)]);
  expect(await read(storageOf({}))).toEqual([]);
});

it("of LTX files are TXIDs", async () => {
  const replica = new LtxReplica(rows(2));
  replica.put(9, 1, 2);
  const storage = replica.storage();
  const data = Buffer.from("0000000000000002\tone\n");
  storage.files.set("ltx.restore-points", { data, modified: 1n });
  const found = await findRestorePoint(storage, await catalogIn(storage), "one", undefined);
  expect(found).toMatchObject({ generation: "ltx", position: { txid: 2 } });
});

it("that cannot be understood are thrown, or told, and the others are read", async () => {
  const storage = storageOf({ ...two, [FIRST]: "what?\n" });
  const path = pathOf(FIRST);
  await expect(read(storage)).rejects.toMatchObject({ code: "timeline/restore-points", path });
  const problems: unknown[] = [];
  const onProblem = ({ code }: { code: string }, generation: string) => problems.push([code, generation]);
  expect(await read(storage, { onProblem })).toEqual([`both of ${SECOND}`]);
  expect(problems).toEqual([["timeline/restore-points", FIRST]]);
});

it("in a file that is too large are not read", async () => {
  const storage = storageOf({ [FIRST]: "#".repeat(MAX_RESTORE_POINTS_SIZE + 1) });
  await expect(read(storage)).rejects.toMatchObject({
    ...{ code: "timeline/restore-points", path: pathOf(FIRST) },
    message: `Expected at most ${MAX_RESTORE_POINTS_SIZE} bytes of text, found ${MAX_RESTORE_POINTS_SIZE + 1} or more`,
  });
});

it("whose file is gone are thrown whatever else is told: the storage is not what it was", async () => {
  const storage = storageOf(two);
  const catalog = await catalogIn(storage);
  storage.files.delete(pathOf(FIRST));
  const reading = readRestorePoints(storage, catalog, { onProblem: () => {} });
  await expect(reading).rejects.toMatchObject({ code: "storage/not-found", path: pathOf(FIRST) });
  const reason = new Error("enough");
  const aborted = readRestorePoints(storageOf(two), catalog, { signal: AbortSignal.abort(reason) });
  await expect(aborted).rejects.toBe(reason);
});

it("one is found by its name, and in its generation where several have it", async () => {
  expect(await find(two, "one")).toMatchObject({ generation: FIRST, position: { index: 0, offset: 0 } });
  expect(await find(two, "both", SECOND)).toMatchObject({ position: { index: 2, offset: 0x40 } });
  await expect(find(two, "both")).rejects.toMatchObject({
    ...{ code: "target/no-restore-point", remedy: { do: "name-generation" } },
    message: `Expected one restore point "both", found 2, in the generations ${FIRST}, ${SECOND}`,
  });
});

it("one that is not there is refused with those that are, of very many the first", async () => {
  await expect(find(two, "none")).rejects.toMatchObject({
    ...{ code: "target/no-restore-point", remedy: undefined },
    message: 'Expected a restore point "none", found "one", "both", "both"',
  });
  await expect(find(two, "one", SECOND)).rejects.toThrow('Expected a restore point "one", found "both"');
  await expect(find({}, "none")).rejects.toThrow('Expected a restore point "none", found none');
  const many = Array.from({ length: 22 }, (_, i) => `0:${i}\tn${i}\n`).join("");
  await expect(find({ [FIRST]: many }, "none")).rejects.toThrow(/"n18", "n19" and 2 more$/);
});
