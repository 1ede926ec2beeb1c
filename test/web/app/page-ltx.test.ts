/** The page in a real headless Chromium, on LTX files: of Litestream 0.5, beside generations, and of LiteFS. */

import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, unpack, walkit } from "../../cli/support.ts";
import { readAll } from "../../support/archives.ts";
import { LitefsNode } from "../../support/litefs.ts";
import { LtxReplica } from "../../support/ltx-replica.ts";
import { CHROMIUM } from "../browser.ts";
import { download, drop, expectClean, textOf, Visits, verdict, violations } from "./page-support.ts";

/** 40 TXIDs: snapshots, syncs of the last ten, two levels of merged files. */
function shop(): LtxReplica {
  const sql = ["CREATE TABLE orders (id INTEGER PRIMARY KEY, total INT)"];
  for (let i = 2; i <= 40; i++) sql.push(`INSERT INTO orders (total) VALUES (${i})`);
  const replica = new LtxReplica(sql, { interval: 60_000 });
  replica.put(9, 1, 1);
  replica.put(9, 1, 20);
  for (let txid = 31; txid <= 40; txid++) replica.put(0, txid);
  for (let txid = 1; txid + 3 <= 40; txid += 4) replica.put(1, txid, txid + 3);
  for (let txid = 1; txid + 19 <= 40; txid += 20) replica.put(2, txid, txid + 19);
  return replica;
}

describe.skipIf(!CHROMIUM)("the page, with LTX files", { timeout: 60_000 }, () => {
  let visits: Visits;

  beforeAll(async () => {
    visits = await Visits.begin();
  }, 60_000);

  afterAll(() => visits?.end());

  it("a dropped replica: verified, drawn with its levels, scrubbed, asked, restored to the true bytes", async () => {
    const one = await visits.visit();
    const { page } = one;
    const replica = shop();
    const folder = replica.write(temporaryFolder());
    await drop(one, folder);
    expect(await verdict(page)).toMatch(/^Good\. Every moment from .* can be brought back/);
    expect(await textOf(page.locator(".legend"))).toMatch(/LTX file.*merged, level by level/);
    expect(readFileSync(await download(page))).toEqual(Buffer.from(replica.states[40]!));

    const details = page.locator(".moment-details");
    const slider = page.getByRole("slider");
    await slider.focus();
    for (let i = 0; i < 7; i++) await page.keyboard.press("ArrowLeft");
    await expect.poll(() => textOf(details)).toMatch(/TXID0000000000000021/);
    expect(await textOf(details)).not.toMatch(/Generation/);
    expect(await slider.getAttribute("aria-valuetext")).toMatch(/Moment \d+ of \d+, Can be restored/);
    expect(readFileSync(await download(page))).toEqual(Buffer.from(replica.states[33]!));
    await page.keyboard.press("ArrowLeft");
    await slider.focus();
    await page.keyboard.press("ArrowLeft");

    await page.getByRole("tab", { name: "What changed" }).click();
    const panel = page.getByRole("tabpanel");
    await expect
      .poll(() => textOf(panel))
      .toMatch(/The LTX file that leads here has \d+ pages.*4 rows added/);
    await page.getByRole("tab", { name: "Command" }).click();
    const command = / --txid ([0-9a-f]{16})/.exec(await textOf(panel));
    const output = join(temporaryFolder(), "node.db");
    const words = ["restore", folder, "-o", output, "--txid", command![1]!];
    expect((await walkit(words)).code).toBe(0);
    const txid = Number.parseInt(command![1]!, 16);
    expect(readFileSync(output)).toEqual(Buffer.from(replica.states[txid]!));
    expect(await textOf(page.locator("#report"))).toMatch(/24 LTX files: 10 of level 0, 10 of level 1/);
    expect(await violations(page)).toEqual([]);
    expectClean(one);
  });

  it("a missing file and a broken one: what is lost, what is not, and where", async () => {
    const replica = shop();
    replica.drop("ltx/0/0000000000000023-0000000000000023.ltx");
    const broken = replica.files.get("ltx/1/0000000000000005-0000000000000008.ltx")!;
    broken.bytes[120]! ^= 1;
    // What the broken file led to is in another one, too.
    replica.put(0, 5, 8);
    const one = await visits.visit({ width: 360 });
    const { page } = one;
    await drop(one, replica.write(temporaryFolder()));
    const words = await verdict(page);
    expect(words).toMatch(/^Damaged\./);
    const report = page.locator("#report");
    expect(await textOf(report)).toMatch(/In an LTX file/);
    expect(await violations(page)).toEqual([]);
    expectClean(one);
  });

  it("only a file is broken that is there twice: nothing is lost, and so it is said", async () => {
    const replica = shop();
    replica.files.get("ltx/2/0000000000000015-0000000000000028.ltx")!.bytes[120]! ^= 1;
    const one = await visits.visit();
    await drop(one, replica.write(temporaryFolder()));
    expect(await verdict(one.page)).toMatch(/^Damaged\. A file is broken, but what it held is there twice/);
    expectClean(one);
  });

  it("generations and LTX files side by side are timelines of one replica", async () => {
    const folder = unpack("multi-index");
    const replica = shop();
    cpSync(replica.write(temporaryFolder()), folder, { recursive: true });
    const one = await visits.visit({ scheme: "dark" });
    const { page } = one;
    await drop(one, folder);
    expect(await verdict(page)).toMatch(/^Good\./);
    expect(await page.locator(".lane-label").count()).toBe(2);
    // The newest is told by the times of both.
    const current = await textOf(page.locator(".lane-label[aria-pressed=true]"));
    expect(current).toMatch(/current/);
    const { stdout } = await walkit(["restore", folder, "-o", "x.db", "--dry-run", "--json"]);
    const isLtx = JSON.parse(stdout).plan.generation === "ltx";
    expect(await textOf(page.locator(".moment-details"))).toMatch(isLtx ? /TXID/ : /WAL position/);
    expect(await violations(page)).toEqual([]);
    expectClean(one);
  });

  it("a data directory of LiteFS: its databases are offered, each with its transactions", async () => {
    const folder = temporaryFolder();
    const states: Uint8Array[] = [];
    for (const name of ["app.db", "other.db"]) {
      const node = new LitefsNode({ prefix: `dbs/${name}/` });
      node.commit("CREATE TABLE t (x)");
      for (let i = 0; i < 5; i++) node.commit(`INSERT INTO t VALUES ('${name}')`);
      states.push(node.state);
      const storage = node.storage();
      for await (const { path } of storage.list("")) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), await readAll(storage, path));
      }
      node.close();
    }
    const one = await visits.visit();
    const { page } = one;
    await drop(one, folder);
    await page.getByText("dbs/other.db").click();
    expect(await verdict(page)).toMatch(/^Good\. Every moment/);
    expect(readFileSync(await download(page))).toEqual(Buffer.from(states[1]!));
    expectClean(one);
  });
});
