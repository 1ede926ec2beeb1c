#!/usr/bin/env node
/** The command `walkit`. All that it does is in `run.ts`, except for `--version`, which needs none of it. */

const words = process.argv.slice(2);
if (!(words.length === 1 && /^(-V|--version)$/.test(words[0]!) && tellVersion())) await import("./run.ts");

/**
 * Whether that could be done; where it could not (a full disk, a pipe that nobody reads), `run.ts` does it, and knows what
 * to say of it. Node's streams and the rest of `node:fs`, which an `import` would load, take longer than all else here:
 * 1.13 times an empty Node, this way 1.05.
 */
function tellVersion(): boolean {
  try {
    const { readFileSync, writeSync } = process.getBuiltinModule("node:fs");
    const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    writeSync(1, `${JSON.parse(manifest).version}\n`);
    return true;
  } catch {
    return false;
  }
}
