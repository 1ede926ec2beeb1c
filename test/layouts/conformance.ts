/** What any layout keeps to, and what verify, restore and moments make of it without knowing which it is. */

import { describe, expect, it } from "vitest";
import { isGone, WalkitError } from "../../src/errors.ts";
import { listMoments } from "../../src/moments/index.ts";
import type { ReplayEvent } from "../../src/replay/events.ts";
import type { Layout, Replica } from "../../src/replay/layout.ts";
import { plannedSegment } from "../../src/replay/plan.ts";
import { comparePositions, formatPosition, isSameSection, type Position } from "../../src/replay/position.ts";
import { catalogOf, readChanges, readClaim } from "../../src/replay/replica.ts";
import { MemorySink, type Restored, restore } from "../../src/restore/index.ts";
import type { Storage } from "../../src/storage/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { verify } from "../../src/verify/index.ts";
import { CountingStorage } from "../support/counting.ts";
import { sha256 } from "../support/fixtures.ts";

/** A sound replica of one branch, with several files of changes, a claim before them all, and another one behind some. */
export interface Sample {
  layout: Layout;
  prefix: string;
  storage: MemoryStorage;
  /** Every commit, in order: where it ends, and the hash of the database then. */
  states: { end: Position; sha256: string }[];
}

export function conformance(name: string, make: () => Sample): void {
  const open = (sample: Sample, storage: Storage = sample.storage): Replica => {
    return { storage, layout: sample.layout, prefix: sample.prefix };
  };
  const branchOf = async (replica: Replica) => (await catalogOf(replica)).generations[0]!;
  const legOf = async (replica: Replica) => {
    const { id, segments, snapshots } = await branchOf(replica);
    return { generation: id, segments: segments.map(plannedSegment), snapshot: snapshots[0] };
  };
  const eventsOf = async (replica: Replica) => {
    const events: (Exclude<ReplayEvent, { type: "pages" }> | { type: "pages"; pages: number[] })[] = [];
    for await (const event of readChanges(replica, await legOf(replica), { faults: "report" })) {
      if (event.type !== "pages") events.push(event);
      else {
        const pages: number[] = [];
        event.run.forEach((page, data) => {
          expect(data.length).toBe(event.run.pageSize);
          pages.push(page);
        });
        expect(pages.length).toBe(event.run.count);
        events.push({ type: "pages", pages });
      }
    }
    return events;
  };
  const restored = async (
    replica: Replica,
    position?: Position,
  ): Promise<{ hash: string; result: Restored }> => {
    const sink = new MemorySink();
    const result = await restore(replica, position ? { position } : {}, sink);
    return { hash: sha256(sink.bytes), result };
  };
  const without = ({ storage }: Sample, ...paths: string[]) =>
    new MemoryStorage(new Map([...storage.files].filter(([path]) => !paths.includes(path))));

  describe(`layout ${name}`, () => {
    const sample = make();
    const replica = open(sample);

    it("says what the listing does, in order, and opens nothing", async () => {
      const storage = new CountingStorage(sample.storage);
      const { generations } = await catalogOf(open(sample, storage));
      expect([generations.length, storage.reads.size]).toEqual([1, 0]);
      const [{ id, snapshots, segments }] = generations as [(typeof generations)[0]];
      for (const files of [snapshots, segments]) {
        expect(files.length).toBeGreaterThan(1);
        expect(files.toSorted(comparePositions)).toEqual(files);
        for (const { path, size, modified } of files) {
          const { data, modified: time } = sample.storage.files.get(path)!;
          expect([path, size, modified]).toEqual([path, data.length, time]);
        }
      }
      expect((await catalogOf({ ...replica, generation: id })).generations).toEqual(generations);
      const other = catalogOf({ ...replica, generation: "ffffffffffffffff" });
      await expect(other).rejects.toMatchObject({ code: "target/no-generation" });
    });

    it("plans in plain JSON, from a claim at or before the target, and changes up to there", async () => {
      const catalog = await catalogOf(replica);
      for (const { end } of sample.states) {
        const plan = sample.layout.plan(catalog, { commit: end });
        expect(JSON.parse(JSON.stringify(plan)).segments).toEqual(plan.segments);
        // At the target where claims are states themselves, before it where changes follow.
        const order = comparePositions(plan.snapshot, end);
        expect([order < 0, order === 0 && plan.segments.length === 0]).toContain(true);
        expect(plan.segments.every((change) => comparePositions(change, end) < 0)).toBe(true);
        expect(plan.segments.every((change) => comparePositions(change, plan.snapshot) >= 0)).toBe(true);
        const avoid = new Set(catalog.generations[0]!.snapshots.map(({ path }) => path));
        expect(() => sample.layout.plan(catalog, { commit: end }, { avoid })).toThrow(WalkitError);
      }
    });

    it("tells of changes: sections that open and close, pages, then the commit that they belong to", async () => {
      const events = await eventsOf(replica);
      const { exact: isExact = false } = await branchOf(replica);
      let section: Position | undefined;
      let pages = 0;
      const commits: Position[] = [];
      for (const event of events) {
        if (event.type === "opens") {
          if (section) expect(comparePositions(event.section, section)).toBeGreaterThan(0);
          ({ section } = event);
        } else if (event.type === "pages") pages += event.pages.length;
        else if (event.type === "commit") {
          const isIn = isExact
            ? comparePositions(event.end, section!) > 0
            : isSameSection(event.end, section!);
          expect([isIn, pages > 0]).toEqual([true, true]);
          commits.push(event.end);
          pages = 0;
        } else if (event.type === "closes") {
          expect([isSameSection(event.section, section!), event.whole]).toEqual([true, true]);
        } else expect(event.type).toBe("change");
      }
      expect(commits).toEqual(sample.states.map(({ end }) => end));
      const { segments } = await branchOf(replica);
      expect(events.filter(({ type }) => type === "change").length).toBe(segments.length);
    });

    it("reads a claim: a database, from its first byte to its last", async () => {
      for (const claim of (await branchOf(replica)).snapshots) {
        let size = 0;
        for await (const { header, position, data } of readClaim(replica, claim)) {
          expect(position).toBe(size);
          size += data.length;
          expect(size === 0 || header.pageSize >= 512).toBe(true);
        }
        expect(size).toBeGreaterThan(0);
      }
    });

    it("is verified, its moments are listed, and each of them is restored", async () => {
      const { status, findings, generations } = await verify(replica);
      expect([status, findings]).toEqual(["ok", []]);
      expect(generations[0]).toMatchObject({ transactions: sample.states.length, integrity: "ok" });
      const [moments] = await listMoments(replica);
      const commits = moments!.segments.flatMap((one) => one.commits);
      expect(commits.map(({ end, restorable }) => [end, restorable])).toEqual(
        sample.states.map(({ end }) => [end, true]),
      );
      for (const { end, sha256: wanted } of sample.states) {
        const { hash, result } = await restored(replica, end);
        // Of a claim alone there is no commit; where it is a state, it is the one that was asked for.
        const position = result.position ?? result.plan.snapshot;
        expect([formatPosition(position), hash]).toEqual([formatPosition(end), wanted]);
      }
      expect((await restored(replica)).hash).toBe(sample.states.at(-1)!.sha256);
    });

    it("with a file gone or changed, never gives another database, and verify says so", async () => {
      const states = new Set(sample.states.map((state) => state.sha256));
      const { segments, snapshots } = await branchOf(replica);
      const last = segments.at(-1)!.path;
      for (const { path } of [...segments, ...snapshots]) {
        const { data, modified } = sample.storage.files.get(path)!;
        for (const at of [0, data.length >> 1, data.length - 1]) {
          const broken = without(sample);
          const bytes = data.slice();
          bytes[at]! ^= 1;
          broken.files.set(path, { data: bytes, modified });
          const report = await verify(open(sample, broken), { level: "replay" });
          // Some changes change nothing: a run of zeros is the same from wherever it is copied.
          const isOk = report.status === "ok";
          if (!isOk) expect([path, at, report.status]).toEqual([path, at, "damaged"]);
          const { hash } = await restored(open(sample, broken)).catch((error: unknown) => {
            expect(error).toBeInstanceOf(WalkitError);
            return { hash: undefined };
          });
          if (hash !== undefined || isOk) expect(states).toContain(hash);
          if (isOk) expect(hash).toBe(sample.states.at(-1)!.sha256);
        }
        // Of a last file that is gone there is no trace; a snapshot need not be there.
        if (path === last || snapshots.some((one) => one.path === path)) continue;
        const gone = open(sample, without(sample, path));
        expect([path, (await verify(gone, { level: "replay" })).status]).toEqual([path, "damaged"]);
        // Before a first file that is gone nothing is read that could tell.
        if (path === segments[0]!.path) continue;
        // Nor where all behind it lead to nothing.
        const left = (await branchOf(gone)).segments.at(-1)!;
        if (left.path !== last) continue;
        const faults = (await eventsOf(gone)).filter((event) => event.type === "fault" && event.breaks);
        expect([path, faults.length > 0]).toEqual([path, true]);
      }
    });

    it("a file that goes while it is read is none of its faults", async () => {
      const { segments } = await branchOf(replica);
      // Another file may stand in for one in between.
      const { path } = segments.at(-1)!;
      const leg = await legOf(replica);
      const changes = readChanges(open(sample, without(sample, path)), leg, { faults: "report" });
      const read = async () => {
        for await (const event of changes) expect(event.type).not.toBe("fault");
      };
      expect(isGone(await read().catch((error: unknown) => error))).toBe(true);
    });

    it("stops when it is told to, and tells how far it is", async () => {
      let bytes = 0;
      for await (const _ of readChanges(replica, await legOf(replica), {
        onRead: (count) => {
          bytes += count;
        },
      }));
      const { segments } = await branchOf(replica);
      expect(bytes).toBe(segments.reduce((sum, { size }) => sum + size!, 0));
      const stop = new AbortController();
      const read = async () => {
        for await (const event of readChanges(replica, await legOf(replica), { signal: stop.signal }))
          if (event.type === "opens") stop.abort(new Error("enough"));
      };
      await expect(read()).rejects.toThrow("enough");
    });
  });
}
