import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readingsAt, timeMoments } from "../../../src/layouts/generations/nearest.ts";
import type { Generation } from "../../../src/layouts/generations/types.ts";
import { formatTime } from "../../../src/time.ts";

const SECOND = 1_000_000_000n;

/** Snapshots and segments by the seconds at which they were made; a segment of each index. */
function generation(
  snapshots: [index: number, second: number][],
  segments: number[],
  id = "a".repeat(16),
): Generation {
  const at = (path: string, second: number) => ({ path, size: 1, modified: BigInt(second) * SECOND });
  return {
    id,
    snapshots: snapshots.map(([index, second]) => ({ index, offset: 0, ...at(`s${index}`, second) })),
    segments: segments.map((second, index) => ({ index, offset: 0, ...at(`w${index}`, second) })),
  };
}

const readings = (one: Generation, second: number) =>
  readingsAt(one, BigInt(second) * SECOND).map(({ path, position }) => [path, position?.index]);

describe("how a time can be read", () => {
  it("is one way where times ascend: up to the first file that is younger", () => {
    const times = fc.array(fc.nat(20), { maxLength: 10 }).map((all) => all.sort((a, b) => a - b));
    fc.assert(
      fc.property(times, fc.nat(21), (all, second) => {
        const next = all.findIndex((one) => one > second);
        const expected = next < 0 ? [undefined, undefined] : [`w${next}`, next];
        expect(readings(generation([[0, 0]], all), second)).toEqual([expected]);
      }),
    );
  });

  it("are several where the clock was set back meanwhile", () => {
    const one = generation([[0, 0]], [1, 5, 9, 4, 8, 12]);
    expect(readings(one, 6)).toEqual([
      ["w2", 2],
      ["w4", 4],
    ]);
    // What came once can be had.
    expect(readings(one, 3)).toEqual([["w1", 1]]);
    expect(readings(one, 10)).toEqual([["w5", 5]]);
  });

  it("are those of snapshots where the WAL tells of one alone", () => {
    const one = generation(
      [
        [0, 1],
        [1, 9],
        [2, 5],
      ],
      [2],
    );
    expect(readings(one, 6)).toEqual([
      ["s1", 1],
      [undefined, undefined],
    ]);
  });

  it("are those of the WAL alone where both tell of several", () => {
    const one = generation(
      [
        [0, 1],
        [1, 9],
        [2, 5],
      ],
      [2, 8, 3],
    );
    expect(readings(one, 6)).toEqual([
      ["w1", 1],
      [undefined, undefined],
    ]);
  });

  it("are none that a file tells whose time is not known, as of one that cannot be read", () => {
    const one = generation([[0, 0]], [1, 2, 3]);
    one.segments[1]!.modified = undefined;
    for (const second of [1, 2]) expect(readings(one, second)).toEqual([["w2", 2]]);
    const claims = generation(
      [
        [0, 0],
        [1, 2],
        [2, 4],
      ],
      [1, 2, 3],
    );
    claims.snapshots[1]!.modified = undefined;
    expect(readings(claims, 2)).toEqual([["w2", 2]]);
  });
});

describe("the moments next to a time", () => {
  const near = (second: number, ...all: Generation[]) =>
    timeMoments(all, BigInt(second) * SECOND).map(({ generation: id, time, position }) => {
      expect(position).toBeUndefined();
      return [id[0], time];
    });
  const text = (second: number) => formatTime(BigInt(second) * SECOND);
  const [old, young] = [generation([[0, 10]], [5, 12, 14]), generation([[0, 20]], [21, 23], "b".repeat(16))];

  it("are the last one up to it and the first one behind it, whichever generation has them", () => {
    expect(near(13, old, young)).toEqual([
      ["a", text(12)],
      ["a", text(14)],
    ]);
    expect(near(17, young, old)).toEqual([
      ["a", text(14)],
      ["b", text(20)],
    ]);
    expect(near(23, old, young)).toEqual([["b", text(23)]]);
    expect(near(9, old, young)).toEqual([["a", text(10)]]);
  });

  it("are none from before the first snapshot, and none at all without one", () => {
    expect(near(6, old)).toEqual([["a", text(10)]]);
    expect(near(6, generation([], [5, 12]))).toEqual([]);
  });

  it("are none that came twice", () => {
    const twice = generation([[0, 0]], [1, 5, 9, 4, 8, 12]);
    expect(near(6, twice)).toEqual([
      ["a", text(1)],
      ["a", text(9)],
    ]);
  });
});
