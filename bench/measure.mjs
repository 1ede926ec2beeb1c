/**
 * Runs a program and measures it, as a whole process: wall time by our own clock, CPU and peak memory by what the system
 * says of the process when it is over.
 *
 * That is GNU time's report (wait4, ru_maxrss) where `/usr/bin/time` is GNU's; else, on Linux, `/proc/<pid>` is looked at
 * every 5 ms, which may miss the very last moments; else there is wall time only.
 */

import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const TIME = "/usr/bin/time";
const hasTime =
  existsSync(TIME) && /GNU/.test(spawnSync(TIME, ["--version"], { encoding: "utf8" }).stdout ?? "");
const hasProc = existsSync("/proc/self/status");

export const HOW = hasTime
  ? "wall: monotonic clock around the process; CPU and peak memory: wait4, through GNU time"
  : hasProc
    ? "wall: monotonic clock around the process; CPU and peak memory: /proc, looked at every 5 ms"
    : "wall: monotonic clock around the process; CPU and peak memory cannot be measured here";

/**
 * @typedef {object} Run
 * @property {number} wall seconds
 * @property {number | undefined} cpu seconds, user and system, of all threads
 * @property {number | undefined} rss most memory that was resident at a time, bytes
 * @property {string} stdout empty where it was thrown away
 */

/**
 * Runs `program` to its end. It has to succeed.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ keep?: boolean }} [options] `keep`: hand back standard output; by default it goes to /dev/null
 * @returns {Promise<Run>}
 */
export async function measure(program, args, { keep = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "walkit-bench-"));
  const [report, out] = [join(folder, "time"), join(folder, "out")];
  const stdout = openSync(keep ? out : "/dev/null", "w");
  const stderr = openSync(join(folder, "err"), "w");
  try {
    const command = hasTime ? [TIME, "-o", report, "-f", "%U %S %M", program, ...args] : [program, ...args];
    const start = performance.now();
    const child = spawn(command[0], command.slice(1), { stdio: ["ignore", stdout, stderr] });
    const over = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => resolve(signal ?? code));
    });
    const polled = hasTime || !hasProc ? undefined : poll(child.pid);
    const status = await over;
    const wall = (performance.now() - start) / 1000;
    polled?.stop();
    if (status !== 0) {
      const said = readFileSync(join(folder, "err"), "utf8").trim();
      throw new Error(`${program} ${args.join(" ")} ended with ${status}: ${said.split("\n").at(-1)}`);
    }
    const usage = hasTime ? reported(readFileSync(report, "utf8")) : (polled ?? {});
    return { wall, cpu: usage.cpu, rss: usage.rss, stdout: keep ? readFileSync(out, "utf8") : "" };
  } finally {
    closeSync(stdout);
    closeSync(stderr);
    rmSync(folder, { recursive: true });
  }
}

function reported(text) {
  const [user, system, kilobytes] = text.trim().split("\n").at(-1).split(" ").map(Number);
  return { cpu: user + system, rss: kilobytes * 1024 };
}

function poll(pid) {
  const seen = { cpu: undefined, rss: undefined, stop: () => clearInterval(timer) };
  const look = () => {
    try {
      const peak = readFileSync(`/proc/${pid}/status`, "utf8").match(/VmHWM:\s+(\d+) kB/);
      if (peak) seen.rss = Number(peak[1]) * 1024;
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // After the name, which may hold anything, in parentheses: user and system time, in hundredths of a second.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      seen.cpu = (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      // It is over.
    }
  };
  const timer = setInterval(look, 5);
  look();
  return seen;
}

/** The median of each figure. */
export function medianOf(runs) {
  const of = (values) => {
    const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
    if (sorted.length === 0) return undefined;
    const half = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  };
  const figures = [...new Set(runs.flatMap((run) => Object.keys(run)))];
  return Object.fromEntries(
    figures
      .filter((figure) => runs.some((run) => typeof run[figure] === "number"))
      .map((figure) => [figure, of(runs.map((run) => run[figure]))]),
  );
}
