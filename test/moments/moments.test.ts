/** What can be restored, held against the naive model and against what a restore really does. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { type GenerationMoments, listMoments } from "../../src/moments/index.ts";
import type { WalPosition } from "../../src/replay/position.ts";
import { comparePositions, formatPosition, formatTime } from "../../src/snapshot/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { attemptRestore } from "../support/attempt.ts";
import { DAMAGED, GOLDEN, readFixture } from "../support/fixtures.ts";
import { GENERATION, type Made, makeReplica } from "../support/generate.ts";
import { harm, harmed, recipe } from "../support/harm.ts";
import { naiveGenerations, naiveStates } from "../support/naive.ts";

const commitsOf = ({ segments }: GenerationMoments) => segments.flatMap(({ commits }) => commits);

/**
 * That each moment can be restored where it says so, and nowhere else, by its position and by its number, and what comes of
 * it. A number without a state that can be restored is refused as well.
 */
async function restoreAll(storage: MemoryStorage): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  for (const one of await listMoments(replicaIn(storage))) {
    const { generation } = one;
    const commits = commitsOf(one);
    // A restore looks at one moment, verify at all that lead there: of a page that never came, of transactions that are
    // missing, or of a snapshot that contradicts the WAL, a restore of a later moment may see nothing.
    const knowsMore = one.findings.some(({ code }) =>
      /missing-page|missing-trans|snapshot-mismatch/.test(code),
    );
    for (const { end, transaction, restorable } of commits) {
      const at = `${formatPosition(end)} of ${generation}`;
      const { error, sha256, restored } = await attemptRestore(storage, { generation, position: end });
      // Where files overlap there may be no commit at the place that one of them says.
      const reached = restored?.position && comparePositions(restored.position, end) === 0;
      const expected = knowsMore && !restorable ? false : reached === true;
      expect([at, restorable, error?.message]).toEqual([at, expected, error?.message]);
      if (sha256 !== undefined) states.set(`${generation} ${formatPosition(end)}`, sha256);
      if (transaction === undefined) continue;
      const numbered = await attemptRestore(storage, { generation, transaction });
      expect([transaction, numbered.sha256, numbered.error?.message]).toEqual([
        transaction,
        sha256,
        error?.message,
      ]);
    }
    for (const { position } of one.snapshots) {
      const { error, sha256 } = await attemptRestore(storage, { generation, position });
      expect([formatPosition(position), error?.message]).toEqual([formatPosition(position), undefined]);
      states.set(`${generation} ${formatPosition(position)}`, sha256!);
    }
    // A commit cannot be restored where there is a gap around it, and nowhere else.
    for (const { end, restorable } of commits) {
      const isIn = one.gaps.some(
        ({ after, before }) =>
          (!after || comparePositions(after, end) < 0) && (!before || comparePositions(end, before) < 0),
      );
      expect([formatPosition(end), isIn]).toEqual([formatPosition(end), !restorable]);
    }
  }
  return states;
}

describe.each(GOLDEN)("%s", (name) => {
  const storage = readFixture(name);

  it("has every commit, with its number and its time", async () => {
    const moments = await listMoments(replicaIn(storage));
    const generations = naiveGenerations(storage);
    expect(moments.map(({ generation }) => generation)).toEqual(generations.map(({ id }) => id));
    for (const [i, one] of moments.entries()) {
      const { id, segments } = generations[i]!;
      const states = naiveStates(generations[i]!);
      const found = one.segments.flatMap(({ path, commits }) =>
        commits.map(({ end, transaction }) => [path, formatPosition(end), transaction]),
      );
      const isBehindLeftover = segments[0]?.index === states[0]?.index;
      expect(isBehindLeftover).toBe(true);
      expect(found).toEqual(
        states.map(({ path, index, end }, at) => [path, formatPosition({ index, offset: end }), at + 1]),
      );
      const times = segments.map(({ path }) => formatTime(storage.files.get(path)!.modified!));
      expect([id, one.segments.map(({ time }) => time)]).toEqual([id, times]);
      expect([one.present, one.timesTrusted, one.findings, one.restorePoints]).toEqual([true, true, [], []]);
      const isKnown = ({ after, reason }: (typeof one.gaps)[number]) =>
        after === undefined && reason?.code === "replica/before-mark";
      expect(one.gaps.length).toBeLessThanOrEqual(1);
      expect(one.gaps.every(isKnown)).toBe(true);
    }
  });

  it("agrees with what a restore does", async () => {
    const states = await restoreAll(storage);
    for (const { id, index, end, sha256 } of naiveGenerations(storage).flatMap((g) =>
      naiveStates(g).map((state) => ({ id: g.id, ...state })),
    )) {
      const found = states.get(`${id} ${formatPosition({ index, offset: end })}`);
      if (found !== undefined) expect([index, end, found]).toEqual([index, end, sha256]);
    }
  });
});

describe.each(DAMAGED)("%s", (name) => {
  it("agrees with what a restore does", async () => {
    await restoreAll(readFixture(name));
  });
});

const keyOf = (position: { index: number; offset: number }) => `${GENERATION} ${formatPosition(position)}`;

function expectTrue({ states }: Made, found: Map<string, string>): void {
  const truth = new Map(states.map((state) => [keyOf(state), state.sha256]));
  for (const [key, sha256] of found) expect([key, sha256]).toEqual([key, truth.get(key)]);
}

describe("made-up replicas", () => {
  it("have every commit, and restore to what they were", async () => {
    await fc.assert(
      fc.asyncProperty(recipe, async (r) => {
        const made = makeReplica(r);
        const [one] = await listMoments(replicaIn(made.storage));
        const ends = made.states.filter(({ offset }) => offset > 0).map(keyOf);
        expect(commitsOf(one!).map(({ end }) => keyOf(end as WalPosition))).toEqual(ends);
        expect(commitsOf(one!).map(({ transaction }) => transaction)).toEqual(ends.map((_, at) => at + 1));
        expectTrue(made, await restoreAll(made.storage));
      }),
      { numRuns: 100 },
    );
  });

  it("say what can be restored whatever happens to their files", async () => {
    await fc.assert(
      fc.asyncProperty(recipe, fc.array(harm, { minLength: 1, maxLength: 3 }), async (r, harms) => {
        const { storage } = makeReplica(r);
        harmed(storage, harms);
        await restoreAll(storage);
      }),
      { numRuns: 150 },
    );
  });
});

const bytes = (text: string) => new TextEncoder().encode(text);
describe("restore points", () => {
  const storage = readFixture("multi-generation");
  const ids = naiveGenerations(storage).map(({ id }) => id);
  const [first, second] = ids as [string, string];
  const ends = naiveStates(naiveGenerations(storage)[0]!);
  const place = keyOf({ index: ends[2]!.index, offset: ends[2]!.end }).split(" ")[1]!;
  const points = (generation: string, text: string) =>
    storage.files.set(`generations/${generation}.restore-points`, { data: bytes(text) });

  it("are listed with whether they can be restored", async () => {
    points(first, `${place}\tthere\t2026-11-20T12:15:47Z\n00000000:00001039\tin between\n`);
    points("0123456789abcdef", "00000000:00001038\tof old\n");
    const moments = await listMoments(replicaIn(storage));
    expect(moments[0]!.restorePoints.map(({ name, restorable }) => [name, restorable])).toEqual([
      ["there", true],
      ["in between", false],
    ]);
    expect(moments.map(({ generation, present }) => [generation, present])).toEqual([
      ...ids.map((id) => [id, true]),
      ["0123456789abcdef", false],
    ]);
    const gone = moments.at(-1)!;
    expect(gone.restorePoints.map(({ name, restorable }) => [name, restorable])).toEqual([["of old", false]]);
    expect(gone.findings.map(({ code, severity }) => [code, severity])).toEqual([
      ["target/no-generation", "warning"],
    ]);
    const [one, ...others] = await listMoments(replicaIn(storage, { generation: first }));
    expect([one, others]).toEqual([moments[0], []]);
  });

  it("that cannot be understood are a finding, and take nothing else away", async () => {
    points(second, "what?\n");
    const moments = await listMoments(replicaIn(storage));
    expect(moments[0]!.restorePoints).toHaveLength(2);
    expect(moments[1]!.findings.map(({ code }) => code)).toEqual(["timeline/restore-points"]);
    expect(commitsOf(moments[1]!).every(({ restorable }) => restorable)).toBe(true);
  });
});

it("gives no times where they cannot be trusted", async () => {
  const storage = readFixture("basic");
  for (const file of storage.files.values()) file.modified = 1_700_000_000_123_456_789n;
  const [one] = await listMoments(replicaIn(storage));
  expect(one!.timesTrusted).toBe(false);
  expect([...one!.segments, ...one!.snapshots].some(({ time }) => time !== undefined)).toBe(false);
  expect(commitsOf(one!).every(({ restorable }) => restorable)).toBe(true);
});

it("knows the generations that there are, and no others", async () => {
  const storage = readFixture("multi-generation");
  const unknown = listMoments(replicaIn(storage, { generation: "0123456789abcdef" }));
  await expect(unknown).rejects.toMatchObject({ code: "target/no-generation" });
  expect(await listMoments(replicaIn(new MemoryStorage()))).toEqual([]);
});

describe("a replica that changes while it is read", () => {
  class Moving extends MemoryStorage {
    onRead: (path: string) => void = () => {};
    override async *read(...[path, options]: Parameters<MemoryStorage["read"]>): AsyncGenerator<Uint8Array> {
      this.onRead(path);
      yield* super.read(path, options);
    }
  }

  it("is begun again", async () => {
    const whole = readFixture("multi-snapshot");
    const later = readFixture("multi-snapshot");
    const oldest = [...whole.files.keys()].filter((path) => path.includes("/snapshots/")).sort()[0]!;
    later.files.delete(oldest);
    const storage = new Moving(whole.files);
    // Retention, in the middle of the reading.
    storage.onRead = () => storage.files.delete(oldest);
    expect(await listMoments(replicaIn(storage))).toEqual(await listMoments(replicaIn(later)));
  });

  it("all the time is given up", async () => {
    const storage = new Moving(readFixture("basic").files);
    const [path] = storage.files.keys();
    const file = storage.files.get(path!)!;
    const list = storage.list.bind(storage);
    storage.list = (prefix) => {
      storage.files.set(path!, file);
      return list(prefix);
    };
    storage.onRead = () => storage.files.delete(path!);
    await expect(listMoments(replicaIn(storage))).rejects.toMatchObject({
      code: "replica/changed-while-reading",
    });
  });
});
