/**
 * The reference library of LTX takes what walkit writes: its tool verifies, dumps and applies it. v0.5.1 is what Litestream up to
 * 0.5.15 reads with, v0.5.2 what later ones do.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { concat } from "../../src/bytes.ts";
import {
  DatabaseChecksum,
  FLAG_NO_CHECKSUM,
  formatTxid,
  type LtxHeader,
  LtxMerge,
  ltxName,
  pageChecksum,
} from "../../src/ltx/index.ts";
import { LTX, readAll, readLtx, writeLtx } from "../ltx/fixtures.ts";
import { LtxTool } from "../support/ltx-tool.ts";
import { random } from "../wal/sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "walkit-ltx-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BLANK: LtxHeader = {
  ...{ flags: 0, pageSize: 4096, commit: 1, minTxid: 1, maxTxid: 1, timestamp: 1700000000000 },
  ...{ preApplyChecksum: 0n, walOffset: 0, walSize: 0, walSalt1: 0, walSalt2: 0, nodeId: 0n },
};

/** A database of pages that shrink well, a little and not at all; `seed` says which. */
function pagesOf(pageSize: number, count: number, seed: number): (readonly [number, Uint8Array])[] {
  const pick = random(seed);
  return Array.from({ length: count }, (_, i) => {
    const step = [1, 3, 64, pageSize][pick(4)]!;
    const data = new Uint8Array(pageSize);
    for (let at = 0; at < pageSize; at += step) data[at] = pick(256);
    return [i + 1, data] as const;
  });
}

let files = 0;
function file(bytes: Uint8Array, name = `${files++}.ltx`): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const VERSIONS = [
  ["v0.5.1", ["v3-frame"]],
  ["v0.5.2", ["v3-frame", "v3-block"]],
] as const;

describe.each(VERSIONS)("ltx %s", (version, variants) => {
  const tool = LtxTool.find(version);
  if (tool === undefined) console.warn(`ltx ${version} is not here: not compared with it`);

  describe.skipIf(tool === undefined).each(variants)("and %s", (variant) => {
    it.each([512, 1024, 2048, 4096, 8192, 16384, 32768, 65536])("verifies pages of %i bytes", (pageSize) => {
      for (const flags of [0, FLAG_NO_CHECKSUM]) {
        const header = { ...BLANK, flags, pageSize, commit: 23 };
        const path = file(writeLtx(variant, header, pagesOf(pageSize, 23, pageSize)));
        const { ok, output } = tool!.run("verify", path);
        expect([ok, output.trim()]).toEqual([true, "ok"]);
      }
    });

    it("refuses what we refuse", () => {
      const bytes = writeLtx(variant, { ...BLANK, commit: 3 }, pagesOf(4096, 3, 1));
      bytes[bytes.length - 1]! ^= 1;
      expect(tool!.run("verify", file(bytes)).ok).toBe(false);
    });

    it("says of a file what was written", () => {
      const pages = pagesOf(1024, 5, 7);
      const header = {
        ...{
          ...BLANK,
          pageSize: 1024,
          commit: 9,
          minTxid: 5,
          maxTxid: 7,
          preApplyChecksum: 0x9c74a15b4e4f246cn,
        },
        ...{ walOffset: 32, walSize: 4152, walSalt1: 0x11223344, walSalt2: 0x55667788 },
      };
      const bytes = writeLtx(variant, header, pages, 0xfe3831a381c602b9n);
      const { ok, output } = tool!.run("dump", file(bytes));
      expect(ok, output).toBe(true);
      expect(output).toMatch(/Page size: 1024\n *Commit: +9\n *Min TXID: +0000000000000005/);
      expect(output).toMatch(/Max TXID: +0000000000000007/);
      expect(output).toMatch(/Pre-apply: 9c74a15b4e4f246c/);
      expect(output).toMatch(/WAL offset: 32\n *WAL size: +4152\n *WAL salt: +11223344 55667788/);
      expect(output.match(/pgno=\d+/g)).toEqual(pages.map(([page]) => `pgno=${page}`));
      expect(output).toMatch(/Post-apply: +fe3831a381c602b9/);
      const { fileChecksum } = readAll([bytes]).trailer;
      expect(output).toContain(`File Checksum: ${fileChecksum.toString(16)}`);
    });

    it("applies a chain to the database that we have", () => {
      const pageSize = 4096;
      const database = new Map<number, Uint8Array>();
      const pick = random(99);
      const paths: string[] = [];
      let before = 0n;
      for (let txid = 1; txid <= 6; txid++) {
        // No smaller than before: this tool leaves the file as long as it was, and then finds the checksum wrong.
        const commit = [40, 40, 70, 70, 71, 96][txid - 1]!;
        const old = database.size;
        const changed = pagesOf(pageSize, commit, txid).filter(
          ([page]) => txid === 1 || page > old || pick(5) === 0,
        );
        for (const [page, data] of changed) database.set(page, data);
        const sum = new DatabaseChecksum(pageSize);
        for (const [page, data] of database) sum.toggle(pageChecksum(page, data));
        const header = { ...BLANK, commit, minTxid: txid, maxTxid: txid, preApplyChecksum: before };
        paths.push(file(writeLtx(variant, header, changed, sum.value), `${variant}-${formatTxid(txid)}.ltx`));
        before = sum.value;
      }
      const output = join(folder, `${version}-${variant}.db`);
      const said = tool!.run("apply", "-db", output, ...paths);
      expect(said.ok, said.output).toBe(true);
      const expected = concat([...database].sort(([a], [b]) => a - b).map(([, data]) => data));
      expect(Buffer.compare(readFileSync(output), expected)).toBe(0);
    });

    it("verifies and applies what we merge of files of all kinds", async () => {
      const sources = ["v1-raw", "v2-frame", "v3-frame", "v1-lz4"].map((name, i) => ({
        pieces: [readLtx(`reference-library/${name}/${ltxName(i + 1, i + 1)}`)],
      }));
      const merge = await LtxMerge.open(sources);
      const parts: Uint8Array[] = [];
      for await (const part of merge.file(variant)) parts.push(part);
      const path = file(concat(parts));
      expect(tool!.run("verify", path).ok).toBe(true);
      const output = join(folder, `${version}-${variant}-merged.db`);
      expect(tool!.run("apply", "-db", output, path).ok).toBe(true);
      expect(readFileSync(output)).toEqual(readFileSync(`${LTX}reference-library/states/s4.db`));
      expect(tool!.run("checksum", output).output).toContain("c894d743aee6e434");
    });
  });
});
