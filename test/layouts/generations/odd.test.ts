import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSegmentName, parseSnapshotName } from "../../../src/layouts/generations/names.ts";
import { folderInPlace, pastNumbers } from "../../../src/layouts/generations/odd.ts";

describe("a folder in a file's place", () => {
  it("is to be replaced by the file", () => {
    expect(folderInPlace("a/x.lz4", "a/x.lz4/")).toMatchObject({
      ...{
        code: "storage/unreadable",
        path: "a/x.lz4",
        message: "Expected a file at a/x.lz4, found a folder",
      },
      remedy: { do: "bring-back", what: "file" },
    });
  });

  it("with xl.meta in it is MinIO's disk, to be copied by its server", () => {
    expect(folderInPlace("a/x.lz4", "a/x.lz4/xl.meta")).toMatchObject({
      ...{ path: "a/x.lz4", message: expect.stringMatching(/disk of a MinIO server$/) },
      remedy: { do: "copy", from: "minio" },
    });
    expect(folderInPlace("a/x.lz4", "a/x.lz4/my-xl.meta").message).not.toMatch(/MinIO/);
  });
});

describe("numbers that are too large", () => {
  const past = (name: string) => pastNumbers(`generations/x/${name}`, name.split("/"));

  it.each([
    "snapshots/0000000100000000.snapshot.lz4",
    "wal/0000000100000000/0000000000000000.wal.lz4",
    "wal/0000000000000000/ffffffffffffffff.wal.lz4",
    "wal/00000000_ffffffffffffffff.wal.lz4",
    "wal/00000000_20000000000000.wal.lz4",
  ])("are told of in %s", (name) => {
    expect(past(name)).toMatchObject({
      ...{ code: "storage/unreadable", path: `generations/x/${name}` },
      remedy: { do: "find-writer" },
    });
  });

  it.each([
    "snapshots/00000000000000000.snapshot.lz4",
    "wal/00000000_00ffffffffffffff.wal.lz4",
    "wal/0000000100000000.wal.lz4",
    "wal/00000000_ffffffffffffffff.wal.lz4.tmp",
    "x/00000000_ffffffffffffffff.wal.lz4",
  ])("are not in %s, a name that Litestream would not write", (name) => {
    expect(past(name)).toBeUndefined();
  });

  it("are in whatever Litestream writes and is not read", () => {
    const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const hex = (n: bigint, digits: number) => n.toString(16).padStart(digits, "0");
    fc.assert(
      fc.property(number, number, (index, offset) => {
        const snapshot = `${hex(index, 16)}.snapshot.lz4`;
        const nested = `${hex(index, 16)}/${hex(offset, 16)}.wal.lz4`;
        const flat = `${hex(index & 0xffffffffn, 8)}_${hex(offset, 8)}.wal.lz4`;
        for (const [name, isRead] of [
          [`snapshots/${snapshot}`, parseSnapshotName(snapshot) !== undefined],
          [`wal/${nested}`, parseSegmentName(nested) !== undefined],
          [`wal/${flat}`, parseSegmentName(flat) !== undefined],
        ] as const) {
          if (!isRead) expect(past(name), name).toBeDefined();
        }
      }),
    );
  });
});
