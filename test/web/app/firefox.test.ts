/**
 * The library and the page in a real Firefox, without a driver: it is started with a page that does in a frame what a
 * person would, and asks the server for a path that says what it saw. Skipped where there is no Firefox; `FIREFOX` names one.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build } from "../../cli/support.ts";
import { readManifest } from "../../support/fixtures.ts";
import { ROOT, type Served, serve } from "../browser.ts";

const FIREFOX = [
  process.env.FIREFOX,
  "/usr/bin/firefox-esr",
  // Installed as a snap, it may not read a profile from elsewhere.
  existsSync("/snap/bin/firefox") ? undefined : "/usr/bin/firefox",
  "/Applications/Firefox.app/Contents/MacOS/firefox",
].find((path) => path !== undefined && existsSync(path));

const NAME = FIREFOX ? "in Firefox" : "in Firefox, which is not here";

const FIXTURES = "test/fixtures/litestream-0.3/";
const PATHS = readdirSync(join(ROOT, "test/fixtures"), { recursive: true });

const PAGE = '<!doctype html><body><script type="module" src="drive.js"></script>';
const DRIVE = `
const conform = async () => {
  const { conformance } = await import("/test/conformance/suite.mjs");
  const read = async (path) => new Uint8Array(await (await fetch("/test/fixtures/" + path)).arrayBuffer());
  return await conformance(read, ${JSON.stringify(PATHS)});
};
const visit = async () => {
  const frame = document.createElement("iframe");
  frame.src = "/dist/web/index.html";
  document.body.append(frame);
  await new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
  const inside = frame.contentWindow;
  // What is restored would be found among somebody's downloads.
  inside.HTMLAnchorElement.prototype.click = () => {};
  const complaints = [];
  inside.addEventListener("securitypolicyviolation", (event) => complaints.push(event.violatedDirective));
  inside.addEventListener("unhandledrejection", (event) => complaints.push(String(event.reason)));
  const find = (selector, words) =>
    [...inside.document.querySelectorAll(selector)].find((one) => one.textContent.includes(words));
  const until = async (selector, words) => {
    for (let tries = 0; !find(selector, words); tries++) {
      if (tries === 300) throw new Error("Waited in vain for " + words);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return find(selector, words);
  };
  await until("button", "built-in example");
  const archive = await (await fetch("/${FIXTURES}multi-snapshot.tar")).arrayBuffer();
  const carried = new inside.DataTransfer();
  carried.items.add(new inside.File([archive], "multi-snapshot.tar"));
  const input = inside.document.querySelector("input[type=file]:not([webkitdirectory])");
  input.files = carried.files;
  input.dispatchEvent(new inside.Event("change", { bubbles: true }));
  await until(".sign-word", "Good.");
  find("button", "Restore this moment").click();
  await until(".restore-body", "SHA-256");
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("walkit");
  const hashes = [];
  for await (const handle of folder.values()) {
    const hash = await crypto.subtle.digest("SHA-256", await (await handle.getFile()).arrayBuffer());
    hashes.push(Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join(""));
  }
  find("[role=tab]", "SQL").click();
  inside.document.querySelector("textarea").value = "SELECT 'answered ' || count(*) FROM orders";
  (await until("button", "Run")).click();
  await until("td", "answered 140");
  find("[role=tab]", "What changed").click();
  await until("[role=tabpanel]", "rows added");
  return { hashes, complaints };
};
for (const [name, work] of Object.entries({ conform, visit })) {
  const words = JSON.stringify(await work().catch((error) => String(error) + error.stack));
  await fetch("/said/" + name + "/" + encodeURIComponent(words.slice(0, 2000)));
}
`;

describe.skipIf(!FIREFOX)(NAME, { timeout: 100_000 }, () => {
  let folder: string;
  let site: Served;
  let child: ChildProcess;

  beforeAll(async () => {
    build();
    folder = mkdtempSync(join(tmpdir(), "walkit-firefox-"));
    for (const name of ["dist", "test"]) symlinkSync(join(ROOT, name), join(folder, name));
    writeFileSync(join(folder, "index.html"), PAGE);
    writeFileSync(join(folder, "drive.js"), DRIVE);
    site = await serve(folder);
    const profile = mkdtempSync(join(folder, "profile-"));
    const args = ["--headless", "--no-remote", "--profile", profile, site.url];
    // What is started may be a script: its group is ended with it.
    child = spawn(FIREFOX!, args, { stdio: "ignore", detached: true });
  }, 60_000);

  afterAll(async () => {
    site?.close();
    if (child?.exitCode === null) {
      process.kill(-child.pid!);
      await once(child, "exit");
    }
    if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  });

  /** What the page found out. */
  async function said(name: string): Promise<unknown> {
    const prefix = `/said/${name}/`;
    const find = () => site.asked.find((path) => path.startsWith(prefix));
    await expect.poll(find, { timeout: 90_000, interval: 100 }).toBeDefined();
    return JSON.parse(find()!.slice(prefix.length));
  }

  it("passes the conformance suite", async () => {
    expect(await said("conform")).toEqual({ passed: expect.toSatisfy((n) => n > 1570), failed: [] });
  });

  it("verifies, restores what Litestream restored, asks SQLite, compares", async () => {
    const { sha256 } = readManifest("multi-snapshot").restores.find(({ id }) => id === "latest")!.db!;
    expect(await said("visit")).toEqual({ hashes: [sha256], complaints: [] });
  });
});
