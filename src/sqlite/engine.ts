/** The SQLite that a runtime brings along (Node 22.13, Deno, Bun): checks a file of any size, in little memory. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { isBuiltin } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { WalkitError } from "../errors.ts";
import type { EngineAnswer, EngineQuestion } from "./engine-process.ts";
import { skipped } from "./judge.ts";

/** More than this is no answer. */
const MAX_ANSWER = 1 << 20;

/** The process's file; undefined from a bundle that is without it, and uncompiled. */
function processFile(): string | undefined {
  if (!/^file:.*\.js$/.test(import.meta.url)) return undefined;
  const file = fileURLToPath(new URL("./engine-process.js", import.meta.url));
  return existsSync(file) ? file : undefined;
}

/** Whether this runtime has an SQLite of its own. */
export function hasEngine(): boolean {
  const { bun, deno, electron, node } = process.versions;
  if (electron || processFile() === undefined) return false;
  if (bun || deno) return isBuiltin(bun ? "bun:sqlite" : "node:sqlite");
  // Before it is behind a flag, and cannot open for reading only.
  const [major = 0, minor = 0] = node.split(".").map(Number);
  return isBuiltin("node:sqlite") && (major > 22 || (major === 22 && minor >= 13));
}

/** Which runtime this is: `Node 20.20.2`. */
export function runtimeName(): string {
  const { bun, deno, node } = process.versions;
  return bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`;
}

/**
 * SQLite's check of a file that nobody writes to, by the runtime's own engine, which opens it for reading only. `false`
 * where there is none after all. With `wal` (a database in WAL mode) a `-wal` and a `-shm` may be left beside it.
 *
 * @throws WalkitError as `checkIntegrity`; the signal's reason once it is aborted
 */
export async function askEngine(question: EngineQuestion, signal?: AbortSignal): Promise<boolean> {
  signal?.throwIfAborted();
  const file = processFile();
  if (!hasEngine() || file === undefined) return false;
  const asked = { ...question, path: resolve(question.path) };
  // A thread of Node's or Bun's that SQLite keeps busy cannot be stopped; Deno starts processes only where it is allowed to.
  const answer = await (process.versions.deno ? inThread : inProcess)(file, asked, signal);
  if (answer.kind === "unavailable") return false;
  if (answer.kind === "ok") return true;
  if (answer.code) throw new WalkitError(answer.code, answer.message);
  throw skipped(`found that it failed: ${answer.message}`);
}

async function inThread(
  file: string,
  question: EngineQuestion,
  signal: AbortSignal | undefined,
): Promise<EngineAnswer> {
  const worker = new Worker(file, { workerData: question });
  let stop: (() => void) | undefined;
  try {
    return await new Promise<EngineAnswer>((resolve, reject) => {
      stop = () => reject(signal!.reason);
      signal?.addEventListener("abort", stop, { once: true });
      worker.once("message", resolve);
      worker.once("error", ({ message }: Error) => resolve({ kind: "unavailable", message }));
      worker.once("exit", () => resolve({ kind: "unavailable", message: "the thread ended" }));
    });
  } finally {
    if (stop) signal?.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

async function inProcess(
  file: string,
  question: EngineQuestion,
  signal: AbortSignal | undefined,
): Promise<EngineAnswer> {
  // What the caller's runtime was told to load or to warn of is not for this process.
  const { NODE_OPTIONS, BUN_OPTIONS, ...env } = process.env;
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn(process.execPath, [file, JSON.stringify(question)], {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...env, NODE_NO_WARNINGS: "1" },
      windowsHide: true,
    });
  } catch (error) {
    // A sandbox may forbid processes.
    return { kind: "unavailable", message: error instanceof Error ? error.message : String(error) };
  }
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  signal?.addEventListener("abort", kill, { once: true });
  try {
    let text = "";
    child.stdout!.setEncoding("utf8");
    child.stdout!.on("data", (piece: string) => {
      if (text.length < MAX_ANSWER) text += piece;
    });
    const end = await new Promise<string | Error>((resolve) => {
      child.once("error", resolve);
      child.once("close", (code, by) => resolve(by ?? `exit code ${code}`));
    });
    signal?.throwIfAborted();
    if (end instanceof Error) return { kind: "unavailable", message: end.message };
    if (text === "") return { kind: "error", code: undefined, message: `SQLite's process ended (${end})` };
    return JSON.parse(text) as EngineAnswer;
  } finally {
    process.removeListener("exit", kill);
    signal?.removeEventListener("abort", kill);
  }
}
