/** The page in Chromium, the side of the database: corrupt states, tables, questions, changes. */

import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkIntegrity } from "../../../src/sqlite/index.ts";
import { temporaryFolder } from "../../cli/support.ts";
import { readFixture, tarPath } from "../../support/fixtures.ts";
import { withoutLastSegment } from "../../support/lost-tail.ts";
import { SqliteReplica } from "../../support/sqlite-replica.ts";
import { CHROMIUM } from "../browser.ts";
import { onDisk } from "../large.ts";
import {
  download,
  drop,
  expectClean,
  textOf,
  type Visit,
  Visits,
  verdict,
  violations,
} from "./page-support.ts";

/** A replica that was made in memory, as a folder. */
function laid({ storage }: SqliteReplica): string {
  const folder = join(temporaryFolder(), "replica");
  for (const [path, { data, modified }] of storage.files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, data as Uint8Array);
    const seconds = Number(modified ?? 0n) / 1e9;
    utimesSync(file, seconds, seconds);
  }
  return folder;
}

const isInOrder = (path: string) =>
  checkIntegrity(new Uint8Array(readFileSync(path)), "full").then(
    () => true,
    () => false,
  );

const rested = (page: Page) => page.waitForSelector(".inspector:not(.stale)");

async function ask(page: Page, sql: string): Promise<void> {
  await page.getByRole("tab", { name: "SQL" }).click();
  await page.getByRole("textbox", { name: /Ask this moment/ }).fill(sql);
  await page.keyboard.press("Control+Enter");
}

/** How far its content reaches past its edge, and whether it can be scrolled there. */
async function overflow(locator: Locator): Promise<{ past: number; scrolled: number }> {
  return await locator.evaluate((element) => {
    const past = element.scrollWidth - element.clientWidth;
    element.scrollLeft = 1e6;
    const scrolled = element.scrollLeft;
    element.scrollLeft = 0;
    return { past, scrolled };
  });
}

describe.skipIf(!CHROMIUM)("the database in the page", { timeout: 60_000 }, () => {
  let visits: Visits;

  beforeAll(async () => {
    visits = await Visits.begin();
  }, 60_000);

  afterAll(() => visits?.end());

  async function open(replica: SqliteReplica, options?: Parameters<Visits["visit"]>[0]): Promise<Visit> {
    const one = await visits.visit(options);
    await drop(one, laid(replica));
    await verdict(one.page);
    await rested(one.page);
    return one;
  }

  it("a corrupt state is nowhere green; the newest one in order is found, and restored", async () => {
    const one = await open(await withoutLastSegment(1, 4, 3));
    const { page } = one;
    expect(await verdict(page)).toMatch(/^Damaged\. .*SQLite itself finds it corrupt/);
    const moment = page.locator(".moment");
    await moment.getByText("SQLite finds it corrupt", { exact: true }).waitFor();
    expect(await page.locator(".badge.good").count()).toBe(0);
    expect(await page.locator(".tag:not(.unsure)").count()).toBe(0);
    expect(await textOf(page.locator(".report"))).toMatch(/SQLite finds the last of these corrupt/);
    expect(await page.getByRole("slider").getAttribute("aria-valuetext")).toMatch(/corrupt/);
    expect(await violations(page)).toEqual([]);

    // The way that the command line takes only when it is told to.
    await page.getByRole("tab", { name: "Command" }).click();
    expect(await textOf(page.locator(".commands"))).toMatch(/to rescue rows.*--integrity-check none/s);
    await page.getByRole("tab", { name: "Tables" }).click();

    // It can be had as it is, with a word of warning.
    const corrupt = await download(page);
    await page.locator(".card.bad").waitFor();
    expect(await page.locator(".card.good").count()).toBe(0);
    expect(await textOf(page.locator(".card.bad"))).toMatch(/Do not go on with it/);
    expect(await textOf(page.locator(".card.bad"))).not.toMatch(/Put this file in its place/);
    for (const place of [".card.bad", ".moment-can", ".ranges"])
      expect(await textOf(page.locator(place))).toMatch(/Most likely some WAL is missing/);
    expect(await isInOrder(corrupt)).toBe(false);

    await page.locator(".sign-side").getByRole("button", { name: "Find the newest moment in order" }).click();
    await page.locator(".sound-found").waitFor();
    await rested(page);
    await moment.getByText("SQLite finds it in order").waitFor();
    expect(await page.locator(".badge.bad").count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    const sound = await download(page);
    await page.locator(".card.good").waitFor();
    expect(await isInOrder(sound)).toBe(true);
    // One commit on it is corrupt, and that is known.
    await page.getByRole("slider").focus();
    await page.keyboard.press("ArrowRight");
    await rested(page);
    await moment.getByText("SQLite finds it corrupt", { exact: true }).waitFor();
    expectClean(one);
  });

  it("several indexes behind the newest snapshot are no alarm, and what nothing proves is said", async () => {
    const one = await visits.visit();
    const { page } = one;
    await drop(one, tarPath("multi-index"));
    expect(await verdict(page)).toMatch(
      /^Good\. .*That no WAL is missing at 5 places between .* is not proven\./,
    );
    const moment = page.locator(".moment-can");
    await moment.getByText("SQLite finds it in order").waitFor();
    const said = /^Can be restored.*That no WAL is missing at 5 places between .* is not proven\.$/;
    expect(await textOf(moment)).toMatch(said);
    expect(await isInOrder(await download(page))).toBe(true);
    const card = await textOf(page.locator(".card.good"));
    expect(card).toMatch(/own check finds it in order.*That no WAL is missing at 5 places/);
    expect(await page.locator(".unsure, .bad, .lost").count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    // Before the first of these steps there is nothing to say.
    await page.getByRole("slider").focus();
    await page.keyboard.press("Home");
    await rested(page);
    await moment.getByText("SQLite finds it in order").waitFor();
    expect(await textOf(moment)).not.toMatch(/is missing/);
    expectClean(one);
  });

  it("a step that Litestream's counter does not show is not proven, and shown so everywhere", async () => {
    const one = await visits.visit({ scheme: "dark", width: 360 });
    const { page } = one;
    // Litestream 0.4 betas did not write the counter with each checkpoint.
    await drop(one, fileURLToPath(new URL("../../fixtures/litestream-0.4-beta/replica", import.meta.url)));
    await page.getByText("Whole, but not proven.").waitFor();
    const moment = page.locator(".moment-can");
    await moment.getByText("SQLite finds it in order").waitFor();
    expect(await textOf(moment)).toMatch(/^Not proven.*Nothing in the replica proves/);
    expect(await isInOrder(await download(page))).toBe(true);
    const card = page.locator(".restore .card");
    expect(await textOf(card.locator(".notice.unsure"))).toMatch(/Nothing in the replica proves/);
    expect(await page.locator(".tag:not(.unsure)").count()).toBe(0);
    expect(await textOf(page.locator(".found"))).not.toMatch(/nothing is odd/);
    expect(await violations(page)).toEqual([]);
    expectClean(one);
  });

  it("what only salvage brings back is not shown as what can be brought back", async () => {
    const storage = readFixture("basic");
    const wal = [...storage.files.keys()].filter((path) => path.includes("/wal/")).sort();
    storage.files.delete(wal[wal.length >> 1]!);
    const one = await visits.visit();
    const { page } = one;
    await drop(one, onDisk(storage));
    expect(await verdict(page)).toMatch(/^Damaged\. Nothing in this backup can be brought back completely/);
    const ranges = page.locator(".ranges");
    expect(await textOf(ranges)).toMatch(/Every moment from .*by a salvage on the command line only.*Lost: /);
    expect(await ranges.locator(".kept, .tag:not(.unsure)").count()).toBe(0);
    expect(await textOf(page.locator(".moment-can"))).toMatch(/^Cannot be restored/);
    expect(await violations(page)).toEqual([]);
    expectClean(one);
  });

  const wide = () => {
    const replica = new SqliteReplica();
    const columns = Array.from({ length: 40 }, (_, i) => `column_number_${i}`);
    replica.exec(`CREATE TABLE wide (id INTEGER PRIMARY KEY, ${columns.join(", ")})`);
    for (let i = 0; i < 30; i++) replica.exec(`CREATE TABLE part_${i}_of_it (a)`);
    replica.exec(`CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs VALUES ('x')`);
    const values = columns.map((_, i) => `'value ${i}'`).join(", ");
    replica.exec(`INSERT INTO wide SELECT NULL, ${values} FROM (VALUES (1), (2), (3))`);
    replica.segment();
    replica.exec("UPDATE wide SET column_number_35 = 'another' WHERE id = 2");
    replica.segment();
    replica.exec(
      `BEGIN; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
       INSERT INTO part_7_of_it SELECT 'row ' || i FROM n; DELETE FROM wide WHERE id = 3; COMMIT`,
    );
    replica.segment();
    replica.close();
    return replica;
  };

  it.each([1280, 360])("tables, however many and wide, at %d px", async (width) => {
    const one = await open(wide(), { width });
    const { page } = one;
    const list = page.locator(".table-list");
    const box = (await list.boundingBox())!;
    expect(box.height).toBeLessThan(600);
    await page.getByRole("searchbox", { name: "Filter tables" }).fill("part_1");
    await expect.poll(() => list.locator(".table-names > ul > li").count()).toBe(11);
    await page.getByRole("searchbox").fill("nothing like it");
    await list.getByText("No table has this in its name.").waitFor();
    await page.getByRole("searchbox").fill("");
    await list.getByRole("button", { name: /^wide/ }).click();
    const rows = page.locator(".table-rows .grid-scroll");
    await rows.waitFor();
    const { past, scrolled } = await overflow(rows);
    expect(past).toBeGreaterThan(500);
    expect(Math.abs(scrolled - past)).toBeLessThanOrEqual(1);
    // The rows stand beside the list, or right below it.
    const at = (await rows.boundingBox())!;
    expect(at.y - (width === 360 ? box.y + box.height : box.y)).toBeLessThan(140);

    // Shadow tables are folded away; what needs a module that is not here is no fault.
    expect(await list.locator(".table-names > ul").getByText("docs_data").count()).toBe(0);
    await list.getByText("6 internal tables").click();
    await list.getByRole("button", { name: /^docs_data/ }).waitFor();
    await list.getByRole("button", { name: /^docs\b.*needs fts5/ }).click();
    await page.getByText("docs cannot be shown here").waitFor();
    expect(await page.locator(".inspector .bad").count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    const across = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
    expect(across).toBeLessThanOrEqual(0);
    expectClean(one);
  });

  it("questions: wide and several answers, writes that are thrown away, what SQLite lacks", async () => {
    const one = await open(wide());
    const { page } = one;
    const result = page.locator(".sql-result");
    await ask(page, "SELECT * FROM wide");
    await result.getByText("value 39").first().waitFor();
    const { past, scrolled } = await overflow(result.locator(".grid-scroll"));
    expect(past).toBeGreaterThan(500);
    expect(Math.abs(scrolled - past)).toBeLessThanOrEqual(1);
    const panel = (await page.locator(".inspector").boundingBox())!;
    const box = (await result.locator(".grid-scroll").boundingBox())!;
    expect(box.x + box.width).toBeLessThanOrEqual(panel.x + panel.width + 1);

    await ask(page, "SELECT 11; DELETE FROM wide; SELECT count(*) AS left_over FROM wide; SELECT 22");
    await result.getByText(/was thrown away/).waitFor();
    expect(await result.locator("table").count()).toBe(3);
    expect(await textOf(result)).toMatch(/2 rows written, on the copy/);
    await ask(page, "SELECT count(*) + 4000 FROM wide");
    await result.getByRole("cell", { name: "4002" }).waitFor();
    expect(await result.getByText(/thrown away/).count()).toBe(0);

    await ask(page, "SELECT * FROM docs");
    await result.getByText(/no such module: fts5/).waitFor();
    await result.getByText(/has no module “fts5”/).waitFor();
    expect(await result.locator(".bad").count()).toBe(0);
    await ask(page, "SELECT 1; SELECT * FORM wide");
    await result.getByText(/syntax error/).waitFor();
    expect(await result.locator("table").count()).toBe(1);
    expect(await violations(page)).toEqual([]);
    expectClean(one);
  });

  it("no old answer stands there while a question is asked, or the moment has changed", async () => {
    const one = await open(wide());
    const { page } = one;
    const result = page.locator(".sql-result");
    await ask(page, "SELECT 4711");
    await result.getByRole("cell", { name: "4711" }).waitFor();
    await ask(
      page,
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    );
    await page.getByText("Asking…").waitFor();
    expect(await result.locator("*").count()).toBe(0);
    await page.locator(".sql").getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled.").waitFor();
    await ask(page, "SELECT 4712");
    await result.getByRole("cell", { name: "4712" }).waitFor();
    await page.getByText("Ask again at each moment I go to").click();
    await page.getByRole("slider").focus();
    await page.keyboard.press("ArrowLeft");
    await page.getByText("The last answer was of another moment.").waitFor();
    expect(await result.locator("*").count()).toBe(0);
    expectClean(one);
  });

  it.each([1280, 360])(
    "changes at %d px: what differs is in sight, and more are shown when asked",
    async (width) => {
      const one = await open(wide(), { width });
      const { page } = one;
      await page.getByRole("tab", { name: "What changed" }).click();
      const rows = page.locator(".change", { hasText: "part_7_of_it" }).locator("tbody tr");
      await rows.first().waitFor();
      expect(await rows.count()).toBe(10);
      await page.getByRole("button", { name: "Show 100 more" }).click();
      expect(await rows.count()).toBe(110);
      await page.getByRole("button", { name: "Show 100 more" }).click();
      await page.getByRole("button", { name: "Show 40 more" }).click();
      expect(await rows.count()).toBe(250);
      expect(await page.getByRole("button", { name: /Show .* more/ }).count()).toBe(0);
      const removed = page.locator(".change tr.removed td").first();
      expect(await removed.evaluate((element) => getComputedStyle(element).textDecorationLine)).toBe("none");
      expect(await violations(page)).toEqual([]);

      await page.getByRole("slider").focus();
      await page.keyboard.press("ArrowLeft");
      const cell = page.locator("td.differs");
      await cell.waitFor();
      await page.waitForTimeout(200);
      const [inner, outer] = [
        (await cell.boundingBox())!,
        (await page.locator(".change .grid-scroll").boundingBox())!,
      ];
      expect(inner.x).toBeGreaterThanOrEqual(outer.x);
      expect(inner.x + inner.width).toBeLessThanOrEqual(outer.x + outer.width + 1);
      expect(await textOf(cell)).toMatch(/before: value 35.*after: another/);
      expect(await violations(page)).toEqual([]);
      expectClean(one);
    },
  );
});
