/** What an error or a finding says to do, as the command line words it. */

import { type Described, describeFinding } from "../../src/words/index.ts";

export function adviceOf(told: Described): string {
  return describeFinding(told).action;
}

const COMMAND =
  "\\bwalkit (restore|verify|inspect|timelines|generations|snapshots|wal|mark|restore-points|ui|help)\\b";

/** An option, or a command of walkit's, in what is said to people. */
export const COMMAND_LINE: RegExp = new RegExp(`(^|[^\\w-])--[a-z]|${COMMAND}`);

/** The lines of a source file with such a text in them, comments aside; a style's `--name` is none. */
export function commandLineIn(source: string): string[] {
  const code = source.replace(/\/\*.*?\*\//gs, "").replace(/(^|\s)\/\/.*$/gm, "");
  const within = new RegExp(`\\s--[a-z]{2}|${COMMAND}`);
  return code.split("\n").filter((line) => within.test(line));
}
