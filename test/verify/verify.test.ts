/** What verify says of replicas whose state is known: healthy, odd but sound, damaged. */

import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { verify } from "../../src/verify/index.ts";
import { describeFinding } from "../../src/words/index.ts";
import { DAMAGED, GOLDEN, readFixture, readManifest } from "../support/fixtures.ts";

it.each(GOLDEN)("finds nothing wrong with %s", async (name) => {
  const report = await verify(replicaIn(readFixture(name)));
  expect(report.findings).toEqual([]);
  expect(report.status).toBe("ok");
  for (const generation of report.generations) {
    expect(generation.status).toBe("ok");
    expect(generation.integrity).toBe("ok");
    expect(generation.restorable).toHaveLength(1);
    const recorded = readManifest(name).generations.find(({ id }) => id === generation.generation)!;
    expect(generation.segments).toBe(recorded.wal.length);
    expect(generation.snapshots).toBe(recorded.snapshots.length);
  }
});

/** Of the damaged fixtures: what is to be found, and in which file; the rest is odd, but sound. */
const EXPECTED: Record<string, { code: ErrorCode; file: string; offset?: number; position: string }> = {
  "flip-compressed": { code: "wal/frame-checksum", file: "00000004_00001038", position: "00000004:00003068" },
  "flip-content-checksum": {
    code: "lz4/content-checksum",
    file: "00000004_00001038",
    offset: 2686,
    position: "00000004:000060b0",
  },
  "flip-frame-pgno": {
    code: "wal/frame-checksum",
    file: "00000004_00001038",
    offset: 0,
    position: "00000004:00001038",
  },
  "flip-lz4-magic": {
    code: "lz4/bad-magic",
    file: "00000004_00001038",
    offset: 0,
    position: "00000004:00001038",
  },
  "flip-page-data": {
    code: "wal/frame-checksum",
    file: "00000004_00001038",
    offset: 0,
    position: "00000004:00001038",
  },
  "flip-page-data-last-index": {
    code: "wal/frame-checksum",
    file: "00000006_00000000",
    offset: 32,
    position: "00000006:00000020",
  },
  "missing-first-segment": {
    code: "replica/missing-first-segment",
    file: "00000004_00000000",
    position: "00000004:00000000",
  },
  "missing-index": {
    code: "replica/missing-index",
    file: "00000004_00000000",
    position: "00000004:00000000",
  },
  "missing-middle-segment": {
    code: "replica/missing-segment",
    file: "00000004_00001038",
    position: "00000004:00001038",
  },
  "snapshot-flip-compressed": {
    code: "lz4/content-checksum",
    file: "00000006.snapshot",
    position: "00000006:00000000",
  },
  "snapshot-missing": { code: "replica/no-snapshot", file: "00000000_00000000", position: "" },
  "snapshot-truncated": {
    code: "lz4/truncated",
    file: "00000006.snapshot",
    offset: 3751,
    position: "00000006:00000000",
  },
  "swapped-segments": {
    code: "wal/frame-checksum",
    file: "00000004_00001038",
    offset: 0,
    position: "00000004:00001038",
  },
  "tail-uncommitted": {
    code: "replica/uncommitted-tail",
    file: "00000006_00001038",
    offset: 0,
    position: "00000006:00001038",
  },
  "truncated-end-mark": {
    code: "lz4/truncated",
    file: "00000004_00001038",
    offset: 2682,
    position: "00000004:000060b0",
  },
  "truncated-segment": {
    code: "lz4/truncated",
    file: "00000004_00001038",
    offset: 1345,
    position: "00000004:00001038",
  },
  "zero-length-segment": {
    code: "lz4/truncated",
    file: "00000004_00001038",
    offset: 0,
    position: "00000004:00001038",
  },
};

const SOUND: Record<string, ErrorCode[]> = {
  "duplicate-segment-at-end": ["replica/duplicate-segment"],
  "empty-generation": ["replica/empty"],
  "partial-retention": ["replica/leftover-wal"],
  "snapshot-newest-missing": [],
  "stray-files": ["replica/stray-file", "replica/upload-in-progress"],
  "trailing-garbage": ["lz4/trailing-data"],
};

it("knows of every damaged fixture whether it is damaged", () => {
  const known = [...Object.keys(EXPECTED), ...Object.keys(SOUND)].map((name) => `damaged/${name}`);
  expect(known.sort()).toEqual(DAMAGED);
});

describe.each(Object.entries(EXPECTED))("damaged/%s", (name, { code, file, offset, position }) => {
  const storage = readFixture(`damaged/${name}`);

  it("is found, with the file and the place", async () => {
    const report = await verify(replicaIn(storage));
    expect(report.status).toBe("damaged");
    const found = report.findings.find((finding) => finding.severity === "damage")!;
    expect(found).toMatchObject({ code, path: expect.stringContaining(file) });
    expect(found.position ?? "").toBe(position);
    if (offset !== undefined) expect(found.offset).toBe(offset);
    for (const words of Object.values(describeFinding(found))) expect(words).not.toBe("");
  });

  it("leaves ranges that can be restored, and nothing beyond the damage", async () => {
    const { generations } = await verify(replicaIn(storage));
    const ranges = generations.flatMap((g) => g.restorable);
    if (name === "snapshot-missing") expect(ranges).toEqual([]);
    else {
      expect(ranges.length).toBeGreaterThan(0);
      if (!name.startsWith("snapshot")) expect(ranges[0]!.to <= position).toBe(true);
    }
  });
});

it.each(Object.entries(SOUND))("damaged/%s is odd, but sound", async (name, codes) => {
  const report = await verify(replicaIn(readFixture(`damaged/${name}`)));
  expect(report.status).toBe("ok");
  expect([...new Set(report.findings.map(({ code }) => code))].sort()).toEqual(codes);
  expect(report.findings.every(({ severity }) => severity === "info" || severity === "warning")).toBe(true);
});

it("says at level names what names alone tell", async () => {
  const codes = async (name: string) =>
    (await verify(replicaIn(readFixture(`damaged/${name}`)), { level: "names" })).findings.map(
      ({ code }) => code,
    );
  expect(await codes("missing-index")).toEqual(["replica/missing-index"]);
  expect(await codes("missing-first-segment")).toEqual(["replica/missing-first-segment"]);
  expect(await codes("partial-retention")).toEqual(["replica/leftover-wal"]);
  expect(await codes("flip-page-data")).toEqual([]);
});
