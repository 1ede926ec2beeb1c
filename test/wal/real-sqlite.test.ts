/** SQLite itself is the oracle: what it recovers from a WAL is what lies before `committedOffset`. */

import { afterAll, describe, expect, test } from "vitest";
import { concat } from "../../src/bytes.ts";
import {
  formatFrameHeader,
  parseFrameHeader,
  readTransactions,
  WalReader,
  walChecksum,
} from "../../src/wal/index.ts";
import { apply, exercise, Recovery, random, same, withDatabase, writtenPair } from "./sqlite.ts";

const recovery = new Recovery();
afterAll(() => recovery.dispose());

/** `committedOffset` of the whole `wal`; 0 where its header is not one. */
function committed(wal: Uint8Array): number {
  const reader = new WalReader();
  try {
    for (const _ of reader.push(wal));
  } catch {
    return 0;
  }
  return reader.committedOffset;
}

/** SQLite's recovery of `wal` over `db` is `db` with `sound` up to `committedOffset` laid over it. */
function agrees(db: Uint8Array, wal: Uint8Array, sound = wal): boolean {
  return same(recovery.recover(db, wal), apply(db, sound, committed(wal)));
}

describe("WALs that SQLite wrote", () => {
  for (let pageSize = 512; pageSize <= 65536; pageSize *= 2) {
    test(`page size ${pageSize}: parse whole, and mean what SQLite takes them to mean`, () => {
      const { db, wal } = withDatabase(pageSize, (live) => {
        exercise(live, pageSize);
        return live.read();
      });
      const { header, transactions, stop, uncommittedFrames } = readTransactions(wal);
      expect(header.pageSize).toBe(pageSize);
      expect(stop).toEqual({
        reason: "end",
        offset: wal.length,
        frame: (wal.length - 32) / (24 + pageSize),
      });
      expect(uncommittedFrames).toBe(0);
      expect(transactions.length).toBeGreaterThanOrEqual(8);
      expect(transactions.at(-1)!.end).toBe(wal.length);
      const recovered = recovery.recover(db, wal);
      expect(recovered.length).toBe(transactions.at(-1)!.commitSize * pageSize);
      expect(same(recovered, apply(db, wal, wal.length))).toBe(true);
      expect(recovery.integrity(recovered)).toBe("ok");
      for (const { offset, end } of transactions.slice(0, 4)) {
        expect(committed(wal.subarray(0, end))).toBe(end);
        expect(committed(wal.subarray(0, end - 1))).toBe(offset);
        expect(agrees(db, wal.subarray(0, end))).toBe(true);
      }
    });
  }

  test("an uncommitted tail (a spilled cache) is read, and not counted", () => {
    const { db, wal } = withDatabase(1024, (live) => {
      live.exec("CREATE TABLE t(x); INSERT INTO t VALUES (1)");
      live.exec("PRAGMA cache_size=5; PRAGMA cache_spill=5; BEGIN");
      for (let i = 0; i < 40; i++) live.exec("INSERT INTO t VALUES (randomblob(900))");
      const pair = live.read();
      live.exec("ROLLBACK");
      return pair;
    });
    const { transactions, uncommittedFrames, stop } = readTransactions(wal);
    expect(uncommittedFrames).toBeGreaterThan(0);
    expect(stop.reason).toBe("end");
    expect(committed(wal)).toBe(transactions.at(-1)!.end);
    expect(agrees(db, wal)).toBe(true);
  });

  test("a restarted WAL stops at the leftover of the round before, by its salts", () => {
    const { before, db, wal } = withDatabase(512, (live) => {
      exercise(live, 512);
      const { wal: before } = live.read();
      live.exec("PRAGMA wal_checkpoint(RESTART)");
      live.exec("INSERT INTO t(x) VALUES (1)");
      return { before, ...live.read() };
    });
    expect(wal.length).toBe(before.length);
    const old = readTransactions(before).header;
    const { header, transactions, stop } = readTransactions(wal);
    expect(header.salt1).toBe((old.salt1 + 1) >>> 0);
    expect(header.checkpointSequence).toBe(old.checkpointSequence + 1);
    expect(transactions).toHaveLength(1);
    expect(stop.reason).toBe("salt");
    expect(stop.offset).toBe(transactions[0]!.end);
    expect(agrees(db, wal)).toBe(true);
  });
});

describe("WALs that WalWriter wrote", () => {
  for (const pageSize of [512, 1024, 4096, 65536]) {
    for (const bigEndian of [false, true]) {
      const order = bigEndian ? "big" : "little";
      test(`page size ${pageSize}, ${order}-endian checksums: SQLite recovers every transaction`, () => {
        for (let seed = 0; seed < 3; seed++) {
          const { db, wal, ends } = writtenPair(pageSize, bigEndian, seed);
          const { header, transactions } = readTransactions(wal);
          expect(header.bigEndian).toBe(bigEndian);
          expect(transactions.map((t) => t.end)).toEqual(ends);
          for (const end of ends) {
            const recovered = recovery.recover(db, wal.subarray(0, end));
            expect(same(recovered, apply(db, wal, end))).toBe(true);
            expect(same(recovered, db)).toBe(false);
            expect(recovery.integrity(recovered)).toBe("ok");
          }
        }
      });
    }
  }
});

describe("damaged WALs", () => {
  for (const bigEndian of [false, true]) {
    const pair = (): ReturnType<typeof writtenPair> => writtenPair(512, bigEndian, 7);
    const order = bigEndian ? "big-endian" : "little-endian";

    test(`${order}: cut anywhere, SQLite recovers up to committedOffset`, () => {
      const { db, wal, ends } = pair();
      const seen = new Set<number>();
      for (let end = 0; end < wal.length; end += end % 536 < 40 || end % 536 > 528 ? 1 : 25) {
        const cut = wal.subarray(0, end);
        seen.add(committed(cut));
        if (!agrees(db, cut)) expect.fail(`SQLite disagrees at a cut to ${end} bytes`);
      }
      expect([...seen]).toEqual([0, 32, ...ends.slice(0, -1)]);
    });

    test(`${order}: any bit flipped, SQLite recovers up to committedOffset`, () => {
      const { db, wal } = pair();
      const pick = random(11);
      for (let i = 0; i < 700; i++) {
        const hit = wal.slice();
        // Every byte of the WAL header, then of a random frame's header, then anywhere in the rest.
        const frame = 32 + 536 * pick((wal.length - 32) / 536);
        const at = i < 32 ? i : i < 250 ? frame + pick(24) : 32 + pick(wal.length - 32);
        hit[at] = hit[at]! ^ (1 << pick(8));
        expect(committed(hit)).toBeLessThanOrEqual(at);
        if (!agrees(db, hit)) expect.fail(`SQLite disagrees after a flip of byte ${at}`);
      }
    });

    test(`${order}: frames dropped, doubled, swapped, zeroed, of another WAL: SQLite agrees`, () => {
      const { db, wal } = pair();
      const other = writtenPair(512, bigEndian, 8).wal;
      const pick = random(13);
      const frames = (wal.length - 32) / 536;
      const at = (n: number): number => 32 + n * 536;
      for (let i = 0; i < 120; i++) {
        const [n, m] = [pick(frames), pick(frames)];
        const damaged = [
          concat([wal.subarray(0, at(n)), wal.subarray(at(n + 1))]),
          concat([wal.subarray(0, at(n + 1)), wal.subarray(at(n))]),
          concat([wal.subarray(0, at(n)), wal.subarray(at(m), at(m + 1)), wal.subarray(at(n + 1))]),
          concat([wal.subarray(0, at(n)), new Uint8Array(536), wal.subarray(at(n + 1))]),
          concat([wal.subarray(0, at(n)), other.subarray(Math.min(at(n), other.length))]),
          concat([wal.subarray(0, at(n) + pick(536)), wal.subarray(at(n))]),
        ][i % 6]!;
        if (!agrees(db, damaged)) expect.fail(`SQLite disagrees: case ${i % 6}, frames ${n} and ${m}`);
      }
    });
  }

  for (const pageNumber of [0, 1]) {
    test(`a commit frame forged for page ${pageNumber}, its checksum right: SQLite ${pageNumber ? "takes" : "refuses"} it`, () => {
      const { db, wal, ends } = writtenPair(512, true, 7);
      const end = ends[0]!;
      const last = parseFrameHeader(wal, end - 536);
      const forged = { ...last, pageNumber };
      const page = wal.slice(end - 512, end);
      const seed = walChecksum([last.checksum1, last.checksum2], formatFrameHeader(forged), true, 0, 8);
      [forged.checksum1, forged.checksum2] = walChecksum(seed, page, true);
      const hit = concat([wal.subarray(0, end), formatFrameHeader(forged), page]);
      expect(committed(hit)).toBe(pageNumber === 0 ? end : end + 536);
      expect(readTransactions(hit).stop.reason).toBe(pageNumber === 0 ? "page-number" : "end");
      if (pageNumber === 0) expect(agrees(db, hit)).toBe(true);
    });
  }
});
