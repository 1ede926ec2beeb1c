/**
 * PostgreSQL's story of timelines, with the real Litestream and the built command: a table is dropped, work goes on, the
 * database is brought back to just before, replicated anew into the same replica; later a moment of the old branch is
 * wanted after all. And Litestream neither sees nor minds what walkit writes beside the generations.
 */

import { fork, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sqlite from "node-sqlite3-wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { openReplica } from "../../src/node.ts";
import { sectionOf } from "../../src/replay/position.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { comparePositions, formatPosition, formatTime } from "../../src/snapshot/index.ts";
import { readCommits } from "../../src/timeline/commits.ts";
import { build, hashOf, temporaryFolder, walkit, walkitJson } from "../cli/support.ts";
import { LITESTREAM, Litestream } from "../support/litestream.ts";
import { type LiveStory, type Moment, makeLiveStory } from "../support/live-branches.ts";

/** Where the commit behind `position` ends. */
async function nextCommit({ replica: folder, generation: id, position }: Moment): Promise<string> {
  const replica = await openReplica(folder);
  const { generations } = await catalogOf(replica);
  const generation = generations.find((one) => one.id === id)!;
  for await (const { end } of readCommits(replica, generation, { from: sectionOf(position) })) {
    if (comparePositions(end, position) > 0) return formatPosition(end);
  }
  throw new Error("It is the last one");
}

interface TimelineObject {
  id: number;
  generation: string;
  parent: number | null;
  switchPoint: string | null;
  inferred: boolean;
  reason: string | null;
}

const tablesOf = (path: string): unknown[] => {
  const db = new sqlite.Database(path);
  try {
    // A database in WAL mode wants shared memory otherwise, which this SQLite has not.
    db.exec("PRAGMA locking_mode=exclusive");
    return db.all("SELECT name FROM sqlite_schema WHERE name IN ('orders', 'customers') ORDER BY name");
  } finally {
    db.close();
  }
};

/** With all times kept. */
function copyOf(replica: string): string {
  const copy = join(temporaryFolder(), "replica");
  cpSync(replica, copy, { recursive: true, preserveTimestamps: true });
  // Node keeps milliseconds; what Litestream goes by are nanoseconds.
  const { status } = spawnSync("cp", ["-rp", `${replica}/.`, copy]);
  expect(status).toBe(0);
  return copy;
}

/** An application that writes, and is killed: its WAL stays. */
async function writeTo(database: string, transactions: number): Promise<void> {
  const writer = fork(fileURLToPath(new URL("../support/live-writer.mjs", import.meta.url)), [database]);
  const answer = () => new Promise((resolve) => writer.once("message", resolve));
  await answer();
  for (let i = 0; i < transactions; i++) {
    const answered = answer();
    writer.send({ sql: `INSERT INTO customers(note) VALUES ('after all ${i}')` });
    expect(await answered).toMatchObject({ ok: true });
  }
  const over = new Promise((resolve) => writer.once("exit", resolve));
  writer.kill("SIGKILL");
  await over;
}

/** What Litestream prints, without widths of columns, and without the lag, which changes from second to second. */
function litestream(command: string, url: string): string {
  const { stdout } = spawnSync(LITESTREAM!, [command, url], { encoding: "utf8" });
  const printed = stdout.replace(/ +/g, " ");
  // The lag is the third column; a generation's name may look like one, as in 681482810072039f.
  return command === "generations" ? printed.replace(/^(\S+ [0-9a-f]{16}) \S+/gm, "$1 lag") : printed;
}

describe.skipIf(!LITESTREAM)("PostgreSQL's story", { timeout: 120_000 }, () => {
  let story: LiveStory;
  let root: LiveStory["timelines"][number];
  let child: LiveStory["timelines"][number];
  const moments: Moment[] = [];

  beforeAll(async () => {
    build();
    const folder = temporaryFolder();
    const drop = async (moment: Moment): Promise<string> => {
      moments.push(moment);
      const { replica, position, output, generation } = moment;
      const at = ["--target-position", formatPosition(position), "--generation", generation];
      const { code, stderr } = await walkit(["restore", replica, "-o", output, ...at]);
      expect([code, stderr]).toEqual([0, ""]);
      return output;
    };
    story = await makeLiveStory(folder, drop);
    root = story.timelines.find(({ parent }) => parent === undefined)!;
    child = story.timelines.find(({ parent }) => parent === root.generation)!;
  }, 60_000);

  it("comes back to just before the drop, by position and by time", async () => {
    const { beforeDrop } = story.notes;
    const { index, offset } = beforeDrop.position;
    const at = root.commits.findIndex((commit) => commit.index === index && commit.offset === offset);
    const truth = root.commits[at]!.sha256;
    const drop = root.commits[at + 1]!;
    const targets = [
      ["--target-position", formatPosition(drop), "--target-exclusive"],
      ["--target-position", formatPosition({ ...drop, offset: drop.offset - 1 })],
      ...(beforeDrop.byTime ? [["--target-time", formatTime(beforeDrop.time)]] : []),
    ];
    for (const target of targets) {
      const output = join(temporaryFolder(), "before.db");
      const of = ["--generation", root.generation];
      expect((await walkit(["restore", story.replica, "-o", output, ...of, ...target])).code).toBe(0);
      expect([target.join(" "), hashOf(output)]).toEqual([target.join(" "), truth]);
      expect(tablesOf(output)).toHaveLength(2);
      expect(readFileSync(`${output}.history`, "utf8")).toContain(
        `1\t${formatPosition(beforeDrop.position)}\t`,
      );
    }
  });

  it("brings back a moment of the old branch after the drop", async () => {
    const last = root.commits.at(-1)!;
    for (const target of [
      ["--target-timeline", "1"],
      ["--target-timeline", root.generation, "--target-time", formatTime(last.time)],
      ["--target-time", formatTime(last.time)],
      ["--generation", root.generation, "--target-transaction", String(root.commits.length)],
    ]) {
      const output = join(temporaryFolder(), "thursday.db");
      const { code, stderr } = await walkit(["restore", story.replica, "-o", output, ...target]);
      expect([target.join(" "), code, stderr]).toEqual([target.join(" "), 0, ""]);
      expect(hashOf(output)).toBe(last.sha256);
      expect(tablesOf(output)).toEqual([{ name: "customers" }]);
    }
  });

  it("draws both branches, first inferred, then from files", async () => {
    const switchPoint = formatPosition(child.switchPoint!);
    const replica = copyOf(story.replica);
    const tree = async (...args: string[]): Promise<TimelineObject[]> => {
      const { code, json } = await walkitJson(["timelines", replica, ...args]);
      expect(code).toBe(0);
      return json.timelines;
    };
    const known = ({ id, generation, parent, switchPoint: at, inferred }: TimelineObject) => [
      ...[id, generation, parent, at],
      inferred,
    ];
    const first = await tree();
    expect(first.map(known)).toEqual([
      [1, root.generation, null, null, false],
      [2, child.generation, 1, switchPoint, true],
    ]);
    expect(first[1]!.reason).toMatch(/^inferred: \d+ of \d+ pages equal/);
    const { stdout } = await walkit(["timelines", replica]);
    expect(stdout).toMatch(new RegExp(`^1 {2}${root.generation} {2}whole, ends here$`, "m"));
    expect(stdout).toMatch(new RegExp(`^└─ 2 {2}${child.generation} {2}whole, current$`, "m"));
    expect(stdout).toContain(`left timeline 1 at ${switchPoint}: inferred`);

    const { json } = await walkitJson(["timelines", replica, "--write"]);
    expect(json.written).toEqual([`generations/${child.generation}.history`]);
    expect((await tree()).map(known)[1]).toEqual([2, child.generation, 1, switchPoint, false]);
    // A second time there is nothing to write, and nothing is overwritten.
    expect((await walkitJson(["timelines", replica, "--write"])).json.written).toEqual([]);
  });

  it("ties what was restored to its parent without guessing", async () => {
    const replica = copyOf(story.replica);
    const history = `${story.notes.beforeDrop.output}.history`;
    const { code, json } = await walkitJson(["timelines", replica, "--write", "--history", history]);
    expect(code).toBe(0);
    const [, tied] = json.timelines as TimelineObject[];
    expect([tied!.parent, tied!.switchPoint, tied!.inferred]).toEqual([
      1,
      formatPosition(child.switchPoint!),
      false,
    ]);
    expect(tied!.reason).toMatch(/^the last commit at or before /);
    expect(readFileSync(join(replica, `generations/${child.generation}.history`), "utf8")).toContain(
      `1\t${formatPosition(child.switchPoint!)}\tthe last commit at or before`,
    );
  });

  it("refuses along the new timeline what only the old one had, with the nearest moments", async () => {
    const last = root.commits.at(-1)!;
    const output = join(temporaryFolder(), "none.db");
    const target = ["--target-timeline", "latest", "--target-time", formatTime(last.time)];
    const { code, json } = await walkitJson(["restore", story.replica, "-o", output, ...target]);
    expect([code, json.status, json.findings[0].code]).toEqual([1, "failed", "target/not-in-history"]);
    expect(json.nearest[0].position).toBe(formatPosition(child.switchPoint!));
    expect(json.nearest).toHaveLength(2);
    expect(existsSync(output)).toBe(false);
    // Before the drop both timelines were one.
    const before = ["--target-timeline", "latest", "--target-time", formatTime(root.commits[0]!.time)];
    expect((await walkit(["restore", story.replica, "-o", output, ...before])).code).toBe(0);
    expect(root.commits.filter(({ time }) => time === root.commits[0]!.time).map((c) => c.sha256)).toContain(
      hashOf(output),
    );
  });

  it("leaves Litestream as it was: it lists, restores, and goes on replicating", async () => {
    const folder = temporaryFolder();
    const replica = join(folder, "replica");
    mkdirSync(replica);
    expect(spawnSync("cp", ["-rp", `${story.replica}/.`, replica]).status).toBe(0);
    const url = `file://${replica}`;
    const lists = () => ["generations", "snapshots", "wal"].map((command) => litestream(command, url));
    const before = lists();
    expect(before[1]).toContain(child.generation);
    expect((await walkit(["timelines", replica, "--write"])).code).toBe(0);
    expect((await walkit(["mark", replica, "before the drop", "--generation", root.generation])).code).toBe(
      0,
    );
    expect(readdirSync(join(replica, "generations")).sort()).toEqual(
      [
        child.generation,
        `${child.generation}.history`,
        root.generation,
        `${root.generation}.restore-points`,
      ].sort(),
    );
    expect(lists()).toEqual(before);

    const app = join(folder, "app.db");
    const restored = spawnSync(LITESTREAM!, ["restore", "-o", app, url], { encoding: "utf8" });
    expect([restored.status, hashOf(app)]).toEqual([0, child.commits.at(-1)!.sha256]);
    const again = new Litestream(folder, app);
    again.start();
    try {
      await again.settle();
      await writeTo(app, 12);
      await again.settle();
    } finally {
      await again.stop();
    }
    const [ours, theirs] = [join(folder, "ours.db"), join(folder, "theirs.db")];
    expect((await walkit(["restore", replica, "-o", ours])).code).toBe(0);
    expect(again.restore(theirs).status).toBe(0);
    expect(hashOf(ours)).toBe(hashOf(theirs));
    expect(hashOf(ours)).not.toBe(child.commits.at(-1)!.sha256);
    const { code, json } = await walkitJson(["verify", replica, "--level", "replay"]);
    expect([code, json.generations.length]).toEqual([0, 3]);
    const { timelines } = (await walkitJson(["timelines", replica])).json as { timelines: TimelineObject[] };
    expect(timelines.map(({ parent }) => parent)).toEqual([null, 1, 2]);
  });
});

describe.skipIf(!LITESTREAM)("PostgreSQL's story to its end", { timeout: 120_000 }, () => {
  it("has three branches, each of them whole", async () => {
    build();
    const histories: string[] = [];
    const { replica, timelines, notes } = await makeLiveStory(
      temporaryFolder(),
      async (moment) => {
        const { replica, generation, output, position, time, byTime } = moment;
        const isFirst = histories.length === 0;
        const at = isFirst
          ? ["--generation", generation, "--target-position", await nextCommit(moment), "--target-exclusive"]
          : ["--target-timeline", "1", "--target-position", formatPosition(position)];
        const { code, stderr } = await walkit(["restore", replica, "-o", output, ...at]);
        expect([code, stderr]).toEqual([0, ""]);
        if (byTime) {
          const again = join(temporaryFolder(), "by-time.db");
          const target = ["--target-timeline", "1", "--target-time", formatTime(time)];
          expect((await walkit(["restore", replica, "-o", again, ...target])).code).toBe(0);
          expect(hashOf(again)).toBe(hashOf(output));
        }
        expect(tablesOf(output)).toHaveLength(isFirst ? 2 : 1);
        histories.push(`${output}.history`);
        return output;
      },
      { again: true, seed: 7 },
    );
    const [first, before, thursday] = timelines.filter(({ commits }) => commits.length > 0);
    const untouched = copyOf(replica);

    const inferred: TimelineObject[] = (await walkitJson(["timelines", replica])).json.timelines;
    const ofOne = ({ generation }: { generation: string }) =>
      inferred.find((one) => one.generation === generation)!;
    expect(ofOne(first!)).toMatchObject({ id: 1, parent: null, inferred: false });
    expect(ofOne(before!)).toMatchObject({
      ...{ parent: 1, switchPoint: formatPosition(before!.switchPoint!), inferred: true },
      reason: expect.stringMatching(/^inferred: (\d+) of \1 pages equal$/),
    });
    // What the application wrote before Litestream started covers a page or two.
    expect(ofOne(thursday!)).toMatchObject({ parent: 1, inferred: true });
    const { switchPoint, reason } = ofOne(thursday!);
    const range = /from (\S+) to (\S+)$/.exec(reason!) ?? [undefined, switchPoint!, switchPoint!];
    const wanted = formatPosition(notes.thursday!.position);
    expect(range[1]! <= wanted && wanted <= range[2]!, `${wanted}: ${reason}`).toBe(true);

    const flags = histories.flatMap((path) => ["--history", path]);
    const tied = (await walkitJson(["timelines", untouched, "--write", ...flags])).json;
    expect(tied.timelines).toMatchObject([
      { generation: first!.generation, parent: null },
      { generation: before!.generation, parent: 1, switchPoint: formatPosition(before!.switchPoint!) },
      { generation: thursday!.generation, parent: 1, switchPoint: wanted },
    ]);
    expect(tied.timelines.map((one: TimelineObject) => one.inferred)).toEqual([false, false, false]);
    expect(tied.timelines[2].reason).toMatch(/^the last commit at or before /);
    expect(tied.written).toHaveLength(2);
    const { stdout } = await walkit(["timelines", untouched]);
    expect(stdout).toMatch(new RegExp(`^├─ 2 {2}${before!.generation} {2}whole, ends here$`, "m"));
    expect(stdout).toMatch(new RegExp(`^└─ 3 {2}${thursday!.generation} {2}whole, current$`, "m"));
    expect(stdout).toContain(`left timeline 1 at ${wanted}: the last commit at or before`);
    expect(stdout).not.toContain("inferred");

    // Along the timeline of Thursday there is no moment that only the other branch had, and every one of its own.
    for (const [id, { generation, commits }] of [
      [1, first!],
      [2, before!],
      [3, thursday!],
    ] as const) {
      const last = commits.at(-1)!;
      for (const target of [
        ["--target-timeline", generation],
        ["--target-timeline", String(id)],
      ]) {
        const output = join(temporaryFolder(), "end.db");
        expect((await walkit(["restore", untouched, "-o", output, ...target])).code).toBe(0);
        expect(hashOf(output)).toBe(last.sha256);
      }
    }
    const output = join(temporaryFolder(), "none.db");
    const ofSecond = formatTime(before!.commits.at(-1)!.time);
    const none = ["--target-timeline", "3", "--target-time", ofSecond];
    const { code, json } = await walkitJson(["restore", untouched, "-o", output, ...none]);
    expect([code, json.findings[0].code]).toEqual([1, "target/not-in-history"]);
    expect(json.nearest.length).toBeGreaterThan(0);
    expect((await walkit(["verify", untouched, "--quiet"])).code).toBe(0);
  });
});
