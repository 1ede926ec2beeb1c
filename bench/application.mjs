/** The application of `writer.mjs`, seen from outside: its process, its WAL, and what its database comes to. */

import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

export class Application {
  #child;

  static async start(database) {
    // Left behind by one that was killed.
    rmSync(`${database}.lock`, { recursive: true, force: true });
    const application = new Application();
    application.#child = fork(fileURLToPath(new URL("writer.mjs", import.meta.url)), [database]);
    await application.#answer();
    return application;
  }

  #answer() {
    return new Promise((resolve, reject) => {
      const died = () => reject(new Error("the application died"));
      this.#child.once("exit", died);
      this.#child.once("message", ({ error }) => {
        this.#child.removeListener("exit", died);
        if (error) reject(new Error(error));
        else resolve();
      });
    });
  }

  do(job, options = {}) {
    this.#child.send({ job, ...options });
    return this.#answer();
  }

  async kill() {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const over = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await over;
  }
}

/** Where the frames of the WAL's current round end: behind them old ones may follow. */
export function walEnd(path) {
  const file = openSync(path, "r");
  try {
    const header = Buffer.alloc(32);
    const frame = Buffer.alloc(24);
    readSync(file, header, 0, 32, 0);
    let at = 32;
    while (readSync(file, frame, 0, 24, at) === 24 && frame.compare(header, 16, 24, 8, 16) === 0) {
      at += 24 + header.readUInt32BE(8);
    }
    return at;
  } finally {
    closeSync(file);
  }
}

/** Where each transaction starts and ends in a WAL's bytes; the first one takes the header along. */
export function* transactionsOf(wal) {
  const frameSize = 24 + wal.readUInt32BE(8);
  let start = 0;
  for (let at = 32; at < wal.length; ) {
    const commits = wal.readUInt32BE(at + 4) > 0;
    at += frameSize;
    if (!commits) continue;
    yield [start, at];
    start = at;
  }
}

export async function sha256(path) {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece);
  return hash.digest("hex");
}
