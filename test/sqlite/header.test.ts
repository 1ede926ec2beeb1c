/** The database header, held against what SQLite's pragmas say; and what is no header. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import {
  DATABASE_HEADER_SIZE,
  type DatabaseHeader,
  isDatabase,
  lockPage,
  parseDatabaseHeader,
} from "../../src/sqlite/header.ts";
import { forEachCut, forEachFlip } from "./hostile.ts";
import { KINDS, Maker, makeRich } from "./made.ts";

describe.each(KINDS)("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  it("are as the header says", () => {
    const { bytes, all } = makeRich(pageSize, autoVacuum);
    const pragma = (name: string) => all(`PRAGMA ${name}`)[0]![name];
    expect(isDatabase(bytes)).toBe(true);
    expect(parseDatabaseHeader(bytes)).toMatchObject({
      ...{ pageSize, writeVersion: 1, readVersion: 1, reservedBytes: 0 },
      pageCount: bytes.length / pageSize,
      freelistCount: pragma("freelist_count"),
      schemaCookie: pragma("schema_version"),
    });
  });
});

it("what an application sets is in it", () => {
  const maker = new Maker().run("PRAGMA user_version = 77; PRAGMA application_id = 88; CREATE TABLE t (x)");
  const { bytes, all } = maker.made;
  const header = parseDatabaseHeader(bytes);
  const [major, minor, patch] = String(all("SELECT sqlite_version() AS v")[0]!.v).split(".").map(Number);
  maker.close();
  expect([header.userVersion, header.applicationId]).toEqual([77, 88]);
  expect(header.sqliteVersion).toBe(major! * 1_000_000 + minor! * 1000 + patch!);
});

it("the number of pages is not known where the counters differ", () => {
  const maker = new Maker().run("CREATE TABLE t (x)");
  const { bytes } = maker.made;
  maker.close();
  expect(parseDatabaseHeader(bytes).pageCount).toBe(2);
  bytes[27]!++;
  expect(parseDatabaseHeader(bytes).pageCount).toBeUndefined();
});

it("the page of the locks is that of the byte at 1 GiB", () => {
  for (const pageSize of [512, 4096, 65536]) expect((lockPage(pageSize) - 1) * pageSize).toBe(2 ** 30);
});

describe("what is no header", () => {
  const { bytes } = makeRich(4096);
  const codeOf = (data: Uint8Array): string | DatabaseHeader => {
    try {
      return parseDatabaseHeader(data, { path: "there" });
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
      expect([error.path, error.decoded, error.message]).toEqual([
        "there",
        true,
        expect.stringMatching(/^Expected/),
      ]);
      return error.code;
    }
  };

  it("is said to be too short, or to begin otherwise", () => {
    forEachCut(bytes.subarray(0, DATABASE_HEADER_SIZE), (cut) => {
      expect([cut.length, codeOf(cut)]).toEqual([cut.length, "database/header"]);
      expect(isDatabase(cut)).toBe(cut.length >= 16);
    });
    const other = new TextEncoder().encode("SQLite format 4\0");
    expect(codeOf(other)).toBe("database/bad-magic");
    expect(codeOf(other.subarray(0, 15))).toBe("database/bad-magic");
    expect(codeOf(other.subarray(0, 14))).toBe("database/header");
    expect(isDatabase(other)).toBe(false);
  });

  it("is told by each of its first bytes, and by its page size", () => {
    forEachFlip(bytes.subarray(0, DATABASE_HEADER_SIZE), (changed, at) => {
      const found = codeOf(changed);
      expect(isDatabase(changed)).toBe(at >= 16);
      if (at < 16) expect(found).toBe("database/bad-magic");
      else if (at > 17) expect(found).toMatchObject({ pageSize: 4096 });
      else if (typeof found === "object") expect(Math.log2(found.pageSize) % 1).toBe(0);
      else expect(found).toBe("database/page-size");
    });
    for (const size of [0, 1, 2, 256, 511, 513, 32767, 32768, 65535]) {
      const changed = bytes.slice();
      changed.set([size >>> 8, size & 255], 16);
      const found = codeOf(changed);
      if (size === 1 || size === 32768) expect(found).toMatchObject({ pageSize: size === 1 ? 65536 : size });
      else expect([size, found]).toEqual([size, "database/page-size"]);
    }
  });
});
