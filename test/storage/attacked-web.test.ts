/** Web servers of an attacker: answers that pass for others, listings that take all time and memory. */

import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/index.ts";
import { parseHttpTime } from "../../src/storage/web-listing.ts";
import { type HttpOptions, HttpStorage } from "../../src/web.ts";
import { listAll, readAll } from "../support/archives.ts";
import { openData, serve } from "../support/servers.ts";

const unreadable = (message: RegExp) => ({
  code: "storage/unreadable",
  message: expect.stringMatching(message),
});

type Answer = (path: string, init: RequestInit) => Response;

/** A server without a network: `/data/` is the storage's folder. */
function served(answer: Answer, options: HttpOptions = {}): HttpStorage {
  const fetch = async (url: unknown, init: RequestInit) =>
    answer(decodeURIComponent(new URL(String(url)).pathname).slice("/data/".length), init);
  return new HttpStorage("https://example.com/data/", { ...options, fetch: fetch as never });
}

const NONE = { status: 404 };
/** What is listed at the folder itself, in place of a manifest. */
const listing = (text: string, options?: HttpOptions) =>
  served((path) => new Response(path === "" ? text : null, path === "" ? {} : NONE), options);
const manifest = (text: string, options?: HttpOptions) =>
  served((path) => new Response(text, path === "walkit.json" ? {} : NONE), options);

describe("an answer that is not what was asked for", () => {
  const part = { status: 206, headers: { "content-range": "bytes 0-2/100" } };
  const body = (status: number) => (status === 204 ? null : "abc");

  it.each([201, 202, 204, 206, 299])("with status %d is no file, no listing, no manifest", async (status) => {
    const init = status === 206 ? part : { status };
    const all = served(() => new Response(body(status), init));
    const told = unreadable(new RegExp(`found HTTP ${status}`));
    await expect(readAll(all, "x")).rejects.toMatchObject({ ...told, path: "x" });
    await expect(listAll(all)).rejects.toMatchObject({ ...told, path: "walkit.json" });
    const folder = served(
      (path) => new Response(path === "" ? body(status) : null, path === "" ? init : NONE),
    );
    await expect(listAll(folder)).rejects.toMatchObject(told);
    const file = served((path) =>
      path === "" ? new Response("<a href=x>") : new Response(null, path === "x" ? init : NONE),
    );
    // Its size is not known then.
    expect(await listAll(file)).toEqual([{ path: "x" }]);
  });

  it.each([408, 429, 500, 503])(
    "once, with status %d for the manifest, is not taken for none",
    async (status) => {
      const busy = served((path) =>
        path === ""
          ? new Response("<a href=other>")
          : new Response(null, path === "walkit.json" ? { status } : NONE),
      );
      await expect(listAll(busy)).rejects.toMatchObject({
        ...unreadable(new RegExp(`walkit.json from the server, found HTTP ${status}`)),
        remedy: { do: "ask-server", answer: "busy" },
      });
    },
  );

  it("is a part that is packed", async () => {
    const packed = gzipSync("0123456789");
    const url = await serve((_, response) =>
      response.writeHead(206, { "content-range": "bytes 0-9/100", "content-encoding": "gzip" }).end(packed),
    );
    await expect(readAll(openData(url), "x", { start: 0, end: 10 })).rejects.toMatchObject({
      ...unreadable(/found a part of it packed \(gzip\)/),
      path: "x",
    });
  });

  it("is no end of the file, where that is said to lie further on", async () => {
    const refusing = (told?: string) =>
      served(() => new Response(null, { status: 416, headers: told ? { "content-range": told } : {} }));
    await expect(readAll(refusing("bytes */1000"), "x", { start: 5 })).rejects.toMatchObject(
      unreadable(/HTTP 416/),
    );
    for (const told of ["bytes */5", "bytes */0", "bytes */*", undefined]) {
      expect((await readAll(refusing(told), "x", { start: 5 })).length).toBe(0);
    }
  });
});

it("whatever a server says of a part, that part is read, or there is an error", async () => {
  const file = Uint8Array.from({ length: 100 }, (_, i) => i);
  const place = fc.integer({ min: 0, max: 110 });
  const lie = fc.record(
    {
      status: fc.constantFrom(200, 206, 206, 206, 416, 204),
      first: place,
      last: place,
      size: fc.oneof(place, fc.constant("*")),
      from: place,
      length: place,
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(place, fc.option(place), lie, async (start, end, told) => {
      const last = Math.min(end ?? 100, 100) - 1;
      const { status = 206, from = start, length = last + 1 - start } = told;
      // All of a file, and its end, are as the server says: nobody else knows.
      const data = status === 200 ? file : file.slice(from, from + Math.max(length, 0));
      const range =
        status === 416
          ? "bytes */100"
          : `bytes ${told.first ?? start}-${told.last ?? last}/${told.size ?? file.length}`;
      const storage = served(
        () => new Response(status === 204 ? null : data, { status, headers: { "content-range": range } }),
      );
      let found: Buffer;
      try {
        found = await readAll(storage, "x", { start, end: end ?? undefined });
      } catch (error) {
        expect(error).toBeInstanceOf(WalkitError);
        return;
      }
      // Of other bytes than those it names, and of the file's size, the server's word is all there is.
      const size = status === 206 && told.size !== undefined && told.size !== "*" ? told.size : 100;
      const expected = Math.max(0, Math.min(end ?? size, size) - start);
      if (status === 206 && told.size === "*" && end === null) return;
      expect(found.length).toBe(status === 416 ? 0 : expected);
      if (status === 200) expect([...found]).toEqual([...file.subarray(start, end ?? undefined)]);
    }),
    { numRuns: 500 },
  );
});

describe("times", () => {
  it("are those that HTTP writes, in UTC; others are none: they would be of wherever this runs", () => {
    const time = 784_111_777_000_000_000n;
    for (const text of [
      "Sun, 06 Nov 1994 08:49:37 GMT",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 +0000",
    ]) {
      expect(parseHttpTime(text), text).toBe(time);
    }
    for (const text of [
      null,
      "",
      "12",
      "0",
      "yesterday",
      "1994-11-06 08:49:37",
      "Sun Nov  6 08:49:37 1994",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 EST",
      "Sun, 66 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 28:49:37 GMT",
      `Sun, 06 Nov 1994 08:49:37 GMT${" ".repeat(1000)}x`,
    ]) {
      expect(parseHttpTime(text), `${text}`).toBeUndefined();
    }
  });
});

describe("a listing made to take all memory, or all time", () => {
  const many = 22_000_000;

  it("is refused before an object is made of each of its millions", async () => {
    const before = performance.now();
    const texts = [`{"files":[${"{},".repeat(many)}{}]}`, `{"files":${"[".repeat(many)}${"]".repeat(many)}}`];
    for (const text of texts) {
      await expect(listAll(manifest(text))).rejects.toMatchObject(unreadable(/at most 1000000 files/));
    }
    const [objects] = [`[${"{},".repeat(many)}{}]`];
    await expect(listAll(listing(objects!))).rejects.toMatchObject(unreadable(/at most 1000000 files/));
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it("is stopped by its signal in the midst of its links", async () => {
    const storage = listing("<a href=x>".repeat(6_000_000));
    const began = performance.now();
    const work = async () => {
      for await (const _ of storage.list("", { signal: AbortSignal.timeout(300) }));
    };
    await expect(work()).rejects.toMatchObject({ name: "TimeoutError" });
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it("is looked through no further than the files that there may be", async () => {
    const links = Array.from({ length: 200_000 }, (_, i) => `<a href=${i}>`).join("");
    await expect(listAll(listing(links, { maxFiles: 100 }))).rejects.toMatchObject(
      unreadable(/at most 100 files/),
    );
  });

  it("comes in pieces of one byte", async () => {
    const text = Buffer.from(`{"files":[{"path":"ü"}]}${" ".repeat(200_000)}`);
    let at = 0;
    const pieces = new ReadableStream({
      pull(controller) {
        if (at === text.length) controller.close();
        else controller.enqueue(new Uint8Array(text.subarray(at, ++at)));
      },
    });
    const storage = served((path) => new Response(path === "walkit.json" ? pieces : null));
    expect(await listAll(storage)).toEqual([{ path: "ü" }]);
  });

  it("has names that nobody can ask for: they are left out, of a manifest refused", async () => {
    for (const name of ["x\ud800", "n".repeat(5000), "a\0b", "..", "a\\b", "c:x"]) {
      const json = JSON.stringify(name);
      expect(await listAll(listing(`[{"name":${json},"type":"file","size":1}]`))).toEqual([]);
      expect(await listAll(listing(`[{"name":${json},"type":"directory"}]`))).toEqual([]);
      await expect(listAll(manifest(`{"files":[{"path":${json}}]}`))).rejects.toMatchObject({
        code: "storage/unreadable",
      });
    }
  });
});

it("whatever a listing is, there are clean paths and sizes that can be, or an error", async () => {
  const text = fc.oneof(
    fc.json(),
    fc.record({ files: fc.array(fc.anything()) }).map((value) => stringify(value)),
    fc
      .array(
        fc.record(
          {
            path: fc.oneof(
              fc.string({ unit: "binary" }),
              fc.constantFrom("a", "../a", "/a", "a//b", "\ud800"),
            ),
            size: fc.oneof(fc.double(), fc.integer(), fc.constantFrom(2 ** 53, -1, "1", null)),
            modified: fc.oneof(fc.string(), fc.date().map(String), fc.double()),
          },
          { requiredKeys: ["path"] },
        ),
      )
      .map((files) => stringify({ files })),
    fc
      .array(
        fc.record({
          name: fc.string({ unit: "binary" }),
          type: fc.constantFrom("file", "directory"),
          size: fc.anything(),
        }),
      )
      .map(stringify),
    fc
      .array(fc.string({ unit: "binary" }))
      .map((links) => links.map((link) => `<a href="${link}">`).join("")),
    fc.string({ unit: "binary" }),
  );
  await fc.assert(
    fc.asyncProperty(text, fc.boolean(), async (given, isManifest) => {
      const storage = isManifest ? manifest(given) : listing(given, { maxDepth: 2 });
      try {
        for (const { path, size, unreadable } of await listAll(storage)) {
          expect(path).not.toMatch(/(^|\/)\.\.?(\/|$)|^\/|\\|\0|\p{Surrogate}/u);
          if (size !== undefined) expect(Number.isSafeInteger(size) && size >= 0).toBe(true);
          if (unreadable) expect(unreadable).toBeInstanceOf(WalkitError);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(WalkitError);
      }
    }),
    { numRuns: 500 },
  );
});

function stringify(value: unknown): string {
  return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}` : inner)) ?? "";
}
