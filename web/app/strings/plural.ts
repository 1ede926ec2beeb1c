/** Numbers together with the noun that they count. */

import { formatNumber } from "./format.ts";

/**
 * What the page counts: commits; or, where a replica has LTX files, moments, since a TXID may stand for many commits, and a
 * merged file for many TXIDs.
 */
export type Unit = "commit" | "moment";

/** What the changes of a timeline are kept in. */
export type FileKind = "wal" | "ltx";

const rules = new Intl.PluralRules("en");

/** Whether English uses the singular for this number. */
export function isOne(n: number): boolean {
  return rules.select(n) === "one";
}

/** `1 row`, `2 rows`, `1,204 rows` */
export function plural(n: number, one: string, other: string): string {
  return `${formatNumber(n)} ${isOne(n) ? one : other}`;
}

/** `1 commit`, `2 moments` */
export function counted(n: number, unit: Unit): string {
  return plural(n, unit, `${unit}s`);
}

/** `Commit`, `Moment` */
export function capital(unit: Unit): string {
  return unit === "commit" ? "Commit" : "Moment";
}
