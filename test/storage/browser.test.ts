/** The same in a browser, with its own files, streams and workers: Chromium, where it is installed. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type * as walkit from "../../src/index.ts";
import type * as web from "../../src/web.ts";
import { fixtureTar } from "../support/archives.ts";
import { readManifest, tarPath } from "../support/fixtures.ts";

const CHROMIUM = "/usr/bin/chromium";
const NAME = "multi-snapshot";
const latest = readManifest(NAME).restores.find(({ id }) => id === "latest")!.db!.sha256;

/** What the page has: everything of both doors, and the helpers below. */
declare const all: typeof walkit & typeof web;
declare const blobOf: (path: string) => Promise<Blob>;
declare const sha256: (bytes: BufferSource) => Promise<string>;
declare const restored: (storage: walkit.Storage, prefix?: string) => Promise<string>;
declare const codeOf: (work: Promise<unknown>) => Promise<string>;

const ENTRY = `
  export * from "./index.ts"; export * from "./web.ts";
`;
const PAGE = `<!doctype html><input id="folder" type="file" webkitdirectory><script type="module">
  import * as all from "/walkit.js";
  globalThis.all = all;
  globalThis.blobOf = async (path) => (await fetch(path)).blob();
  globalThis.sha256 = async (bytes) => Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (b) => b.toString(16).padStart(2, "0")).join("");
  globalThis.restored = async (storage, prefix = "generations/") => {
    const report = await all.verify(all.replicaIn(storage, { prefix }), { level: "replay" });
    const sink = new all.BlobSink();
    await all.restore(all.replicaIn(storage, { prefix }), {}, sink);
    return report.status + " " + (await sha256(await sink.blob().arrayBuffer()));
  };
  globalThis.codeOf = (work) => work.then(() => "fine", (error) => error.code + ": " + error.message + " | " + JSON.stringify(error.remedy));
  globalThis.ready = true;
</script>`;
const WORKER = `
  import { HandleSink, HandleStorage, openHandleSpill } from "./web.ts";
  import { replicaIn, restore } from "./index.ts";
  onmessage = async () => {
    try {
      const root = await navigator.storage.getDirectory();
      const open = async (name) => (await root.getFileHandle(name, { create: true })).createSyncAccessHandle();
      const sink = new HandleSink(await open("out.db"));
      const spill = await open("spill");
      const storage = new HandleStorage(await root.getDirectoryHandle("replica"));
      await restore(replicaIn(storage), {}, sink, { memoryBudget: 8192, openSpill: () => openHandleSpill(spill) });
      await sink.close();
      postMessage("done");
    } catch (error) { postMessage(String(error.stack)); }
  };
`;

describe.skipIf(!existsSync(CHROMIUM))("in Chromium", () => {
  let server: Server;
  let other: Server;
  let browser: Browser;
  let page: Page;
  let root: string;
  const origin = (of: Server) => `http://127.0.0.1:${(of.address() as AddressInfo).port}`;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "walkit-browser-"));
    spawnSync("tar", ["-C", root, "-xf", tarPath(NAME)]);
    const zip = spawnSync("zip", ["-qr", join(root, "replica.zip"), "generations"], { cwd: root });
    const src = fileURLToPath(new URL("../../src/", import.meta.url));
    const files = new Map<string, Uint8Array | string>([
      ["/", PAGE],
      ["/replica.tar", fixtureTar(NAME)],
      ["/replica.tar.gz", gzipSync(fixtureTar(NAME))],
      ["/cut.tar.gz", gzipSync(fixtureTar(NAME)).subarray(0, 20_000)],
    ]);
    if (zip.status === 0) files.set("/replica.zip", readFileSync(join(root, "replica.zip")));
    for (const [name, contents] of [
      ["walkit", ENTRY],
      ["worker", WORKER],
    ]) {
      const { outputFiles } = await build({
        stdin: { contents: contents!, resolveDir: src, loader: "ts", sourcefile: `${name}.ts` },
        bundle: true,
        splitting: true,
        write: false,
        format: "esm",
        outdir: "/",
        entryNames: name!,
        chunkNames: `${name}-[hash]`,
        external: ["sql.js"],
      });
      for (const { path, contents: code } of outputFiles)
        files.set(path.replace(/.*\//, "/").replace("stdin", name!), code);
    }
    const serve = async (headers: Record<string, string>) => {
      const made = createServer((request, response) => {
        const path = new URL(request.url!, "http://x").pathname;
        const body = files.get(path);
        const type =
          path === "/" ? "text/html" : path.endsWith(".js") ? "text/javascript" : "application/octet-stream";
        const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
        if (!body) return response.writeHead(404, headers).end();
        if (!range) return response.writeHead(200, { ...headers, "content-type": type }).end(body);
        const [start, end] = [Number(range[1]), range[2] ? Number(range[2]) + 1 : body.length];
        const told = { "content-range": `bytes ${start}-${end - 1}/${body.length}` };
        response.writeHead(206, { ...headers, ...told }).end(body.slice(start, end));
      });
      await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
      return made;
    };
    server = await serve({});
    other = await serve({ "access-control-allow-origin": "*" });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    page = await browser.newPage();
    await page.goto(`${origin(server)}/`);
    await page.waitForFunction("globalThis.ready");
  });
  afterAll(async () => {
    await browser?.close();
    for (const made of [server, other]) made?.close();
    rmSync(root, { recursive: true, force: true });
  });

  it.each(["replica.tar", "replica.tar.gz", "replica.zip"])("%s is verified and restored", async (name) => {
    if (name === "replica.zip" && !existsSync(join(root, name))) return;
    const found = await page.evaluate(async (path) => {
      const storage = await all.openArchive(await blobOf(path));
      const { generations } = await all.readCatalog(storage);
      const time = generations[0]!.segments[0]!.modified!;
      return [await restored(storage), storage.kind, `${time % 1_000_000_000n}`];
    }, `/${name}`);
    expect(found.slice(0, 2)).toEqual([`ok ${latest}`, name.slice("replica.".length)]);
    if (name === "replica.zip") expect(found[2]).toBe("0");
    else expect(found[2]).not.toMatch(/000$/);
  });

  it("an archive that is cut is refused", async () => {
    const code = await page.evaluate(async () => codeOf(all.openArchive(await blobOf("/cut.tar.gz"))));
    expect(code).toMatch(/^storage\/unreadable: Expected a whole gzip file/);
  });

  it("a picked folder is verified and restored", async () => {
    await page.locator("#folder").setInputFiles(join(root, "generations"));
    const found = await page.evaluate(async () => {
      const input = document.querySelector<HTMLInputElement>("#folder")!;
      const storage = new all.FileListStorage(input.files!);
      const [replica] = await all.findReplicas(storage);
      const { generations } = await all.readCatalog(storage, replica!);
      return [
        await restored(storage, replica!.prefix),
        `${generations[0]!.segments[0]!.modified! % 1_000_000n}`,
      ];
    });
    expect(found).toEqual([`ok ${latest}`, "0"]);
  });

  it("a folder's handle is verified and restored, into a file's handle too, and in a worker", async () => {
    const found = await page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const archive = await all.openArchive(await blobOf("/replica.tar"));
      for await (const { path } of archive.list("")) {
        let folder = await root.getDirectoryHandle("replica", { create: true });
        const parts = path.split("/");
        const name = parts.pop()!;
        for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: true });
        if (name === "") continue;
        const out = await (await folder.getFileHandle(name, { create: true })).createWritable();
        for await (const piece of archive.read(path)) await out.write(piece as Uint8Array<ArrayBuffer>);
        await out.close();
      }
      const storage = new all.HandleStorage(await root.getDirectoryHandle("replica"));
      const handle = await root.getFileHandle("streamed.db", { create: true });
      const sink = new all.HandleSink(await handle.createWritable());
      await all.restore(all.replicaIn(storage), {}, sink);
      await sink.close();
      const worker = new Worker("/worker.js", { type: "module" });
      const said = new Promise((resolve) => worker.addEventListener("message", ({ data }) => resolve(data)));
      worker.postMessage("go");
      const done = await said;
      const hashOf = async (name: string) =>
        sha256(await (await (await root.getFileHandle(name)).getFile()).arrayBuffer());
      return [
        (await restored(storage)).split(" ")[1],
        await hashOf("streamed.db"),
        done,
        await hashOf("out.db"),
        await codeOf(storage.read("generations/gone").next()),
        await codeOf(storage.read("generations").next()),
      ];
    });
    expect(found.slice(0, 4)).toEqual([latest, latest, "done", latest]);
    expect(found[4]).toMatch(/^storage\/not-found/);
    expect(found[5]).toMatch(/^storage\/unreadable.*TypeMismatchError/);
  });

  it("a server of another origin is read where it allows that, in part as well", async () => {
    const found = await page.evaluate(async (url) => {
      const storage = new all.HttpStorage(url);
      const parts: number[] = [];
      for await (const piece of storage.read("replica.tar", { start: 257, end: 262 })) parts.push(...piece);
      const whole = new all.MemorySink();
      for await (const data of storage.read("replica.tar.gz")) {
        await whole.write({
          type: "write",
          position: whole.bytes.length,
          data: data as Uint8Array<ArrayBuffer>,
        });
      }
      return [String.fromCharCode(...parts), await restored(await all.openArchive(new Blob([whole.bytes])))];
    }, origin(other));
    expect(found).toEqual(["ustar", `ok ${latest}`]);
    // The page's own server allows no other origin.
    const denied = await page.evaluate(
      async (url) => {
        return codeOf(new all.HttpStorage(url).read("replica.tar").next());
      },
      origin(server).replace("127.0.0.1", "localhost"),
    );
    expect(denied).toMatch(/^storage\/unreadable: Cannot reach .*"connection"/);
  });
});
