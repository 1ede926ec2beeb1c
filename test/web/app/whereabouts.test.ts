/** Where somebody is in the page: what is dropped and is none, reload, Back, leaving; and what `walkit ui` says and offers. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import sqlite from "node-sqlite3-wasm";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compress } from "../../../src/lz4/index.ts";
import { hashOf, MAIN, temporaryFolder, unpack } from "../../cli/support.ts";
import { encryptFolder } from "../../support/age.ts";
import { readFixture, tarPath } from "../../support/fixtures.ts";
import { CHROMIUM } from "../browser.ts";
import { download, drop, expectClean, textOf, Visits, verdict, violations } from "./page-support.ts";

const position = (page: Page): Locator =>
  page
    .locator(".moment .mono")
    .getByText(/^[0-9a-f]{8}:[0-9a-f]{8}$/)
    .first();

/** Files that people drop, and what the page is to say of each. */
function things(): [name: string, make: (folder: string) => string, title: RegExp, next: RegExp][] {
  const file = (name: string, bytes: Uint8Array | string) => (folder: string) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const database = () => {
    const path = join(mkdtempSync(join(tmpdir(), "walkit-db-")), "app.db");
    const db = new sqlite.Database(path);
    db.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    db.close();
    return readFileSync(path);
  };
  const fixture = readFixture("basic").files;
  const path = (end: RegExp) => [...fixture.keys()].find((one) => end.test(one))!;
  const [snapshot, segment] = [path(/snapshot\.lz4$/), path(/wal\.lz4$/)];
  const tar = readFileSync(tarPath("multi-snapshot"));
  return [
    ["a database", file("app.db", database()), /database, not a backup/, /litestream\.yml/],
    ["a database by another name", file("app", database()), /database, not a backup/, /litestream\.yml/],
    ["a snapshot", file(basename(snapshot), fixture.get(snapshot)!.data), /one snapshot/, /generations/],
    ["a segment", file(basename(segment), fixture.get(segment)!.data), /one piece of WAL/, /generations/],
    ["an LZ4 file", file("notes.lz4", compress(Buffer.from("notes"))), /LZ4 file/, /lz4 -d/],
    [
      "an LTX file",
      file("0000000000000001-0000000000000001.ltx", "LTX1...."),
      /one LTX file/,
      /Open the folder/,
    ],
    [
      "an encrypted file",
      file("app.tar.age", "age-encryption.org/v1\n-> X25519 abc\n"),
      /encrypted/,
      /with age and its key/,
    ],
    ["a .7z", file("app.7z", Buffer.from("7z\xbc\xaf\x27\x1c", "latin1")), /7-Zip/, /Unpack it/],
    ["a cut .tar", file("app.tar", tar.subarray(0, tar.length >> 1)), /not whole/, /again/],
    ["a cut .tar.gz", file("app.tar.gz", gzipSync(tar).subarray(0, 5000)), /not whole/, /again/],
    ["an empty file", file("app.tar", ""), /empty/, /again/],
    [
      "a photo",
      file("beach.jpg", Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16])),
      /not a backup/,
      /generations/,
    ],
    [
      "a folder of photos",
      (folder) => {
        for (let i = 0; i < 12; i++) writeFileSync(join(folder, `IMG_${i}.JPG`), "\xff\xd8");
        return folder;
      },
      /no backup in there.*12 files: 12 \.jpg/,
      /generations/,
    ],
    ["an empty folder", (folder) => folder, /nothing in there/, /generations/],
    [
      "a folder with a database",
      (folder) => {
        writeFileSync(join(folder, "shop.sqlite"), database());
        return folder;
      },
      /databases in there.*shop\.sqlite/,
      /litestream\.yml/,
    ],
    [
      "LTX files out of their folders",
      (folder) => {
        mkdirSync(join(folder, "0"), { recursive: true });
        writeFileSync(join(folder, "0/0000000000000001-0000000000000001.ltx"), "LTX1....");
        return folder;
      },
      /pieces of a backup.*LTX files/,
      /folder that holds “ltx”/,
    ],
    [
      "pieces of a backup",
      (folder) => {
        writeFileSync(join(folder, basename(snapshot)), fixture.get(snapshot)!.data);
        return folder;
      },
      /pieces of a backup/,
      /generations/,
    ],
  ];
}

describe.skipIf(!CHROMIUM)("whereabouts", { timeout: 60_000 }, () => {
  let visits: Visits;

  beforeAll(async () => {
    visits = await Visits.begin();
  }, 60_000);

  afterAll(() => visits?.end());

  it("names what is dropped for what it is, with the next step, and leaves what is open where it is", async () => {
    const one = await visits.visit();
    const { page } = one;
    const card = page.locator(".card[role=alert]");
    for (const [name, make, title, next] of things()) {
      await drop(one, make(temporaryFolder()));
      await expect
        .poll(() => textOf(card).catch(() => ""), { message: name, timeout: 10_000 })
        .toMatch(title);
      expect([name, await textOf(card)]).toEqual([name, expect.stringMatching(next)]);
      await page.reload();
    }
    await drop(one, unpack("multi-generation"));
    await verdict(page);
    await page.getByRole("slider").focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowLeft");
    const at = await textOf(position(page));
    for (const [name, make, title] of things().slice(0, 3)) {
      await drop(one, make(temporaryFolder()));
      await expect.poll(() => textOf(card).catch(() => ""), { message: name }).toMatch(title);
      expect(await textOf(card)).toMatch(/multi-generation|replica is still open/);
      expect(await textOf(position(page))).toBe(at);
      expect(await violations(page)).toEqual([]);
    }
    await page.getByRole("button", { name: "Dismiss" }).click();
    expect(await card.count()).toBe(0);
    // It is alive, not only there to be seen.
    expect(await textOf(page.locator(".sign-word"))).toBe("Good.");
    await page.keyboard.press("Escape");
    await page.getByRole("slider").focus();
    await page.keyboard.press("ArrowLeft");
    await page.waitForSelector(".inspector:not(.stale)");
    expect(await textOf(position(page))).not.toBe(at);
    expectClean(one);
  });

  it.each([
    ["light", 1280],
    ["dark", 360],
  ] as const)("an encrypted replica is no damage: %s, %d px", async (scheme, width) => {
    const one = await visits.visit({ scheme, width });
    const { page } = one;
    await drop(one, encryptFolder(unpack("multi-generation")));
    expect(await verdict(page)).toMatch(/^Encrypted\. Nothing is known to be wrong.*with age and its key/);
    expect(await page.locator(".sign-plate.unsure").count()).toBe(1);
    expect(await page.locator(".bad, .lost, .damage, .damaged").count()).toBe(0);
    expect(await textOf(page.locator(".report"))).toMatch(/Nothing is known of it/);
    expect(await violations(page)).toEqual([]);
    expectClean(one);
  });

  it("counts commits where no times are known, and goes to them by number", async () => {
    const one = await visits.visit();
    const { page } = one;
    const replica = unpack("multi-index");
    // One instant for all of them, to the millisecond: times of a copy.
    const COPIED = 1.7e9 + 0.123;
    for (const entry of readdirSync(replica, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), COPIED, COPIED);
    await drop(one, replica);
    expect(await verdict(page)).toMatch(/Every moment from the snapshot before commit 1 to commit 21 can be/);
    expect(await textOf(page.locator(".moment-clock"))).toBe("commit 21");
    await page.getByRole("textbox", { name: "Go to a commit" }).fill("7");
    await page.getByRole("button", { name: "Go", exact: true }).click();
    await expect.poll(() => textOf(page.locator(".moment-clock"))).toBe("commit 7");
    await page.getByText("14 commits before the newest").waitFor();
    await page.getByRole("textbox", { name: "Go to a commit" }).fill("nowhere");
    await page.getByRole("button", { name: "Go", exact: true }).click();
    await page.getByText("not a commit’s number").waitFor({ state: "attached" });
    expect(await violations(page)).toEqual([]);
    expectClean(one);
  });

  it("tells in the first line that entries of an archive were left out", async () => {
    const one = await visits.visit();
    const replica = unpack("basic");
    symlinkSync("/etc/hostname", join(replica, "generations", "link"));
    const archive = join(temporaryFolder(), "linked.tar");
    execFileSync("tar", ["cf", archive, "--format=pax", "-C", replica, "."]);
    await drop(one, archive);
    expect(await verdict(one.page)).toMatch(/^Good\..*1 entry of the archive was left out/);
    expect(await textOf(one.page.locator(".report"))).toMatch(/generations\/link: .*link/);
  });

  it("offers the command that goes as far as there is where a moment cannot be had", async () => {
    const one = await visits.visit();
    const { page } = one;
    await drop(one, tarPath("damaged/missing-middle-segment"));
    await verdict(page);
    await page.getByRole("slider").focus();
    await page.keyboard.press("End");
    await page.getByRole("tab", { name: "Command" }).click();
    const [restore, ...others] = await page.locator(".commands pre").allTextContents();
    expect(restore).toMatch(/ --target-position \S+ --salvage$/);
    expect(others.some((line) => line.includes(" mark "))).toBe(false);
    // In words first; hex only where somebody looks for it.
    // biome-ignore lint/performance/useDomNodeTextContent: what is folded away is not to be read
    const text = (await page.locator("main").innerText()).replace(/\s+/g, " ");
    const panel = text.slice(0, text.indexOf("Tables"));
    expect(panel).not.toMatch(/[0-9a-f]{8}:[0-9a-f]{8}|\b[0-9a-f]{16}\b/);
  });

  it("comes back to the moment: Back after another, and after a reload once it is dropped again", async () => {
    const one = await visits.visit();
    const { page } = one;
    await drop(one, tarPath("multi-generation"));
    await verdict(page);
    await page.getByRole("slider").focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowLeft");
    const at = await textOf(position(page));
    await expect.poll(() => page.url()).toContain(at);
    // The empty page, and back: it was never closed.
    await page.getByRole("button", { name: "Open another" }).click();
    await page.getByRole("button", { name: /^Back to multi-generation/ }).click();
    await expect.poll(() => textOf(position(page))).toBe(at);
    expect(await textOf(page.locator(".sign-word"))).toBe("Good.");
    // Another replica, and Back: it is read again.
    await page.getByRole("button", { name: "Open another" }).click();
    await page.getByText("Try the built-in example").click();
    await verdict(page);
    const example = await textOf(position(page));
    expect(page.url()).toContain("#open=example");
    await page.goBack();
    await page.goBack();
    await expect.poll(() => textOf(position(page)).catch(() => "")).toBe(at);
    await verdict(page);
    await page.goForward();
    await page.goForward();
    await expect.poll(() => textOf(position(page)).catch(() => "")).toBe(example);
    // The example comes by itself, at its moment.
    await page.getByRole("slider").focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowLeft");
    const there = await textOf(position(page));
    await expect.poll(() => page.url()).toContain(there);
    await page.reload();
    await verdict(page);
    expect(await textOf(position(page))).toBe(there);
    expectClean(one);
  });

  it("asks for what it cannot have again by itself, and then goes to the moment", async () => {
    const one = await visits.visit();
    const { page } = one;
    await page.locator("input[type=file]").last().setInputFiles(tarPath("multi-snapshot"));
    await verdict(page);
    await page.getByRole("slider").focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowLeft");
    const at = await textOf(position(page));
    await expect.poll(() => page.url()).toContain(at);
    await page.reload();
    const card = page.locator(".start-message .card");
    await expect.poll(() => textOf(card)).toMatch(/Open multi-snapshot\.tar once more.*back to the moment/);
    expect(await violations(page)).toEqual([]);
    await page.locator("input[type=file]").last().setInputFiles(tarPath("multi-snapshot"));
    await verdict(page);
    expect(await textOf(position(page))).toBe(at);
    expectClean(one);
  });

  it("finds a folder by itself after a reload, where the browser lets it, and asks where the browser does", async () => {
    const one = await visits.visit();
    const { page } = one;
    const replica = unpack("multi-index");
    await drop(one, replica);
    await verdict(page);
    await page.getByRole("slider").focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowLeft");
    const at = await textOf(position(page));
    await expect.poll(() => page.url()).toContain(at);
    await page.reload();
    await verdict(page);
    expect(await textOf(position(page))).toBe(at);
    await page.addInitScript(`
      FileSystemHandle.prototype.queryPermission = async () => "prompt";
      FileSystemHandle.prototype.requestPermission = async () => "granted";
    `);
    await page.reload();
    await page.getByText(/^Go on with replica\?/).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Open replica again" }).click();
    await verdict(page);
    expect(await textOf(position(page))).toBe(at);
    // It is somewhere else now.
    renameSync(replica, `${replica}-old`);
    await page.reload();
    await page.getByRole("button", { name: "Open replica again" }).click();
    await page.getByText("replica is not where it was").waitFor();
    expectClean(one);
  });

  it("asks before it is left while a database is being written", async () => {
    const one = await visits.visit();
    const { page } = one;
    // The file that it writes to is never done with.
    await page.addInitScript(`
      window.showSaveFilePicker = async () => {
        const root = await navigator.storage.getDirectory();
        const handle = await root.getFileHandle("held.db", { create: true });
        return handle;
      };
      const send = Worker.prototype.postMessage;
      Worker.prototype.postMessage = function (message, ...rest) {
        if (message.method !== "restore") send.call(this, message, ...rest);
      };
    `);
    await page.goto(`${visits.site.url}?held`);
    await drop(one, tarPath("multi-snapshot"));
    await verdict(page);
    let asked = 0;
    let agree = false;
    page.on("dialog", async (dialog) => {
      asked++;
      await (agree ? dialog.accept() : dialog.dismiss());
    });
    await page.getByRole("button", { name: "Restore this moment" }).click();
    await page.locator(".restore progress").waitFor();
    await page.reload({ timeout: 2000 }).catch(() => undefined);
    expect(asked).toBe(1);
    expect(await page.locator(".restore progress").count()).toBe(1);
    await drop(one, tarPath("basic"));
    await expect.poll(() => asked).toBe(2);
    expect(await page.locator(".restore progress").count()).toBe(1);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("was cancelled").waitFor();
    agree = true;
    await page.reload();
    expect(asked).toBe(2);
  });
});

describe.skipIf(!CHROMIUM)("walkit ui", { timeout: 60_000 }, () => {
  let visits: Visits;
  let child: ChildProcess;
  let url: string;
  const folder = temporaryFolder();
  const replica = join(folder, "it's a shop", "app");

  beforeAll(async () => {
    visits = await Visits.begin();
    unpack("multi-generation", replica);
    child = spawn(process.execPath, [MAIN, "ui", replica]);
    url = await new Promise((resolve) => child.stdout!.once("data", (data) => resolve(String(data).trim())));
  }, 60_000);

  afterAll(async () => {
    child.kill("SIGINT");
    await new Promise((resolve) => child.once("exit", resolve));
    await visits?.end();
  });

  it("calls the replica by its path, and its commands do what they say", async () => {
    const one = await visits.visit();
    const { page } = one;
    await page.goto(url);
    await verdict(page);
    expect(await textOf(page.locator(".replica-name"))).toContain(replica);
    await page.getByRole("slider").focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowLeft");
    await page.waitForSelector(".inspector:not(.stale)");
    const restored = await download(page);
    await page.getByRole("tab", { name: "Command" }).click();
    const lines = await page.locator(".commands pre").allTextContents();
    expect(lines.length).toBe(4);

    // No shell here finds walkit by its name: it is called by its path.
    expect(lines[0]).toContain(MAIN);
    const cwd = temporaryFolder();
    const run = (line: string) => execFileSync("bash", ["-c", line], { cwd, stdio: "pipe" }).toString();
    run(lines.find((line) => line.includes(" restore "))!);
    const [file] = readdirSync(cwd).filter((name) => name.endsWith(".db"));
    expect(file).toMatch(/^app-\d{4}-\d\d-\d\dT\d{4}(\d\d(\.\d{3})?)?Z\.db$/);
    expect(hashOf(join(cwd, file!))).toBe(hashOf(restored));
    expect(run(lines.find((line) => line.includes(" verify "))!)).toMatch(/whole|ok|no damage/i);
    run(lines.find((line) => line.includes(" mark "))!);
    expect(readdirSync(join(replica, "generations")).some((name) => name.endsWith(".restore-points"))).toBe(
      true,
    );
    expect(lines.find((line) => line.startsWith("sqlite3 "))).toContain(file);
  });

  it("gives a restored file a name that says what it is, and comes back to its moment by itself", async () => {
    const one = await visits.visit();
    const { page } = one;
    await page.goto(url);
    await verdict(page);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Restore this moment" }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/^app-\d{4}-\d\d-\d\dT\d{4}.*Z\.db$/);
    await page.getByRole("slider").focus();
    for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowLeft");
    const at = await textOf(position(page));
    await expect.poll(() => page.url()).toContain(at);
    await page.reload();
    await verdict(page);
    expect(await textOf(position(page))).toBe(at);
    await page.goto("about:blank");
    await page.goBack();
    await verdict(page);
    expect(await textOf(position(page))).toBe(at);
  });
});
