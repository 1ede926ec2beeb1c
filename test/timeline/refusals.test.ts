/** Targets and histories that cannot be followed: each is refused, and says what was expected, what was found, what to do. */

import { describe, expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { listMoments } from "../../src/moments/index.ts";
import { MemorySink, restore } from "../../src/restore/index.ts";
import { readCatalog } from "../../src/snapshot/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { historyPath, readLineage } from "../../src/timeline/index.ts";
import type { Target } from "../../src/timeline/target/target.ts";
import { attemptRestore } from "../support/attempt.ts";
import { family } from "../support/family.ts";
import { readFixture } from "../support/fixtures.ts";
import { expectAdvice } from "../support/hold.ts";
import { adviceOf } from "../support/words.ts";

async function refusal(storage: MemoryStorage, target: Target) {
  const { error } = await attemptRestore(storage, target);
  expectAdvice(error);
  return error;
}

/** What a program may not even ask for. */
async function misuse(target: Target): Promise<unknown> {
  return await restore(replicaIn(new MemoryStorage()), target, new MemorySink()).catch(
    (error: unknown) => error,
  );
}

describe("a target that is none", () => {
  const moments = {
    index: 1,
    timestamp: 1n,
    position: { index: 0, offset: 0 },
    transaction: 1,
    name: "x",
    immediate: true,
  };

  it("names two moments", async () => {
    const keys = Object.keys(moments) as (keyof typeof moments)[];
    for (const [at, one] of keys.entries()) {
      for (const other of keys.slice(at + 1)) {
        const error = await misuse({ [one]: moments[one], [other]: moments[other] });
        expect(error).toBeInstanceOf(TypeError);
        expect((error as Error).message).toMatch(RegExp(`^Expected one .*, found .*${one} and ${other}$`));
      }
    }
  });

  it.each<[Target, typeof TypeError | typeof RangeError, string]>([
    [
      { generation: "0123456789abcdef", timeline: "latest" },
      TypeError,
      "Expected a generation or a timeline, found both",
    ],
    [{ exclusive: true }, TypeError, "Expected a moment that exclusive can leave out, found none"],
    [
      { immediate: true, exclusive: true },
      TypeError,
      "Expected a moment that exclusive can leave out, found immediate",
    ],
    [{ transaction: 0 }, RangeError, 'Expected the number of a transaction, from 1, found "0"'],
    [{ transaction: 1.5 }, RangeError, 'Expected the number of a transaction, from 1, found "1.5"'],
    [{ name: "" }, RangeError, 'Expected the name of a restore point, found "": it is empty'],
    [{ timeline: 0 }, RangeError, "Expected current, latest, a timeline ID"],
    [{ timeline: "1" }, RangeError, "Expected current, latest, a timeline ID as a number, or a generation"],
    [{ timestamp: 1 as unknown as bigint }, TypeError, "a bigint, found number"],
  ])("%j", async (target, type, message) => {
    const error = await misuse(target);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toContain(message);
  });
});

describe("what is not there", () => {
  const { storage, ids, oracle } = family();
  const [root, child, grandchild, sibling] = ids;
  const there = `1 (${root}), 2 (${child}), 3 (${grandchild}), 4 (${sibling})`;

  it.each<[string, Target, { code: string; message: string; hint?: RegExp }]>([
    [
      "a restore point",
      { name: "before the drop" },
      { code: "target/no-restore-point", message: 'Expected a restore point "before the drop", found none' },
    ],
    [
      "a timeline",
      { timeline: 9 },
      { code: "target/no-timeline", message: `Expected timeline 9, found ${there}` },
    ],
    [
      "a generation's timeline",
      { timeline: "00000000deadbeef" },
      { code: "target/no-timeline", message: `Expected timeline 00000000deadbeef, found ${there}` },
    ],
    [
      "what comes before index 0",
      { generation: root, index: 0, exclusive: true },
      { code: "target/out-of-range", message: "Expected a moment before" },
    ],
    [
      "a transaction past the last one",
      { generation: root, transaction: 100 },
      {
        code: "target/out-of-range",
        message: `Expected 100 transactions in generation ${root}, found ${oracle.generations[0]!.commits.length}`,
        hint: /^The nearest that can be had: --target-position 00000000:[0-9a-f]{8} of generation/,
      },
    ],
    [
      "a position past the end",
      { generation: root, position: { index: 3, offset: 50 } },
      {
        code: "target/out-of-range",
        message: `Expected WAL of generation ${root} up to 00000003:00000032, found that it ends at 00000000:`,
        hint: /^The nearest that can be had: --target-position 00000000:/,
      },
    ],
    [
      "a time when the parent had gone on",
      { timeline: child, timestamp: oracle.generations[0]!.times.at(-1)! },
      {
        code: "target/not-in-history",
        message: `that history leaves generation ${root} at `,
        hint: /--target-position 00000000:.* or --target-time .*For what generation .* held at that time: --generation/s,
      },
    ],
    [
      "a time before everything",
      { timeline: grandchild, timestamp: 1n },
      {
        code: "target/out-of-range",
        message: "Expected a time that the history of timeline 3 reaches",
        hint: /nearest/,
      },
    ],
  ])("%s", async (_, target, { code, message, hint }) => {
    const error = await refusal(storage, target);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    if (hint) expect(adviceOf(error)).toMatch(hint);
  });

  it("a generation that was deleted", async () => {
    const left = new MemoryStorage([...storage.files].filter(([path]) => !path.includes(`${root}/`)));
    const gone = await refusal(left, { timeline: root });
    expect(gone.code).toBe("target/no-timeline");
    expect(gone.message).toContain(
      "Expected the generation of timeline 1 in the replica, found it gone; there is 2 (",
    );
    const along = await refusal(left, { timeline: grandchild, timestamp: oracle.generations[0]!.times[2]! });
    expect(along.code).toBe("timeline/parent-gone");
    expect(along.message).toContain(
      `Expected timeline 1 (generation ${root}), where the history of timeline 3 was at`,
    );
    expect(adviceOf(along)).toMatch(
      /^Bring that generation's folder back from another copy.*The nearest that can be had:/,
    );
  });

  it("the WAL that followed on the parent, which retention has deleted", async () => {
    const isGone = (path: string) => /snapshots|wal\/00000000/.test(path) && path.includes(child);
    const left = new MemoryStorage([...storage.files].filter(([path]) => !isGone(path)));
    const error = await refusal(left, { generation: child });
    expect(error.code).toBe("replica/no-snapshot");
    expect(error.message).toContain(
      `; through its parent there is no way: Expected WAL index 0 of generation ${child}, found 00000001:00000000`,
    );
  });

  it("a WAL index in the middle", async () => {
    const left = new MemoryStorage(storage.files);
    const path = `generations/${root}/wal/00000005_00000000.wal.lz4`;
    left.files.set(path, [...left.files].find(([one]) => one.startsWith(`generations/${root}/wal`))![1]);
    const error = await refusal(left, { generation: root, position: { index: 3, offset: 50 } });
    expect(error.code).toBe("replica/missing-index");
    expect(error.message).toContain(`Expected WAL index 3 of generation ${root}, found 00000005:00000000`);
  });
});

describe("a history that contradicts", () => {
  const { storage, ids, oracle } = family();
  const [root, child, grandchild, sibling] = ids;
  const textOf = (id: string) =>
    new TextDecoder().decode(storage.files.get(historyPath("generations/", id))!.data);
  const names = (...pairs: [number, string][]) =>
    pairs.map(([id, name]) => `# timeline ${id} is generation ${name}\n`).join("");

  /** Histories of some generations written anew, or taken away. */
  const withHistories = (texts: Record<string, string | undefined>): MemoryStorage => {
    const changed = new MemoryStorage(storage.files);
    for (const [id, text] of Object.entries(texts)) {
      const path = historyPath("generations/", id);
      if (text === undefined) changed.files.delete(path);
      else changed.files.set(path, { data: new TextEncoder().encode(text), modified: undefined });
    }
    return changed;
  };

  it.each<[string, Record<string, string>, string, string, RegExp]>([
    [
      "by IDs that do not ascend",
      { [grandchild]: `${names([3, grandchild])}2 0:1f0\n1 0:2f0\n` },
      grandchild,
      "timeline/contradiction",
      /Expected a timeline ID greater than 2 of the line before, found 1 in line 3/,
    ],
    [
      "by two names for an ID",
      { [child]: `${names([1, root], [2, child], [1, sibling])}1 0:1f0\n` },
      child,
      "timeline/contradiction",
      /Expected timeline 1 to be generation \w+, as in line 1, found \w+ in line 3/,
    ],
    [
      "by another name for an ID than another file has",
      { [sibling]: `${names([1, child], [4, sibling])}1 0:1f0\n` },
      sibling,
      "timeline/contradiction",
      /Expected (generation \w+ to be timeline \d|timeline \d to be generation \w+) as in other history files, found/,
    ],
    [
      "by other lines than the parent's own",
      { [grandchild]: textOf(grandchild).replace(/^1\t\S+/m, "1\t00000000:00000020") },
      grandchild,
      "timeline/contradiction",
      /Expected the history of timeline 2 as in generations\/\w+\.history: timeline 1 up to \S+, found timeline 1 up to 00000000:00000020/,
    ],
    [
      "by a loop over two files",
      {
        [root]: `${names([1, root], [2, child])}2 0:100\n`,
        [child]: `${names([1, root], [2, child])}1 0:100\n`,
      },
      root,
      "timeline/contradiction",
      /Expected the history of generation \w+, as its name says, found that timeline 2 is generation|Expected an ancestor's timeline ID or one greater than 2/,
    ],
    [
      "by a loop over two files that leave out names",
      { [root]: "2 0:100\n", [child]: "1 0:100\n" },
      root,
      "timeline/contradiction",
      /Expected timeline 1 to have a parent with a smaller number, found timeline 2/,
    ],
    [
      "by another generation's name as its own",
      { [child]: textOf(sibling) },
      child,
      "timeline/contradiction",
      /Expected the history of generation \w+, as its name says, found that timeline 4 is generation \w+/,
    ],
    [
      "by lines that nobody understands",
      { [child]: "1 yesterday\n" },
      child,
      "timeline/history",
      /Expected a position such as 0000001f:00001038, found "yesterday" in line 1/,
    ],
  ])("%s", async (_, texts, id, code, message) => {
    const changed = withHistories(texts);
    const target: Target = { timeline: id, timestamp: oracle.generations[0]!.times[1]! };
    const error = await refusal(changed, target);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(error.path).toBe(historyPath("generations/", id));
    const { findings } = await readLineage(replicaIn(changed), await readCatalog(changed));
    const finding = findings.find(({ path }) => path === error.path)!;
    expect(finding).toMatchObject({ code, message: error.message, generation: id });
    expect(adviceOf(finding)).toMatch(/^(Decide which file is right, delete the other|Correct the line)/);
    // What asks for no parent is not kept back.
    const own = await attemptRestore(changed, { generation: id });
    expect(own.sha256).toBe(oracle.generations.find((one) => one.id === id)!.commits.at(-1)!.sha256);
    // Nor is a way through a parent found.
    for (const path of [...changed.files.keys()])
      if (path.startsWith(`generations/${id}/snapshots/`)) changed.files.delete(path);
    const through = await refusal(changed, { generation: id });
    expect(through.code).toBe("replica/no-snapshot");
    expect(through.message).toMatch(/; through its parent there is no way: Expected /);
  });

  it("by what the content says: a descendant's file stands", async () => {
    const changed = withHistories({
      ...{ [root]: undefined, [child]: undefined, [sibling]: undefined },
      [grandchild]: textOf(grandchild).replace(/^1\t\S+/m, "1\t00000000:00000020"),
    });
    const { timelines } = await readLineage(replicaIn(changed), await readCatalog(changed), { infer: true });
    expect(timelines.map(({ id, parent, inferred }) => ({ id, parent, inferred }))).toEqual([
      { id: 1, parent: undefined, inferred: false },
      { id: 2, parent: 1, inferred: false },
      { id: 3, parent: 2, inferred: false },
      { id: 4, parent: 1, inferred: true },
    ]);
    expect(timelines[1]!.switchPoint).toEqual({ index: 0, offset: 32 });
  });

  it("by what the content says: nothing is its own ancestor", async () => {
    const changed = withHistories({
      [root]: `${names([1, child], [2, root])}1\t00000000:00000100\n`,
      ...{ [child]: undefined, [grandchild]: undefined, [sibling]: undefined },
    });
    const lineage = await readLineage(replicaIn(changed), await readCatalog(changed), { infer: true });
    const one = lineage.timelines.find(({ generation }) => generation === child)!;
    expect(one).toMatchObject({ id: 1, parent: undefined });
    expect(one.unknown).toMatch(/history files/);
    const error = await refusal(changed, { timeline: child, timestamp: oracle.generations[0]!.times[1]! });
    expect(error.code).toBe("target/out-of-range");
  });
});

describe("transactions", () => {
  const without = (pattern: RegExp) => {
    const { files } = readFixture("multi-index");
    return new MemoryStorage([...files].filter(([path]) => !pattern.test(path)));
  };

  it.each([
    ["the beginning of the first index", /00000001_00000000/, "replica/missing-first-segment"],
    ["the first two indexes", /wal\/0000000[12]/, "replica/missing-index"],
  ])("are not counted from another place where %s is lost", async (_, lost, code) => {
    const storage = without(lost);
    for (const transaction of [1, 2, 9]) expect((await refusal(storage, { transaction })).code).toBe(code);
    const [generation] = await listMoments(replicaIn(storage));
    const commits = generation!.segments.flatMap((segment) => segment.commits);
    expect(commits.length).toBeGreaterThan(10);
    expect(commits.filter((commit) => commit.transaction !== undefined)).toEqual([]);
  });
});
