/**
 * Whose a temporary file or a lock is: a process, told apart from every other one. A process that was killed cleans up
 * nothing; whoever comes after it must know that it is gone, and must not take a living one's file.
 */

import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync, type Stats, statfsSync } from "node:fs";
import { hostname } from "node:os";

/** Process number, when it was started (clock ticks since the system was), system, and space of process numbers. */
export interface Owner {
  pid: number;
  /** `0` where the system does not tell. */
  start: string;
  /** `b…`: which system, since it was started; `h…`: which host, and no more is known; `0`: nothing is. */
  system: string;
  /** Containers on one system have process numbers of their own. */
  space: string;
  /** No two files have the same. */
  random: string;
}

/** Deno asks its user for each permission that this would need: nothing is looked at there. */
const IS_DENO = "Deno" in globalThis;

const hash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

let here: Pick<Owner, "start" | "system" | "space"> | undefined;

/** This process, with a random part of its own each time. */
export function thisOwner(): Owner {
  here ??= IS_DENO ? { start: "0", system: "0", space: "0" } : lookAround();
  return { pid: process.pid, ...here, random: randomBytes(6).toString("hex") };
}

function lookAround(): Pick<Owner, "start" | "system" | "space"> {
  const boot = attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  const name = attempt(() => hostname()) ?? "";
  return {
    start: startOf(process.pid) ?? "0",
    system: boot === undefined ? `h${hash(name)}` : `b${hash(boot)}`,
    space: hash(attempt(() => readlinkSync("/proc/self/ns/pid")) ?? ""),
  };
}

/** When a process was started, in clock ticks since the system was; undefined where that cannot be told. */
function startOf(pid: number): string | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the program's name in brackets, and may hold anything.
  return text === undefined ? undefined : text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

/** `<pid>-<start>-<system>-<space>-<random>`, without a character that a file's name cannot have. */
export function formatOwner({ pid, start, system, space, random }: Owner): string {
  return [pid, start, system, space, random].join("-");
}

export const OWNER: RegExp = /(\d{1,10})-(\d{1,20})-(0|[bh][0-9a-f]{8})-(0|[0-9a-f]{8})-([0-9a-f]{12})/;

export function parseOwner(text: string): Owner | undefined {
  const match = new RegExp(`^${OWNER.source}$`).exec(text);
  if (!match) return undefined;
  const [, pid, start, system, space, random] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return { pid: Number(pid), start, system, space, random };
}

/**
 * Whether a process still runs: `unknown` where it is one of another machine, of another container, or where the system
 * does not say enough.
 */
export function stateOf({ pid, start, system, space }: Owner, folder: string): "alive" | "gone" | "unknown" {
  if (pid === process.pid && system === "0") return "alive";
  const { system: ours, space: our, start: began } = thisOwner();
  if (system === "0" || ours === "0") return "unknown";
  if (system !== ours) {
    // Of another machine, or of this one before it was started anew: no other machine writes to a disk of this one.
    return system[0] === "b" && ours[0] === "b" && isLocal(folder) ? "gone" : "unknown";
  }
  if (space !== our) return "unknown";
  if (!isRunning(pid)) return "gone";
  if (start === "0" || began === "0") return "unknown";
  const now = startOf(pid);
  return now === undefined ? "unknown" : now === start ? "alive" : "gone";
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "ESRCH";
  }
}

/** Of Linux: ext2 to ext4, xfs, btrfs, f2fs, zfs, tmpfs, overlay. */
const LOCAL = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x01021994, 0x794c7630]);

function isLocal(folder: string): boolean {
  return process.platform === "linux" && LOCAL.has(attempt(() => statfsSync(folder).type) ?? 0);
}

/** Whether a file is this user's to clear up; root's are all, and all are where the system has no users. */
export function isOurs({ uid }: Stats): boolean {
  if (IS_DENO || !process.getuid) return true;
  const own = process.getuid();
  return own === 0 || own === uid;
}
