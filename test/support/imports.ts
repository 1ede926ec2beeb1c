/** What source files import, by their text. */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the whole project, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

export interface Imports {
  /** As they are written: what is imported by `import` and `export`, types too. */
  fixed: string[];
  /** As they are written: what is imported by `import()`. */
  lazy: string[];
}

/** The imports of every file below `folder` of the project, by the file's path within that folder; `/` between its parts. */
export function importsBelow(folder: "src" | "web"): Map<string, Imports> {
  const paths = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !/(\.d|\.config)\.ts$|^kernel\/assembly/.test(path));
  return new Map(
    paths.map((path) => {
      const text = readFileSync(join(ROOT, folder, path), "utf8");
      const found = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!);
      const bare = found(/^import "([^"]+)"/gm);
      const named = found(/^(?:import|export)[^;]*?from "([^"]+)"/gms);
      return [path, { fixed: [...named, ...bare], lazy: found(/import\("([^"]+)"\)/g) }] as const;
    }),
  );
}

/** The path within a folder of what a file of that folder imports; `..` at its beginning leads out of the folder. */
export function resolved(path: string, target: string): string {
  return relative("/folder", join("/folder", path, "..", target)).replaceAll("\\", "/");
}
