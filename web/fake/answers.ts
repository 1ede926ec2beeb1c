/** Makes answers to SQL up. */

import type { Answers, Cell } from "../app/protocol/protocol.ts";
import { TOWNS, tablesAt } from "./database.ts";

/** A failure with the code that the real engine would give. */
export class FakeFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** `at`: how many commits went into the database. */
export function answersTo(sql: string, at: number): Answers {
  if (/\bform\b/i.test(sql)) throw new FakeFailure("query/failed", 'near "FORM": syntax error');
  if (/count\(\*\)/i.test(sql) && !/group by/i.test(sql)) {
    return answersOf({ sql, columns: ["count(*)"], rows: [[tablesAt(at)[0]!.rows ?? 0]] });
  }
  const rows = TOWNS.map((town, i): Cell[] => [
    town,
    412 - i * 37 + (at % 11),
    Math.round((9214.5 - i * 811.25) * 100) / 100,
  ]);
  const wide = /\bwide\b/.test(sql);
  const columns = ["town", "orders", "revenue", ...(wide ? COLUMNS : [])];
  const all = wide
    ? rows.map((row, i) => [...row, ...COLUMNS.map((_, j) => `value ${i + 1}.${j + 1}`)])
    : rows;
  const answers = answersOf({ sql, columns, rows: all });
  if (/^\s*update/i.test(sql)) {
    answers.answers.unshift({
      sql: sql.split(";")[0]!,
      columns: [],
      rows: [],
      truncated: false,
      written: 214,
    });
    answers.wrote = true;
  }
  return answers;
}

const COLUMNS = Array.from({ length: 24 }, (_, i) => `measure_${i + 1}`);

function answersOf(...all: { sql: string; columns: string[]; rows: Cell[][] }[]): Answers {
  const answers = all.map((one) => ({ ...one, truncated: false, written: 0 }));
  return { answers, truncated: false, wrote: false, failure: undefined, milliseconds: 7 };
}
