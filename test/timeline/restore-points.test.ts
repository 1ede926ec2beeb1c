/** Named restore points: the file, and what a name may be. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { formatTime } from "../../src/snapshot/index.ts";
import {
  checkRestorePointName,
  formatRestorePoints,
  linesOf,
  MAX_RESTORE_POINTS_SIZE,
  parseRestorePoints,
  quoted,
  type RestorePoint,
  restorePointsPath,
} from "../../src/timeline/restore-points.ts";

const PATH = "generations/386e2c145a976578.restore-points";

const name = fc
  .oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 63 }),
    fc.string({ unit: fc.constantFrom(..."#:\"'\\ -é😀"), minLength: 1, maxLength: 63 }),
  )
  .filter((text) => checkRestorePointName(text) === undefined);

const point: fc.Arbitrary<RestorePoint> = fc.record({
  name,
  position: fc.record({
    index: fc.integer({ min: 0, max: 0xffffffff }),
    offset: fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
  }),
  recorded: fc.option(fc.bigInt({ min: 0n, max: 253402300799_999999999n }).map(formatTime), {
    nil: undefined,
  }),
});

const points = fc.uniqueArray(point, { selector: (p) => p.name, maxLength: 10 });

function attempt(text: string): RestorePoint[] | WalkitError {
  try {
    return parseRestorePoints(text, PATH);
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    expect(error).toMatchObject({ code: "timeline/restore-points", path: PATH });
    expect(error.message.length).toBeLessThan(600);
    expect(error.message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u);
    return error;
  }
}

describe("a file of restore points", () => {
  it("lies beside the generation's folder", () => {
    expect(restorePointsPath("generations/", "386e2c145a976578")).toBe(PATH);
  });

  it("has a line for each, with tabs between", () => {
    const two = [
      { name: "before migration", position: { index: 31, offset: 0x1038 }, recorded: "2026-11-20T12:15:47Z" },
      { name: "# 2", position: { index: 32, offset: 0 }, recorded: undefined },
    ];
    const text = "0000001f:00001038\tbefore migration\t2026-11-20T12:15:47Z\n00000020:00000000\t# 2\n";
    expect(formatRestorePoints(two)).toBe(text);
    expect(parseRestorePoints(text, PATH)).toEqual(two);
    expect(parseRestorePoints(`#\r\n \t\r\n  # x\n${text.replaceAll("\n", "\r\n").trim()}`, PATH)).toEqual(
      two,
    );
    expect(parseRestorePoints(" 20:0 \t# 2\t \n", PATH)).toEqual([two[1]]);
    expect(parseRestorePoints("", PATH)).toEqual([]);
  });

  it("comes back as it went", () => {
    fc.assert(
      fc.property(points, (p) => {
        expect(parseRestorePoints(formatRestorePoints(p), PATH)).toEqual(p);
      }),
    );
  });

  it("cut off anywhere is an error, or lacks the end: no name gets another position", () => {
    fc.assert(
      fc.property(points, (p) => {
        const text = formatRestorePoints(p);
        for (let end = 0; end < text.length; end++) {
          const cut = attempt(text.slice(0, end));
          if (cut instanceof WalkitError) continue;
          for (const [i, { name, position, recorded }] of cut.entries()) {
            const whole = p[i]!;
            expect(position).toEqual(whole.position);
            expect(whole.name.startsWith(name)).toBe(true);
            expect([whole.recorded, undefined]).toContain(recorded);
            if (i < cut.length - 1) expect(cut[i]).toEqual(whole);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ["1f:1038", 'Expected a position, a name and at most a time, a tab apart, found "1f:1038" in line 2'],
    [
      "1f:1038 name",
      'Expected a position, a name and at most a time, a tab apart, found "1f:1038 name" in line 2',
    ],
    [
      "1f:1038\ta\tb\tc",
      'Expected a position, a name and at most a time, a tab apart, found "1f:1038\\ta\\tb\\tc" in line 2',
    ],
    ["1f\tname", 'Expected a position such as 0000001f:00001038, found "1f" in line 2'],
    ["1f:1038\t", 'Expected the name of a restore point, found "" in line 2: it is empty'],
    [
      "1f:1038\tname ",
      'Expected the name of a restore point, found "name " in line 2: it begins or ends with a blank',
    ],
    [
      "1f:1038\t\u202eeman",
      'Expected the name of a restore point, found "\\u202eeman" in line 2: it holds a character that turns the direction of writing',
    ],
    ["1f:1038\tname\tyesterday", 'Expected an RFC 3339 time, found "yesterday" in line 2'],
    [
      "1f:1038\tname\t2026-11-20T12:15:47",
      'Expected an RFC 3339 time, found "2026-11-20T12:15:47" in line 2',
    ],
    ["1f:1038\tfirst", 'Expected another name than that of line 1, found "first" in line 2'],
  ])("that cannot be understood says where: %j", (line, message) => {
    expect(attempt(`0:0\tfirst\n${line}\n`)).toMatchObject({ message });
  });

  it("of any text is an error or settles", () => {
    const word = fc.constantFrom(
      "0:0",
      "1f:1038",
      "\t",
      "\n",
      "\r",
      " ",
      "#",
      "x",
      "2026-11-20T12:15:47Z",
      "\ud800",
    );
    const text = fc.array(
      fc.oneof({ weight: 4, arbitrary: word }, fc.string({ unit: "binary", maxLength: 2 })),
    );
    fc.assert(
      fc.property(text, (words) => {
        const parsed = attempt(words.join(""));
        if (parsed instanceof WalkitError) return;
        const once = formatRestorePoints(parsed);
        expect(parseRestorePoints(once, PATH)).toEqual(parsed);
      }),
      { numRuns: 2000 },
    );
  });

  it("has a largest size, and takes its time for no text within it", () => {
    expect(attempt("#".repeat(MAX_RESTORE_POINTS_SIZE + 1))).toMatchObject({
      message: "Expected at most 16777216 characters, found 16777217",
    });
    const start = performance.now();
    for (const part of [" ", "\n", "\t", "0", "0:0\t"])
      attempt(`${part.repeat(MAX_RESTORE_POINTS_SIZE / 4 - 1)}x`);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it("that could not be read again is not written", () => {
    const good: RestorePoint = { name: "a", position: { index: 0, offset: 0 }, recorded: undefined };
    const bad: RestorePoint[][] = [
      [good, good],
      [{ ...good, name: "a\n0:0\tb" }],
      [{ ...good, recorded: "now" }],
      [{ ...good, recorded: "2026-11-20T12:15:47Z\n" }],
      [{ ...good, position: { index: 0.5, offset: 0 } }],
    ];
    for (const p of bad) expect(() => formatRestorePoints(p)).toThrow(RangeError);
  });
});

describe("the name of a restore point", () => {
  it.each([
    "a",
    "# 1",
    "0:0",
    "before migration",
    "vor der Übergabe",
    "לפני",
    "😀".repeat(63),
    "-x",
    '"',
    "\u00e9\u200dx",
  ])("may be %j", (text) => expect(checkRestorePointName(text)).toBeUndefined());

  it.each([
    ["", "it is empty"],
    ["x".repeat(64), "it is longer than 63 characters"],
    ["😀".repeat(64), "it is longer than 63 characters"],
    ["x".repeat(1e6), "it is longer than 63 characters"],
    ["a\tb", "it holds a control character or a line break"],
    ["a\u0085b", "it holds a control character or a line break"],
    ["a\u2028b", "it holds a control character or a line break"],
    ["a\u202eb", "it holds a character that turns the direction of writing"],
    ["a\u2066b", "it holds a character that turns the direction of writing"],
    ["a\ud83d", "it holds half a character (an unpaired surrogate)"],
    ["\ude00a", "it holds half a character (an unpaired surrogate)"],
    ["  \u00a0", "it holds nothing that can be seen"],
    ["\u200b\u3164", "it holds nothing that can be seen"],
    [" a", "it begins or ends with a blank"],
    ["a\u00a0", "it begins or ends with a blank"],
  ])("cannot be %j", (text, wrong) => {
    expect(checkRestorePointName(text)).toBe(wrong);
  });
});

describe("text files", () => {
  it("fall into the same lines as a split of all", () => {
    const text = fc.array(fc.constantFrom("a", "\n", "\r", "b c"), { maxLength: 20 }).map((t) => t.join(""));
    fc.assert(
      fc.property(text, (t) => {
        const lines = [...linesOf(t)];
        const split = t.split("\n").map((line) => line.replace(/\r$/, ""));
        if (t === "" || t.endsWith("\n")) split.pop();
        expect(lines.map((line) => line.text)).toEqual(split);
        expect(lines.map((line) => line.number)).toEqual(split.map((_, i) => i + 1));
        expect(lines.filter((line) => !line.ended)).toHaveLength(t === "" || t.endsWith("\n") ? 0 : 1);
      }),
    );
  });

  it("are quoted within bounds, and nothing in them moves a cursor", () => {
    expect(quoted("a\u001b[2J\u009b\u202e\u2028\ufeff\ud800")).toBe(
      '"a\\u001b[2J\\u009b\\u202e\\u2028\\ufeff\\ud800"',
    );
    expect(quoted("😀".repeat(60))).toBe(`"${"😀".repeat(60)}"`);
    expect(quoted("😀".repeat(61))).toBe(`"${"😀".repeat(60)}…"`);
    expect(quoted("abcd", 3)).toBe('"abc…"');
    expect(quoted("\u0000".repeat(1e6)).length).toBe(363);
  });
});
