/** Restore points on disk: a line each, none lost, and nothing else touched. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type RecordOptions, recordRestorePoint } from "../../src/moments/record.ts";
import { formatPosition, type Position } from "../../src/replay/position.ts";
import { DirectoryStorage } from "../../src/storage/directory.ts";
import { MAX_RESTORE_POINTS_SIZE, parseRestorePoints } from "../../src/timeline/restore-points.ts";
import { folderOf } from "../restore/folders.ts";

const [FIRST, SECOND] = ["0123456789abcdef", "fedcba9876543210"] as const;
const PATH = `generations/${FIRST}.restore-points`;
const at = (offset: number): Position => ({ index: 1, offset });

let storage: DirectoryStorage;
beforeEach(() => {
  storage = new DirectoryStorage(folderOf({}));
  for (const generation of [FIRST, SECOND])
    mkdirSync(join(storage.root, "generations", generation), { recursive: true });
});

const record = (
  name: string,
  position = at(0),
  { generation = FIRST, ...options }: RecordOptions & { generation?: string } = {},
) => recordRestorePoint(storage, { name, generation, position }, options);
const bytesOf = (path: string) => readFileSync(join(storage.root, path));
const write = (text: string | Uint8Array, path = PATH) => {
  mkdirSync(dirname(join(storage.root, path)), { recursive: true });
  writeFileSync(join(storage.root, path), text);
};
/** `name position`, in the order of the file. */
const pointsIn = (path = PATH) =>
  parseRestorePoints(bytesOf(path).toString(), path).map(
    (one) => `${one.name} ${formatPosition(one.position)}`,
  );
/** Files that are no restore points'. */
const left = () =>
  (readdirSync(storage.root, { recursive: true }) as string[]).filter((name) => /tmp|walkit/.test(name));

it("is a line in the file beside its generation, with the time of its recording", async () => {
  const before = Date.now();
  expect(await record("before migration", at(0x1038))).toBe(PATH);
  const [position, name, time] = bytesOf(PATH).toString().trimEnd().split("\t");
  expect([position, name]).toEqual(["00000001:00001038", "before migration"]);
  expect(Date.parse(time!)).toBeGreaterThanOrEqual(before);
  await record("after", at(0x2000));
  expect(pointsIn()).toEqual(["before migration 00000001:00001038", "after 00000001:00002000"]);
  expect(left()).toEqual([]);
});

it("of LTX files lies beside their folder, and of a prefix of its own in there", async () => {
  const point = { name: "one", position: { txid: 26 } };
  expect(await recordRestorePoint(storage, { ...point, generation: "ltx" })).toBe("ltx.restore-points");
  expect(pointsIn("ltx.restore-points")).toEqual(["one 000000000000001a"]);
  await expect(record("one")).rejects.toMatchObject({ code: "output/exists", path: "ltx.restore-points" });
  mkdirSync(join(storage.root, "db"));
  expect(await record("one", at(0), { prefix: "db/" })).toBe(`db/${FIRST}.restore-points`);
  // A replica of LTX files has no folder of generations; any other folder has to be there.
  rmSync(join(storage.root, "generations"), { recursive: true });
  await recordRestorePoint(storage, { ...point, name: "two", generation: "ltx" });
  expect(pointsIn("ltx.restore-points")).toHaveLength(2);
  await expect(record("one", at(0), { prefix: "none/" })).rejects.toMatchObject({
    code: "output/unwritable",
  });
});

describe("a name that is taken", () => {
  it("is refused, in whatever generation it is, and nothing is written", async () => {
    await record("one", at(100));
    const text = bytesOf(PATH).toString();
    for (const generation of [FIRST, SECOND])
      await expect(record("one", at(200), { generation })).rejects.toMatchObject({
        ...{ code: "output/exists", path: PATH, position: "00000001:00000064" },
        remedy: { do: "rename-restore-point" },
        message: expect.stringContaining(`found "one" at 00000001:00000064 of generation ${FIRST}`),
      });
    expect(bytesOf(PATH).toString()).toBe(text);
    expect(readdirSync(join(storage.root, "generations")).sort()).toEqual(
      [FIRST, SECOND, `${FIRST}.restore-points`].sort(),
    );
  });

  it("moves within its file by force, and every other byte stays", async () => {
    const head = Buffer.from("# kept by hand: \xff\xfe\r\n# 0:0\tone\n\n0:0\tfirst\r\n", "latin1");
    const tail = Buffer.from("\n#\n2:40\tlast");
    write(Buffer.concat([head, Buffer.from("1:20\tone\t2026-11-20T12:15:47Z"), tail]));
    await record("one", at(0x40), { force: true });
    const bytes = bytesOf(PATH);
    expect(bytes.subarray(0, head.length).equals(head)).toBe(true);
    expect(bytes.subarray(-tail.length).equals(tail)).toBe(true);
    expect(pointsIn()).toEqual([
      "first 00000000:00000000",
      "one 00000001:00000040",
      "last 00000002:00000040",
    ]);
  });

  it("moves to another generation by force", async () => {
    await record("one", at(100));
    await record("two", at(200));
    const path = await record("one", at(300), { generation: SECOND, force: true });
    expect([pointsIn(path), pointsIn()]).toEqual([["one 00000001:0000012c"], ["two 00000001:000000c8"]]);
  });
});

describe("is refused", () => {
  it("with a name that is none", async () => {
    for (const name of ["", "a\tb", " a"]) await expect(record(name)).rejects.toThrow(RangeError);
    expect(left()).toEqual([]);
  });

  it("where the names that there are cannot be understood, and these stay as they are", async () => {
    write("what?\n", `generations/${SECOND}.restore-points`);
    await expect(record("one")).rejects.toMatchObject({
      ...{ code: "timeline/restore-points", path: `generations/${SECOND}.restore-points` },
    });
    expect(bytesOf(`generations/${SECOND}.restore-points`).toString()).toBe("what?\n");
    expect(() => bytesOf(PATH)).toThrow("ENOENT");
    expect(left()).toEqual([]);
  });

  it("where the file has no room for one more", async () => {
    write(Buffer.alloc(MAX_RESTORE_POINTS_SIZE - 20, "#"));
    await expect(record("one")).rejects.toMatchObject({
      ...{ code: "output/unwritable", path: PATH, remedy: { do: "delete-lines" } },
    });
    expect(bytesOf(PATH)).toHaveLength(MAX_RESTORE_POINTS_SIZE - 20);
    expect(left()).toEqual([]);
  });

  it("for whoever has lost interest", async () => {
    const reason = new Error("enough");
    write("0:0\tzero\n");
    await expect(record("one", at(0), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect([bytesOf(PATH).toString(), left()]).toEqual(["0:0\tzero\n", []]);
  });
});

it("several at a time are all there, and one of a name", async () => {
  const names = Array.from({ length: 8 }, (_, i) => `name ${i}`);
  await Promise.all(names.map((name) => record(name)));
  expect(pointsIn().sort()).toEqual(names.map((name) => `${name} 00000001:00000000`));
  const same = await Promise.allSettled([1, 2, 3].map((offset) => record("same", at(offset))));
  expect(same.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(left()).toEqual([]);
});
