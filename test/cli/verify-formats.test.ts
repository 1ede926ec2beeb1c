/** `walkit verify --format`: what monitoring reads, held against the grammars of both formats. */

import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Checked, nagiosLine, prometheusText } from "../../src/cli/verify-formats.ts";
import { WalkitError } from "../../src/errors.ts";
import { makeFinding } from "../../src/findings.ts";
import { replicaIn, verify } from "../../src/index.ts";
import { readFixture } from "../support/fixtures.ts";
import { usualReplica } from "../support/ltx-replica.ts";
import { build, temporaryFolder, unpack, walkit } from "./support.ts";

build();

type Sample = { name: string; labels: Record<string, string>; value: number };

/** Reads the text format as Prometheus does: a metric's lines together, HELP and TYPE before them, no series twice. */
function readExposition(text: string): Sample[] {
  expect(text.endsWith("\n")).toBe(true);
  const samples: Sample[] = [];
  const seen = new Set<string>();
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const help = /^# HELP ([a-z_]+) \S.*$/.exec(line);
    if (help) {
      expect(seen).not.toContain(help[1]);
      seen.add((current = help[1]!));
      continue;
    }
    if (line.startsWith("#")) {
      expect(line).toBe(`# TYPE ${current} gauge`);
      continue;
    }
    const match = /^([a-z_]+)\{((?:[a-z]+="(?:[^"\\]|\\["\\])*",?)*)\} (-?[0-9.]+(?:e[+-]?[0-9]+)?)$/.exec(
      line,
    );
    expect(match, line).not.toBeNull();
    const [, name, labels, value] = match!;
    expect(name).toBe(current);
    expect(seen).not.toContain(`${name}${labels}`);
    seen.add(`${name}${labels}`);
    const pairs = [...labels!.matchAll(/([a-z]+)="((?:[^"\\]|\\["\\])*)"/g)];
    const unescaped = pairs.map(([, key, text]) => [key!, text!.replace(/\\(.)/g, "$1")]);
    samples.push({ name: name!, labels: Object.fromEntries(unescaped), value: Number(value) });
  }
  return samples;
}

const began = BigInt(usualReplica().timeOf(20)) * 1_000_000n + 600_000_000_000n;

async function checkedUsual(
  over: Partial<Checked> = {},
  storage = usualReplica().storage(),
): Promise<Checked> {
  const report = await verify(replicaIn(storage), { level: "replay", now: began, maxAge: over.maxAge });
  return {
    location: "/backups/app",
    report,
    error: undefined,
    began,
    seconds: 0.25,
    maxAge: undefined,
    ...over,
  };
}

const failed: Checked = {
  ...{ location: "/gone", report: undefined, began, seconds: 0.01, maxAge: undefined },
  error: new WalkitError("storage/not-found", "Expected a folder at /gone, found nothing there"),
};

describe("prometheus", () => {
  const found = (samples: Sample[], name: string, labels: Record<string, string> = {}) =>
    samples.find(
      (one) =>
        one.name === `walkit_replica_${name}` &&
        Object.entries(labels).every(([key, value]) => one.labels[key] === value),
    )?.value;

  it("has verdict, times, age, TXID, size; of a replica that cannot be read the verdict and why", async () => {
    const samples = readExposition(prometheusText([await checkedUsual({ maxAge: 900 }), failed]));
    const app = { replica: "/backups/app" };
    const end = Number(began / 1_000_000_000n);
    expect(found(samples, "status", { ...app, status: "ok" })).toBe(1);
    expect(found(samples, "status", { ...app, status: "stale" })).toBe(0);
    expect(found(samples, "age_seconds", app)).toBe(600);
    expect(found(samples, "max_age_seconds", app)).toBe(900);
    expect(found(samples, "check_timestamp_seconds", app)).toBe(end);
    expect(found(samples, "newest_timestamp_seconds", app)).toBe(end - 600);
    expect(found(samples, "restorable_from_timestamp_seconds", app)).toBe(end - 619);
    expect(found(samples, "newest_txid", app)).toBe(20);
    expect(found(samples, "bytes", app)).toBeGreaterThan(1000);
    const gone = { replica: "/gone" };
    expect(found(samples, "status", { ...gone, status: "inconclusive" })).toBe(1);
    expect(found(samples, "findings", { ...gone, code: "storage/not-found" })).toBe(1);
    expect(found(samples, "age_seconds", gone)).toBeUndefined();
  });

  it("counts findings by code, and leaves out what is not known", async () => {
    const checked = await checkedUsual();
    const twice = makeFinding("ltx/file-checksum", "Expected this, found that", { path: "a" });
    checked.report!.findings = [twice, { ...twice, path: "b" }, makeFinding("replica/stray-file", "x")];
    checked.report!.newestState = { generation: "ltx", position: undefined, time: undefined, age: undefined };
    checked.report!.generations[0]!.restorable[0]!.fromTime = "9223372036854775807 ns since 1970";
    const samples = readExposition(prometheusText([checked]));
    expect(found(samples, "findings", { code: "ltx/file-checksum", severity: "damage" })).toBe(2);
    const names = new Set(samples.map(({ name }) => name.replace("walkit_replica_", "")));
    expect(names).toEqual(
      new Set(["status", "check_timestamp_seconds", "check_duration_seconds", "bytes", "findings"]),
    );
  });

  it("holds any name of a replica, and any message of Nagios is one line with one bar", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (location) => {
        const samples = readExposition(prometheusText([{ ...failed, location }]));
        expect(new Set(samples.map(({ labels }) => labels.replica)).size).toBe(1);
        const line = nagiosLine({ ...failed, location });
        expect(line).toMatch(/^WALKIT UNKNOWN - [^|\n\r]* \| time=0\.010s$/);
      }),
    );
    expect(readExposition(prometheusText([{ ...failed, location: 'a"b\\c' }]))[0]!.labels.replica).toBe(
      'a"b\\c',
    );
  });
});

describe("nagios", () => {
  it("says the word, what is so, the newest state, and what can be drawn", async () => {
    const of = "newest state of 2026-11-20T12:00:19Z, 10 min ago";
    expect(nagiosLine(await checkedUsual())).toMatch(
      new RegExp(
        String.raw`^WALKIT OK - /backups/app: no damage found; ${of} \| age=600s; bytes=\d+B findings=0 time=0.250s$`,
      ),
    );
    expect(nagiosLine(await checkedUsual({ maxAge: 60 }))).toMatch(
      new RegExp(String.raw`^WALKIT WARNING - .*too old; ${of} \| age=600s;60 bytes`),
    );
    const storage = readFixture("damaged/flip-page-data");
    expect(nagiosLine(await checkedUsual({}, storage as never))).toMatch(
      /^WALKIT CRITICAL - \/backups\/app: Expected .*\| .*findings=[1-9]/,
    );
  });

  it("ends with the codes of plugins; Prometheus' with walkit's own", async () => {
    const replica = unpack("basic");
    const table: [place: string, flags: string[], nagios: number, own: number][] = [
      [replica, [], 0, 0],
      [replica, ["--max-age", "1h"], 1, 5],
      [unpack("damaged/flip-page-data"), [], 2, 1],
      [temporaryFolder(), [], 3, 3],
      [join(replica, "nothing"), [], 3, 3],
    ];
    for (const [place, flags, nagios, own] of table) {
      const line = await walkit(["verify", place, "--format", "nagios", ...flags]);
      expect([place, line.code, line.stdout.split("\n").length]).toEqual([place, nagios, 2]);
      const text = await walkit(["verify", place, "--format", "prometheus", ...flags]);
      expect([place, text.code]).toEqual([place, own]);
      const [first] = readExposition(text.stdout).filter(
        ({ name, value }) => name === "walkit_replica_status" && value,
      );
      expect(first!.labels).toEqual({
        replica: place,
        status: ["ok", "damaged", "", "inconclusive", "", "stale"][own],
      });
    }
  });

  it("--format json is --json, and one way of printing is enough", async () => {
    const copy = join(temporaryFolder(), "copy");
    cpSync(unpack("basic"), copy, { recursive: true, preserveTimestamps: true });
    const { code, stdout } = await walkit(["verify", copy, "--format", "json"]);
    expect([code, JSON.parse(stdout).status]).toEqual([0, "ok"]);
    const text = await walkit(["verify", copy, "--format", "text"]);
    expect(text.stdout).toMatch(/^OK: /);
    expect((await walkit(["verify", copy, "--json", "--format", "nagios"])).code).toBe(2);
    expect((await walkit(["verify", copy, "--format", "xml"])).code).toBe(2);
  });
});

it("docs/cli.md names each metric", async () => {
  const docs = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
  const checked = await checkedUsual({ maxAge: 1 });
  const names = new Set(readExposition(prometheusText([checked])).map(({ name }) => name));
  expect([...names].filter((name) => !docs.includes(`\`${name}\``))).toEqual([]);
});
