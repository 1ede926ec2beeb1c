/** The rooms of the page: imports go down only, no file leads back to itself, and nothing leans on the fakes. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const WEB = fileURLToPath(new URL("../../web/", import.meta.url));

/** What each file of the page imports of the page, types too, and the files that it starts as workers. */
const imports = new Map(
  readdirSync(WEB, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /^[^.].*(?<!\.d|\.config)\.ts$/.test(path))
    .map((path) => {
      const text = readFileSync(join(WEB, path), "utf8");
      const found = [
        ...text.matchAll(/^(?:import|export)[^;]*?from "(\.[^"]+)"/gms),
        ...text.matchAll(/^import "(\.[^"]+)"/gm),
        ...text.matchAll(/\bimport\("(\.[^"]+)"\)/g),
        ...text.matchAll(/new URL\("(\.[^"]+)", import\.meta\.url\)/g),
      ];
      const targets = found
        .map((match) => relative(WEB, join(WEB, path, "..", match[1]!)).replaceAll("\\", "/"))
        .filter((target) => target.endsWith(".ts") && !target.startsWith("../src/"));
      return [path, targets] as const;
    }),
);

/** From the ground up. Rooms of one floor do not know each other. */
const FLOORS = [
  ["app/protocol", "app/dom"],
  ["app/strings", "engine"],
  ["app/workers"],
  ["app/session"],
  ["app/words", "app/sources"],
  ["picture"],
  ["panels"],
  ["app"],
  ["fake"],
];

const roomOf = (path: string) => dirname(path);
const floorOf = (path: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(path)));

describe("every file of the page", () => {
  it.each([...imports])("%s imports downwards only", (path, targets) => {
    expect(floorOf(path), `${path} is in no room`).not.toBe(-1);
    for (const target of targets) {
      expect(existsSync(join(WEB, target)), `${path} imports ${target}`).toBe(true);
      if (roomOf(target) === roomOf(path)) continue;
      expect(floorOf(target), `${path} imports ${target}`).not.toBe(-1);
      expect(floorOf(target), `${path} imports ${target}`).toBeLessThan(floorOf(path));
    }
  });
});

it("no two files lead to each other", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: readonly string[]) => {
    const at = way.indexOf(path);
    if (at !== -1) circles.push([...way.slice(at), path].join(" → "));
    if (at !== -1 || done.has(path)) return;
    for (const target of imports.get(path) ?? []) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  expect(circles).toEqual([]);
});

it("only the build of the screenshots names the fakes", () => {
  const named = [...imports].filter(([path]) => !path.startsWith("fake/"));
  expect(named.flatMap(([, targets]) => targets).filter((target) => target.startsWith("fake/"))).toEqual([]);
});
