/** What the sign says: of each kind of report, the sentence that its owner reads. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../../../src/findings.ts";
import type { Step } from "../../../../src/replay/steps.ts";
import type { GenerationReport, Range, VerifyReport } from "../../../../src/verify/report.ts";
import { statusOf } from "../../../../src/verify/report.ts";
import { RULES } from "../../../../src/words/index.ts";
import { Session } from "../../../../web/app/session/session.ts";
import { formatTime } from "../../../../web/app/strings/format.ts";
import { meaningOf } from "../../../../web/app/words/advice.ts";
import { verdictOf } from "../../../../web/app/words/verdict.ts";
import { timelineOf } from "../../timelines.ts";

const NAMES = ["857d648c3a1d2509", "9e4d08f40df91f4f", "c41f7a20b6e39d85"];

function finding(code: keyof typeof RULES, more: Partial<Finding> = {}): Finding {
  const nowhere = { generation: NAMES[0], position: undefined, path: undefined, offset: undefined };
  const { severity } = RULES[code];
  return {
    code,
    severity,
    message: "",
    remedy: undefined,
    ...nowhere,
    decoded: undefined,
    frame: undefined,
    ...more,
  };
}

function codeOf(severity: Finding["severity"]): keyof typeof RULES {
  return (Object.keys(RULES) as (keyof typeof RULES)[]).find((code) => RULES[code].severity === severity)!;
}

const WHOLE: Range = {
  from: "00000000:00001038",
  to: "00000004:00002050",
  fromTime: "2026-11-16T08:00:00Z",
  toTime: "2026-11-18T17:30:00Z",
  snapshot: 0,
  newest: true,
  proven: true,
  salvage: false,
};

function generation(i: number, more: Partial<GenerationReport> = {}): GenerationReport {
  const nothing = { bytes: undefined, oldest: undefined, newest: undefined, links: undefined };
  return {
    ...{
      generation: NAMES[i]!,
      status: "ok",
      snapshots: 1,
      segments: 9,
      indexes: 1,
      transactions: 12,
      frames: 30,
    },
    ...{
      pageSize: 4096,
      pageCount: 8,
      timesTrusted: true,
      restorable: [WHOLE],
      integrity: "ok",
      available: undefined,
      ...nothing,
    },
    ...more,
  };
}

/** The verdict over such generations; with times or with positions alone. */
function verdict(
  all: GenerationReport[],
  findings: Finding[] = [],
  {
    hasTimes = false,
    status = statusOf(findings),
  }: { hasTimes?: boolean; status?: VerifyReport["status"] } = {},
): ReturnType<typeof verdictOf> {
  const generations = all.map((one) => {
    const restorable = one.restorable.map((range) =>
      hasTimes ? range : { ...range, fromTime: undefined, toTime: undefined },
    );
    return { ...one, restorable };
  });
  const plan = { commits: 1, after: 60_000, isFirst: false, snapshot: 0, damaged: false };
  const timelines = generations.map((one, i) =>
    timelineOf(
      { from: 1e12, segments: Array(3).fill(plan), restorable: [true] },
      {
        id: i + 1,
        generation: one.generation,
        timesTrusted: hasTimes,
        current: i === generations.length - 1,
      },
    ),
  );
  const view = { name: "shop", bytes: undefined, files: 10, timelines, findings };
  const session = new Session(undefined as never, view, {
    name: "",
    replicas: [],
    skipped: [],
    home: undefined,
  });
  const checked = { checkedAt: "2026-12-01T00:00:00Z", newestState: undefined };
  return verdictOf(session, { status, level: "integrity", ...checked, generations, findings });
}

const BROKEN = finding("lz4/content-checksum");

describe("a whole replica", () => {
  it("is good, from its first moment to its last", () => {
    const { kind, word, sentence, more } = verdict([generation(0)]);
    expect([kind, word]).toEqual(["good", "Good."]);
    expect(sentence).toBe("Every moment from 00000000:00001038 to 00000004:00002050 can be brought back.");
    expect(more).toBe("12 transactions in 10 files checked, and SQLite finds the newest state in order.");
  });

  it("is told by its times where they can be trusted, over all timelines", () => {
    const early = { ...WHOLE, fromTime: "2026-10-01T06:00:00Z", toTime: "2026-11-01T06:00:00Z" };
    const { sentence } = verdict([generation(0, { restorable: [early] }), generation(1)], [], {
      hasTimes: true,
    });
    const [from, to] = [early.fromTime, WHOLE.toTime!].map((time) => formatTime(Date.parse(time), "second"));
    expect(sentence).toBe(`Every moment from ${from} to ${to}, on all 2 timelines, can be brought back.`);
  });

  it("of several timelines is not told by positions, which say nothing of one another", () => {
    const { sentence } = verdict([generation(0), generation(1)]);
    expect(sentence).toBe("Every moment of all 2 timelines can be brought back.");
  });

  it("of one moment has no range", () => {
    const one = [generation(0, { restorable: [{ ...WHOLE, from: WHOLE.to, fromTime: WHOLE.toTime }] })];
    expect(verdict(one).sentence).toBe("There is one moment, 00000004:00002050, and it can be brought back.");
    expect(verdict(one, [], { hasTimes: true }).sentence).toBe(
      `There is one moment, ${formatTime(Date.parse(WHOLE.toTime!), "second")}, and it can be brought back.`,
    );
  });

  it("that SQLite was not asked about says nothing of SQLite; warnings are counted", () => {
    const odd = finding(codeOf("warning"));
    const { kind, more } = verdict([generation(0, { integrity: "skipped" })], [odd]);
    expect(kind).toBe("good");
    expect(more).toBe("12 transactions in 10 files checked. 1 warning.");
  });

  it("is not called good where it is not proven to be what was committed", () => {
    const { kind, word } = verdict([generation(0, { restorable: [{ ...WHOLE, proven: false }] })]);
    expect([kind, word]).toEqual(["unsure", "Whole, but not proven."]);
    const older = { ...WHOLE, newest: false, proven: false, to: "00000002:00001038" };
    const both = verdict([generation(0, { restorable: [older, WHOLE] })]);
    expect(both).toMatchObject({ kind: "good", word: "Good." });
    expect(both.more).toMatch(/Not everything is proven/);
    expect(both.sentence).toMatch(/all but one stretch of them/);
  });
});

describe("steps that no snapshot proves", () => {
  const step = (index: number, counter: Step["counter"]): Step => ({
    from: `0000000${index - 1}:00001038`,
    to: `0000000${index}:00000000`,
    counter,
  });
  const linksOf = (...steps: Step[]) => ({
    total: 4,
    snapshot: 4 - steps.length,
    sequence: 0,
    unproven: 0,
    steps,
  });
  const of = (steps: Step[], more: Partial<GenerationReport> = {}) =>
    verdict([generation(0, { links: linksOf(...steps), ...more })]);

  it("are said, and no alarm, where SQLite finds the newest state in order", () => {
    const { kind, word, more } = of([step(3, "follows"), step(4, "follows")]);
    expect([kind, word]).toEqual(["good", "Good."]);
    expect(more).toMatch(
      /in order\. That no WAL is missing at 2 places between 00000002:00001038 and 00000004:00000000 is not proven\.$/,
    );
    expect(of([]).more).not.toMatch(/not proven/);
  });

  it("are a doubt where Litestream's counter jumps or does not show, or SQLite cannot be asked", () => {
    for (const counter of ["jumps", undefined] as const) {
      expect(of([step(3, "follows"), step(4, counter)])).toMatchObject({
        kind: "unsure",
        word: "Whole, but not proven.",
      });
    }
    const skipped = of([step(4, "follows")], { integrity: "skipped" });
    expect(skipped.kind).toBe("unsure");
    expect(skipped.more).toMatch(/not proven\. SQLite’s own check, which may show it, cannot be run here\.$/);
  });

  it("are no matter where a newer snapshot lies behind them, or on another timeline", () => {
    // The snapshot of these timelines is that of index 0.
    expect(of([step(0, "jumps")]).kind).toBe("good");
    const older = generation(0, { links: linksOf(step(4, "jumps")) });
    expect(verdict([older, generation(1)]).kind).toBe("good");
  });
});

describe("a replica with nothing in it", () => {
  it("is empty, not good", () => {
    for (const generations of [[], [generation(0, { snapshots: 0, segments: 0, restorable: [] })]]) {
      const { kind, word, sentence } = verdict(generations);
      expect([kind, word]).toEqual(["unsure", "Empty."]);
      expect(sentence).toBe("Nothing is wrong here, but there is nothing to bring back either.");
    }
  });
});

describe("a damaged replica", () => {
  const of = (...more: Partial<GenerationReport>[]) =>
    verdict(
      more.map((one, i) => generation(i, one)),
      [BROKEN],
    );

  it("of which nothing can be had", () => {
    expect(of({ restorable: [] }, { restorable: [] })).toMatchObject({
      kind: "bad",
      word: "Damaged.",
      sentence: "Nothing in this backup can be brought back completely.",
      more: "1 problem found.",
    });
  });

  it("of which the newest timeline is lost", () => {
    const { sentence } = of({}, { restorable: [] });
    expect(sentence).toBe("Nothing of the newest timeline can be brought back completely. Older ones can.");
  });

  it("of which the newest state is lost", () => {
    const { sentence } = of({ restorable: [{ ...WHOLE, newest: false }] });
    const last = "The latest moment that can be brought back is 00000004:00002050.";
    expect(sentence).toBe(`The newest state is lost. ${last}`);
  });

  it("of which the newest state can be salvaged, no more", () => {
    const salvage = { ...WHOLE, proven: false, salvage: true };
    expect(of({ restorable: [salvage] }).sentence).toMatch(/^Nothing in this backup/);
    const first = { ...WHOLE, newest: false, to: "00000002:00001038" };
    expect(of({ restorable: [first, salvage] }).sentence).toMatch(
      /^The newest state is lost\. .* is 00000002:00001038\.$/,
    );
  });

  it("of which stretches in the middle are lost", () => {
    const first = { ...WHOLE, newest: false };
    expect(of({ restorable: [first, WHOLE] }).sentence).toBe(
      "The newest state, 00000004:00002050, can be brought back. One stretch of moments before it cannot.",
    );
    expect(of({ restorable: [first, first, WHOLE] }).sentence).toMatch(
      / Two stretches of moments before it cannot\.$/,
    );
    expect(of({ restorable: [first] }, { restorable: [first, WHOLE] }).sentence).toMatch(
      / Two stretches of moments before it or on other timelines cannot\.$/,
    );
  });

  it("of which SQLite finds the newest state corrupt", () => {
    expect(of({ integrity: "failed" }).sentence).toMatch(/SQLite itself finds it corrupt\.$/);
    expect(of({ integrity: "failed" }, {}).sentence).toMatch(
      /On another timeline .* SQLite finds it corrupt\.$/,
    );
  });

  it("of which nothing is lost: what the broken snapshot held, the WAL holds as well", () => {
    const path = "generations/857d648c3a1d2509/snapshots/00000002.snapshot.lz4";
    const one = (more: Partial<Finding>) => verdict([generation(0)], [{ ...BROKEN, ...more }]).sentence;
    expect(one({ path })).toMatch(/^A file is broken, but what it held is there twice: /);
    // A segment is there once.
    expect(one({ path: path.replace("snapshots", "wal").replace(".snapshot", "_00000000.wal") })).toMatch(
      /^The newest state, .*but not everything before it\.$/,
    );
    // What it led to is before the first moment that can be had.
    const late = generation(0, { restorable: [{ ...WHOLE, snapshot: 3 }] });
    expect(verdict([late], [{ ...BROKEN, path }]).sentence).toMatch(/not everything before it/);
    const guessed = generation(0, { restorable: [{ ...WHOLE, proven: false }] });
    expect(verdict([guessed], [{ ...BROKEN, path }]).sentence).toMatch(/not everything before it/);
    // Nobody knows whose it was.
    expect(one({ path, generation: undefined })).toMatch(/not everything before it/);
  });
});

describe("a replica of which not all could be found out", () => {
  it("is told by what could not, as a sentence", () => {
    const unknown = finding(codeOf("inconclusive"));
    const { kind, word, sentence } = verdict([generation(0)], [unknown]);
    expect([kind, word]).toEqual(["unsure", "Not sure."]);
    expect(sentence).toContain(meaningOf(unknown));
    expect(sentence).toMatch(/[^.]\.$/);
    const nothing = verdict([generation(0)], [], { status: "inconclusive" });
    expect(nothing.sentence).toBe("Not everything could be found out.");
  });
});

it("never calls good what is damaged, nor damaged what is not, and always says a sentence", () => {
  const ranges = fc.array(
    fc.record({ newest: fc.boolean(), proven: fc.boolean() }).map((more) => ({ ...WHOLE, ...more })),
    { maxLength: 3 },
  );
  const integrity = fc.constantFrom("ok", "failed", "skipped", undefined);
  const generations = fc.array(
    fc.record({ restorable: ranges, integrity, segments: fc.nat(2), snapshots: fc.nat(2) }),
    {
      maxLength: 3,
    },
  );
  const codes = fc.subarray(Object.keys(RULES) as (keyof typeof RULES)[], { maxLength: 4 });
  fc.assert(
    fc.property(generations, codes, fc.boolean(), (all, found, hasTimes) => {
      const findings = found.map((code) => finding(code));
      const { kind, word, sentence } = verdict(
        all.map((one, i) => generation(i, one)),
        findings,
        { hasTimes },
      );
      expect(kind === "bad").toBe(statusOf(findings) === "damaged");
      expect(kind === "good").toBe(word === "Good.");
      if (kind === "good") expect(all.some(({ restorable }) => restorable.length > 0)).toBe(true);
      expect(sentence).toMatch(/^[A-Z].*\.$/s);
      expect(sentence).not.toMatch(/undefined|NaN|Invalid/);
    }),
  );
});
