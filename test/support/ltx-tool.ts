/**
 * The `ltx` program of the reference library, in the versions whose files differ. Each is looked for where CI puts it, or
 * where `WALKIT_LTX` says: a folder that has `v0.5.1/ltx` and `v0.5.2/ltx`. To have them:
 *
 *     GOBIN=$PWD/node_modules/.cache/ltx/v0.5.2 go install github.com/superfly/ltx/cmd/ltx@v0.5.2
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER =
  process.env.WALKIT_LTX ?? fileURLToPath(new URL("../../node_modules/.cache/ltx/", import.meta.url));

export class LtxTool {
  readonly version: string;
  readonly #program: string;

  private constructor(version: string, program: string) {
    this.version = version;
    this.#program = program;
  }

  /** `undefined`: it is not here, or does not run here. */
  static find(version: string): LtxTool | undefined {
    const program = join(FOLDER, version, "ltx");
    if (!existsSync(program) || spawnSync(program, ["version"]).status !== 0) return undefined;
    return new LtxTool(version, program);
  }

  /** What it prints, and whether it is content. */
  run(...args: string[]): { ok: boolean; output: string } {
    const { status, stdout, stderr } = spawnSync(this.#program, args, {
      encoding: "utf8",
      maxBuffer: 1 << 28,
      // For some input it goes on for ever: `checksum` of a file that does not begin as a SQLite database does.
      timeout: 20_000,
    });
    return { ok: status === 0, output: stdout + stderr };
  }
}
