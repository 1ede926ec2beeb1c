/** The house: imports go down only and never in a circle, and who may know how one format keeps a history. */

import { beforeAll, describe, expect, it } from "vitest";
import { exportedNames } from "./support/doors.ts";
import { importsBelow, resolved } from "./support/imports.ts";
import { type Look, looksInside } from "./support/positions.ts";

/** Per file of src: the files of src that it imports, types and lazy ones too. */
const imports = new Map(
  [...importsBelow("src")].map(([path, { fixed, lazy }]) => {
    const own = [...fixed, ...lazy].filter((target) => target.startsWith("."));
    return [path, own.map((target) => resolved(path, target))] as const;
  }),
);

/** From the ground up. Rooms of one floor may know each other. */
const FLOORS = [
  /^((errors|bytes|findings|remedy|turn|time|at-once)\.ts$|kernel\/)/,
  /^(lz4|wal|ltx)\//,
  /^(storage|sqlite)\//,
  /^replay\//,
  /^layouts\//,
  /^(snapshot|timeline)\//,
  /^(restore|verify|moments|diff)\//,
  /^words\//,
  /^(cli\/|index\.ts|node\.ts|web\.ts)/,
];

const floorOf = (path: string) => FLOORS.findIndex((floor) => floor.test(path));

describe("every source file", () => {
  it.each([...imports])("%s imports downwards only", (path, targets) => {
    expect(floorOf(path), `${path} is in no room`).not.toBe(-1);
    for (const target of targets) {
      expect(imports.has(target), `${path} imports ${target}`).toBe(true);
      expect(floorOf(target), `${path} imports ${target}`).toBeLessThanOrEqual(floorOf(path));
    }
  });
});

it("no two files lead to each other", () => {
  const done = new Set<string>();
  const circles: string[][] = [];
  const visit = (path: string, way: readonly string[]) => {
    const at = way.indexOf(path);
    if (at !== -1) circles.push([...way.slice(at), path]);
    if (at !== -1 || done.has(path)) return;
    for (const target of imports.get(path) ?? []) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  expect(circles.map((circle) => circle.join(" → "))).toEqual([]);
});

/** Files of src and of web, as paths from the root, that import a file of src that `pattern` names. */
function importersOf(pattern: RegExp): string[] {
  return (["src", "web"] as const).flatMap((folder) =>
    [...importsBelow(folder)]
      .filter(([path, { fixed, lazy }]) =>
        [...fixed, ...lazy].some((target) => pattern.test(resolved(`${folder}/${path}`, target))),
      )
      .map(([path]) => `${folder}/${path}`),
  );
}

it("words are for front ends: nothing of the library imports them", () => {
  const others = importersOf(/^src\/words\//).filter((path) => !/^(src\/(words|cli)|web)\//.test(path));
  expect(others).toEqual([]);
});

describe("what a format keeps in its files", () => {
  it("is decoded in the layouts, and under the microscope", () => {
    const others = importersOf(/^src\/(wal|ltx)\//).filter((path) => !/^src\/(wal|ltx|layouts)\//.test(path));
    expect(others.filter((path) => !/^src\/cli\/(inspect[^/]*|recognize)\.ts$/.test(path))).toEqual([]);
  });

  /** The doors of the library, and commands that print words and file names of the format. */
  const MAY = [
    /^src\/(index|snapshot\/index)\.ts$/,
    /^src\/cli\/(arguments|inspect[^/]*|list|place|recognize|restore|ui-about|verify-verdict)\.ts$/,
  ];

  it("is named in the layouts, at the doors, and where words and file names are printed", () => {
    const others = importersOf(/^src\/layouts\/generations\//).filter(
      (path) => !path.startsWith("src/layouts/") && !MAY.some((may) => may.test(path)),
    );
    expect(others).toEqual([]);
  });
});

describe("what a position is made of", () => {
  /** Where it is declared: for the page also as columns. */
  const DECLARING = ["src/replay/position.ts", "web/app/protocol/positions.ts"];
  const MAY = [
    ...DECLARING,
    // Prints Litestream's own table, which has a column for each part.
    "src/cli/list.ts",
    // Holds the offset in the name of a segment against the size of its frames.
    "src/cli/inspect.ts",
    // Makes replicas up, as a layout would find them.
    "web/fake/timeline.ts",
  ];
  let looks: Look[] = [];
  beforeAll(() => {
    const library = looksInside("src", "tsconfig.build.json", DECLARING);
    const page = looksInside("web", "web/tsconfig.json", DECLARING);
    looks = [...library, ...page].filter(({ path }) => !path.startsWith("src/layouts/"));
  });

  it("nobody looks at above the layouts", () => {
    const others = looks.filter(({ path }) => !MAY.includes(path));
    expect(others.map(({ path, line, what }) => `${path}:${line} ${what} it`)).toEqual([]);
  });

  it.each(MAY)("%s has to", (path) => {
    expect(looks.some((look) => look.path === path)).toBe(true);
  });
});

describe("a name that a door of the package exports", () => {
  const names = exportedNames();

  it("says what it is, where it is declared", () => {
    expect(names.length).toBeGreaterThan(250);
    const silent = names.filter(({ isDocumented }) => !isDocumented);
    expect(silent.map(({ path, name }) => `${path} ${name}`)).toEqual([]);
  });
});
