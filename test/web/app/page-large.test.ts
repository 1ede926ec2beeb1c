/** The page before a database that is larger than one is looked into unasked, in a real headless Chromium. */

import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashOf } from "../../cli/support.ts";
import { attemptRestore } from "../../support/attempt.ts";
import { tarPath } from "../../support/fixtures.ts";
import { CHROMIUM } from "../browser.ts";
import { largeReplica, onDisk, snapshotOf } from "../large.ts";
import { download, drop, expectClean, textOf, Visits, verdict, violations } from "./page-support.ts";

describe.skipIf(!CHROMIUM)("a large database", { timeout: 60_000 }, () => {
  const storage = largeReplica();
  const replica = onDisk(storage);
  let visits: Visits;

  beforeAll(async () => {
    visits = await Visits.begin();
  }, 60_000);

  afterAll(() => visits?.end());

  const offer = (page: Page): Locator => page.getByRole("button", { name: "Look into it" });
  const tables = (page: Page): Locator => page.locator(".table-list");
  /** Whether SQLite's thread is there. */
  const sqlite = (page: Page): boolean => page.workers().some((worker) => /sql-worker/.test(worker.url()));

  it("is verified, gone through and restored, and nothing looks into it", async () => {
    const one = await visits.visit();
    const { page } = one;
    await drop(one, replica);
    expect(await verdict(page)).toMatch(/^Good\. .*own check of the newest state was left out.* 71\.\d MiB/);
    await offer(page).waitFor();
    expect(await textOf(page.locator(".large-offer"))).toMatch(/71\.\d MiB.*about 5\d0 MiB/);
    expect(await textOf(page.locator(".facts").first())).toMatch(/71\.\d MiB/);
    expect(await textOf(page.locator(".moment-details"))).toMatch(/18,\d\d\d of 4096 bytes/);
    expect(await textOf(page.locator(".range"))).toContain("SQLite’s own check was left out");

    await page.getByRole("slider").focus();
    const position = await textOf(page.locator(".facts .mono").nth(1));
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => textOf(page.locator(".facts .mono").nth(1))).not.toBe(position);
    await page.locator(".inspector:not(.stale)").waitFor();
    for (const tab of ["SQL", "What changed", "Tables"]) {
      await page.getByRole("tab", { name: tab }).click();
      await expect.poll(() => offer(page).isVisible()).toBe(true);
      expect(await page.getByRole("tabpanel").isVisible()).toBe(false);
    }
    await page.getByRole("tab", { name: "Command" }).click();
    await expect.poll(() => offer(page).isVisible()).toBe(false);

    const [generation, index, offset] = /--generation (\w+) --target-position (\w+):(\w+)/
      .exec(await textOf(page.getByRole("tabpanel")))!
      .slice(1) as [string, string, string];
    const at = { index: Number.parseInt(index, 16), offset: Number.parseInt(offset, 16) };
    const expected = await attemptRestore(storage, { generation, position: at });
    expect(hashOf(await download(page))).toBe(expected.sha256);
    expect(await textOf(page.locator(".restore .card"))).toMatch(/SQLite’s own check was not run on it/);
    expect(sqlite(page)).toBe(false);
    expectClean(one);
  });

  it("is looked into when it is asked for, by keyboard, at this moment or at each", async () => {
    const one = await visits.visit();
    const { page } = one;
    await drop(one, replica);
    await verdict(page);
    await offer(page).focus();
    await page.keyboard.press("Enter");
    await tables(page).getByText("files").waitFor();
    const focused = () => page.evaluate("document.activeElement?.textContent");
    expect(await focused(), "the focus is not lost with the button").toBe("Tables");
    await page.getByRole("tab", { name: "What changed" }).click();
    await page.getByRole("cell", { name: "changed 2" }).waitFor();

    // Elsewhere it is asked for anew, and what was there is let go.
    await page.getByRole("slider").focus();
    await page.keyboard.press("ArrowLeft");
    await offer(page).waitFor();
    expect(await tables(page).isVisible()).toBe(false);
    expect(sqlite(page)).toBe(false);
    await page.getByRole("checkbox", { name: /each moment/ }).check();
    await offer(page).click();
    await page.getByRole("cell", { name: "changed 1" }).waitFor();
    await page.getByRole("slider").focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("cell", { name: "changed 2" }).waitFor();
    expectClean(one);
  });

  it("is given to SQLite to check when that is asked for", async () => {
    const one = await visits.visit();
    const { page } = one;
    await drop(one, replica);
    await verdict(page);
    await page.getByRole("button", { name: "Have SQLite check it too" }).click();
    await page.getByText(/SQLite finds the newest state in order/).waitFor();
    expect(await page.getByRole("button", { name: "Have SQLite check it too" }).count()).toBe(0);
    expectClean(one);
  });

  it("that is not proven is restored with a word on what was not checked", async () => {
    const one = await visits.visit();
    await drop(one, onDisk(snapshotOf(storage)));
    await one.page.getByText("Whole, but not proven.").waitFor();
    await download(one.page);
    expect(await textOf(one.page.locator(".restore .card"))).toMatch(
      /cannot be proven.*own check was not run on it.*before you use it/,
    );
    expectClean(one);
  });

  it("a small one needs no asking, and says of a restore what was checked", async () => {
    const one = await visits.visit();
    await drop(one, tarPath("basic"));
    expect(await verdict(one.page)).toMatch(/SQLite finds the newest state in order/);
    await tables(one.page).getByRole("button").first().waitFor();
    expect(await offer(one.page).isVisible()).toBe(false);
    expectClean(one);
  });

  it.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 360],
  ] as const)("accessible by axe: %s, %d px wide", async (scheme, width) => {
    const one = await visits.visit({ scheme, width });
    const { page } = one;
    await drop(one, replica);
    await verdict(page);
    await offer(page).waitFor();
    expect(await violations(page), "offered").toEqual([]);
    const wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
    expect(wide, "nothing hangs over the edge").toBeLessThanOrEqual(0);
    await offer(page).click();
    expect(await violations(page), "being read, or just there").toEqual([]);
    await tables(page).getByText("files").waitFor();
    expect(await violations(page), "looked into").toEqual([]);
  });
});
