import { describe, expect, it } from "vitest";
import { writeUint32BE } from "../../../src/bytes.ts";
import { isLongerThanItsHeader, readSnapshot } from "../../../src/layouts/generations/snapshot.ts";
import { compress } from "../../../src/lz4/index.ts";
import { MemoryStorage, type Storage } from "../../../src/storage/index.ts";
import { sha256 } from "../../support/fixtures.ts";
import { SqliteReplica } from "../../support/sqlite-replica.ts";

const PATH = "snapshots/00000000.snapshot.lz4";
const FILE = { path: PATH, size: undefined };

/** A real database, 1024 bytes a page. */
const DATABASE = (() => {
  const replica = new SqliteReplica();
  replica.exec("CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(9000))");
  return replica.finish();
})();

const of = (...frames: Uint8Array[]): MemoryStorage =>
  new MemoryStorage([[PATH, { data: Buffer.concat(frames.map((one) => compress(one))) }]]);

async function read(storage: Storage): Promise<{ starts: number[]; bytes: Uint8Array }> {
  const starts: number[] = [];
  const pieces: Uint8Array[] = [];
  for await (const { header, position, data } of readSnapshot(FILE, { storage })) {
    expect(header).toMatchObject({ pageSize: 1024, pageCount: DATABASE.length / 1024 });
    starts.push(position);
    pieces.push(data.slice());
  }
  return { starts, bytes: new Uint8Array(Buffer.concat(pieces)) };
}

describe("a snapshot", () => {
  it("is the database, from its first byte to its last, and each part knows where it is", async () => {
    const { starts, bytes } = await read(of(DATABASE.subarray(0, 2048), DATABASE.subarray(2048)));
    expect(starts).toEqual([0, 2048]);
    expect(sha256(bytes)).toBe(sha256(DATABASE));
  });

  it("may come in parts of which the first is too short for a header", async () => {
    const cuts = [0, 1, 60, 99, 100, 101, DATABASE.length];
    const parts = cuts.slice(1).map((end, i) => DATABASE.subarray(cuts[i], end));
    const { starts, bytes } = await read(of(...parts, new Uint8Array(0)));
    expect(starts).toEqual([0, 100, 101]);
    expect(sha256(bytes)).toBe(sha256(DATABASE));
  });

  it("that ends inside of a page is refused, with where it ends", async () => {
    await expect(read(of(DATABASE.subarray(0, 3000)))).rejects.toMatchObject({
      ...{ code: "database/size", path: PATH, offset: 3000, decoded: true },
      message: expect.stringMatching(/found 3000 bytes \(952 too many\)$/),
    });
  });

  it.each([
    ["is empty", new Uint8Array(0), "database/header"],
    ["is too short for a header", DATABASE.subarray(0, 99), "database/header"],
    ["is no database", new Uint8Array(1024).fill(1), "database/bad-magic"],
  ])("that %s is refused", async (_, bytes, code) => {
    await expect(read(of(bytes))).rejects.toMatchObject({ code, path: PATH });
  });
});

describe("a file that is longer than its header says", () => {
  const isLong = (storage: Storage) => isLongerThanItsHeader(FILE, { storage });
  const lengthened = new Uint8Array(DATABASE.length + 1024);
  lengthened.set(DATABASE);

  it("has pages behind those that are in use", async () => {
    expect(await isLong(of(DATABASE))).toBe(false);
    expect(await isLong(of(lengthened))).toBe(true);
    expect(await isLong(of(DATABASE.subarray(0, -1024)))).toBe(false);
  });

  it("is none where the header tells of no number that counts", async () => {
    const old = lengthened.slice();
    // Written by a SQLite that did not keep it up to date.
    writeUint32BE(old, 92, 0);
    expect(await isLong(of(old))).toBe(false);
  });

  it("is none where it is damaged, which is said when it is read; one that is gone is gone", async () => {
    expect(await isLong(of(lengthened, lengthened.subarray(0, 1)))).toBe(false);
    await expect(isLong(new MemoryStorage())).rejects.toMatchObject({
      code: "storage/not-found",
      path: PATH,
    });
  });
});
