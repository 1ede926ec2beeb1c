/** Web servers that fail, lie, break off, lead elsewhere, list without end. */

import { describe, expect, it } from "vitest";
import { readCatalog } from "../../src/index.ts";
import { HttpStorage } from "../../src/web.ts";
import { listAll, readAll } from "../support/archives.ts";
import { closeServers, inSeconds, openData, original, serve, serveFiles } from "../support/servers.ts";

describe("what goes wrong", () => {
  const unreadable = (message: RegExp, remedy: object = { do: expect.any(String) }) => ({
    code: "storage/unreadable",
    message: expect.stringMatching(message),
    remedy,
  });
  const status = (code: number) => serve((_, response) => response.writeHead(code).end("sorry"));

  it("is told by the status", async () => {
    const gone = openData(await status(404));
    await expect(readAll(gone, "x")).rejects.toMatchObject({ code: "storage/not-found", path: "x" });
    await expect(listAll(gone)).rejects.toMatchObject({ code: "storage/not-found" });
    for (const [code, answer] of [
      [401, "forbidden"],
      [403, "forbidden"],
      [429, "busy"],
      [500, "busy"],
      [503, "busy"],
      [418, "missing"],
    ] as const) {
      const storage = openData(await status(code));
      await expect(readAll(storage, "x")).rejects.toMatchObject({
        ...unreadable(new RegExp(`HTTP ${code}`), { do: "ask-server", answer }),
        path: "x",
      });
    }
    await expect(listAll(openData(await status(403)))).rejects.toMatchObject(
      unreadable(/HTTP 403/, { do: "ask-server", answer: "no-listing" }),
    );
    await expect(listAll(openData(await status(502)))).rejects.toMatchObject(
      unreadable(/HTTP 502/, { do: "ask-server", answer: "busy" }),
    );
  });

  it("is told where nobody answers", async () => {
    const url = await status(200);
    const storage = openData(url);
    await closeServers();
    await expect(listAll(storage)).rejects.toMatchObject(
      unreadable(/Cannot reach http:\/\/127.*ECONNREFUSED/, { do: "check", what: "connection" }),
    );
    await expect(readAll(storage, "x")).rejects.toMatchObject({ ...unreadable(/Cannot reach/), path: "x" });
  });

  it("is a file that is gone, or may not be read, between the others", async () => {
    const url = await serve((request, response, path) => {
      if (path === "/data/")
        response.end('<a href="good"><a href="gone"><a href="denied"><a href="nohead"><a href="locked/">');
      else if (path === "/data/good") response.writeHead(200, { "content-length": 1 }).end();
      else
        response
          .writeHead({ "/data/denied": 403, "/data/nohead": 405, "/data/locked/": 403 }[path] ?? 404)
          .end();
      request.resume();
    });
    expect(
      (await listAll(openData(url))).map(({ path, size, unreadable }) => [path, size ?? unreadable?.code]),
    ).toEqual([
      ["denied", "storage/unreadable"],
      ["good", 1],
      ["locked/", "storage/unreadable"],
      ["nohead", undefined],
    ]);
  });

  it.each([
    ["a part of another place", { "content-range": "bytes 0-9/100" }],
    ["less than was asked for", { "content-range": "bytes 10-14/100" }],
    ["more than was asked for", { "content-range": "bytes 10-30/100" }],
    ["no word of which part", {}],
    ["several parts", { "content-type": "multipart/byteranges; boundary=x" }],
    ["nonsense", { "content-range": "bytes ten-twenty/100" }],
  ])("is %s", async (_, headers) => {
    const url = await serve((__, response) =>
      response.writeHead(206, headers as never).end(Buffer.alloc(10)),
    );
    await expect(readAll(openData(url), "x", { start: 10, end: 20 })).rejects.toMatchObject(
      unreadable(/Expected bytes 10 to 19 of x/),
    );
  });

  it.each([5, 20])("is a part of %d bytes that should have 10", async (length) => {
    const url = await serve((_, response) =>
      response.writeHead(206, { "content-range": "bytes 10-19/100" }).end(Buffer.alloc(length)),
    );
    await expect(readAll(openData(url), "x", { start: 10, end: 20 })).rejects.toMatchObject(
      unreadable(/Expected 10 bytes of x/),
    );
  });

  it("is a connection that breaks off", async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { "content-length": 1000 });
      response.write("x".repeat(10), () => response.destroy());
    });
    await expect(readAll(openData(url), "x")).rejects.toMatchObject({
      ...unreadable(/x/, { do: "run-again", because: "connection" }),
      path: "x",
    });
  });

  it("is a redirect to another origin, unless that is allowed", async () => {
    const other = await serveFiles(original);
    const url = await serve((request, response) =>
      response.writeHead(302, { location: other + request.url }).end(),
    );
    const [path] = original.files.keys() as unknown as [string];
    await expect(listAll(openData(url))).rejects.toMatchObject(
      unreadable(/redirect to http:\/\/127/, { do: "give-address", of: "other-origin" }),
    );
    await expect(readAll(openData(url), path)).rejects.toMatchObject({ ...unreadable(/redirect/), path });
    const allowed = openData(url, { otherOrigins: true });
    expect(await readCatalog(allowed)).toEqual(await readCatalog(inSeconds));
  });

  it("is a redirect to a page for signing in", async () => {
    const url = await serve((_, response, path) => {
      if (path === "/login") response.end('<a href="x">');
      else response.writeHead(302, { location: "/login" }).end();
    });
    await expect(listAll(openData(url))).rejects.toMatchObject(
      unreadable(/redirect to .*login/, { do: "give-address", of: "redirect" }),
    );
  });

  it("is a server that lists more than it may", async () => {
    const endless = await serve((_, response, path) =>
      path.endsWith(".json")
        ? response.writeHead(404).end()
        : response.end('<a href="again/"><a href="more/">'),
    );
    await expect(listAll(openData(endless, { maxFiles: 1000 }))).rejects.toMatchObject(
      unreadable(/at most 1000 files/),
    );
    const deep = await serve((_, response, path) =>
      path.endsWith(".json") ? response.writeHead(404).end() : response.end('<a href="again/">'),
    );
    expect(await listAll(openData(deep, { maxDepth: 5 }))).toEqual([]);
    const large = await serve((_, response, path) =>
      path.endsWith(".json") ? response.writeHead(404).end() : response.end('<a href="x">'.repeat(1000)),
    );
    await expect(listAll(openData(large, { maxListing: 5000 }))).rejects.toMatchObject({
      code: "storage/unreadable",
    });
  });

  it("is a page made to be slow to read, which is not", async () => {
    const began = performance.now();
    for (const text of ["<a ", "<a href", "<a href=", "<a href =\t", '<a href="', "<a href='&#", "< a<a\n"]) {
      const page = text.repeat((1 << 21) / text.length);
      const url = await serve((_, response, path) =>
        path === "/data/" ? response.end(page) : response.writeHead(404).end(),
      );
      await listAll(openData(url, { maxFiles: 1e9 })).catch(() => {});
    }
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it("is stopped by the signal, and by whoever reads no further", async () => {
    const url = await serve((_, response, path) => {
      if (path.endsWith("/x")) response.write(Buffer.alloc(1 << 20));
    });
    const stop = AbortSignal.timeout(50);
    await expect(openData(url).list("", { signal: stop }).next()).rejects.toMatchObject({
      name: "TimeoutError",
    });
    const reading = async () => {
      for await (const _ of openData(url).read("x", { signal: AbortSignal.timeout(100) }));
    };
    await expect(reading()).rejects.toMatchObject({ name: "TimeoutError" });
    for await (const _ of openData(url).read("x")) break;
  });

  it("is not left to the server: paths that lead out are not asked for", async () => {
    const log: string[] = [];
    const storage = openData(await serveFiles(original, {}, log));
    for (const path of [
      "../x",
      "a/../../x",
      "/etc/passwd",
      "",
      "a/",
      "//example.com/x",
      "https://example.com/x",
    ]) {
      await expect(readAll(storage, path), path).rejects.toMatchObject({ code: "storage/not-found" });
    }
    expect(log.filter((line) => !line.startsWith("GET /data/"))).toEqual([]);
    expect(() => new HttpStorage("file:///etc")).toThrow(TypeError);
  });

  it("is seen through a fetch of one's own, which gets the token behind the address", async () => {
    const asked: string[] = [];
    const fetch = (async (url: string, init: RequestInit) => {
      asked.push(`${init.method} ${url}`);
      return new Response(url.includes(".json") ? null : "abc", {
        status: url.includes(".json") ? 404 : 200,
      });
    }) as typeof globalThis.fetch;
    const storage = new HttpStorage("https://example.com/a?token=1#x", { fetch });
    expect(storage.url).toBe("https://example.com/a/?token=1");
    expect((await readAll(storage, "b c")).toString()).toBe("abc");
    expect(asked).toEqual(["GET https://example.com/a/b%20c?token=1"]);
  });
});
