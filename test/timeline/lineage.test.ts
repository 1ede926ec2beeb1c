/** Timelines from history files, by content, and from both. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { parsePosition, type WalPosition } from "../../src/replay/position.ts";
import { readCatalog } from "../../src/snapshot/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { MAX_HISTORY_SIZE } from "../../src/timeline/history.ts";
import {
  formatHistory,
  historyOf,
  historyPath,
  type Lineage,
  pathTo,
  readLineage,
  type Timeline,
} from "../../src/timeline/index.ts";
import { branchesRecipe, makeBranches } from "../support/branches.ts";
import { readFixture } from "../support/fixtures.ts";

/** In the order in which they began: each is the next one's parent. */
const [FIRST, SECOND, THIRD] = ["eebf5555ba3afc10", "89c0220745ddaaba", "5895e7a4888b5747"] as const;
const LEFT_FIRST = "00000002:00003068";
const LEFT_SECOND = "00000001:00003068";

/** The golden replica with three generations, and files beside them. */
function replica(histories: Record<string, string> = {}): MemoryStorage {
  const { files } = readFixture("multi-generation");
  for (const [generation, text] of Object.entries(histories)) {
    files.set(historyPath("generations/", generation), { data: Buffer.from(text), modified: 1n });
  }
  return new MemoryStorage(files);
}

async function lineageOf(storage: MemoryStorage, infer = true): Promise<Lineage> {
  return await readLineage(replicaIn(storage), await readCatalog(storage), { infer });
}

/** `id generation < parent at switch point`. */
function tree({ timelines }: Lineage): string[] {
  return timelines.map(({ id, generation, parent, switchPoint, gone }) => {
    const from = parent === undefined ? "" : ` < ${parent} at ${hex(switchPoint!)}`;
    return `${id} ${generation ?? "?"}${from}${gone ? ", gone" : ""}`;
  });
}

function hex(position: NonNullable<Timeline["switchPoint"]>): string {
  const { index, offset } = position as WalPosition;
  return [index, offset].map((number) => number.toString(16).padStart(8, "0")).join(":");
}

function remove(storage: MemoryStorage, generation: string): void {
  for (const path of [...storage.files.keys()]) {
    if (path.startsWith(`generations/${generation}/`)) storage.files.delete(path);
  }
}

/** Writes down what is inferred. */
async function write(storage: MemoryStorage): Promise<Lineage> {
  const lineage = await lineageOf(storage);
  for (const { id, generation, parent } of lineage.timelines) {
    if (parent === undefined) continue;
    const text = formatHistory(historyOf(lineage, id));
    storage.files.set(historyPath("generations/", generation!), { data: Buffer.from(text), modified: 1n });
  }
  return lineage;
}

const TREE = [`1 ${FIRST}`, `2 ${SECOND} < 1 at ${LEFT_FIRST}`, `3 ${THIRD} < 2 at ${LEFT_SECOND}`];

describe("inferred and written down", () => {
  it("is the same tree", async () => {
    const storage = replica();
    const inferred = await write(storage);
    expect(tree(inferred)).toEqual(TREE);
    expect(inferred.timelines.map((one) => one.inferred)).toEqual([false, true, true]);
    for (const infer of [true, false]) {
      const read = await lineageOf(storage, infer);
      expect(tree(read)).toEqual(TREE);
      expect(read.findings).toEqual([]);
      for (const [i, timeline] of read.timelines.entries()) {
        const { reason, complete } = inferred.timelines[i]!;
        expect(timeline).toMatchObject({ inferred: false, reason, complete, between: undefined });
      }
    }
    expect(
      pathTo(await lineageOf(storage, false), 3).map(({ timeline, until }) => [timeline.id, until]),
    ).toEqual([
      [1, parsePosition(LEFT_FIRST)],
      [2, parsePosition(LEFT_SECOND)],
      [3, undefined],
    ]);
  });

  it("is not looked for where that is not asked for", async () => {
    expect(tree(await lineageOf(replica(), false))).toEqual([`1 ${FIRST}`, `2 ${SECOND}`, `3 ${THIRD}`]);
  });

  it("is the same tree for replicas made up", async () => {
    for (const recipe of fc.sample(branchesRecipe, { seed: 4, numRuns: 25 })) {
      const { storage } = makeBranches(recipe);
      const inferred = await write(storage);
      const read = await lineageOf(storage);
      expect(tree(read)).toEqual(tree(inferred));
      expect(read.findings).toEqual([]);
      expect(read.timelines.filter((one) => one.inferred)).toEqual([]);
    }
  });
});

describe("numbers", () => {
  it("are those of the files, also of generations that are gone", async () => {
    const storage = replica();
    await write(storage);
    remove(storage, SECOND);
    expect(tree(await lineageOf(storage))).toEqual([TREE[0], `${TREE[1]}, gone`, TREE[2]]);
    storage.files.delete(historyPath("generations/", SECOND));
    // What its child's file says of it.
    expect(tree(await lineageOf(storage))).toEqual([TREE[0], `${TREE[1]}, gone`, TREE[2]]);
    remove(storage, FIRST);
    expect(tree(await lineageOf(storage))).toEqual([`${TREE[0]}, gone`, `${TREE[1]}, gone`, TREE[2]]);
    storage.files.delete(historyPath("generations/", THIRD));
    expect(tree(await lineageOf(storage))).toEqual([`1 ${THIRD}`]);
  });

  it("of new generations are free ones above all that began before", async () => {
    const storage = replica();
    await write(storage);
    const first = [...storage.files].find(([path]) => path.startsWith(`generations/${FIRST}/`))![1].modified!;
    const { files } = readFixture("basic");
    const times = [...files.values()].map(({ modified }) => modified ?? first);
    const oldest = times.sort((a, b) => (a < b ? -1 : 1))[0]!;
    const add = (generation: string, after: bigint) => {
      for (const [path, { data, modified }] of files) {
        const name = path.replace(/generations\/[0-9a-f]{16}/, `generations/${generation}`);
        storage.files.set(name, { data, modified: first + after + (modified! - oldest) });
      }
    };
    // One that began between the first and the second, and one before all of them.
    add("aaaaaaaaaaaaaaaa", 1_000_000n);
    add("bbbbbbbbbbbbbbbb", -3_600_000_000_000n);
    add("0000000000000000", 3_600_000_000_000n);
    const { timelines } = await lineageOf(storage, false);
    expect(timelines.map(({ id, generation }) => `${id} ${generation}`)).toEqual([
      `1 ${FIRST}`,
      `2 ${SECOND}`,
      `3 ${THIRD}`,
      "4 bbbbbbbbbbbbbbbb",
      "5 aaaaaaaaaaaaaaaa",
      "6 0000000000000000",
    ]);
  });

  it("go by name where times cannot be trusted, parents first", async () => {
    const untimed = () => {
      const storage = replica();
      for (const file of storage.files.values()) file.modified = 5n;
      return storage;
    };
    expect(tree(await lineageOf(untimed(), false))).toEqual([`1 ${THIRD}`, `2 ${SECOND}`, `3 ${FIRST}`]);
    expect(tree(await lineageOf(untimed()))).toEqual(TREE);
    const numbered = untimed();
    const path = historyPath("generations/", SECOND);
    numbered.files.set(path, { data: Buffer.from(`# timeline 1 is generation ${SECOND}\n`), modified: 1n });
    expect(tree(await lineageOf(numbered, false))).toEqual([`1 ${SECOND}`, `2 ${THIRD}`, `3 ${FIRST}`]);
  });
});

describe("files by hand", () => {
  it("need no names", async () => {
    const storage = replica({
      [SECOND]: `1\t${LEFT_FIRST}\tbefore 2026-11-20 12:15:53+00\n`,
      [THIRD]: `# as PostgreSQL has it\r\n\r\n1 ${LEFT_FIRST}\r\n2   1:3068  no recovery target specified\r\n`,
    });
    const lineage = await lineageOf(storage, false);
    expect(tree(lineage)).toEqual(TREE);
    expect(lineage.findings).toEqual([]);
    expect(lineage.timelines.map(({ reason }) => reason)).toEqual([
      undefined,
      "before 2026-11-20 12:15:53+00",
      "no recovery target specified",
    ]);
  });

  it("may speak of timelines that nobody knows", async () => {
    const lineage = await lineageOf(
      replica({ [THIRD]: `# timeline 9 is generation ${THIRD}\n5\t1:20\n7\t2:20\n` }),
      false,
    );
    expect(tree(lineage)).toEqual([
      `1 ${FIRST}`,
      `2 ${SECOND}`,
      "5 ?, gone",
      "7 ? < 5 at 00000001:00000020, gone",
      `9 ${THIRD} < 7 at 00000002:00000020`,
    ]);
  });

  it("say more than content does", async () => {
    const storage = replica({ [THIRD]: `# timeline 3 is generation ${THIRD}\n1\t0:80e0\tI know better\n` });
    expect(tree(await lineageOf(storage))).toEqual([TREE[0], TREE[1], `3 ${THIRD} < 1 at 00000000:000080e0`]);
  });
});

describe("what is wrong with a file", () => {
  /** Only the timeline of `generation` has a problem, and the rest of the tree is there. */
  async function expectProblem(
    histories: Record<string, string>,
    generation: string,
    code: string,
    message: RegExp,
    rest: string[],
  ): Promise<void> {
    const lineage = await lineageOf(replica(histories));
    const path = historyPath("generations/", generation);
    expect(lineage.findings).toMatchObject([{ code, generation, path }]);
    expect(lineage.findings[0]!.message).toMatch(message);
    const bad = lineage.timelines.find((one) => one.generation === generation)!;
    expect(bad.problem).toMatchObject({ code, path });
    expect(bad.path).toBe(path);
    expect(() => pathTo(lineage, bad.id)).toThrow(WalkitError);
    expect(() => historyOf(lineage, bad.id)).toThrow(message);
    expect(tree(lineage).filter((line) => !line.includes(generation))).toEqual(rest);
    for (const { id, problem } of lineage.timelines) {
      if (!problem && id !== bad.id && lineage.timelines.every((one) => one.parent !== bad.id)) {
        expect(() => pathTo(lineage, id)).not.toThrow();
      }
    }
  }

  const second = `# timeline 1 is generation ${FIRST}\n# timeline 2 is generation ${SECOND}\n1\t${LEFT_FIRST}\n`;

  it.each([
    [
      `1\t${LEFT_FIRST}\n# a word\n2\tsomewhere\twords\n`,
      /a position such as .*, found "somewhere" in line 3/,
    ],
    [`1\t${LEFT_FIRST}\nx\t${LEFT_SECOND}\n`, /a timeline ID .*, found "x" in line 2/],
    ["\n\n1\n", /a position <index>:<offset> and a reason, found "1" in line 3/],
    [`1\t${LEFT_FIRST}\n# timeline 3 is generation THIRD\n`, /16 lowercase hexadecimal digits.* in line 2/],
    ["\u{1f4a5}\n", /in line 1/],
  ])("names its line: %j", async (text, message) => {
    await expectProblem(
      { [SECOND]: second, [THIRD]: text },
      THIRD,
      "timeline/history",
      message,
      TREE.slice(0, 2),
    );
  });

  it("is that it is no text, or too much of it", async () => {
    const large = `# ${"x".repeat(MAX_HISTORY_SIZE)}\n`;
    await expectProblem({ [THIRD]: large }, THIRD, "timeline/history", /at most 1048576/, TREE.slice(0, 2));
    const storage = replica();
    const data = new Uint8Array([0x31, 0x09, 0xff, 0xfe, 0, 0x0a]);
    storage.files.set(historyPath("generations/", THIRD), { data, modified: 1n });
    const { findings, timelines } = await lineageOf(storage);
    expect(findings).toMatchObject([{ code: "timeline/history", generation: THIRD }]);
    expect(timelines.map(({ problem }) => problem?.code)).toEqual([undefined, undefined, "timeline/history"]);
  });

  it("does not hide another one", async () => {
    const lineage = await lineageOf(replica({ [FIRST]: "1\n", [SECOND]: second, [THIRD]: "2 nowhere\n" }));
    expect(lineage.findings.map(({ generation }) => generation)).toEqual([FIRST, THIRD]);
    expect(tree(lineage)).toEqual([TREE[0], TREE[1], `3 ${THIRD}`]);
  });

  it("is that it is another generation's", async () => {
    await expectProblem(
      { [SECOND]: second, [THIRD]: second },
      THIRD,
      "timeline/contradiction",
      /Expected the history of generation 5895e7a4888b5747, as its name says, found that timeline 2 is generation 89c0220745ddaaba/,
      TREE.slice(0, 2),
    );
  });

  it("is that others number in another way", async () => {
    await expectProblem(
      { [SECOND]: second, [THIRD]: `# timeline 2 is generation ${THIRD}\n1\t${LEFT_FIRST}\n` },
      SECOND,
      "timeline/contradiction",
      /Expected timeline 2 to be generation 5895e7a4888b5747 as in other history files, found 89c0220745ddaaba/,
      [TREE[0]!, `2 ${THIRD} < 1 at ${LEFT_FIRST}`],
    );
  });

  it("is that its parent's history is another one", async () => {
    await expectProblem(
      { [SECOND]: second, [THIRD]: `1\t00000002:00001038\n2\t${LEFT_SECOND}\n` },
      THIRD,
      "timeline/contradiction",
      /the history of timeline 2 as in generations\/89c0220745ddaaba.history: timeline 1 up to 00000002:00003068, found timeline 1 up to 00000002:00001038/,
      TREE.slice(0, 2),
    );
  });

  it("is that two of its kind say different things of a parent without a file", async () => {
    const lines = (at: string) => `1\t0:80e0\n2\t${at}\n`;
    const storage = replica({
      [SECOND]: `# timeline 3 is generation ${SECOND}\n${lines("0:20")}`,
      [THIRD]: `# timeline 4 is generation ${THIRD}\n${lines("1:20").replace("80e0", "a110")}`,
    });
    const { findings, timelines } = await lineageOf(storage, false);
    expect(findings).toMatchObject([{ code: "timeline/contradiction" }]);
    expect(findings[0]!.message).toMatch(/timeline 1 up to 00000000:0000(80e0|a110)/);
    expect(timelines.filter(({ problem }) => problem)).toHaveLength(1);
  });

  it("is that a timeline would be its own ancestor", async () => {
    await expectProblem(
      { [FIRST]: `# timeline 1 is generation ${FIRST}\n2\t0:20\n`, [SECOND]: second },
      FIRST,
      "timeline/contradiction",
      /the history of generation eebf5555ba3afc10|a parent with a smaller number|an ancestor's timeline ID or one greater/,
      [TREE[1]!, TREE[2]!],
    );
    await expectProblem(
      { [SECOND]: "2\t0:20\n" },
      SECOND,
      "timeline/contradiction",
      /timeline 2 to have a parent with a smaller number, found timeline 2/,
      [TREE[0]!, TREE[2]!],
    );
  });
});
