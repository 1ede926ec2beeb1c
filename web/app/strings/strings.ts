/**
 * Everything that the page says. Each part of the page has a file of its own; their names must not collide. A translation is
 * another object of this shape.
 */

import { inspector } from "./inspector.ts";
import { moment } from "./moment.ts";
import { page } from "./page.ts";
import { picture } from "./picture.ts";
import { refusals } from "./refusals.ts";
import { remedies } from "./remedies.ts";
import { report } from "./report.ts";
import { sign } from "./sign.ts";
import { start } from "./start.ts";

export const t = {
  ...page,
  ...start,
  ...refusals,
  ...sign,
  ...picture,
  ...moment,
  ...inspector,
  ...report,
  ...remedies,
};
