/** `walkit mark`: gives a moment a name. */

import { join } from "node:path";
import { openReplica } from "../layouts/locate.ts";
import { positionOf } from "../moments/position.ts";
import { recordRestorePoint } from "../moments/record.ts";
import { isInWal, isStart } from "../replay/position.ts";
import { formatPosition, formatTime } from "../snapshot/index.ts";
import { now } from "../time.ts";
import { MAX_NAME_LENGTH, quoted } from "../timeline/restore-points.ts";
import { parseTarget, targetOptions } from "../timeline/target/grammar.ts";
import type { Target } from "../timeline/target/target.ts";
import { folderOf, UsageError } from "./arguments.ts";
import { EXIT } from "./exit.ts";
import { findingLines, print, printAside, printJson } from "./output.ts";
import { type TargetFlags, targetOf, targetWithin } from "./target.ts";
import { paintFor, printable, row, shellQuote, shellWord } from "./text.ts";

export interface MarkFlags extends TargetFlags {
  force?: boolean;
  json?: boolean;
}

export async function runMark(
  location: string,
  name: string,
  moment: string | undefined,
  flags: MarkFlags,
  signal: AbortSignal,
): Promise<number> {
  const { force = false, json = false } = flags;
  const asked = targetOf(moment === undefined ? flags : withMoment(moment, flags));
  const replica = await openReplica(location);
  const folder = folderOf(replica, location);
  const target = targetWithin(replica, asked);
  const found = await positionOf(replica, target, { signal });
  const { generation, findings } = found;
  const path = await recordRestorePoint(
    folder,
    { name, ...found },
    { prefix: replica.prefix, force, signal },
  );
  const position = formatPosition(found.position);
  const time = found.time === undefined ? undefined : formatTime(found.time);
  if (json) {
    const marked = { name, generation, position, time, path };
    printJson({ command: "mark", status: "ok", replica: location, ...marked, findings });
    return EXIT.ok;
  }
  const paint = paintFor(process.stdout);
  const add = (label: string, text: string) => row(`  ${label}`, text, 14, paint);
  const options = targetOptions({ name }).map(shellWord).join(" ");
  const isTxid = !isInWal(found.position);
  const last = isTxid ? "LTX file" : isStart(found.position) ? "snapshot" : "WAL segment";
  print(
    paint.bold(`${paint.green("Marked")} ${quoted(name, MAX_NAME_LENGTH)}`),
    isTxid ? add("TXID", position) : add("position", `${position} of generation ${generation}`),
    time === undefined ? [] : add("written", `${time} (its ${last})`),
    add("recorded in", printable(join(folder.root, path))),
    `  restore it  walkit restore ${shellQuote(location)} -o restored.db ${options}`,
  );
  printAside(findingLines(findings, paintFor(process.stderr)));
  return EXIT.ok;
}

/** Options that say more of a moment, or nothing. */
const BESIDES = new Set(["generation", "targetTimeline", "targetExclusive", "force", "json"]);

/** The options, with the moment that stands behind the name among them. */
function withMoment(text: string, flags: MarkFlags): TargetFlags {
  if (Object.keys(flags).some((key) => !BESIDES.has(key))) {
    throw new UsageError(`${quoted(text)} and an option both name a moment: give one of them`);
  }
  const { index, timestamp, position, transaction, name, immediate } = parseMoment(text);
  const named = {
    ...{ index, targetTime: timestamp, targetPosition: position },
    ...{ targetTransaction: transaction, targetName: name, targetImmediate: immediate },
  };
  const given = Object.entries(named).filter(([, value]) => value !== undefined);
  return { ...flags, ...Object.fromEntries(given) };
}

function parseMoment(text: string): Target {
  try {
    return parseTarget(text, now());
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}
