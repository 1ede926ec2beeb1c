/** Folders on web servers of each kind. */

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatTime, MemorySink, MemoryStorage, readCatalog, restore, verify } from "../../src/index.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { findReplicas, HttpStorage } from "../../src/web.ts";
import { contentOf, listAll, readAll } from "../support/archives.ts";
import { sha256, tarPath } from "../support/fixtures.ts";
import { timeless } from "../support/report.ts";
import { httpTime, inSeconds, NAME, openData, original, serve, serveFiles } from "../support/servers.ts";

describe("a server that lists its folders", () => {
  it("has the same files, with times in whole seconds, and links that lead elsewhere are not followed", async () => {
    const log: string[] = [];
    const storage = openData(await serveFiles(original, {}, log));
    expect(await contentOf(storage)).toEqual(await contentOf(inSeconds));
    expect(log.filter((line) => !line.includes("/data/"))).toEqual([]);
    expect(await readCatalog(storage)).toEqual(await readCatalog(inSeconds));
  });

  it("is verified and restored with the same result", async () => {
    const storage = openData(await serveFiles(original));
    expect(timeless(await verify(replicaIn(storage), { level: "replay" }))).toEqual(
      timeless(await verify(replicaIn(inSeconds), { level: "replay" })),
    );
    const generation = (await readCatalog(original)).generations[0]!.id;
    const [sink, own] = [new MemorySink(), new MemorySink()];
    await restore(replicaIn(original), { generation }, sink);
    await restore(replicaIn(storage), { generation }, own);
    expect(sha256(own.bytes)).toBe(sha256(sink.bytes));
  });

  it("is asked only for the folders that a prefix leads to", async () => {
    const log: string[] = [];
    const storage = openData(await serveFiles(original, {}, log));
    const [{ id }] = (await readCatalog(original)).generations as unknown as [{ id: string }];
    await readCatalog(storage, { generation: id });
    const folders = log.filter((line) => line.endsWith("/"));
    expect(folders).toEqual(["", "snapshots/", "wal/"].map((name) => `GET /data/generations/${id}/${name}`));
    expect(await listAll(storage, "nowhere/")).toEqual([]);
  });

  it("may name its files as it likes", async () => {
    const names = ["a b", "ü", "100%", "a&b", "q?x", "h#x", "+", "folder/x y", "it's"];
    const files = new MemoryStorage(names.map((name) => [name, { data: Buffer.from(name) }]));
    const links = (all: string[]) =>
      all
        .map(
          (name) => `<a href="./${encodeURIComponent(name).replace(/%2F$/, "/").replaceAll("'", "&#39;")}">`,
        )
        .join("");
    const storage = openData(await serveFiles(files, { index: links }));
    expect((await listAll(storage)).map(({ path }) => path)).toEqual(names.sort());
    for (const name of names) expect((await readAll(storage, name)).toString()).toBe(name);
  });

  it("may list them in JSON, as nginx and Caddy do: then nothing is asked twice, and Caddy's times are exact", async () => {
    const details = (name: string, folder: string) => {
      const { data, modified } = original.files.get(folder + name)!;
      return { size: data.length, modified: modified! };
    };
    const nginx = (names: string[], folder: string) =>
      JSON.stringify(
        names.map((name) => {
          if (name.endsWith("/"))
            return { name: name.slice(0, -1), type: "directory", mtime: "Fri, 20 Nov 2026 12:15:47 GMT" };
          const { size, modified } = details(name, folder);
          return { name, type: "file", size, mtime: httpTime(modified) };
        }),
      );
    const caddy = (names: string[], folder: string) =>
      JSON.stringify(
        names.map((name) => {
          if (name.endsWith("/")) return { name, is_dir: true, size: 4096, mod_time: "2026-11-20T12:15:47Z" };
          const { size, modified } = details(name, folder);
          return { name, is_dir: false, size, mod_time: formatTime(modified) };
        }),
      );
    for (const [index, expected] of [
      [nginx, inSeconds],
      [caddy, original],
    ] as const) {
      const log: string[] = [];
      const storage = openData(await serveFiles(original, { index }, log));
      expect(await readCatalog(storage)).toEqual(await readCatalog(expected));
      expect(log.filter((line) => line.startsWith("HEAD"))).toEqual([]);
    }
    const odd =
      '[null, 1, {"name": "../x"}, {"name": "a/b"}, {"name": "x", "size": -1, "mtime": 5}, {"type": "directory"}]';
    const storage = openData(
      await serveFiles(new MemoryStorage([["x", { data: new Uint8Array(2) }]]), { index: () => odd }),
    );
    expect(await listAll(storage)).toEqual([{ path: "x", size: 2 }]);
  });

  it("may answer with all of a file where a part was asked for", async () => {
    const data = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i));
    const files = new MemoryStorage([
      ["x", { data }],
      ["empty", { data: new Uint8Array(0) }],
    ]);
    for (const ranges of [true, false]) {
      const storage = openData(await serveFiles(files, { ranges }));
      for (const [start, end] of [
        [0, 1],
        [70_000, 90_000],
        [99_999, undefined],
        [5, 200_000],
        [200_000, undefined],
        [7, 7],
        [0, 0],
      ]) {
        expect(
          (await readAll(storage, "x", { start, end })).equals(data.subarray(start!, end)),
          `${start}`,
        ).toBe(true);
      }
      expect((await readAll(storage, "empty")).length).toBe(0);
      expect((await readAll(storage, "empty", { start: 0, end: 10 })).length).toBe(0);
    }
  });

  it("may be python3 -m http.server", async () => {
    if (spawnSync("python3", ["--version"]).status !== 0) return;
    const root = mkdtempSync(join(tmpdir(), "walkit-http-"));
    mkdirSync(join(root, "a b & c"));
    spawnSync("tar", ["-C", join(root, "a b & c"), "-xf", tarPath(NAME)]);
    const python = spawn("python3", ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "-d", root]);
    try {
      const port = await new Promise<string>((resolve, reject) => {
        let said = "";
        python.stdout.on("data", (text) => {
          said += text;
          const match = /port (\d+)/.exec(said);
          if (match) resolve(match[1]!);
        });
        python.once("exit", () => reject(new Error(said)));
      });
      const storage = new HttpStorage(`http://127.0.0.1:${port}/`);
      const [replica] = await findReplicas(storage);
      expect(replica).toMatchObject({
        prefix: "a b & c/generations/",
        generation: undefined,
        path: "a b & c",
      });
      const inside = new HttpStorage(`http://127.0.0.1:${port}/a b & c`);
      expect(await readCatalog(inside)).toEqual(await readCatalog(inSeconds));
      const files = (await listAll(inside)).filter(({ path }) => !path.endsWith("/"));
      expect(files.map(({ path }) => path)).toEqual([...original.files.keys()].sort());
      const path = files[0]!.path;
      // It knows no ranges.
      expect(
        (await readAll(inside, path, { start: 3, end: 9 })).equals(
          original.files.get(path)!.data.subarray(3, 9),
        ),
      ).toBe(true);
    } finally {
      python.kill();
      rmSync(root, { recursive: true });
    }
  });
});

describe("a manifest", () => {
  const manifest = (files: unknown) => JSON.stringify({ files });

  it("tells of all files, with exact times", async () => {
    const files = [...original.files].map(([path, { data, modified }]) => ({
      path,
      size: data.length,
      modified: formatTime(modified!),
    }));
    const log: string[] = [];
    const storage = openData(await serveFiles(original, { manifest: manifest(files) }, log));
    expect(await readCatalog(storage)).toEqual(await readCatalog(original));
    expect(log).toEqual(["GET /data/walkit.json"]);
    expect(await contentOf(storage)).toEqual(await contentOf(original));
  });

  it("may leave out sizes and times, and be called index.json", async () => {
    const text = manifest([{ path: "./a" }, { path: "b/c", size: 1 }]);
    const url = await serve((_, response, path) =>
      path === "/data/index.json" ? response.end(text) : response.writeHead(404).end(),
    );
    expect(await listAll(openData(url))).toEqual([{ path: "a" }, { path: "b/c", size: 1 }]);
  });

  it.each([
    ['{"files": 1}', /no list of files/],
    ['{"files": [', /no list of files/],
    [manifest([{ path: "../x" }]), /leads out/],
    [manifest([{ path: "/x" }]), /absolute/],
    [manifest([{ path: "https://example.com/x" }]), undefined],
    [manifest([{ path: "a" }, { path: "./a" }]), /a twice/],
    [manifest([{ path: "" }]), /no name/],
    [manifest([{ path: 1 }]), /no text/],
    [manifest([null]), /no text/],
    [manifest([{ path: "a", size: -1 }]), /size -1/],
    [manifest([{ path: "a", size: "1" }]), /size "1"/],
    [manifest([{ path: "a", modified: "yesterday" }]), /time "yesterday"/],
    [manifest([{ path: "a", modified: 5 }]), /time 5/],
  ])("%s is told of, or harmless", async (text, message) => {
    const log: string[] = [];
    const storage = openData(await serveFiles(original, { manifest: text }, log));
    if (message) {
      await expect(listAll(storage)).rejects.toMatchObject({
        code: "storage/unreadable",
        path: "walkit.json",
        message: expect.stringMatching(message),
      });
    } else {
      await expect(readAll(storage, (await listAll(storage))[0]!.path)).rejects.toMatchObject({
        code: "storage/not-found",
      });
    }
  });

  it("that is none is passed over: a page for whatever is asked, another program's index.json", async () => {
    for (const [name, text] of [
      ["walkit.json", "<html><a href='x'>"],
      ["index.json", '{"name": 1}'],
      ["index.json", "[1]"],
    ]) {
      const url = await serve((request, response, path) => {
        if (path === `/data/${name}`) response.end(text);
        else if (path === "/data/") response.end('<a href="x">');
        else response.writeHead(request.method === "HEAD" ? 200 : 404, { "content-length": 3 }).end();
      });
      expect((await listAll(openData(url))).map(({ path, size }) => [path, size])).toEqual([["x", 3]]);
    }
  });
});
