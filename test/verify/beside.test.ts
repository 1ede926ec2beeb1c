import { expect, it } from "vitest";
import { makeFinding } from "../../src/findings.ts";
import { emptyAlone, ltxFindings, strayFindings } from "../../src/verify/beside.ts";

it("LTX files are told of where there are any", () => {
  const catalog = { generations: [], timelineFiles: [], strays: [] };
  expect(ltxFindings(catalog)).toEqual([]);
  const [found] = ltxFindings({ ...catalog, ltx: "ltx/0/a.ltx" }, "info");
  expect([found?.code, found?.path, found?.severity]).toEqual(["replica/ltx", "ltx/0/a.ltx", "info"]);
});

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
