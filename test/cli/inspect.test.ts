/** `walkit inspect`: what a file is, by its content, and the first thing that is wrong with it. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compress, compressLegacy, decompress, skippableFrame } from "../../src/lz4/index.ts";
import { WalWriter } from "../../src/wal/index.ts";
import { readManifest } from "../support/fixtures.ts";
import { build, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

build();

const folder = temporaryFolder();
let files = 0;
function file(bytes: Uint8Array | string, name = "something"): string {
  const path = join(folder, String(files++));
  mkdirSync(path);
  writeFileSync(join(path, name), bytes);
  return join(path, name);
}
const of = async (bytes: Uint8Array | string, name?: string) => {
  const { code, json } = await walkitJson(["inspect", file(bytes, name)]);
  return { code, ...json };
};

const replica = unpack("multi-index");
const { id, snapshots, wal } = readManifest("multi-index").generations[0]!;
const read = (path: string) => readFileSync(join(replica, path));
const segmentOf = (index: number) => wal.filter((w) => w.index === index).map((w) => read(w.path));
/** One whole WAL: header, several transactions. */
const whole = Buffer.concat(segmentOf(2).map((s) => decompress(s)));
const tail = Buffer.concat(
  segmentOf(2)
    .slice(1)
    .map((s) => decompress(s)),
);

describe("recognizes", () => {
  it("a WAL, in LZ4 or not", async () => {
    const [raw, packed] = await Promise.all([of(whole), of(compress(whole))]);
    expect([raw.code, raw.kind, raw.status]).toEqual([0, "wal", "ok"]);
    expect([packed.code, packed.kind, packed.content]).toEqual([0, "lz4", "wal"]);
    expect(packed.wal).toEqual(raw.wal);
    expect(raw.wal).toMatchObject({ pageSize: 4096, byteOrder: "little-endian", uncommittedFrames: 0 });
    expect(raw.wal.frames).toBe((whole.length - 32) / 4120);
    expect(raw.wal.stop).toEqual({ reason: "end", offset: whole.length, frame: raw.wal.frames });
  });

  it("a piece of a WAL, of every page size and byte order", async () => {
    for (const [pageSize, bigEndian] of [
      [512, false],
      [1024, true],
      [65536, true],
      [4096, false],
    ] as const) {
      const writer = new WalWriter({ pageSize, bigEndian, checkpointSequence: 1, salt1: 7, salt2: 9 });
      const page = (n: number) => new Uint8Array(pageSize).fill(n);
      const frames = [1, 2, 3].map((n) => writer.frame(n, page(n), n === 2 ? 0 : 3));
      const piece = await of(Buffer.concat(frames));
      expect([piece.code, piece.kind, piece.wal.pageSize]).toEqual([0, "wal-segment", pageSize]);
      expect(piece.wal.byteOrder).toBe(bigEndian ? "big-endian" : "little-endian");
      expect([piece.wal.frames, piece.wal.transactions]).toEqual([3, 2]);
    }
    const real = await of(tail);
    expect([real.kind, real.wal.frames]).toEqual(["wal-segment", tail.length / 4120]);
  });

  it("a snapshot, a database, and what is neither", async () => {
    const database = decompress(read(snapshots[0]!.path));
    const [packed, raw] = await Promise.all([of(read(snapshots[0]!.path)), of(database)]);
    expect([packed.content, packed.database.pages]).toEqual(["database", database.length / 4096]);
    expect([raw.kind, raw.database]).toEqual(["database", packed.database]);
    const foreign: [Uint8Array | string, RegExp][] = [
      [gzipSync("x"), /gzip/],
      ["age-encryption.org/v1\n-> X25519", /age/],
      ["PK\x03\x04", /zip/],
      [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), /zstd/],
    ];
    for (const [bytes, name] of foreign) {
      const found = await of(bytes);
      expect([found.code, found.kind, found.status]).toEqual([3, "foreign", "inconclusive"]);
      expect(found.description).toMatch(name);
    }
    const unknown = await of("hello, this is a text");
    expect([unknown.code, unknown.kind]).toEqual([3, "unknown"]);
    expect([unknown.description, unknown.findings[0].code]).toEqual([
      "not a file that walkit knows",
      "replica/stray-file",
    ]);
  });

  it("an empty file, the same whatever its name", async () => {
    const found = await Promise.all(["x", "x.lz4", "00000004_00001038.wal.lz4"].map((name) => of("", name)));
    for (const { code, kind, findings } of found) {
      expect([code, kind, findings[0].code]).toEqual([3, "empty", "lz4/truncated"]);
      expect(findings[0].meaning).toBe(found[0]!.findings[0].meaning);
    }
  });

  it("frames of all kinds, one after another", async () => {
    const bytes = Buffer.concat([skippableFrame(new Uint8Array(5)), compress(whole), compressLegacy(tail)]);
    const { code, lz4, content, findings } = await of(bytes);
    expect(lz4.frameList.map((f: { kind: string }) => f.kind)).toEqual(["skippable", "lz4", "legacy"]);
    expect([code, content, findings[0].code]).toEqual([0, "wal", "lz4/trailing-data"]);
  });
});

describe("finds the first thing wrong", () => {
  it("in the fixtures, at the place where it is", async () => {
    const table: [fixture: string, code: string][] = [
      ["flip-content-checksum", "lz4/content-checksum"],
      ["flip-compressed", "lz4/"],
      ["flip-lz4-magic", "lz4/bad-magic"],
      ["truncated-segment", "lz4/truncated"],
      ["tail-uncommitted", "replica/uncommitted-tail"],
    ];
    for (const [fixture, code] of table) {
      const manifest = readManifest(`damaged/${fixture}`);
      const path = join(unpack(`damaged/${fixture}`), manifest.changedFiles![0]!);
      const { code: exit, json } = await walkitJson(["inspect", path]);
      expect([fixture, exit, json.status]).toEqual([fixture, 1, "damaged"]);
      expect(json.findings[0].code).toMatch(code);
      expect(json.findings[0].offset).toBeTypeOf("number");
    }
  });

  it("in a WAL: a changed page, a leftover of an earlier round, a cut", async () => {
    const flipped = Buffer.from(whole);
    flipped[32 + 4120 + 500]! ^= 1;
    const damaged = await of(flipped);
    expect([damaged.code, damaged.findings[0].code]).toEqual([1, "wal/frame-checksum"]);
    expect(damaged.findings[0]).toMatchObject({ offset: 32 + 4120, frame: 1, decoded: null });
    expect(damaged.wal.frames).toBe(1);

    const restarted = Buffer.concat([
      whole,
      Buffer.concat(segmentOf(1).map((s) => decompress(s))).subarray(32),
    ]);
    const leftover = await of(restarted);
    expect([leftover.code, leftover.findings]).toEqual([0, []]);
    expect(leftover.notes.join()).toContain(`From byte ${whole.length} on`);
    // The same in a segment is damage.
    expect((await of(compress(restarted))).findings[0].code).toBe("wal/salt");

    const salt = Buffer.from(whole);
    salt[32 + 4120 + 8]! ^= 1;
    expect((await of(salt)).findings[0]).toMatchObject({ code: "wal/salt", frame: 1 });

    const cut = await of(whole.subarray(0, whole.length - 100));
    expect([cut.code, cut.findings[0].code]).toEqual([1, "wal/truncated"]);

    const magic = Buffer.from(whole);
    magic[1]! ^= 1;
    expect(await of(magic)).toMatchObject({ kind: "wal", code: 1, status: "damaged" });
  });

  it("in a file that is not what its name says", async () => {
    const [first, second] = segmentOf(2);
    expect((await of(second!, "00000002_00000000.wal.lz4")).findings[0].code).toBe(
      "replica/segment-position",
    );
    expect((await of(first!, "00000002_00001038.wal.lz4")).findings[0].code).toBe("replica/segment-position");
    expect((await of(first!, "00000002.snapshot.lz4")).code).toBe(1);
    expect((await of(second!, "00000002_00001038.wal.lz4")).code).toBe(0);
  });

  it("in words: where a frame breaks off, and what its header says", async () => {
    const bytes = read(wal.find((w) => w.offset! > 0)!.path);
    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 1]! ^= 1;
    const [cut, wrong] = await Promise.all([
      walkit(["inspect", file(bytes.subarray(0, bytes.length >> 1))]),
      walkit(["inspect", file(flipped)]),
    ]);
    expect(cut.stdout).toContain(`LZ4 frame, from byte 0, breaks off at byte ${bytes.length >> 1}: `);
    expect(wrong.stdout).toContain(`LZ4 frame, from byte 0, goes wrong at byte ${bytes.length - 4}: `);
    expect(wrong.stdout).toContain("an LZ4-compressed WAL segment (not the first of its index)");
    for (const { stdout } of [cut, wrong]) {
      expect(stdout).toContain("a content checksum at the end, not reached or not right");
      expect(stdout).not.toContain("no content checksum");
    }
  });

  it("wherever a file is cut, and never crashes", async () => {
    const bytes = read(wal.find((w) => w.offset! > 0)!.path);
    const cuts = [1, 3, 4, 6, 7, 10, 11, 12, bytes.length >> 1, bytes.length - 5, bytes.length - 1];
    const found = await Promise.all(cuts.map((n) => of(bytes.subarray(0, n), "x.lz4")));
    for (const [i, { code, findings }] of found.entries()) {
      expect([cuts[i], code, findings[0]?.code]).toEqual([cuts[i], 1, "lz4/truncated"]);
    }
  });
});

describe("an LTX file", () => {
  const ltx = fileURLToPath(new URL("../fixtures/ltx/", import.meta.url));
  const load = (path: string) => readFileSync(ltx + path);
  const NAME = "0000000000000005-0000000000000005.ltx";
  const bytes = load(`litestream-0.5.17-vfs/ltx/0/${NAME}`);

  it("of each variant is recognized and told of as it was read by others", async () => {
    for (const variant of ["v1-raw", "v1-lz4", "v2-frame", "v3-frame", "v3-block"]) {
      const path = `${variant}/0000000000000003-0000000000000003.ltx`;
      const expected = JSON.parse(load("reference-library/expected.json").toString())[path];
      const found = await of(load(`reference-library/${path}`), "0000000000000003-0000000000000003.ltx");
      expect([found.code, found.kind, found.status, found.findings]).toEqual([0, "ltx", "ok", []]);
      expect(found.ltx.variant).toBe(variant);
      const { pageSize, commit, minTXID, preApplyChecksum, timestamp } = expected.header;
      expect(found.ltx.header).toEqual({
        ...{ flags: expected.header.flags, pageSize, pageCount: commit, minTxid: minTXID, maxTxid: minTXID },
        ...{ snapshot: false, preApplyChecksum, wal: null, nodeId: null },
        time: new Date(timestamp).toISOString().replace(".000Z", "Z"),
      });
      expect(found.ltx.trailer).toEqual(expected.trailer);
      expect(found.ltx.pages).toBe(expected.pages.length);
      expect(found.ltx.pageList.map((p: { checksum: string }) => p.checksum)).toEqual(
        expected.pages.slice(0, 10).map((p: { checksum: string }) => p.checksum),
      );
    }
  });

  it("that is damaged says what is wrong first, and what there is before that", async () => {
    const wrong = Buffer.from(bytes);
    wrong[bytes.length - 1]! ^= 1;
    const [flipped, cut, magic, name, odd] = await Promise.all([
      of(wrong),
      of(bytes.subarray(0, 50), "x.ltx"),
      of(Buffer.concat([Buffer.from("LTX2"), bytes.subarray(4)])),
      of(bytes, "0000000000000005-0000000000000006.ltx"),
      of(load("malformed/reserved-nonzero.ltx")),
    ]);
    expect([flipped.code, flipped.findings[0].code]).toEqual([1, "ltx/file-checksum"]);
    expect([flipped.ltx.pages, flipped.ltx.trailer]).toEqual([flipped.ltx.pageList.length, null]);
    expect([cut.code, cut.kind, cut.findings[0].code, cut.ltx.header]).toEqual([
      1,
      "ltx",
      "ltx/truncated",
      null,
    ]);
    expect([magic.code, magic.kind, magic.findings[0].code]).toEqual([1, "ltx", "ltx/bad-magic"]);
    expect([name.code, name.findings[0].code]).toEqual([1, "ltx/name"]);
    expect(name.findings[0].message).toContain(NAME);
    expect([odd.code, odd.findings.map((f: { code: string }) => f.code)]).toEqual([
      0,
      ["ltx/unusual", "ltx/database-header"],
    ]);
  });

  it("in words", async () => {
    const tiny = load("reference-library/v3-block/special/tiny-0000000000000001-0000000000000001.ltx");
    const [good, short, deleted] = await Promise.all([
      walkit(["inspect", file(bytes, NAME), "--frames", "2"]),
      walkit(["inspect", file(tiny)]),
      walkit([
        "inspect",
        join(ltx, "reference-library/v1-lz4/special/deletion-0000000000000005-0000000000000005.ltx"),
      ]),
    ]);
    expect(good.stdout).toMatch(/: an LTX file, changes, [^\n]*\nOK: every checksum fits/);
    expect(good.stdout).toContain("LTX: v3-block, as written by Litestream from 0.5.16 on");
    expect(good.stdout).toContain("more (--frames all)");
    expect(short.stdout).toContain("a snapshot");
    expect(short.stdout).toContain("made by LiteFS node a1b2c3d4e5f60718");
    expect(short.stdout).toContain("read from a WAL at byte 32, 536 bytes, salts 11223344 55667788");
    expect(deleted.stdout).toContain("the database afterwards: deleted");
  });
});

describe("lists", () => {
  it("as much as --frames says", async () => {
    const path = file(whole);
    const limited = await walkitJson(["inspect", path, "--frames", "2"]);
    expect([limited.json.wal.frameList.length, limited.json.wal.transactionList.length]).toEqual([2, 2]);
    const all = await walkitJson(["inspect", path, "--frames", "all"]);
    expect(all.json.wal.frameList).toHaveLength(all.json.wal.frames);
    expect(all.json.wal.frameList.at(-1).pageCount).toBe(all.json.wal.pageCount);
    const { stdout } = await walkit(["inspect", path, "--frames", "1"]);
    expect(stdout).toMatch(/: a SQLite WAL, .*\nOK: every checksum fits\n/);
    expect(stdout).toContain("more (--frames all)");
  });
});

it("says where a folder or nothing is", async () => {
  const [missing, folder] = await Promise.all([
    walkit(["inspect", join(replica, "no")]),
    walkit(["inspect", join(replica, "generations", id)]),
  ]);
  expect([missing.code, folder.code]).toEqual([3, 3]);
  expect(folder.stderr).toContain("walkit verify");
  expect(readdirSync(replica)).toEqual(["generations"]);
});
