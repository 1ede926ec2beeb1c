/** `walkit compare`: whether two nodes of LiteFS have the same database, and from where on they do not. */

import { type Compared, compareNodes } from "../layouts/litefs.ts";
import { openReplica } from "../layouts/locate.ts";
import { formatPosition } from "../replay/position.ts";
import type { Status } from "../verify/report.ts";
import { exitCodeOf } from "./exit.ts";
import { print, printJson } from "./output.ts";
import { printable } from "./text.ts";

export interface CompareFlags {
  json?: boolean;
}

const STATUS: Record<Compared["verdict"], Status> = { same: "ok", apart: "damaged", unknown: "inconclusive" };

export async function runCompare(
  one: string,
  other: string,
  { json = false }: CompareFlags,
  signal: AbortSignal,
): Promise<number> {
  const compared = await compareNodes(await openReplica(one), await openReplica(other), signal);
  const { verdict, agreed, parted, newest } = compared;
  const status = STATUS[verdict];
  if (json) {
    printJson({
      ...{ command: "compare", status, one, other, verdict },
      agreed: agreed && formatPosition(agreed),
      parted: parted && { ...parted, position: formatPosition(parted.position) },
      newest: { one: formatPosition(newest.one), other: formatPosition(newest.other) },
      findings: [],
    });
  } else print(linesOf(compared, printable(one), printable(other)));
  return exitCodeOf(status);
}

function linesOf({ verdict, agreed, parted, newest }: Compared, one: string, other: string): string[] {
  const lines = {
    same: "SAME: wherever both tell of a transaction, they tell of the same database",
    apart: "APART: from one transaction on they have different databases",
    unknown: "UNKNOWN: no transaction is in the files of both",
  };
  const rows = [lines[verdict], "", `  the same up to  ${agreed ? formatPosition(agreed) : "-"}`];
  if (parted) {
    rows.push(`  apart from      ${formatPosition(parted.position)}`);
    rows.push(
      `                  checksum ${parted.one} in ${one}`,
      `                  checksum ${parted.other} in ${other}`,
    );
  }
  rows.push(
    `  newest          ${formatPosition(newest.one)} in ${one}`,
    `                  ${formatPosition(newest.other)} in ${other}`,
  );
  return rows;
}
