import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CHECKSUM_FLAG,
  DatabaseChecksum,
  FileChecksum,
  lockPage,
  pageChecksum,
} from "../../src/ltx/index.ts";
import { LTX } from "./fixtures.ts";

const text = (value: string) => new TextEncoder().encode(value);

it("the page checksum of the worked example", () => {
  expect(pageChecksum(1, new Uint8Array(512).fill(0x41))).toBe(0xe1b3111ab98cc555n);
  for (const page of [0, -1, 2 ** 32, 0.5]) expect(() => pageChecksum(page, text("a"))).toThrow(RangeError);
});

it("the lock page is the one that holds byte 2^30", () => {
  const sizes = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536];
  expect(sizes.map(lockPage)).toEqual([2097153, 1048577, 524289, 262145, 131073, 65537, 32769, 16385]);
});

describe("the file checksum", () => {
  it("is CRC-64 of the ISO polynomial, with bit 63 set", () => {
    const checksum = new FileChecksum();
    expect(checksum.value).toBe(CHECKSUM_FLAG);
    checksum.update(text("123456789"));
    expect(checksum.value).toBe(0xb90956c775a41001n);
  });

  it("does not depend on how the bytes are cut", () => {
    const bytes = fc.uint8Array({ maxLength: 200_000 });
    fc.assert(
      fc.property(bytes, fc.nat(), (all, cutAt) => {
        const [whole, parts] = [new FileChecksum(), new FileChecksum()];
        whole.update(all);
        const at = cutAt % (all.length + 1);
        parts.update(all, 0, at);
        parts.update(all.subarray(at));
        expect(parts.value).toBe(whole.value);
      }),
      { numRuns: 30 },
    );
  });
});

describe("the database checksum", () => {
  const PAGE = 4096;
  const database = new Uint8Array(
    readFileSync(`${LTX}litefs/store/open-and-write-snapshot/dbs/sqlite.db/database`),
  );
  const pages = Array.from({ length: 10 }, (_, i) => database.subarray(i * PAGE, (i + 1) * PAGE));

  it("of a database of LiteFS, after each page", () => {
    const checksum = new DatabaseChecksum(PAGE);
    const running = pages.map((data, i) => {
      checksum.add(i + 1, data);
      return checksum.value.toString(16);
    });
    expect(running).toEqual([
      ...["adf3e188cb5dc241", "acad207793250cfe", "f453628b4a21c57c", "e39b97b5ed30f588", "b47665155589d80c"],
      ...["f687d07d41feaa95", "9c77440661ab7cdd", "860343c15ce0c507", "edfd166553e6bf34", "fe3831a381c602b9"],
    ]);
  });

  it("goes both ways, in any order, and leaves the lock page out", () => {
    const checksum = new DatabaseChecksum(PAGE, 0xfe3831a381c602b9n);
    checksum.add(lockPage(PAGE), pages[0]!);
    expect(checksum.value).toBe(0xfe3831a381c602b9n);
    for (const i of [4, 0, 9, 2, 7, 1, 3, 8, 5, 6]) checksum.remove(i + 1, pages[i]!);
    expect(checksum.value).toBe(CHECKSUM_FLAG);
    checksum.toggle(pageChecksum(3, pages[2]!));
    expect(checksum.value).toBe(pageChecksum(3, pages[2]!));
  });

  it.each(["s1", "s2", "s3", "s4"])("of %s.db", (name) => {
    const states = JSON.parse(readFileSync(`${LTX}reference-library/states/expected.json`, "utf8"));
    const bytes = new Uint8Array(readFileSync(`${LTX}reference-library/states/${name}.db`));
    const checksum = new DatabaseChecksum(512);
    for (let at = 0; at < bytes.length; at += 512) checksum.add(at / 512 + 1, bytes.subarray(at, at + 512));
    expect(checksum.value.toString(16)).toBe(states[`${name}.db`].databaseChecksum);
  });
});
