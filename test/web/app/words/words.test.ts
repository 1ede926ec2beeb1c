/** What moments, ranges and restored files are called. */

import { describe, expect, it } from "vitest";
import { positionAt } from "../../../../web/app/protocol/positions.ts";
import { Session } from "../../../../web/app/session/session.ts";
import { hashOf, spotOf } from "../../../../web/app/sources/spot.ts";
import { formatPosition } from "../../../../web/app/strings/format.ts";
import {
  beforeNewest,
  endName,
  fileName,
  momentInWords,
  momentName,
  placeOfSteps,
} from "../../../../web/app/words/words.ts";
import { inWal, timelineOf } from "../../timelines.ts";

const SEGMENT = { commits: 2, after: 60_000, isFirst: false, snapshot: undefined, damaged: false };

function sessionOf(
  name: string,
  { timesTrusted = true, home = undefined as Session["home"], from = Date.UTC(2026, 10, 18, 12, 6) } = {},
): Session {
  const plan = { from, segments: Array(6).fill(SEGMENT), restorable: [true] };
  const timelines = [timelineOf(plan, { timesTrusted })];
  const view = { name: "", bytes: undefined, files: 7, timelines, findings: [] };
  return new Session(undefined as never, view, { name, replicas: [], skipped: [], home });
}

const at = (session: Session, stop: number) => ({ lane: session.lanes[0]!, stop });

describe("steps that nothing proves", () => {
  // Two indexes of three segments of two commits each.
  const plan = { from: Date.UTC(2026, 10, 18, 12, 6), restorable: [true] };
  const segments = Array.from({ length: 6 }, (_, i) => ({ ...SEGMENT, isFirst: i % 3 === 0 }));
  const sessionWith = (after: number, timesTrusted: boolean) => {
    const timeline = timelineOf(
      { ...plan, segments: segments.map((one) => ({ ...one, after })) },
      { timesTrusted },
    );
    const view = { name: "", bytes: undefined, files: 7, timelines: [timeline], findings: [] };
    return new Session(undefined as never, view, { name: "x", replicas: [], skipped: [], home: undefined });
  };
  const { moments, generation } = sessionWith(60_000, true).lanes[0]!.timeline;
  const end = positionAt(moments, 5);
  const step = { from: formatPosition(end), to: "00000001:00000000", counter: "follows" as const };

  it("lie between the moments before and behind them", () => {
    const times = placeOfSteps(sessionWith(60_000, true), generation!, [step]);
    expect(times).toEqual({ count: 1, from: "18 Nov 2026, 12:09:00", to: "12:10:00" });
    const numbers = { count: 1, from: "commit 6", to: "commit 7" };
    expect(placeOfSteps(sessionWith(60_000, false), generation!, [step])).toEqual(numbers);
    // One time says nothing of where.
    expect(placeOfSteps(sessionWith(0, true), generation!, [step])).toEqual(numbers);
  });

  it("are told by their positions where there are no such moments, and not at all where there are none", () => {
    const session = sessionWith(60_000, true);
    const steps = [step, { ...step, from: "00000001:00009999", to: "00000002:00000000" }];
    expect(placeOfSteps(session, generation!, steps)).toEqual({
      count: 2,
      from: step.from,
      to: "00000002:00000000",
    });
    expect(placeOfSteps(session, "another", [step])).toMatchObject({ from: step.from });
    expect(placeOfSteps(session, generation!, [])).toBeUndefined();
  });
});

describe("restored files", () => {
  it.each([
    ["app", "app"],
    ["shop.tar", "shop"],
    ["shop.tar.gz", "shop"],
    ["shop.TGZ", "shop"],
    ["app.db", "app"],
    ["my shop; rm -rf", "my-shop-rm-rf"],
    ["../../etc/passwd", "passwd"],
    ["-rf", "rf"],
    ["Küche", "Küche"],
    ["generations", "database"],
    ["9e4d08f40df91f4f", "database"],
    ["…", "database"],
    ["x".repeat(300), "x".repeat(60)],
  ])("of %s are called after it and the time", (name, base) => {
    const session = sessionOf(name);
    expect(fileName(session, at(session, 0))).toBe(`${base}-2026-11-18T120700Z.db`);
  });

  it("are called after the position where no time is known", () => {
    const session = sessionOf("app", { timesTrusted: false });
    expect(fileName(session, at(session, 0))).toBe("app-00000000-00001018.db");
  });

  it("are called after the folder that walkit ui names", () => {
    const home = {
      path: "/backups/app/generations",
      name: "app",
      quoted: "/backups/app/generations",
      program: "walkit",
      canMark: true,
    };
    const session = sessionOf("replica", { home });
    expect(session.name).toBe(home.path);
    expect(fileName(session, at(session, 11))).toMatch(/^app-2026-11-18T1212/);
  });
});

describe("moments", () => {
  it("are told by their time, and by their number where there is none", () => {
    const timed = sessionOf("app");
    expect(momentName(timed, at(timed, 0), "long")).toMatch(/^18 Nov 2026, /);
    const session = sessionOf("app", { timesTrusted: false });
    expect(momentName(session, at(session, 4), "long")).toBe("commit 5");
    const position = (stop: number) => {
      const { index, offset } = inWal(session.lanes[0]!.stops.id(stop));
      return [index, offset].map((n) => n.toString(16).padStart(8, "0")).join(":");
    };
    expect(endName(session, undefined, position(11))).toBe("commit 12");
    // No moment ends there: nothing else would be true.
    expect(endName(session, undefined, "00000000:00000fff")).toBe("00000000:00000fff");
    expect(momentInWords(session, at(session, 4))).not.toMatch(/[0-9a-f]{8}/);
  });

  it("are so far before the newest", () => {
    const session = sessionOf("app");
    expect(beforeNewest(session, at(session, 11))).toBe("the newest moment");
    expect(beforeNewest(session, at(session, 10))).toBe("1 commit before the newest");
    expect(beforeNewest(session, at(session, 0))).toBe("5 min and 11 commits before the newest");
  });
});

describe("the address", () => {
  const moment = { generation: "9e4d08f40df91f4f", index: 31, offset: 4152 };

  it("says where somebody is, and is read back", () => {
    const spot = { id: "1a2b3c", name: "app & co", within: "backups/my app&x", moment };
    expect(spotOf(hashOf(spot), { name: spot.name })).toEqual(spot);
    expect(hashOf({ id: "example", name: undefined, within: undefined, moment })).toBe(
      "#open=example&at=9e4d08f40df91f4f/0000001f:00001038",
    );
  });

  it("is nowhere for what is none, and says nothing that is not one", () => {
    for (const hash of ["", "#", "#report", "#at=x"]) expect(spotOf(hash, null)).toBeUndefined();
    for (const bad of ["x", "9e4d/1:1", "9e4d08f40df91f4f/zz", "9e4d08f40df91f4f/"])
      expect(spotOf(`#open=1&at=${bad}`, { name: 5 })).toEqual({
        ...{ id: "1", name: undefined, within: undefined, moment: undefined },
      });
  });
});
