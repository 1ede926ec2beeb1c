/** Numbers together with the noun that they count. */

import { formatNumber } from "./format.ts";

const rules = new Intl.PluralRules("en");

/** Whether English uses the singular for this number. */
export function isOne(n: number): boolean {
  return rules.select(n) === "one";
}

/** `1 row`, `2 rows`, `1,204 rows` */
export function plural(n: number, one: string, other: string): string {
  return `${formatNumber(n)} ${isOne(n) ? one : other}`;
}
