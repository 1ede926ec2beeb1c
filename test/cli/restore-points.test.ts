/** `walkit restore-points`: what can be restored, for people and as JSON. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encryptFolder } from "../support/age.ts";
import { readManifest } from "../support/fixtures.ts";
import { build, hashOf, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

build();

interface Listed {
  segments: {
    path: string;
    time: string;
    transactions: { position: string; transaction: number; restorable: boolean }[];
  }[];
}

const rowsOf = (stdout: string) => stdout.split("\n").filter((line) => /^ {2}(\d|-)/.test(line));

it("lists a row for each segment, or for each transaction", async () => {
  const replica = unpack("multi-snapshot");
  const [segments, transactions, { code, json }] = await Promise.all([
    walkit(["restore-points", replica]),
    walkit(["restore-points", "--transactions", replica]),
    walkitJson(["restore-points", replica]),
  ]);
  expect([code, json.status, segments.code, transactions.code]).toEqual([0, "ok", 0, 0]);
  const [one] = json.generations as [Listed];
  expect(one.segments.map(({ path }) => path)).toEqual(
    readManifest("multi-snapshot").generations[0]!.wal.map((w) => w.path),
  );
  const rows = rowsOf(segments.stdout);
  expect(rows).toHaveLength(one.segments.length);
  for (const [i, { time, transactions: inside }] of one.segments.entries()) {
    expect(rows[i]).toContain(time);
    if (inside.length > 0) expect(rows[i]).toContain(inside.at(-1)!.position);
  }
  const all = one.segments.flatMap((segment) => segment.transactions);
  expect(rowsOf(transactions.stdout).map((row) => row.trim().split(/ +/).slice(0, 2))).toEqual(
    all.map(({ transaction, position }) => [String(transaction), position]),
  );
  expect(segments.stdout.match(/^A time leads/gm)).toHaveLength(1);
  expect([segments.stderr, transactions.stderr]).toEqual(["", ""]);
});

it("what it lists can be restored, by number as by position", async () => {
  const replica = unpack("basic");
  const { json } = await walkitJson(["restore-points", replica]);
  const all = (json.generations[0] as Listed).segments.flatMap((segment) => segment.transactions);
  const { position, transaction } = all[Math.floor(all.length / 2)]!;
  const folder = temporaryFolder();
  const [a, b] = [join(folder, "a"), join(folder, "b")];
  const done = await Promise.all([
    walkit(["restore", replica, "-o", a, "--target-position", position]),
    walkit(["restore", replica, "-o", b, "--target-transaction", String(transaction)]),
  ]);
  expect(done.map(({ code }) => code)).toEqual([0, 0]);
  expect(hashOf(a)).toBe(hashOf(b));
});

describe("damage", () => {
  it("is a gap at its place, and exit code 1", async () => {
    const replica = unpack("damaged/missing-index");
    const { code, stdout, stderr } = await walkit(["restore-points", replica]);
    expect(code).toBe(1);
    const lines = stdout.split("\n");
    const gap = lines.findIndex((line) =>
      line.startsWith(
        "  cannot be restored: what was committed after 00000003:0002e470: Expected WAL index 4",
      ),
    );
    expect(lines[gap - 1]).toContain("00000003:0002e470");
    expect(lines[gap + 1]).toMatch(/ - .*00000005:00000000.* not restorable$/);
    expect(stdout).toMatch(
      /^Generation \w{16}: 18 transactions in 18 WAL segments, 6 of them not restorable$/m,
    );
    expect(stderr).toMatch(/^Damage \(1\)/);
  });

  it("of the only snapshot leaves nothing", async () => {
    const { code, json } = await walkitJson(["restore-points", unpack("damaged/snapshot-missing")]);
    expect([code, json.status]).toEqual([1, "damaged"]);
    expect(json.generations[0].gaps).toEqual([{ after: null, before: null, reason: json.findings[0] }]);
    const all = (json.generations[0] as Listed).segments.flatMap((segment) => segment.transactions);
    expect(all.length).toBeGreaterThan(0);
    expect(all.some(({ restorable }) => restorable)).toBe(false);
  });
});

it("names stand at their place, with nothing that a terminal would obey", async () => {
  const replica = unpack("multi-generation");
  const [{ id, wal }] = readManifest("multi-generation").generations as unknown as [
    { id: string; wal: { path: string }[] },
  ];
  const { json } = await walkitJson(["restore-points", replica, "--generation", id]);
  const { position } = (json.generations[0] as Listed).segments[2]!.transactions[0]!;
  const file = join(replica, "generations", `${id}.restore-points`);
  writeFileSync(file, `${position}\tbefore \u200b😀\n00000009:00000009\tnowhere\n`);
  const { code, stdout } = await walkit(["restore-points", replica, "--generation", id]);
  const lines = stdout.split("\n");
  const at = lines.findIndex((line) => line.startsWith("  restore point"));
  expect([code, lines[at]]).toEqual([0, `  restore point "before \\u200b😀" at ${position}`]);
  expect(lines[at - 1]).toContain(position);
  expect(stdout).toContain('  restore point "nowhere" at 00000009:00000009, not restorable');
  expect(rowsOf(stdout)).toHaveLength(wal.length);
  writeFileSync(file, "\u0007\n");
  const bad = await walkit(["restore-points", replica]);
  expect([bad.code, bad.stderr]).toEqual([0, expect.stringContaining("timeline/restore-points")]);
  expect(bad.stderr).not.toContain("\u0007");
});

it("of a generation's own folder lists that one, with its names", async () => {
  const replica = unpack("multi-generation");
  const [one, other] = readManifest("multi-generation").generations as unknown as [
    { id: string },
    { id: string },
  ];
  for (const { id } of [one, other]) {
    writeFileSync(join(replica, "generations", `${id}.restore-points`), `00000000:00000001\tof ${id}\n`);
  }
  const { code, json } = await walkitJson(["restore-points", join(replica, "generations", one.id)]);
  expect([code, json.generations.length]).toEqual([0, 1]);
  expect(json.generations[0].restorePoints.map(({ name }: { name: string }) => name)).toEqual([
    `of ${one.id}`,
  ]);
});

it("without a replica is exit code 3", async () => {
  const empty = join(temporaryFolder(), "generations");
  mkdirSync(empty);
  const runs = await Promise.all([
    walkitJson(["restore-points", empty]),
    walkitJson(["restore-points", join(empty, "no")]),
    walkitJson(["restore-points", unpack("basic"), "--generation", "0123456789abcdef"]),
  ]);
  expect(runs.map(({ code, json }) => [code, json.status, json.findings[0].code])).toEqual([
    [3, "inconclusive", "replica/not-a-replica"],
    [3, "inconclusive", "storage/not-found"],
    [3, "inconclusive", "target/no-generation"],
  ]);
});

it("says of an encrypted replica, once, that nothing is known of it", async () => {
  const replica = encryptFolder(unpack("multi-generation"));
  const { code, json } = await walkitJson(["restore-points", replica]);
  expect([code, json.status]).toEqual([3, "inconclusive"]);
  expect(json.findings.map(({ code }: { code: string }) => code)).toEqual(["replica/encrypted"]);
  for (const { gaps } of json.generations)
    expect(gaps).toEqual([
      { after: null, before: null, reason: expect.objectContaining({ code: "replica/encrypted" }) },
    ]);
});
