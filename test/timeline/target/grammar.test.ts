/** Moments as text: what is understood, and what is not. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTime, parseTime } from "../../../src/snapshot/index.ts";
import {
  checkTarget,
  parseTarget,
  parseTargetPosition,
  parseTargetTime,
  parseTargetTimeline,
  parseTargetTransaction,
} from "../../../src/timeline/target/grammar.ts";
import type { Target } from "../../../src/timeline/target/target.ts";

const SECOND = 1_000_000_000n;
const NOW = parseTime("2026-11-20T12:15:47.123456789Z");
const GENERATION = "386e2c145a976578";

const timestamp = fc.bigInt({ min: parseTime("0000-01-01T00:00:00Z"), max: 253402300799_999999999n });

/** What is thrown for a mistake: no more than a screen's line or two, nothing in it that a terminal obeys. */
function expectRangeError(attempt: () => unknown): void {
  expect(attempt).toThrow(RangeError);
  expect(attempt).toThrow(/^Expected .{1,500}$/u);
}

describe("a time", () => {
  it.each([
    ["0 seconds ago", 0],
    ["5 minutes ago", 300],
    ["1 hour 30 minutes ago", 5400],
    ["1h30m ago", 5400],
    ["2h ago", 7200],
    ["90s ago", 90],
    ["90 sec ago", 90],
    ["1 Day AGO", 86_400],
    ["3 weeks ago", 3 * 604_800],
    ["1 w 1 d 1 h 1 min 1 s ago", 694_861],
    ["1.5 hours ago", 5400],
    ["\t2  hours\t1 second  ago", 7201],
  ])("may be so long ago: %j", (text, seconds) => {
    expect(parseTargetTime(text, NOW)).toBe(NOW - BigInt(seconds) * SECOND);
  });

  it.each(["now", " NOW "])("may be %j: no number, as it means the newest state", (text) => {
    expect(parseTargetTime(text, NOW)).toBe("now");
    expect(parseTarget(text, NOW)).toEqual({});
  });

  it("is exact to the nanosecond", () => {
    expect(parseTargetTime("0.000000001 s ago", NOW)).toBe(NOW - 1n);
    expect(parseTargetTime("1.000000001 weeks ago", NOW)).toBe(NOW - 604_800n * (SECOND + 1n));
    expect(parseTargetTime("999999999.999999999s ago", NOW)).toBe(NOW - (10n ** 18n - 1n));
    fc.assert(
      fc.property(timestamp, (time) => {
        expect(parseTargetTime(formatTime(time), NOW)).toBe(time);
      }),
    );
  });

  it("ago is what adding the parts up says, for any of them", () => {
    const units = [
      ["w", "week", "weeks"],
      ["d", "day", "days"],
      ["h", "hour", "hours"],
      ["m", "min", "minute", "minutes"],
      ["s", "sec", "second", "seconds"],
    ];
    const seconds = [604_800, 86_400, 3600, 60, 1];
    const part = (i: number) =>
      fc.option(fc.tuple(fc.nat(2000), fc.nat(99), fc.constantFrom(...units[i]!), fc.constantFrom("", " ")));
    fc.assert(
      fc.property(fc.tuple(part(0), part(1), part(2), part(3), part(4)), (parts) => {
        fc.pre(parts.some((p) => p !== null));
        let hundredths = 0;
        const words: string[] = [];
        for (const [i, p] of parts.entries()) {
          if (!p) continue;
          hundredths += (p[0] * 100 + p[1]) * seconds[i]!;
          words.push(`${p[0]}.${String(p[1]).padStart(2, "0")}${p[3]}${p[2]}`);
        }
        expect(parseTargetTime(`${words.join(" ")} ago`, NOW)).toBe(NOW - BigInt(hundredths) * 10_000_000n);
      }),
    );
  });

  it.each([
    "",
    "ago",
    " ago",
    "yesterday",
    "2026-11-20",
    "2026-11-20T12:15:47",
    "2026-02-30T00:00:00Z",
    "5 minutes",
    "5minutesago",
    "-5 minutes ago",
    "minutes ago",
    "5 ago",
    "5 months ago",
    "1 year ago",
    ".5 hours ago",
    "1. hours ago",
    "1e3 s ago",
    "0.1234567890 s ago",
    "1234567890 s ago",
    "30 minutes 1 hour ago",
    "1 m 1 m ago",
    "1 hour, 5 minutes ago",
    "now ago",
    "110000 weeks ago",
    "\u001b[2J",
    "1 ".repeat(1e6),
    `1 h${" ".repeat(300)}1 m ago`,
    `${" ".repeat(1e6)}ago`,
    `1${"0".repeat(1e6)} s ago`,
  ])("is not %j", (text) => {
    expectRangeError(() => parseTargetTime(text, NOW));
  });

  it("says what was expected", () => {
    expect(() => parseTargetTime("yesterday", NOW)).toThrow(
      'Expected a time such as 2026-01-31T18:30:00Z (RFC 3339, with a zone), now or "1 hour 30 minutes ago", found "yesterday"',
    );
  });
});

describe("a moment in a word", () => {
  it.each<[string, Target]>([
    ["0000001f:00001038", { position: { index: 31, offset: 0x1038 } }],
    [" 1F:1038 ", { position: { index: 31, offset: 0x1038 } }],
    ["2026-11-20T12:15:47Z", { timestamp: NOW - 123456789n }],
    ["1 hour ago", { timestamp: NOW - 3600n * SECOND }],
    ["now", {}],
    ["index:1f", { index: 31 }],
    ["Index: 0x0000001f", { index: 31 }],
    ["index:0", { index: 0 }],
    ["index:ffffffff", { index: 0xffffffff }],
    ["transaction:12", { transaction: 12 }],
    ["name:before migration", { name: "before migration" }],
    ["name: index:1f ", { name: "index:1f" }],
    ["NAME:Newest", { name: "Newest" }],
    ["immediate", { immediate: true }],
    ["Newest", {}],
  ])("%j", (text, wanted) => {
    expect(parseTarget(text, NOW)).toEqual(wanted);
  });

  it.each([
    "",
    "latest",
    "31",
    "0x1f",
    "12:30",
    "12:30:00",
    "index:",
    "index:100000000",
    "index:-1",
    "index:newest",
    "transaction:0",
    "transaction:1f",
    "transaction:9007199254740992",
    "name:",
    "name:a\nb",
    `name:${"x".repeat(64)}`,
    "position:1f:1038",
    "immediate:true",
    "newest\u0000",
    "1f:1038:0",
    "x".repeat(1e6),
    `index:${"0".repeat(1e6)}g`,
  ])("is not %j", (text) => {
    expectRangeError(() => parseTarget(text, NOW));
  });

  it("of any text is a target that can be asked for, or a RangeError", () => {
    const word = fc.constantFrom(
      "index:",
      "name:",
      "transaction:",
      "1",
      "0",
      ":",
      "h",
      "ago",
      " ",
      "now",
      "\n",
      "\ud800",
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(word, fc.string({ unit: "binary", maxLength: 2 })), { maxLength: 8 }),
        (words) => {
          let parsed: Target;
          try {
            parsed = parseTarget(words.join(""), NOW);
          } catch (error) {
            return expectRangeError(() => {
              throw error;
            });
          }
          checkTarget(parsed);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("parts of a target", () => {
  it("positions", () => {
    expect(parseTargetPosition("1f:1038")).toEqual({ index: 31, offset: 0x1038 });
    for (const text of ["", "1f", "1f:", "1f/1038", "1f:20000000000000"]) {
      expectRangeError(() => parseTargetPosition(text));
    }
  });

  it("transactions", () => {
    expect(parseTargetTransaction("1")).toBe(1);
    expect(parseTargetTransaction("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
    for (const text of ["", "0", "-1", "1.5", "1e3", "0x1", " 1", "9007199254740992", "9".repeat(400)]) {
      expectRangeError(() => parseTargetTransaction(text));
    }
  });

  it("timelines", () => {
    for (const text of ["current", "latest", GENERATION, "0000000000000001", "1234567890123456"]) {
      expect(parseTargetTimeline(text)).toBe(text);
    }
    expect(parseTargetTimeline("1")).toBe(1);
    expect(parseTargetTimeline("2147483647")).toBe(2 ** 31 - 1);
    for (const text of [
      "",
      "0",
      "2147483648",
      "1.5",
      "Latest",
      "newest",
      "386E2C145A976578",
      "386e2c145a97657",
    ]) {
      expectRangeError(() => parseTargetTimeline(text));
    }
  });
});
