/** What the page says, put together of its parts. */

import { expect, it } from "vitest";
import { inspector } from "../../../../web/app/strings/inspector.ts";
import { moment } from "../../../../web/app/strings/moment.ts";
import { page } from "../../../../web/app/strings/page.ts";
import { picture } from "../../../../web/app/strings/picture.ts";
import { refusals } from "../../../../web/app/strings/refusals.ts";
import { remedies } from "../../../../web/app/strings/remedies.ts";
import { report } from "../../../../web/app/strings/report.ts";
import { sign } from "../../../../web/app/strings/sign.ts";
import { start } from "../../../../web/app/strings/start.ts";
import { t } from "../../../../web/app/strings/strings.ts";

it("has every name once: none of one part hides another's", () => {
  const names = [page, start, refusals, sign, picture, moment, inspector, report, remedies].flatMap((part) =>
    Object.keys(part),
  );
  expect(names.filter((name, i) => names.indexOf(name) < i)).toEqual([]);
  expect(new Set(Object.keys(t))).toEqual(new Set(names));
});
