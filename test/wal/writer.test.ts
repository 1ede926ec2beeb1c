import { describe, expect, test } from "vitest";
import { concat } from "../../src/bytes.ts";
import { parseFrameHeader, parseWalHeader, readTransactions, WalWriter } from "../../src/wal/index.ts";

const options = { pageSize: 512, salt1: 0xffffffff, salt2: 0x80000000 };
const page = new Uint8Array(512).fill(3);

describe("WalWriter", () => {
  test("writes header and frames with what it was told, unsigned to the last bit", () => {
    const writer = new WalWriter({ ...options, bigEndian: true, checkpointSequence: 0xfffffffe });
    expect(parseWalHeader(writer.header())).toMatchObject({
      ...options,
      bigEndian: true,
      checkpointSequence: 0xfffffffe,
    });
    expect(writer.offset).toBe(32);
    const frame = writer.frame(0xffffffff, page, 0xffffffff);
    expect(parseFrameHeader(frame)).toMatchObject({
      pageNumber: 0xffffffff,
      commitSize: 0xffffffff,
      salt1: 0xffffffff,
      salt2: 0x80000000,
    });
    expect(frame.subarray(24)).toEqual(page);
    expect(writer.offset).toBe(32 + 536);
    const { transactions, stop } = readTransactions(concat([writer.header(), frame]));
    expect(transactions).toEqual([
      { offset: 32, end: 568, frames: 1, frame: 0, pages: [0xffffffff], commitSize: 0xffffffff },
    ]);
    expect(stop).toEqual({ reason: "end", offset: 568, frame: 1 });
  });

  test("a transaction is its frames, the last of which commits", () => {
    const [one, two] = [new WalWriter(options), new WalWriter(options)];
    const whole = one.transaction(
      new Map([
        [1, page],
        [2, page],
        [9, page],
      ]),
      9,
    );
    const frames = [two.frame(1, page), two.frame(2, page, 0), two.frame(9, page, 9)];
    expect(whole).toEqual(concat(frames));
    expect(one.offset).toBe(two.offset);
    const tail = one.frame(4, page);
    const wal = concat([one.header(), whole, tail]);
    const { transactions, uncommittedFrames } = readTransactions(wal);
    expect(transactions).toEqual([
      { offset: 32, end: 1640, frames: 3, frame: 0, pages: [1, 2, 9], commitSize: 9 },
    ]);
    expect(uncommittedFrames).toBe(1);
  });

  test("refuses what cannot be, and goes on as if it had not been asked", () => {
    const [writer, undisturbed] = [new WalWriter(options), new WalWriter(options)];
    expect(() => writer.frame(0, page)).toThrow(RangeError);
    expect(() => writer.frame(2 ** 32, page)).toThrow(RangeError);
    expect(() => writer.frame(1.5, page)).toThrow(RangeError);
    expect(() => writer.frame(1, page, -1)).toThrow(RangeError);
    expect(() => writer.frame(1, page.subarray(1))).toThrow(/512 bytes, found 511/);
    expect(() => writer.transaction([], 1)).toThrow(RangeError);
    expect(() => writer.transaction([[1, page]], 0)).toThrow(RangeError);
    expect(() =>
      writer.transaction(
        [
          [1, page],
          [2, page.subarray(1)],
        ],
        2,
      ),
    ).toThrow(RangeError);
    expect(writer.offset).toBe(32);
    expect(writer.frame(1, page, 1)).toEqual(undisturbed.frame(1, page, 1));
    expect(() => new WalWriter({ ...options, pageSize: 256 })).toThrow(RangeError);
    expect(() => new WalWriter({ ...options, salt1: -1 })).toThrow(RangeError);
  });

  test("the header handed out is the caller's to change", () => {
    const writer = new WalWriter(options);
    writer.header().fill(0);
    expect(parseWalHeader(writer.header()).salt1).toBe(0xffffffff);
  });
});
