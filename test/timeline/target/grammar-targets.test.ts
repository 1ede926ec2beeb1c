/** Targets: what they are called, how they are asked for again, and which cannot be. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPosition, formatTime, parseTime } from "../../../src/snapshot/index.ts";
import { checkRestorePointName } from "../../../src/timeline/restore-points.ts";
import {
  checkTarget,
  describeTarget,
  parseTarget,
  parseTargetPosition,
  parseTargetTime,
  parseTargetTimeline,
  parseTargetTransaction,
  targetOptions,
} from "../../../src/timeline/target/grammar.ts";
import type { Target } from "../../../src/timeline/target/target.ts";

const NOW = parseTime("2026-11-20T12:15:47.123456789Z");
const GENERATION = "386e2c145a976578";

const position = fc.record({
  index: fc.integer({ min: 0, max: 0xffffffff }),
  offset: fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
});
const timestamp = fc.bigInt({ min: parseTime("0000-01-01T00:00:00Z"), max: 253402300799_999999999n });
const index = fc.integer({ min: 0, max: 0xffffffff });
const transaction = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 63 })
  .filter((text) => checkRestorePointName(text) === undefined);

const exact = fc.oneof<fc.Arbitrary<Target>[]>(
  fc.record({ position }),
  fc.record({ timestamp }),
  fc.record({ index }),
  fc.record({ transaction }),
  fc.record({ name }),
);
const whose = fc.oneof<fc.Arbitrary<Target>[]>(
  fc.constant({}),
  fc.record({ generation: fc.constant(GENERATION) }),
  fc.record({
    timeline: fc.oneof(
      fc.constantFrom("current", "latest", GENERATION, "0000000000000001"),
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    ),
  }),
);
/** Any target that can be. */
const target = fc.oneof(
  fc
    .tuple(exact, fc.boolean(), whose)
    .map(([e, x, w]): Target => ({ ...e, ...(x && { exclusive: x }), ...w })),
  fc.tuple(fc.constantFrom<Target>({}, { immediate: true }), whose).map(([e, w]): Target => ({ ...e, ...w })),
);

/** The target that a command line asks for: what `targetOptions` wrote, read back. */
function readOptions(words: readonly string[]): Target {
  const read: Target = {};
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, option = "", joined] = /^(--[a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (option === "--target-exclusive") read.exclusive = true;
    else if (option === "--target-immediate") read.immediate = true;
    else {
      const value = joined ?? rest.shift()!;
      expect(joined === undefined && value.startsWith("-")).toBe(false);
      if (option === "--generation") read.generation = value;
      else if (option === "--target-timeline") read.timeline = parseTargetTimeline(value);
      else if (option === "--index") read.index = parseTarget(`index:${value}`, NOW).index;
      else if (option === "--target-time") {
        const time = parseTargetTime(value, NOW);
        if (time !== "now") read.timestamp = time;
      } else if (option === "--target-position") read.position = parseTargetPosition(value);
      else if (option === "--target-transaction") read.transaction = parseTargetTransaction(value);
      else if (option === "--target-name") read.name = value;
      else throw new Error(`unknown option ${word}`);
    }
  }
  return read;
}

describe("a target", () => {
  it.each<[Target, string, string]>([
    [{}, "the newest state", ""],
    [{ immediate: true }, "the first consistent moment after the newest snapshot", "--target-immediate"],
    [
      { position: { index: 31, offset: 0x1038 } },
      "the last commit at or before 0000001f:00001038",
      "--target-position 0000001f:00001038",
    ],
    [
      { position: { index: 31, offset: 0x1038 }, exclusive: true, timeline: 2 },
      "the last commit before 0000001f:00001038 along timeline 2",
      "--target-timeline 2 --target-position 0000001f:00001038 --target-exclusive",
    ],
    [
      { timestamp: NOW, timeline: "latest" },
      "the state at 2026-11-20T12:15:47.123456789Z along timeline latest",
      "--target-timeline latest --target-time 2026-11-20T12:15:47.123456789Z",
    ],
    [
      { timestamp: 0n, exclusive: true, timeline: GENERATION },
      `the state just before 1970-01-01T00:00:00Z along the timeline of generation ${GENERATION}`,
      `--target-timeline ${GENERATION} --target-time 1970-01-01T00:00:00Z --target-exclusive`,
    ],
    [
      { transaction: 12, generation: GENERATION },
      `transaction 12 of generation ${GENERATION}`,
      `--generation ${GENERATION} --target-transaction 12`,
    ],
    [
      { transaction: 12, exclusive: true, timeline: "current" },
      "the state just before transaction 12",
      "--target-timeline current --target-transaction 12 --target-exclusive",
    ],
    [{ name: "before migration" }, 'restore point "before migration"', "--target-name before migration"],
    [
      { name: "-x", exclusive: true },
      'the state just before restore point "-x"',
      "--target-name=-x --target-exclusive",
    ],
    [{ index: 31 }, "the state at the end of WAL index 31 (hexadecimal 1f)", "--index 1f"],
    [
      { index: 31, exclusive: true },
      "the state just before WAL index 31 (hexadecimal 1f)",
      "--index 1f --target-exclusive",
    ],
  ])("%o has words and options", (wanted, words, options) => {
    checkTarget(wanted);
    expect(describeTarget(wanted)).toBe(words);
    expect(targetOptions(wanted).join(" ")).toBe(options);
  });

  it("comes back from the one word for it", () => {
    fc.assert(
      fc.property(exact, (e) => {
        const { position, timestamp, index, transaction, name } = e;
        let text = `name:${name}`;
        if (position) text = formatPosition(position);
        if (timestamp !== undefined) text = formatTime(timestamp);
        if (index !== undefined) text = `index:${index.toString(16)}`;
        if (transaction !== undefined) text = `transaction:${transaction}`;
        expect(parseTarget(text, NOW)).toEqual(e);
      }),
    );
  });

  it("is asked for again by its options", () => {
    fc.assert(
      fc.property(target, (t) => {
        checkTarget(t);
        expect(readOptions(targetOptions(t))).toEqual(t);
      }),
    );
  });

  it("has words of its own", () => {
    fc.assert(
      fc.property(target, target, (a, b) => {
        const same = JSON.stringify(targetOptions({ timeline: "current", ...a }));
        const other = JSON.stringify(targetOptions({ timeline: "current", ...b }));
        expect(describeTarget(a) === describeTarget(b)).toBe(same === other);
      }),
    );
  });

  it("of two moments is a mistake that names both", () => {
    const moments: Target[] = [
      { index: 0 },
      { timestamp: 0n },
      { position: { index: 0, offset: 0 } },
      { transaction: 1 },
      { name: "x" },
      { immediate: true },
    ];
    for (const [i, a] of moments.entries()) {
      checkTarget(a);
      for (const b of moments.slice(i + 1)) {
        const both = `found both ${Object.keys(a)[0]} and ${Object.keys(b)[0]}`;
        expect(() => checkTarget({ ...a, ...b })).toThrow(TypeError);
        expect(() => checkTarget({ ...a, ...b })).toThrow(both);
      }
    }
  });

  it.each<Target>([
    { exclusive: true },
    { exclusive: true, immediate: true },
    { exclusive: true, generation: GENERATION },
    { generation: GENERATION, timeline: "latest" },
    { generation: GENERATION, timeline: 1 },
    { generation: GENERATION, timeline: GENERATION },
  ])("cannot be %o", (t) => {
    expect(() => checkTarget(t)).toThrow(TypeError);
  });

  it.each<Target>([
    { generation: GENERATION, timeline: "current" },
    { index: 1, immediate: false, exclusive: false },
    { immediate: false },
    { index: undefined, name: undefined, exclusive: undefined },
  ])("may be %o", (t) => {
    expect(() => checkTarget(t)).not.toThrow();
  });

  it.each([
    { index: "1" },
    { index: null },
    { index: false },
    { timestamp: 1 },
    { timestamp: "2026-11-20T12:15:47Z" },
    { position: "1f:1038" },
    { position: null },
    { transaction: 1n },
    { name: 1 },
    { immediate: "yes" },
    { exclusive: 1, index: 1 },
    { generation: 1 },
  ])("is not of the wrong type: %o", (t) => {
    expect(() => checkTarget(t as unknown as Target)).toThrow(TypeError);
  });

  it.each([
    { index: -1 },
    { index: 2 ** 32 },
    { index: 0.5 },
    { index: Number.NaN },
    { position: {} },
    { position: { index: 2 ** 32, offset: 0 } },
    { position: { index: 0, offset: 2 ** 53 } },
    { position: { index: "0", offset: "0" } },
    { transaction: 0 },
    { transaction: 1.5 },
    { transaction: 2 ** 53 },
    { transaction: Number.POSITIVE_INFINITY },
    { name: "" },
    { name: "a\tb" },
    { timeline: 0 },
    { timeline: 2 ** 31 },
    { timeline: 1234567890123456 },
    { timeline: "1" },
    { timeline: "newest" },
    { timeline: null },
  ])("is not out of range: %o", (t) => {
    expect(() => checkTarget(t as unknown as Target)).toThrow(RangeError);
  });
});
