/** `walkit ui`: the page and the replica for whoever knows the address, nothing else of the machine, and nobody else. */

import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readManifest } from "../support/fixtures.ts";
import { build, MAIN, temporaryFolder, unpack, walkit } from "./support.ts";

describe("walkit ui", () => {
  const replica = unpack("multi-index");
  const segment = readManifest("multi-index").generations[0]!.wal[3]!.path;
  let child: ChildProcess;
  let url: URL;
  let home: string;

  beforeAll(async () => {
    build();
    writeFileSync(join(replica, "secret.txt"), "not of the replica");
    child = spawn(process.execPath, [MAIN, "ui", replica]);
    url = new URL(
      await new Promise<string>((resolve) => child.stdout!.once("data", (d) => resolve(String(d)))),
    );
    home = url.origin + url.pathname;
  });

  afterAll(async () => {
    child.kill("SIGINT");
    expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
  });

  const status = async (path: string, init?: RequestInit) => (await fetch(home + path, init)).status;

  it("shows the page with the replica that it was given", async () => {
    expect(url.hash).toBe("#replica=replica/&batch=batch&about=about.json");
    const answer = await fetch(home);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("<title>");
    expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'none';.*connect-src 'self'/);
  });

  it("says where the replica lies and how a shell calls walkit, so that commands work where they are pasted", async () => {
    const folder = join(temporaryFolder(), "it's a shop", "app");
    unpack("basic", folder);
    const generations = join(folder, "generations");
    const bin = temporaryFolder();
    chmodSync(MAIN, 0o755);
    symlinkSync(MAIN, join(bin, "walkit"));
    const about = async (env: NodeJS.ProcessEnv) => {
      const own = spawn(process.execPath, [MAIN, "ui", generations], { env });
      try {
        const home = await new Promise<string>((resolve) => {
          own.stdout.once("data", (data) => resolve(String(data).replace(/#.*/s, "")));
        });
        return await (await fetch(`${home}about.json`)).json();
      } finally {
        own.kill("SIGINT");
        await new Promise((resolve) => own.once("exit", resolve));
      }
    };
    const quoted = `'${generations.replace("'", `'\\''`)}'`;
    const known = { path: generations, name: "app", quoted, canMark: true };
    const { PATH } = process.env;
    expect(await about({ ...process.env, PATH: `${bin}:${PATH}` })).toEqual({ ...known, program: "walkit" });
    expect(await about(process.env)).toEqual({ ...known, program: `node ${MAIN}` });
  });

  it("answers nobody who does not know the address, or comes from elsewhere", async () => {
    for (const path of ["/", `/${"0".repeat(32)}/`, "/index.html", `${url.pathname.slice(0, -2)}/`])
      expect([path, (await fetch(url.origin + path)).status]).toEqual([path, 404]);
    const strangers: Record<string, string>[] = [
      { origin: "http://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ];
    for (const headers of strangers) expect([headers, await status("", { headers })]).toEqual([headers, 404]);
    expect(await status("", { headers: { "sec-fetch-site": "same-origin", origin: url.origin } })).toBe(200);
    // Another name that leads here (DNS rebinding).
    const rebound = await new Promise((resolve, reject) => {
      const options = {
        host: "127.0.0.1",
        port: url.port,
        path: url.pathname,
        headers: { host: "evil.example" },
      };
      request(options, (answer) => resolve(answer.resume().statusCode))
        .once("error", reject)
        .end();
    });
    expect(rebound).toBe(404);
  });

  it("sends the files of the listing, whole and in part, and no others", async () => {
    expect(await status(`replica/${segment}`)).toBe(404);
    const { files } = await (await fetch(`${home}replica/index.json`)).json();
    expect(files.map(({ path }: { path: string }) => path)).toContain(segment);
    const bytes = readFileSync(join(replica, segment));
    const get = (headers: HeadersInit = {}) => fetch(`${home}replica/${segment}`, { headers });
    expect(Buffer.from(await (await get()).arrayBuffer()).equals(bytes)).toBe(true);
    for (const [range, start, end] of [
      ["bytes=5-9", 5, 10],
      ["bytes=5-", 5, bytes.length],
      ["bytes=0-999999999", 0, bytes.length],
    ] as const) {
      const part = await get({ range });
      expect([part.status, part.headers.get("content-range")]).toEqual([
        206,
        `bytes ${start}-${end - 1}/${bytes.length}`,
      ]);
      expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(start, end))).toBe(true);
    }
    for (const range of [`bytes=${bytes.length}-`, "bytes=9-5"])
      expect((await get({ range })).status).toBe(416);
    const head = await fetch(`${home}replica/${segment}`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(bytes.length)]);
    expect(await status(`replica/${segment}`, { method: "POST" })).toBe(405);
    for (const path of [
      "replica/secret.txt",
      "replica/generations/..%2fsecret.txt",
      "replica/..%2f..%2fetc%2fpasswd",
      "replica/%2fetc%2fpasswd",
      "..%2fcli%2fmain.js",
      "..%2f..%2fpackage.json",
      "%00",
      "%",
    ]) {
      expect([path, await status(path)]).toEqual([path, 404]);
    }
  });

  it("sends several files in one answer, and nothing that is not listed", async () => {
    const { files } = await (await fetch(`${home}replica/index.json`)).json();
    const known = files.map(({ path }: { path: string }) => path).filter((path: string) => /lz4$/.test(path));
    const ask = (body: string) => fetch(`${home}batch`, { method: "POST", body });
    const paths = ["secret.txt", ...known, "../../etc/passwd", "generations/nothing"];
    const answer = Buffer.from(await (await ask(JSON.stringify(paths))).arrayBuffer());
    const head = answer.indexOf(10);
    const expected = known.map((path: string) => readFileSync(join(replica, path)));
    expect(JSON.parse(answer.subarray(0, head).toString())).toEqual([
      null,
      ...expected.map(({ length }: Buffer) => length),
      null,
      null,
    ]);
    expect(answer.subarray(head + 1).equals(Buffer.concat(expected))).toBe(true);
    for (const body of ["", "{", "{}", "[1]", `["${"x".repeat(5 << 20)}"]`])
      expect([body.slice(0, 9), (await ask(body)).status]).toEqual([body.slice(0, 9), 400]);
    expect(await status("batch")).toBe(404);
  });

  it("sends what is there also while it lists anew", async () => {
    const found = await Promise.all(
      Array.from({ length: 200 }, (_, i) => status(i % 2 ? `replica/${segment}` : "replica/index.json")),
    );
    expect(new Set(found)).toEqual(new Set([200]));
  });

  it("refuses what is no replica before it listens", async () => {
    const { code, stdout, stderr } = await walkit(["ui", join(replica, "nothing")]);
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toMatch(/^walkit: /);
  });
});
