/** History files: what they say, what they must not say, and what is left of a file that was cut off. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import type { WalPosition } from "../../src/replay/position.ts";
import { formatPosition, parsePosition } from "../../src/snapshot/index.ts";
import {
  formatHistory,
  type History,
  historyPath,
  MAX_HISTORY_SIZE,
  parseHistory,
} from "../../src/timeline/history.ts";

const PATH = "generations/89c0220745ddaaba.history";
const [A, B, C] = ["386e2c145a976578", "89c0220745ddaaba", "00000000000000ff"] as const;

const EXAMPLE: History = {
  lines: [
    { parent: 1, switchPoint: { index: 0x1f, offset: 0x1038 }, reason: "inferred: 391 of 393 pages equal" },
    { parent: 2, switchPoint: { index: 4, offset: 32 }, reason: "" },
  ],
  generations: new Map([
    [1, A],
    [2, B],
    [7, C],
  ]),
  complete: true,
};

const reason = fc
  .oneof(fc.string({ unit: "grapheme", maxLength: 40 }), fc.string({ maxLength: 40 }))
  .map((text) => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "").trim());

const place = fc.record({
  index: fc.integer({ min: 0, max: 0xffffffff }),
  offset: fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
});

const generation = fc.string({
  unit: fc.constantFrom(..."0123456789abcdef"),
  minLength: 16,
  maxLength: 16,
});

/** Any history that can be: all of its timelines named, some, or none. */
const history: fc.Arbitrary<History> = fc
  .record({
    ids: fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 8 }),
    generations: fc.uniqueArray(generation, { minLength: 8, maxLength: 8 }),
    named: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    points: fc.array(fc.tuple(place, reason), { minLength: 8, maxLength: 8 }),
    complete: fc.boolean(),
  })
  .map(({ ids, generations, named, points, complete }) => {
    ids.sort((a, b) => a - b);
    return {
      lines: ids.slice(0, -1).map((parent, i) => ({
        parent,
        switchPoint: points[i]![0],
        reason: points[i]![1],
      })),
      generations: new Map(ids.map((id, i) => [id, generations[i]!] as const).filter((_, i) => named[i])),
      complete,
    };
  });

/** What a text says: the history, or the error. Anything but a WalkitError about timelines is thrown on. */
function attempt(text: string): History | WalkitError {
  try {
    return parseHistory(text, PATH);
  } catch (error) {
    if (error instanceof WalkitError && /^timeline\/(history|contradiction)$/.test(error.code)) {
      expect(error.path).toBe(PATH);
      expect(error.message.length).toBeLessThan(600);
      expect(error.message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      return error;
    }
    throw error;
  }
}

describe("a history file", () => {
  it("lies beside the generation's folder", () => {
    expect(historyPath("generations/", A)).toBe(`generations/${A}.history`);
  });

  it("is PostgreSQL's, with comments", () => {
    expect(formatHistory(EXAMPLE)).toBe(
      [
        `# timeline 1 is generation ${A}`,
        `# timeline 2 is generation ${B}`,
        `# timeline 7 is generation ${C}`,
        "# complete: the parent up to the switch point and the own WAL hold every change",
        "1\t0000001f:00001038\tinferred: 391 of 393 pages equal",
        "2\t00000004:00000020",
        "",
      ].join("\n"),
    );
  });

  it("comes back as it went", () => {
    fc.assert(
      fc.property(history, (h) => {
        expect(parseHistory(formatHistory(h), PATH)).toEqual(h);
        const turned = { ...h, generations: new Map([...h.generations].reverse()) };
        expect(formatHistory(turned)).toBe(formatHistory(h));
      }),
    );
  });

  it("may be written by hand: blanks, comments and line ends of any kind", () => {
    const text = `\r\n  # by hand\r\n#timeline  7 is\tgeneration ${C}  \r\n 1   1F:1038    left  early \r\n\t\n2 \t 4:20\r\n#complete: yes\r`;
    expect(parseHistory(text, PATH)).toEqual({
      lines: [
        { parent: 1, switchPoint: { index: 0x1f, offset: 0x1038 }, reason: "left  early" },
        { parent: 2, switchPoint: { index: 4, offset: 32 }, reason: "" },
      ],
      generations: new Map([[7, C]]),
      complete: true,
    });
  });

  it("of a timeline without a parent has no lines", () => {
    expect(parseHistory("", PATH)).toEqual({ lines: [], generations: new Map(), complete: false });
    expect(parseHistory("# complete\n# not complete: no\n# a timeline 1 is generation x", PATH)).toEqual({
      lines: [],
      generations: new Map(),
      complete: false,
    });
  });

  it("keeps to one line per ancestor, whatever the reason", () => {
    const text = formatHistory({
      ...EXAMPLE,
      lines: [
        { parent: 2, switchPoint: { index: 0, offset: 0 }, reason: "\ta\n3\t0:0\u2028b\u0000\ud800 # \r\n" },
      ],
      generations: new Map(),
    });
    expect(text.split("\n").slice(1)).toEqual(["2\t00000000:00000000\ta 3 0:0 b   #", ""]);
    expect(formatHistory(parseHistory(text, PATH))).toBe(text);
  });

  it.each([
    ["1", "a timeline ID, a position <index>:<offset> and a reason", '"1"'],
    ["\u2028", undefined, ""],
    ["x 0:0", "a timeline ID from 1 to 2147483647", '"x"'],
    ["0 0:0", "a timeline ID from 1 to 2147483647", '"0"'],
    ["-1 0:0", "a timeline ID from 1 to 2147483647", '"-1"'],
    ["1e3 0:0", "a timeline ID from 1 to 2147483647", '"1e3"'],
    ["2147483648 0:0 x", "a timeline ID from 1 to 2147483647", '"2147483648"'],
    [`${"9".repeat(400)} 0:0`, "a timeline ID from 1 to 2147483647", `"${"9".repeat(60)}…"`],
    ["1 0/19000060 PostgreSQL's", "a position such as 0000001f:00001038", '"0/19000060"'],
    ["1 0:20000000000000 past 2^53", "a position such as 0000001f:00001038", '"0:20000000000000"'],
    ["1 \u001b[31m red", "a position such as 0000001f:00001038", '"\\u001b[31m"'],
    ["# timeline x is generation 386e2c145a976578", "a timeline ID from 1 to 2147483647", '"x"'],
    [
      "# timeline 1 is generation 386E2C145A976578",
      "a generation of 16 lowercase hexadecimal digits",
      '"386E2C145A976578"',
    ],
  ])("that cannot be understood says where: %j", (line, wanted, found) => {
    const result = attempt(`# one\n\n${line}\n`);
    if (wanted === undefined) return expect(result).not.toBeInstanceOf(WalkitError);
    expect(result).toMatchObject({
      code: "timeline/history",
      message: `Expected ${wanted}, found ${found} in line 3`,
    });
  });

  it.each([
    ["2 0:0 a\n1 0:0 b\n", "Expected a timeline ID greater than 2 of the line before, found 1 in line 2"],
    ["1 0:0 a\n1 0:0 a\n", "Expected a timeline ID greater than 1 of the line before, found 1 in line 2"],
    [
      `# timeline 1 is generation ${A}\n# timeline 1 is generation ${B}\n`,
      `Expected timeline 1 to be generation ${A}, as in line 1, found ${B} in line 2`,
    ],
    [
      `# timeline 1 is generation ${A}\n# timeline 2 is generation ${A}\n1 0:0 x\n`,
      `Expected generation ${A} to be timeline 1 only, found timeline 2 in line 2`,
    ],
    [
      `3 0:0 x\n# timeline 2 is generation ${A}\n`,
      "Expected an ancestor's timeline ID or one greater than 3, found 2 in line 2",
    ],
    [
      `# timeline 4 is generation ${A}\n# timeline 5 is generation ${B}\n3 0:0 x\n`,
      "Expected no other timeline than 4 besides the ancestors, found 5 in line 2",
    ],
  ])("that contradicts itself is turned down: %j", (text, message) => {
    expect(attempt(text)).toMatchObject({ code: "timeline/contradiction", message });
  });

  it("may say the same twice", () => {
    const said = `# timeline 1 is generation ${A}\n`;
    expect(parseHistory(said + said, PATH).generations).toEqual(new Map([[1, A]]));
  });

  it("cut off anywhere is turned down, lacks its own ID, or tells the same descent", () => {
    fc.assert(
      fc.property(history, (h) => {
        // An offset past 4 GiB has more digits than it is padded to: there a cut can go unseen.
        for (const line of h.lines) (line.switchPoint as WalPosition).offset %= 2 ** 32;
        const ids = [...h.lines.map(({ parent }) => parent), 2 ** 31 - 1].slice(-8);
        fc.pre(new Set(ids).size === ids.length);
        h.generations = new Map(ids.map((id, i) => [id, String(i).padStart(16, "0")]));
        const text = formatHistory(h);
        for (let end = 0; end < text.length; end++) {
          const cut = attempt(text.slice(0, end));
          if (cut instanceof WalkitError || cut.generations.get(ids.at(-1)!) === undefined) continue;
          expect(cut.generations).toEqual(h.generations);
          // Only where there is no parent; and false leads to no restore that true would not.
          if (cut.complete !== h.complete) expect([cut.complete, h.lines]).toEqual([false, []]);
          const places = ({ lines }: History) =>
            lines.map(({ parent, switchPoint }) => ({ parent, switchPoint }));
          expect(places(cut)).toEqual(places(h));
        }
      }),
      { numRuns: 30 },
    );
  });

  it("is no end of a position", () => {
    expect(attempt("1\t0000001f:000010")).toMatchObject({
      message:
        'Expected a line break behind a position that is not written in full, found "0000001f:000010" in line 1',
    });
    expect(parseHistory("1\t0000001f:00001038", PATH).lines).toHaveLength(1);
    expect(parseHistory("1\t1f:1038\n", PATH).lines).toHaveLength(1);
  });

  it("of any text is an error or settles", () => {
    const word = fc.constantFrom(
      ..."#,timeline,1,2,3,is,generation,complete:,0:0,0000001f:00001038,\t, ,\n,\r\n,\r,\u0000,\ufeff,\u2028".split(
        ",",
      ),
      A,
      B,
      "\ud800",
    );
    const text = fc.oneof(
      fc
        .array(fc.oneof(word, fc.string({ unit: "binary", maxLength: 3 })), { maxLength: 40 })
        .map((w) => w.join("")),
      fc.array(word, { maxLength: 40 }).map((w) => w.join(" ")),
    );
    fc.assert(
      fc.property(text, (t) => {
        const parsed = attempt(t);
        if (parsed instanceof WalkitError) return;
        const once = formatHistory(parsed);
        expect(formatHistory(parseHistory(once, PATH))).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });

  it("is read as PostgreSQL's sscanf would read it, but for the position", () => {
    const line = fc
      .tuple(
        fc.constantFrom("", " ", "\t "),
        fc.constantFrom("1", "07", "2147483647", "a", "0"),
        fc.constantFrom(" ", "\t", " \t  "),
        place.map(formatPosition),
        fc.constantFrom("", " ", "\t", "\tbecause of it"),
      )
      .map((fields) => fields.join(""));
    fc.assert(
      fc.property(line, (text) => {
        const scanned = /^[ \t]*(\d+)[ \t]*([0-9a-f]+:[0-9a-f]+)/.exec(text);
        const parsed = attempt(`${text}\n`);
        if (!scanned || Number(scanned[1]) === 0) {
          expect(parsed).toBeInstanceOf(WalkitError);
        } else {
          const line = { parent: Number(scanned[1]), switchPoint: parsePosition(scanned[2]!) };
          expect(parsed).toMatchObject({ lines: [line] });
        }
      }),
    );
  });

  it("has a largest size, and takes its time for no text within it", () => {
    expect(attempt("#".repeat(MAX_HISTORY_SIZE + 1))).toMatchObject({
      code: "timeline/history",
      message: "Expected at most 1048576 characters, found 1048577",
    });
    const start = performance.now();
    const most = MAX_HISTORY_SIZE;
    for (const part of [" ", "\n", "\t", "1", "#", "1 ", "# timeline ", "\r", "x\u00a0", "1\t0:0\t \u0000"]) {
      attempt(part.repeat(most / part.length));
      attempt(`${part.repeat(most / part.length - 1)}x`);
    }
    attempt(`1 0:0${" ".repeat(most - 6)}x`);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("that could not be read again is not written", () => {
    const switchPoint = { index: 0, offset: 0 };
    const bad: Partial<History>[] = [
      { lines: [{ parent: 0, switchPoint, reason: "" }] },
      { lines: [{ parent: 1.5, switchPoint, reason: "" }] },
      { lines: [{ parent: 2 ** 31, switchPoint, reason: "" }] },
      { lines: [{ parent: 1, switchPoint: { index: -1, offset: 0 }, reason: "" }] },
      { lines: [2, 1].map((parent) => ({ parent, switchPoint, reason: "" })) },
      { generations: new Map([[1, "x"]]) },
      { generations: new Map([[1, `${A}\n1\t0:0`]]) },
      { generations: new Map([[Number.NaN, A]]) },
      { generations: new Map([1, 2].map((id) => [id, A])) },
      { lines: [{ parent: 1, switchPoint, reason: "x".repeat(MAX_HISTORY_SIZE) }] },
    ];
    for (const part of bad) {
      const h = { lines: [], generations: new Map(), complete: false, ...part };
      expect(() => formatHistory(h)).toThrow(RangeError);
    }
  });
});
