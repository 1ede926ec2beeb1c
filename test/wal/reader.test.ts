import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { readTransactions, WalReader, type WalResume } from "../../src/wal/index.ts";
import { at, cut, FRAME, flip, madeUpWal, readAll } from "./frames.ts";

const wal = madeUpWal(12, 1);
const whole = readAll([wal]);
/** Where a flip hits: nothing, a page, a stored checksum, salts. */
const damage = fc.constantFrom(undefined, 24, 300, 17, 9, 3);

describe("Litestream's samples", () => {
  const sample = (name: string): Uint8Array =>
    new Uint8Array(
      readFileSync(new URL(`../fixtures/wal/litestream/wal-reader/${name}/wal`, import.meta.url)),
    );

  test("ok", () => {
    const { header, transactions, stop, uncommittedFrames } = readTransactions(sample("ok"));
    expect(header).toMatchObject({ bigEndian: false, pageSize: 4096, salt1: 0x4875a40b, salt2: 0xa38de4f5 });
    expect(transactions).toEqual([
      { offset: 32, end: 8272, frames: 2, frame: 0, pages: [1, 2], commitSize: 2 },
      { offset: 8272, end: 12392, frames: 1, frame: 2, pages: [2], commitSize: 2 },
    ]);
    expect(stop).toEqual({ reason: "end", offset: 12392, frame: 3 });
    expect(uncommittedFrames).toBe(0);
  });

  test("salt-mismatch", () => {
    const { transactions, stop, uncommittedFrames } = readTransactions(sample("salt-mismatch"));
    expect(transactions).toEqual([]);
    expect(uncommittedFrames).toBe(1);
    expect(stop).toEqual({
      reason: "salt",
      offset: 4152,
      frame: 1,
      expected: "4875a40b a38de4f5",
      found: "00000000 a38de4f5",
    });
  });

  test("frame-checksum-mismatch", () => {
    const bytes = sample("frame-checksum-mismatch");
    const { transactions, stop, uncommittedFrames } = readTransactions(bytes);
    expect(transactions).toEqual([]);
    expect(uncommittedFrames).toBe(1);
    expect(stop).toMatchObject({ reason: "checksum", offset: 4152, frame: 1 });
    const { faults, sound } = readAll([bytes], { resync: true });
    expect(faults).toEqual([stop]);
    expect(sound).toEqual([true, false, false]);
  });

  test("frame-salts: two rounds left over, each told once", () => {
    const bytes = sample("frame-salts");
    const { transactions, stop } = readTransactions(bytes);
    expect(transactions.map((t) => [t.pages, t.commitSize])).toEqual([
      [[2], 2],
      [[2], 2],
    ]);
    expect(stop).toMatchObject({
      reason: "salt",
      frame: 2,
      expected: "1b9a294b 37f91916",
      found: "1b9a294a 031f195e",
    });
    const { faults, frames } = readAll([bytes], { resync: true });
    expect(frames).toHaveLength(10);
    expect(faults.map((f) => [f.reason, f.frame, f.found])).toEqual([
      ["salt", 2, "1b9a294a 031f195e"],
      ["salt", 5, "1b9a2949 13b3dd67"],
    ]);
  });
});

describe("pieces", () => {
  test("every size of piece gives the same frames, the same stop", () => {
    for (let size = 1; size <= 2 * FRAME + 40; size += size < 40 || size > FRAME - 3 ? 1 : 17) {
      const read = readAll(cut(wal, [size]));
      expect(read.stop).toEqual({ reason: "end", offset: wal.length, frame: 12 });
      expect(read.frames).toEqual(whole.frames);
      expect(read.committedOffset).toBe(wal.length);
    }
  });

  test("so do any pieces of a damaged, cut WAL, resynchronized or not", () => {
    const sizes = fc.array(fc.oneof(fc.nat(40), fc.nat(2000), fc.constant(FRAME)), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        sizes,
        damage,
        fc.nat(11),
        fc.nat(wal.length),
        fc.boolean(),
        (some, where, frame, loss, resync) => {
          const bytes = (where === undefined ? wal : flip(wal, at(frame) + where)).subarray(
            0,
            wal.length - (loss % 900),
          );
          const { reader: _, ...expected } = readAll([bytes], { resync });
          const { reader: __, ...found } = readAll(cut(bytes, [...some, 1]), { resync });
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("frames that lie whole in a piece are parts of it, one run a transaction", () => {
    const runs = [...new WalReader().push(wal)];
    expect(runs.map((run) => [run.offset, run.frame, run.count])).toEqual(
      [0, 3, 6, 9].map((n) => [at(n), n, 3]),
    );
    for (const run of runs) {
      expect(run.bytes.buffer).toBe(wal.buffer);
      expect(run.bytes.byteOffset).toBe(run.offset);
      expect(run.sound).toBe(true);
      expect(run.commitSize).toBeGreaterThan(0);
    }
  });

  test("a piece must be read to its end before the next", () => {
    const reader = new WalReader();
    const frames = reader.push(wal);
    expect(() => reader.push(wal)).toThrow(TypeError);
    frames.next();
    expect(reader.offset).toBe(at(3));
    expect(() => reader.push(wal)).toThrow(TypeError);
    for (const _ of frames);
    expect([...reader.push(new Uint8Array())]).toEqual([]);
    expect(reader.end().reason).toBe("end");
  });

  test("after a stop, pieces are ignored, and the stop stays", () => {
    const reader = new WalReader();
    for (const _ of reader.push(flip(wal, at(4) + 30)));
    const { stop } = reader;
    expect(stop).toMatchObject({ reason: "checksum", frame: 4, offset: at(4) });
    expect([...reader.push(wal.subarray(at(5)))]).toEqual([]);
    expect(reader.end()).toBe(stop);
    expect([reader.offset, reader.frame, reader.committedOffset]).toEqual([at(4), 4, at(3)]);
  });

  test("a header error is thrown where its last byte comes, and again", () => {
    const reader = new WalReader({ path: "a/wal" });
    expect([...reader.push(new Uint8Array(31))]).toEqual([]);
    expect(reader.header).toBeUndefined();
    const push = (): unknown => [...reader.push(new Uint8Array(1))];
    expect(push).toThrow(WalkitError);
    expect(push).toThrow(/Expected the WAL magic/);
    expect(() => reader.resumeState()).toThrow(TypeError);
  });

  test("bytes that end within the header or a frame are truncated there", () => {
    expect(readAll([]).stop).toEqual({
      reason: "truncated",
      offset: 0,
      frame: 0,
      expected: "32 bytes",
      found: "0 bytes",
    });
    expect(readAll([wal.subarray(0, 31)]).stop).toMatchObject({
      reason: "truncated",
      offset: 0,
      found: "31 bytes",
    });
    expect(readAll([wal.subarray(0, 32)]).stop).toEqual({ reason: "end", offset: 32, frame: 0 });
    expect(readAll([wal.subarray(0, at(5) - 1)]).stop).toEqual({
      reason: "truncated",
      offset: at(4),
      frame: 4,
      expected: `${FRAME} bytes`,
      found: `${FRAME - 1} bytes`,
    });
  });
});

describe("resume", () => {
  /** Reads `bytes` in segments that begin at the frames of `borders`, each with a reader of its own. */
  function inSegments(
    bytes: Uint8Array,
    borders: readonly number[],
    resync: boolean,
  ): ReturnType<typeof readAll> {
    const all = readAll([bytes.subarray(0, at(borders[0]!))], { resync });
    for (let i = 0; i < borders.length; i++) {
      if (all.stop.reason !== "end") break;
      const segment = bytes.subarray(at(borders[i]!), at(borders[i + 1] ?? 1e6));
      const next = readAll(cut(segment, [333, 1200]), { resync, resume: all.reader.resumeState() });
      all.frames.push(...next.frames);
      all.sound.push(...next.sound);
      all.faults.push(...next.faults);
      all.stop = next.stop;
      all.reader = next.reader;
    }
    return all;
  }

  test("segments that begin at any frame give what one pass gives", () => {
    const borders = fc
      .uniqueArray(fc.nat(12), { minLength: 1, maxLength: 5 })
      .map((b) => b.sort((x, y) => x - y));
    fc.assert(
      fc.property(
        borders,
        fc.boolean(),
        damage,
        fc.nat(11),
        fc.boolean(),
        (some, big, where, frame, resync) => {
          const sound = madeUpWal(12, 5, big);
          const bytes = where === undefined ? sound : flip(sound, at(frame) + where);
          const once = readAll([bytes], { resync });
          const found = inSegments(bytes, some, resync);
          expect(found.frames).toEqual(once.frames);
          expect(found.sound).toEqual(once.sound);
          expect(found.faults).toEqual(once.faults);
          expect(found.stop).toEqual(once.stop);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("resumeState leaves out a frame of which only a part has come", () => {
    const first = readAll([wal.subarray(0, at(5) + 100)]).reader.resumeState();
    expect(first).toMatchObject({ offset: at(5) });
    expect(first.header).toEqual(whole.reader.header);
    const rest = readAll([wal.subarray(at(5))], { resume: first });
    expect(rest.frames).toEqual(whole.frames.slice(5));
  });

  test("after a missing piece the first frame is adopted, and vouched for by none", () => {
    const resume: WalResume = { header: whole.reader.header!, offset: at(6), checksum: undefined };
    expect(new WalReader({ resume }).committedOffset).toBe(at(6));
    const { frames, sound, stop } = readAll([wal.subarray(at(6))], { resume });
    expect(frames).toEqual(whole.frames.slice(6));
    expect(sound).toEqual([false, true, true, true, true, true]);
    expect(stop.reason).toBe("end");
    // Only where the first frame's page is damaged does nobody notice.
    expect(readAll([flip(wal, at(6) + 99).subarray(at(6))], { resume }).stop.reason).toBe("end");
    expect(readAll([flip(wal, at(7) + 99).subarray(at(6))], { resume }).stop).toMatchObject({
      reason: "checksum",
      frame: 7,
    });
    expect(readAll([flip(wal, at(6) + 8).subarray(at(6))], { resume }).stop).toMatchObject({
      reason: "salt",
      frame: 6,
    });
  });

  test("far into a WAL: offsets past 2^32", () => {
    const header = whole.reader.header!;
    const offset = 32 + FRAME * 10_000_000;
    const { frames, stop } = readAll([wal.subarray(32)], {
      resume: { header, offset, checksum: [header.checksum1, header.checksum2] },
    });
    expect(stop).toEqual({ reason: "end", offset: offset + 12 * FRAME, frame: 10_000_012 });
    expect(frames[1]).toMatch(/^10000001@5360000568 /);
  });

  test("an offset that is not the start of a frame is the caller's mistake", () => {
    const { header } = whole.reader.resumeState();
    for (const offset of [0, 31, 33, at(1) - 1, -504, NaN]) {
      expect(() => new WalReader({ resume: { header, offset, checksum: undefined } })).toThrow(RangeError);
    }
  });
});
