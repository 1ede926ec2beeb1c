/** Positions: their order, their sections, and their text. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  comparePositions,
  formatPosition,
  isSameSection,
  isStart,
  justBefore,
  nextSection,
  type Position,
  parsePosition,
  positionOf,
  sectionAt,
  sectionOf,
  startOf,
} from "../../src/replay/position.ts";

/** Small numbers too, so that positions meet. */
const number = (max: number) => fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max }));
const position: fc.Arbitrary<Position> = fc.record({
  index: number(0xfffffffe),
  offset: number(Number.MAX_SAFE_INTEGER),
});

const txid: fc.Arbitrary<Position> = fc.record({ txid: number(Number.MAX_SAFE_INTEGER) });

describe("a TXID", () => {
  it("is a position like any other", () => {
    fc.assert(
      fc.property(txid, txid, (one, other) => {
        expect(parsePosition(formatPosition(one))).toEqual(one);
        expect(Math.sign(comparePositions(one, other))).toBe(
          Math.sign(
            formatPosition(one) < formatPosition(other) ? -1 : +(formatPosition(one) > formatPosition(other)),
          ),
        );
        expect([startOf(one), positionOf(one), isStart(one)]).toEqual([one, one, true]);
        expect(isSameSection(one, other)).toBe(comparePositions(one, other) === 0);
      }),
    );
  });

  it("is never held against a position in a WAL", () => {
    expect(() => comparePositions({ txid: 1 }, { index: 1, offset: 0 })).toThrow(TypeError);
    expect(isSameSection({ txid: 1 }, { index: 1, offset: 0 })).toBe(false);
  });

  it("counts no further than numbers do", () => {
    expect(parsePosition("0020000000000000")).toBeUndefined();
    expect(() => formatPosition({ txid: 2 ** 53 })).toThrow(RangeError);
  });
});

describe("any position in a WAL", () => {
  it("lies in its section: from its start, and before the next one", () => {
    fc.assert(
      fc.property(position, (one) => {
        const [start, next] = [startOf(one), nextSection(one)];
        expect(comparePositions(start, one)).toBeLessThanOrEqual(0);
        expect(comparePositions(one, next)).toBeLessThan(0);
        expect([start, one].map(sectionOf)).toEqual([sectionOf(one), sectionOf(one)]);
        expect([isStart(start), isStart(next)]).toEqual([true, true]);
        expect(isStart(one)).toBe(comparePositions(start, one) === 0);
        expect(sectionAt(sectionOf(one))).toEqual(start);
        expect(sectionOf(next)).toBe(sectionOf(one) + 1);
      }),
    );
  });

  it("has one just before it, in its section", () => {
    fc.assert(
      fc.property(position, (one) => {
        const before = justBefore(one);
        expect(isSameSection(before, one)).toBe(true);
        if (isStart(one)) expect(before).toEqual(one);
        else expect(comparePositions(before, one)).toBeLessThan(0);
      }),
    );
  });

  it("is read as it was written", () => {
    fc.assert(
      fc.property(position, (one) => {
        expect(parsePosition(formatPosition(one))).toEqual(one);
      }),
    );
  });

  it("comes out of what has more than that", () => {
    fc.assert(
      fc.property(position, (one) => {
        expect(positionOf(Object.assign({ path: "a" }, one))).toEqual(one);
      }),
    );
  });
});

it("positions in order have their sections in order", () => {
  fc.assert(
    fc.property(position, position, (a, b) => {
      const order = Math.sign(comparePositions(a, b));
      expect(Math.sign(comparePositions(b, a))).toBe(order === 0 ? 0 : -order);
      expect(isSameSection(a, b)).toBe(sectionOf(a) === sectionOf(b));
      if (!isSameSection(a, b)) expect(Math.sign(sectionOf(a) - sectionOf(b))).toBe(order);
    }),
  );
});

it.each(["", "1f", "0000001f:", "0000001f-00001038", "1f:1038 ", "123456789:0", "0:20000000000001", "x:0"])(
  "%j is no position",
  (text) => {
    expect(parsePosition(text)).toBe(undefined);
  },
);
