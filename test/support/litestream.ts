/** The real Litestream v0.3.13, as the npm package brings it. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The program itself: the package's wrapper would only cost time. Undefined where there is none for this machine. */
export const LITESTREAM: string | undefined = find();

function find(): string | undefined {
  try {
    const root = dirname(createRequire(import.meta.url).resolve("@flydotio/litestream/package.json"));
    const platform = join(root, "..", `litestream-${process.platform}-${process.arch}`);
    const program = [join(platform, "bin/litestream"), join(platform, "litestream")].find((path) =>
      existsSync(path),
    );
    return program && spawnSync(program, ["version"]).status === 0 ? program : undefined;
  } catch {
    return undefined;
  }
}

export class Litestream {
  readonly replica: string;
  readonly #config: string;
  #process: ChildProcess | undefined;
  #log = "";

  constructor(folder: string, database: string, settings: Record<string, string> = {}) {
    this.replica = join(folder, "replica");
    mkdirSync(this.replica, { recursive: true });
    this.#config = join(folder, "litestream.json");
    // JSON is YAML.
    const { "monitor-interval": monitor = "20ms", ...rest } = settings;
    const replica = { type: "file", path: this.replica, "sync-interval": "20ms", ...rest };
    const db = {
      path: database,
      "monitor-interval": monitor,
      "checkpoint-interval": "1h",
      "min-checkpoint-page-count": 1_000_000,
      "max-checkpoint-page-count": 2_000_000,
      replicas: [replica],
    };
    writeFileSync(this.#config, JSON.stringify({ dbs: [db] }));
  }

  start(): void {
    const child = spawn(LITESTREAM!, ["replicate", "-config", this.#config]);
    child.stdout.on("data", (data) => (this.#log += data));
    child.stderr.on("data", (data) => (this.#log += data));
    this.#process = child;
  }

  get log(): string {
    return this.#log;
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return;
    const over = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await over;
  }

  /** `litestream restore` of the newest state, or with more arguments. */
  restore(output: string, ...args: string[]): { status: number | null; stderr: string } {
    const { status, stderr } = spawnSync(
      LITESTREAM!,
      ["restore", "-o", output, ...args, `file://${this.replica}`],
      {
        encoding: "utf8",
      },
    );
    return { status, stderr };
  }

  /** Waits until the replica has had no new file for a while. */
  async settle(): Promise<void> {
    let last = -1;
    for (let still = 0; still < 4; ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const files = readdirSync(this.replica, { recursive: true }).length;
      still = files === last && files > 3 ? still + 1 : 0;
      last = files;
    }
  }
}
