/** What the doors of the package export, and where it is declared. */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./imports.ts";

/** A name that a door exports. */
export interface Exported {
  name: string;
  /** The file that declares it, as a path from the root of walkit. */
  path: string;
  /** A comment of its own stands right before it. */
  isDocumented: boolean;
}

const LIST = /export (?:type )?\{([^}]*)\} from "([^"]+)"/g;

/** All names of the doors in package.json, each once. */
export function exportedNames(): Exported[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    exports: Record<string, string | { default: string }>;
  };
  const found = new Map<string, Exported>();
  for (const door of Object.values(exports)) {
    if (typeof door === "string") continue;
    const path = door.default.replace(/^\.\/dist\//, "src/").replace(/\.js$/, ".ts");
    for (const [name, from] of namesIn(path)) {
      const one = declarationOf(name, from);
      found.set(`${one.path} ${name}`, one);
    }
  }
  return [...found.values()];
}

/** Names that a file passes on, and the file that each is from. */
function namesIn(path: string): [name: string, from: string][] {
  return [...readFileSync(join(ROOT, path), "utf8").matchAll(LIST)].flatMap(([, names, from]) =>
    names!
      .split(",")
      .map((name) =>
        name
          .trim()
          .replace(/^type /, "")
          .replace(/ as .*$/, ""),
      )
      .filter((name) => name !== "")
      .map((name): [string, string] => [name, join(dirname(path), from!)]),
  );
}

function declarationOf(name: string, path: string): Exported {
  const lines = readFileSync(join(ROOT, path), "utf8").split("\n");
  const declares = new RegExp(
    `^export (?:abstract )?(?:async )?(?:function\\*?|class|const|interface|type|enum) ${name}\\b`,
  );
  const at = lines.findIndex((line) => declares.test(line));
  if (at >= 0) return { name, path, isDocumented: lines[at - 1]?.trim().endsWith("*/") ?? false };
  const on = namesIn(path).find(([passed]) => passed === name);
  if (!on) throw new Error(`${path} exports no ${name}`);
  return declarationOf(name, on[1]);
}
