import { describe, expect, it } from "vitest";
import { replicaIn } from "../../src/index.ts";
import { formatPosition } from "../../src/replay/position.ts";
import { restore } from "../../src/restore/index.ts";
import { MemorySink } from "../../src/restore/sinks/memory.ts";
import { formatTime, parseTime } from "../../src/time.ts";
import { ageFault } from "../../src/verify/freshness.ts";
import { type GenerationReport, type NewestState, verify } from "../../src/verify/index.ts";
import { newestStateOf } from "../../src/verify/newest-state.ts";
import { GOLDEN, readFixture } from "../support/fixtures.ts";
import { usualReplica } from "../support/ltx-replica.ts";

const NOW = parseTime("2026-12-01T00:00:00Z");
const HOUR = 3600;

const range = (to: string, toTime: string | undefined) =>
  ({ to, toTime }) as GenerationReport["restorable"][0];
const branch = (generation: string, over: Partial<GenerationReport> = {}) =>
  ({ generation, restorable: [range("1", "2026-11-30T22:00:00Z")], ...over }) as GenerationReport;

const faultOf = (newestState: NewestState | undefined, maxAge: number) =>
  ageFault({ newestState, checkedAt: formatTime(NOW) }, maxAge)?.code;

describe("the newest state", () => {
  it("is the end of the last range of the newest generation", () => {
    const later = branch("b", { restorable: [range("1", undefined), range("2", "2026-11-30T23:59:58.5Z")] });
    const generations = [branch("a"), later];
    const time = "2026-11-30T23:59:58.5Z";
    const expected = { generation: "b", position: "2", time, age: 1.5 };
    expect(newestStateOf({ generations, newestGeneration: "b" }, NOW)).toEqual(expected);
  });

  it("is not known where none can be restored, or several could have it", () => {
    expect(newestStateOf({ generations: [] }, NOW)).toBeUndefined();
    expect(newestStateOf({ generations: [branch("a", { restorable: [] })] }, NOW)).toBeUndefined();
    expect(newestStateOf({ generations: [branch("a"), branch("b")] }, NOW)).toBeUndefined();
    // The other one, of which nothing can be restored, may be newer.
    const generations = [branch("a"), branch("b", { restorable: [] })];
    expect(newestStateOf({ generations }, NOW)).toBeUndefined();
    expect(newestStateOf({ generations: [branch("a")] }, NOW)).toMatchObject({
      generation: "a",
      age: 2 * HOUR,
    });
  });

  it("is what SQLite finds in order, where it finds the newest corrupt", () => {
    const available = { generation: "a", snapshot: 0, position: "0", time: "2026-11-30T00:00:00Z" };
    const corrupt = branch("a", { integrity: "failed", available });
    const known = { position: "0", age: 24 * HOUR };
    expect(newestStateOf({ generations: [corrupt] }, NOW)).toMatchObject(known);
    const lost = branch("a", { integrity: "failed" });
    expect(newestStateOf({ generations: [lost] }, NOW)).toMatchObject({
      position: undefined,
      age: undefined,
    });
  });

  it("has no age where its time is none", () => {
    for (const time of [undefined, "9223372036854775807 ns since 1970"]) {
      const generations = [branch("a", { restorable: [range("1", time)] })];
      const newest = newestStateOf({ generations }, NOW)!;
      expect([newest.time, newest.age]).toEqual([time, undefined]);
      expect(faultOf(newest, HOUR)).toBe("replica/age-unknown");
    }
  });
});

describe("an age", () => {
  const of = (age: number) => ({ generation: "a", position: "1", time: "2026-11-30T00:00:00Z", age });

  it("is right up to the one that is allowed; one as far in the future is no age", () => {
    const codes = [0, HOUR, HOUR + 0.001, -HOUR, -HOUR - 0.001].map((age) => faultOf(of(age), HOUR));
    const [stale, unknown] = ["replica/stale", "replica/age-unknown"];
    expect(codes).toEqual([undefined, undefined, stale, undefined, unknown]);
    expect(faultOf(of(0.001), 0)).toBe(stale);
    expect(faultOf(undefined, HOUR)).toBe(unknown);
  });
});

describe("a report", () => {
  const replica = usualReplica();
  const end = BigInt(replica.timeOf(20)) * 1_000_000n;
  const after = (seconds: number) => end + BigInt(seconds) * 1_000_000_000n;
  const statusAt = async (seconds: number, maxAge: number | undefined, storage = replica.storage()) => {
    const { status, findings } = await verify(replicaIn(storage), {
      level: "replay",
      now: after(seconds),
      maxAge,
    });
    return [status, findings.map(({ code }) => code).filter((code) => /stale|age/.test(code))];
  };

  it("is stale where nothing else is wrong; without a limit nothing is too old", async () => {
    expect(await statusAt(HOUR, HOUR)).toEqual(["ok", []]);
    expect(await statusAt(HOUR + 1, HOUR)).toEqual(["stale", ["replica/stale"]]);
    expect(await statusAt(1e8, undefined)).toEqual(["ok", []]);
    expect(await statusAt(-2 * HOUR, HOUR)).toEqual(["inconclusive", ["replica/age-unknown"]]);
  });

  it("of a damaged replica says both, and is damaged", async () => {
    const damaged = replica.storage();
    damaged.files.get("ltx/0/0000000000000014-0000000000000014.ltx")!.data[120]! ^= 1;
    expect(await statusAt(HOUR, HOUR, damaged)).toEqual(["damaged", ["replica/stale"]]);
  });

  it.each(GOLDEN)("names the state that a restore gives: %s", async (name) => {
    const storage = readFixture(name);
    const { newestState, checkedAt, newestGeneration } = await verify(replicaIn(storage), {
      now: NOW,
      level: "frames",
    });
    expect(checkedAt).toBe("2026-12-01T00:00:00Z");
    const restored = await restore(replicaIn(storage), {}, new MemorySink());
    expect(newestState?.generation).toBe(newestGeneration);
    expect(newestState?.position).toBe(restored.position && formatPosition(restored.position));
    const last = restored.plan.segments.at(-1)?.path;
    const modified = last === undefined ? undefined : storage.files.get(last)?.modified;
    if (modified !== undefined) expect(parseTime(newestState!.time!)).toBe(modified);
  });
});
