/** `walkit ltx`: the LTX files of a replica as `litestream ltx` lists them, byte for byte where the storage kept their times. */

import { WalkitError } from "../errors.ts";
import { findingOf, makeFinding } from "../findings.ts";
import { openReplica } from "../layouts/locate.ts";
import { isLtx, type LtxBranch, type LtxFile } from "../layouts/ltx/types.ts";
import { LTX_BRANCH } from "../replay/branch-name.ts";
import { unreadableIn } from "../replay/catalog.ts";
import type { Replica } from "../replay/layout.ts";
import { behind, formatPosition } from "../replay/position.ts";
import { catalogOf } from "../replay/replica.ts";
import { formatTime } from "../time.ts";
import { statusOf } from "../verify/report.ts";
import { exitCodeOf } from "./exit.ts";
import { wholeSeconds } from "./list.ts";
import { type FindingToTell, findingLines, print, printAside, printJson, say } from "./output.ts";
import { paintFor, table } from "./text.ts";

export interface LtxFlags {
  level: number | "all";
  json?: boolean;
}

export async function runLtx(
  location: string,
  { level, json = false }: LtxFlags,
  signal: AbortSignal,
): Promise<number> {
  const replica = await openReplica(location);
  const isLitefs = replica.layout.name === "litefs";
  const branch = isLitefs ? undefined : await branchIn(replica, signal);
  const findings = branch ? findingsOf(branch) : [noLtx(isLitefs)];
  const files = (branch?.files ?? [])
    .filter((file) => level === "all" || file.level === level)
    .map((file) => ({ ...file, modified: file.modified ?? file.stored }));
  const status = statusOf(findings);
  if (json) {
    printJson({ command: "ltx", status, replica: location, ltx: files.map(itemOf), findings });
  } else {
    print(table([["level", "min_txid", "max_txid", "size", "created"], ...files.map(rowOf)]));
    printAside(findingLines(findings, paintFor(process.stderr)));
  }
  return exitCodeOf(status);
}

/** Undefined where there are no LTX files. */
async function branchIn(replica: Replica, signal: AbortSignal): Promise<LtxBranch | undefined> {
  try {
    const { generations } = await catalogOf(replica, { generation: LTX_BRANCH, signal, times: true });
    return generations.find(isLtx);
  } catch (error) {
    if (error instanceof WalkitError && error.code === "target/no-generation") return undefined;
    throw error;
  }
}

function rowOf({ level, minTxid, maxTxid, size, modified }: LtxFile): (string | number)[] {
  return [level, txid(minTxid), txid(maxTxid), size ?? 0, wholeSeconds(modified)];
}

function itemOf({ level, minTxid, maxTxid, size, modified, path }: LtxFile): object {
  const timestamp = modified === undefined ? undefined : formatTime(modified);
  return { level, min_txid: txid(minTxid), max_txid: txid(maxTxid), size, timestamp, path };
}

function txid(number: number): string {
  return formatPosition(behind(number));
}

function noLtx(isLitefs: boolean): FindingToTell {
  if (isLitefs) {
    const message = "Expected LTX files of Litestream 0.5, found a database of LiteFS";
    const remedy = say("See what its files lead to with: walkit verify");
    return {
      ...makeFinding("target/no-generation", message, { remedy, severity: "inconclusive" }),
      meaning: "LiteFS keeps its LTX files without levels",
    };
  }
  const message = "Expected LTX files, found none: the replica is one of Litestream 0.3";
  const remedy = say("List what it has with: walkit generations, walkit snapshots, or walkit wal");
  const meaning = "Litestream 0.5 has not written here";
  return { ...makeFinding("target/no-generation", message, { remedy }), meaning };
}

const SECOND = 1_000_000_000n;

function findingsOf(branch: LtxBranch): FindingToTell[] {
  const { files } = branch;
  const findings: FindingToTell[] = unreadableIn(branch).map((error) =>
    findingOf(error, { generation: LTX_BRANCH }),
  );
  const unknown = files.filter(({ modified, unreadable }) => modified === undefined && !unreadable);
  if (unknown[0]) {
    const message = `Expected headers that say when files were made, found ${unknown.length} of ${files.length} that do not, the first of them that of ${unknown[0].path}`;
    findings.push({
      ...makeFinding("replica/times-untrusted", message, {
        ...{ generation: LTX_BRANCH, path: unknown[0].path, severity: "warning" },
        remedy: say(`Look into it with: walkit inspect. What is wrong with all of them: walkit verify`),
      }),
      meaning:
        "The header of the file cannot be read, or its writer set no time: the list has what the storage says",
    });
  }
  const other = otherTimes(files);
  if (other) findings.push(other);
  return findings;
}

/** Storages keep the time in a header as the file's own; where they do not, Litestream goes by what they say all the same. */
function otherTimes(files: readonly LtxFile[]): FindingToTell | undefined {
  const isOther = ({ modified, stored }: LtxFile) =>
    modified !== undefined && stored !== undefined && modified / SECOND !== stored / SECOND;
  const others = files.filter(isOther);
  const [first] = others;
  if (!first) return undefined;
  const message = `Expected the storage to have the times that are in the headers, found those of ${others.length} of ${files.length} to be others, the first of them that of ${first.path}: ${formatTime(first.stored!)} in place of ${formatTime(first.modified!)}`;
  return {
    ...makeFinding("replica/times-untrusted", message, {
      ...{ generation: LTX_BRANCH, path: first.path, severity: "info" },
      remedy: say(
        "Nothing, for walkit. For a restore by time with Litestream, copy the replica again with its times (cp -p, rsync -t, tar)",
      ),
    }),
    meaning:
      "A copy without times, or a storage that keeps those of the upload. The list has the headers' times, and walkit goes by these; Litestream goes by the storage's, here and where it restores by time",
  };
}
