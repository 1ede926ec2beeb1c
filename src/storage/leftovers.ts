/** Names of temporary files, and what a killed process left behind by such a name. */

import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { formatOwner, OWNER, type Owner, parseOwner, thisOwner } from "./owner.ts";

/** Of a temporary name; the longest ending and the owner take some 90 more, and some file systems allow only 143. */
const LONGEST_STEM = 48;

/** What stands for the target in the names of its temporary files. */
function stemOf(target: string): string {
  const name = basename(target);
  if (Buffer.byteLength(name) <= LONGEST_STEM) return name;
  let stem = "";
  for (const character of name) {
    if (Buffer.byteLength(stem + character) > LONGEST_STEM - 9) break;
    stem += character;
  }
  return `${stem}~${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}

/** `.<target>.walkit-<owner>.tmp`, in the target's folder. */
export function temporaryName(target: string, owner: Owner = thisOwner()): string {
  return join(dirname(target), `.${stemOf(target)}.walkit-${formatOwner(owner)}.tmp`);
}

/** A file that some process, this one included, has for its work on a file. */
export interface Leftover {
  /** As {@link temporaryName} gave it. */
  path: string;
  /** What stands behind that in the file's own name. */
  ending: string;
  owner: Owner;
}

/** All temporary files of `target`; none where the folder cannot be read: that shows when it is written to. */
export function leftoversOf(target: string): Leftover[] {
  const pattern = new RegExp(`^\\.${escaped(stemOf(target))}\\.walkit-(${OWNER.source})\\.tmp(-[a-z-]+)?$`);
  const found: Leftover[] = [];
  for (const name of namesIn(dirname(target))) {
    const match = pattern.exec(name);
    const owner = match && parseOwner(match[1]!);
    if (owner) found.push({ path: temporaryName(target, owner), ending: match.at(-1) ?? "", owner });
  }
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
