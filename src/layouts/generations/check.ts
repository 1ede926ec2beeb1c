/** What names and times alone say of a generation. */

import type { WalkitError } from "../../errors.ts";
import { type Finding, findingOf, makeFinding } from "../../findings.ts";
import { splitLeftover, unreadableIn } from "../../replay/catalog.ts";
import type { Chain } from "../../replay/layout.ts";
import { formatPosition } from "../../replay/position.ts";
import type { Doubt } from "../../replay/times.ts";
import { missingFirstSegment, missingIndex } from "./faults.ts";
import { timesUntrusted } from "./times.ts";
import type { Generation, Generations, Snapshot } from "./types.ts";

/** Findings that no reading of files adds to. */
export function nameFindings(generation: Generation, catalog: Generations): Finding[] {
  const { id, snapshots, segments } = generation;
  const findings = unreadableIn(generation).map((error) => findingOf(error, { generation: id }));
  if (snapshots.length + segments.length === 0) {
    if (findings.length > 0) return findings;
    const strays = catalog.strays.some((stray) => stray.generation === id && !stray.path.endsWith("/"));
    const message = `Expected snapshots or WAL in generation ${id}, found ${strays ? "only files of other names" : "nothing"}`;
    return [makeFinding("replica/empty", message, { generation: id })];
  }
  if (snapshots.length === 0 && !generation.unreadable) {
    const message = `Expected a snapshot in generation ${id}, found ${segments.length} WAL segments and no snapshot`;
    findings.push(makeFinding("replica/no-snapshot", message, { generation: id, path: segments[0]!.path }));
  }
  const { leftover } = splitLeftover(generation);
  if (leftover.length > 0) {
    const message = `Expected no WAL from before the first snapshot (index ${snapshots[0]!.index}), found ${leftover.length} segment${leftover.length === 1 ? "" : "s"} from ${formatPosition(leftover[0]!)} on`;
    findings.push(makeFinding("replica/leftover-wal", message, { generation: id, path: leftover[0]!.path }));
  }
  const last = segments.at(-1)?.index;
  const ahead = snapshots.filter((snapshot) => last !== undefined && snapshot.index > last + 1);
  for (const { index, path } of ahead.slice(-1)) {
    const message = `Expected WAL up to the newest snapshot's index ${index}, found none after index ${last}`;
    findings.push(makeFinding("replica/snapshot-ahead", message, { generation: id, path }));
  }
  const untrusted = timesUntrusted(generation, catalog.generations);
  if (untrusted) findings.push(timesFinding(generation, untrusted));
  return findings;
}

/** What the times of a generation do not tell, and what is refused for that. */
export function timesFinding({ id }: Generation, { kind, path, reason }: Doubt): Finding {
  const about = { generation: id, path };
  if (kind !== "clock") {
    const message = `Expected file times that tell when each file was written, found that they cannot: ${reason}. A time is refused; the newest state, an index and a position can be had`;
    return makeFinding("replica/times-untrusted", message, about);
  }
  const message = `Expected file times in the order of the names, found that ${reason}. A time that came twice is refused; any other can be had`;
  return makeFinding("replica/times-untrusted", message, {
    ...about,
    remedy: { do: "restore-by-position" },
  });
}

/** Gaps that names alone show, and the chains of files between them. */
export function findGaps(generation: Generation): { findings: Finding[]; chains: Chain[] } {
  const { id, snapshots } = generation;
  const { segments } = splitLeftover(generation);
  const findings: Finding[] = [];
  const chains: Chain[] = [];
  let chain: Chain | undefined;
  let index = snapshots[0] && segments.length > 0 ? snapshots[0].index - 1 : undefined;
  const gap = (error: WalkitError) => {
    findings.push(findingOf(error, { generation: id }));
    chain = undefined;
  };
  for (const segment of segments) {
    if (segment.index !== index) {
      if (index !== undefined && segment.index > index + 1) gap(missingIndex(id, index + 1, segment));
      if (segment.offset !== 0) gap(missingFirstSegment(id, segment));
      index = segment.index;
      const snapshot = snapshots.find((s) => s.index === index && !s.unreadable);
      if (!chain && snapshot && segment.offset === 0) chains.push((chain = startChain(snapshot)));
    }
    if (segment.unreadable) chain = undefined;
    if (chain) chain.last = segment;
  }
  const ahead = snapshots.filter((snapshot) => index === undefined || snapshot.index > index);
  const alone = ahead.filter(({ unreadable }) => !unreadable).map(startChain);
  chains.push(...alone);
  const newest = ahead.at(-1)?.unreadable ? undefined : (alone.at(-1) ?? chain);
  if (newest) newest.newest = true;
  return { findings, chains };
}

function startChain(claim: Snapshot): Chain {
  return { claim, last: undefined, newest: false };
}
