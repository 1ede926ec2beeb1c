/** What a commit changed, as the page shows it: of each table the first rows that differ, cut to what a page can hold. */

import type { Diff } from "../../src/diff/diff.ts";
import type { TableDiff } from "../../src/diff/table.ts";
import { Malformed } from "../../src/sqlite/malformed.ts";
import type { ChangesView, TableChanges } from "../app/protocol/protocol.ts";
import { cellOf } from "./cell.ts";

/** Changes of a table that are given at most, and characters in all of them. */
const SAMPLES = 1000;
const SAMPLE_CHARACTERS = 1 << 20;

export type Changes = Pick<ChangesView, "tables" | "schema" | "isOwn">;

export function viewChanges({ tables, schema, isOwn }: Diff): Changes {
  return { tables: tables.map(tableChanges), schema, isOwn };
}

function tableChanges({ counts, ...table }: TableDiff): TableChanges {
  const { rowsBefore, rowsAfter, columns } = table;
  const about = { table: table.table, columns, rowsBefore, rowsAfter };
  if (!counts) return { ...about, ...NONE, uncounted: true };
  return { ...about, ...counts, samples: samplesOf(table), uncounted: false };
}

const NONE = { added: 0, removed: 0, changed: 0, samples: [] };

/** None where one of them cannot be read. */
function samplesOf(table: Pick<TableDiff, "changes">): TableChanges["samples"] {
  const samples: TableChanges["samples"] = [];
  let characters = 0;
  try {
    for (const { kind, ...row } of table.changes()) {
      const [before, after] = [row.before?.map(cellOf), row.after?.map(cellOf)];
      for (const cell of [...(before ?? []), ...(after ?? [])])
        if (typeof cell === "string") characters += cell.length;
      if (samples.length > 0 && characters > SAMPLE_CHARACTERS) break;
      samples.push({ kind, before, after });
      if (samples.length === SAMPLES) break;
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return [];
  }
  return samples;
}
