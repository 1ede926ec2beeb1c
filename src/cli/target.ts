/** The options that name a moment: the same for every command that takes one. */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { LocatedReplica } from "../layouts/locate.ts";
import { isInWal, parsePosition } from "../replay/position.ts";
import { now } from "../time.ts";
import { expectRestorePointName } from "../timeline/restore-points.ts";
import {
  checkTarget,
  parseTargetPosition,
  parseTargetTime,
  parseTargetTimeline,
  parseTargetTransaction,
} from "../timeline/target/grammar.ts";
import type { Target } from "../timeline/target/target.ts";
import { generationOf, parseGeneration, parseIndex, UsageError } from "./arguments.ts";

export interface TargetFlags {
  generation?: string;
  index?: number;
  timestamp?: bigint | "now";
  targetTime?: bigint | "now";
  targetPosition?: Target["position"];
  txid?: Target["position"];
  targetTransaction?: number;
  targetName?: string;
  targetImmediate?: boolean;
  targetExclusive?: boolean;
  targetTimeline?: string | number;
}

/** What a parser refuses, as commander wants to hear it. */
function argument<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof RangeError) throw new InvalidArgumentError(`${error.message}.`);
      throw error;
    }
  };
}

/** @throws RangeError */
function parseTxid(text: string): Target["position"] {
  const position = parsePosition(text);
  if (position && !isInWal(position)) return position;
  throw new RangeError(`Expected a TXID of 16 hexadecimal digits, as LTX files are named, found ${text}`);
}

/** The name of a restore point. */
export const parseName: (text: string) => string = argument(expectRestorePointName);

export function addTargetOptions(command: Command): Command {
  const add = (flags: string, what: string, parse?: (text: string) => unknown) => {
    const option = new Option(flags, what);
    command.addOption(parse ? option.argParser(argument(parse)) : option);
  };
  add("--generation <id>", "of this generation alone; by default of the newest", parseGeneration);
  add(
    "--target-timeline <timeline>",
    "along a timeline and its parents: current, latest, a generation or a timeline ID",
    parseTargetTimeline,
  );
  add(
    "--index <hex>",
    "the state at the end of this WAL index, in hexadecimal as with Litestream (10 is index 16; walkit snapshots and walkit wal print decimal)",
    parseIndex,
  );
  const time = (text: string) => parseTargetTime(text, now());
  add(
    "--target-time <time>",
    'the state at this time: RFC 3339 with a zone, or such as "5 minutes ago"; now: the newest; as exact as WAL segments or LTX files are',
    time,
  );
  add(
    "--timestamp <time>",
    "the same by Litestream's name, and as Litestream means it: of LTX files those from before this time, without the time itself",
    time,
  );
  add(
    "--target-position <index:offset>",
    "the last commit that ends at or before this WAL position, both hexadecimal; of LTX files the state behind this TXID",
    parseTargetPosition,
  );
  add(
    "--txid <hex>",
    "the same for a TXID of LTX files, 16 hexadecimal digits: Litestream's name for it",
    parseTxid,
  );
  add("--target-transaction <n>", "this commit of the generation, counted from 1", parseTargetTransaction);
  add("--target-name <name>", "a restore point: see walkit mark", expectRestorePointName);
  add("--target-immediate", "the first consistent moment that the newest snapshot leads to");
  add("--target-exclusive", "stop just before the target, not just after it");
  return command;
}

/** The moment that the options name. */
export function targetOf(flags: TargetFlags): Target {
  if (flags.timestamp !== undefined && flags.targetTime !== undefined) {
    throw new UsageError("--timestamp and --target-time both name a time: give one of them");
  }
  if (flags.txid !== undefined && flags.targetPosition !== undefined) {
    throw new UsageError("--txid and --target-position are the same: give one of them");
  }
  const time = flags.targetTime ?? flags.timestamp;
  const target: Target = {
    generation: flags.generation,
    timeline: flags.targetTimeline,
    index: flags.index,
    timestamp: time === "now" ? undefined : time,
    position: flags.targetPosition ?? flags.txid,
    transaction: flags.targetTransaction,
    name: flags.targetName,
    immediate: flags.targetImmediate,
    exclusive: flags.targetExclusive,
  };
  // Litestream takes LTX files from before that time. What is just before it is the same in either way.
  if (typeof flags.timestamp === "bigint" && !flags.targetExclusive) target.strict = true;
  const named = Object.entries(OPTIONS).filter(
    ([key]) => target[key as keyof Target] !== undefined || (key === "timestamp" && time === "now"),
  );
  if (named.length > 1) {
    const names = named.map(([, name]) => name);
    throw new UsageError(
      `${names.slice(0, -1).join(", ")} and ${names.at(-1)} cannot be used together: each names a moment by itself`,
    );
  }
  if (target.generation !== undefined && (target.timeline ?? "current") !== "current") {
    throw new UsageError(
      "--generation and --target-timeline cannot be used together: the first means one generation alone, the second goes through its parents",
    );
  }
  if (target.exclusive && (named.length === 0 || target.immediate || time === "now")) {
    throw new UsageError("--target-exclusive needs a target to stop before, such as --target-position");
  }
  try {
    checkTarget(target);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
  return target;
}

const OPTIONS = {
  index: "--index",
  timestamp: "--target-time",
  position: "--target-position",
  transaction: "--target-transaction",
  name: "--target-name",
  immediate: "--target-immediate",
} as const;

/** `target` of this replica: the generation that the path names is meant, too. */
export function targetWithin(replica: LocatedReplica, target: Target): Target {
  const generation = generationOf(replica, target.generation);
  if (generation !== undefined && (target.timeline ?? "current") !== "current") {
    throw new UsageError(
      "--target-timeline needs the whole replica: the path is one generation's own folder",
    );
  }
  return { ...target, generation };
}
