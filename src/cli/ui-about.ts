/** What the page of `walkit ui` is told of the replica: its name, and what commands need that work where they are pasted. */

import { realpath } from "node:fs/promises";
import { basename, delimiter, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type LocatedReplica, toPath } from "../layouts/locate.ts";
import { isGenerationName } from "../replay/branch-name.ts";
import { printable, shellQuote } from "./text.ts";

export interface About {
  /** For people. */
  path: string;
  /** The replica's own folder or archive, by its name. */
  name: string;
  /** The path as a shell takes it. */
  quoted: string;
  /** How a shell on this machine calls walkit. */
  program: string;
  /** Restore points can be recorded beside the generations. */
  canMark: boolean;
}

/** The command's own file. */
const MAIN = fileURLToPath(new URL("./main.js", import.meta.url));

export async function aboutOf(location: string, { folder }: Pick<LocatedReplica, "folder">): Promise<About> {
  const path = toPath(location);
  const folders = path.split(sep).filter((name) => name !== "" && !isPartOfReplica(name));
  return {
    path: printable(path),
    name: printable(folders.at(-1) ?? "replica"),
    quoted: shellQuote(path),
    program: await programName(),
    canMark: folder !== undefined,
  };
}

/** `generations/` and what lies in it say nothing of whose replica it is. */
function isPartOfReplica(name: string): boolean {
  return name === "generations" || isGenerationName(name);
}

/** By its path it runs wherever it is pasted. Deno would ask for each folder of PATH, and has to be told what to allow. */
async function programName(): Promise<string> {
  if (process.versions.deno || (await isInPath())) return "walkit";
  return `${basename(process.execPath).replace(/\.exe$/, "")} ${shellQuote(MAIN)}`;
}

/** Whether a shell finds this very walkit by its name. What npx and npm add to PATH for themselves no shell has. */
async function isInPath(): Promise<boolean> {
  const own = await realpath(MAIN).catch(() => undefined);
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder === "" || /node_modules[\\/]\.bin$/.test(folder)) continue;
    const found = await realpath(join(folder, "walkit")).catch(() => undefined);
    if (found !== undefined && found === own) return true;
  }
  return false;
}
