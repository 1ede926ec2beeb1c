import { expect, it } from "vitest";
import { makeFinding } from "../../src/findings.ts";
import { emptyAlone, strayFindings } from "../../src/verify/beside.ts";

it("an empty folder is no news, a temporary file no stray one", () => {
  const found = strayFindings([
    { path: "g/wal/", generation: "g", reason: "empty-folder" },
    { path: "g/a.tmp", generation: "g", reason: "temporary" },
    { path: "notes.txt", generation: undefined, reason: "unknown-name" },
  ]);
  expect(found.map(({ code, path, generation }) => [code, path, generation])).toEqual([
    ["replica/upload-in-progress", "g/a.tmp", "g"],
    ["replica/stray-file", "notes.txt", undefined],
  ]);
});

it("a branch that is empty is inconclusive where nothing else is there; other findings stay", () => {
  const [empty, other] = [makeFinding("replica/empty", "empty"), makeFinding("replica/ltx", "ltx")];
  expect([emptyAlone(empty).severity, emptyAlone(other)]).toEqual(["inconclusive", other]);
});
