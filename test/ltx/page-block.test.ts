/** Pages packed in ways that no known writer uses, and that are right, or just not. */

import { describe, expect, it } from "vitest";
import { concat, writeUint32BE } from "../../src/bytes.ts";
import { encodeLtxHeader, FileChecksum, type LtxHeader } from "../../src/ltx/index.ts";
import { LONGEST_ENTRY, writeUvarint } from "../../src/ltx/uvarint.ts";
import { writeUint64BE } from "../../src/ltx/words.ts";
import {
  compress,
  compressBlock,
  compressBlockBound,
  compressLegacy,
  type EncodeOptions,
  skippableFrame,
} from "../../src/lz4/index.ts";
import { cut } from "../wal/frames.ts";
import { random } from "../wal/sqlite.ts";
import { failureOf, readAll } from "./fixtures.ts";

const pick = random(5);
const page = (size: number, step: number) => {
  const data = new Uint8Array(size);
  for (let at = 0; at < size; at += step) data[at] = pick(256);
  return data;
};

/** A v3 file of pages packed as `payloads` says: a frame, or a block. */
function fileOf(
  pageSize: number,
  pages: Uint8Array[],
  pack: (data: Uint8Array, i: number) => Uint8Array | "block",
) {
  const header: LtxHeader = {
    ...{
      flags: 2,
      pageSize,
      commit: pages.length,
      minTxid: 1,
      maxTxid: 1,
      timestamp: 0,
      preApplyChecksum: 0n,
    },
    ...{ walOffset: 0, walSize: 0, walSalt1: 0, walSalt2: 0, nodeId: 0n },
  };
  const checksum = new FileChecksum();
  const parts: Uint8Array[] = [encodeLtxHeader(header)];
  checksum.update(parts[0]!);
  const index = new Uint8Array(LONGEST_ENTRY * pages.length + 9);
  let [end, offset] = [0, 100];
  pages.forEach((data, i) => {
    let payload = pack(data, i);
    const isBlock = payload === "block";
    const head = new Uint8Array(isBlock ? 10 : 6);
    writeUint32BE(head, 0, i + 1);
    if (payload === "block") {
      const room = new Uint8Array(compressBlockBound(data.length));
      payload = room.subarray(0, compressBlock(data, room));
      head[5] = 1;
      writeUint32BE(head, 6, payload.length);
    }
    checksum.update(head);
    checksum.update(data);
    parts.push(head, payload);
    end = writeUvarint(index, end, i + 1);
    end = writeUvarint(index, end, offset);
    end = writeUvarint(index, end, head.length + payload.length);
    offset += head.length + payload.length;
  });
  writeUint64BE(index, end + 1, BigInt(end + 1));
  const tail = concat([new Uint8Array(6), index.subarray(0, end + 9), new Uint8Array(8)]);
  checksum.update(tail);
  const last = new Uint8Array(8);
  writeUint64BE(last, 0, checksum.value);
  return concat([...parts, tail, last]);
}

function expectPages(bytes: Uint8Array, pages: Uint8Array[]): void {
  for (const pieces of [[bytes], cut(bytes, [1]), cut(bytes, [33, 4000])]) {
    const reading = readAll(pieces);
    expect(Buffer.compare(concat([...reading.pages.values()]), concat(pages))).toBe(0);
  }
}

const FRAMES: [string, EncodeOptions][] = [
  ["block checksums", { blockMaxSize: 65536, blockChecksum: true }],
  ["a content size", { blockMaxSize: 65536, contentSize: 4096 }],
  ["no content checksum", { blockMaxSize: 65536, contentChecksum: false }],
  ["linked blocks", { blockMaxSize: 65536, blockIndependence: false }],
  ["large blocks", { blockMaxSize: 4194304 }],
];

describe("a frame of LZ4 with", () => {
  it.each(FRAMES)("%s is read", (_, options) => {
    const pages = [page(4096, 1), page(4096, 50), page(4096, 4096)];
    expectPages(
      fileOf(4096, pages, (data) => compress(data, options)),
      pages,
    );
  });

  it("several blocks, some of them empty, is read", () => {
    const empty = Uint8Array.of(0, 0, 0, 0x80);
    const pages = [page(512, 1), page(512, 3)];
    const bytes = fileOf(512, pages, (data) => {
      const stored = (from: number, to: number) =>
        concat([Uint8Array.of((to - from) & 255, (to - from) >> 8, 0, 0x80), data.subarray(from, to)]);
      const head = compress(data, { blockMaxSize: 65536 }).subarray(0, 7);
      const check = compress(data, { blockMaxSize: 65536 }).subarray(-8);
      return concat([head, empty, stored(0, 100), empty, stored(100, 512), check]);
    });
    expectPages(bytes, pages);
  });
});

it("frames and blocks may stand in one file", () => {
  const pages = [page(1024, 1), page(1024, 20), page(1024, 300), page(1024, 7), page(1024, 1)];
  const usual = (data: Uint8Array) => compress(data, { blockMaxSize: 65536 });
  for (const first of [0, 1]) {
    const bytes = fileOf(1024, pages, (data, i) => (i % 2 === first ? usual(data) : "block"));
    expectPages(bytes, pages);
    expect(readAll([bytes]).variant).toBe(first === 0 ? "v3-frame" : "v3-block");
  }
});

describe("refused is a page", () => {
  const pages = [page(512, 9), page(512, 9)];
  const usual = (data: Uint8Array) => compress(data, { blockMaxSize: 65536 });
  const second = (pack: (data: Uint8Array) => Uint8Array) =>
    failureOf([fileOf(512, pages, (data, i) => (i === 0 ? usual(data) : pack(data)))]);
  const offset = 100 + 6 + usual(pages[0]!).length + 6;

  it.each<[string, (data: Uint8Array) => Uint8Array, string]>([
    ["of the legacy format", compressLegacy, "lz4/bad-magic"],
    [
      "behind a skippable frame",
      (data) => concat([skippableFrame(new Uint8Array(3)), usual(data)]),
      "lz4/bad-magic",
    ],
    ["that is too long", (data) => usual(concat([data, data])), "ltx/page-data"],
    ["that is a byte too long", (data) => usual(concat([data, data.subarray(0, 1)])), "ltx/page-data"],
    ["that is too short", (data) => usual(data.subarray(1)), "ltx/page-data"],
    ["that is empty", () => usual(new Uint8Array(0)), "ltx/page-data"],
    ["of megabytes", (data) => compress(new Uint8Array(3e6).fill(data[0]!)), "ltx/page-data"],
  ])("%s", (_, pack, code) => {
    expect(second(pack)).toMatchObject({ code, offset });
  });

  it("followed by another frame", () => {
    expect(second((data) => concat([usual(data), usual(data)])).code).toMatch(/^ltx\/page-(header|number)$/);
  });
});
