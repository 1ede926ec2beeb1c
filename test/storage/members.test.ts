/** gzip files of several members, padded, cut and changed: held against what `zlib` says of the same bytes. */

import { deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readBlob, unreadable } from "../../src/storage/blob.ts";
import { membersOf } from "../../src/storage/members.ts";
import { openArchive } from "../../src/web.ts";
import { contentOf, fixtureTar } from "../support/archives.ts";
import { readFixture } from "../support/fixtures.ts";

const fault = (path: string, cause: unknown) => unreadable(path, String(cause));
const members = (bytes: Uint8Array<ArrayBuffer>) => membersOf(new Blob([bytes]), undefined, fault);
const joined = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts));

/** Whether zlib unpacks all of a file. */
function unpacks(file: Uint8Array): boolean {
  try {
    const { engine } = gunzipSync(file, { info: true }) as unknown as { engine: { bytesWritten: number } };
    return engine.bytesWritten === file.length;
  } catch {
    return false;
  }
}

/** Data of every kind that deflate treats in its own way. */
const anyData = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.integer({ min: 0, max: 70_000 }), fc.nat(255)).map(([n, byte]) => new Uint8Array(n).fill(byte)),
  fc
    .tuple(fc.integer({ min: 1, max: 70_000 }), fc.integer({ min: 1, max: 256 }), fc.nat())
    .map(([n, range, seed]) => {
      let x = seed | 1;
      return Uint8Array.from({ length: n }, () => {
        x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
        return (x >>> 16) % range;
      });
    }),
);
const anyLevel = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(0, 1, 2, 3, 4),
});

describe("members of a gzip file", () => {
  it("are found where they end, whatever is in them", async () => {
    const parts = fc.array(fc.tuple(anyData, anyLevel), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(3000), async (all, zeros) => {
        const packed = all.map(([data, options]) => gzipSync(data, options));
        const found = await members(joined(...packed, new Uint8Array(zeros)));
        let at = 0;
        const expected = packed.map(({ length }, i) => {
          const start = at;
          at += length;
          return { start, end: at, size: all[i]![0].length };
        });
        expect(found).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  it("with name, comment, extra field and header's checksum", async () => {
    const data = Buffer.from("hello");
    const plain = gzipSync(data);
    const header = Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 2, 0, 1, 2]);
    const file = joined(header, Buffer.from("name\0comment\0"), Buffer.from([9, 9]), plain.subarray(10));
    expect(await members(file)).toEqual([{ start: 0, end: file.length, size: 5 }]);
  });

  it("that are damaged, cut or followed by something are none", async () => {
    const one = gzipSync(Buffer.from("hello hello hello"));
    for (const file of [
      joined(one, Buffer.from("x")),
      joined(one, new Uint8Array(5), one),
      joined(one, one.subarray(0, -1)),
      joined(Buffer.from([0x1f, 0x8b, 8, 0xff]), one.subarray(4)),
      joined(Buffer.from("no gzip")),
    ]) {
      expect(await members(file)).toBeUndefined();
    }
    expect(await members(joined())).toEqual([]);
    // Whatever the bytes: an answer, and no member where zlib finds damage before its checksum.
    await fc.assert(
      fc.asyncProperty(anyData, fc.nat(), fc.integer({ min: 1, max: 255 }), async (data, place, change) => {
        const file = joined(gzipSync(data));
        const at = 10 + (place % Math.max(1, file.length - 18));
        file[at]! ^= change;
        const found = await members(file);
        // Node takes what follows a member that happens to end early for rubbish, and says nothing.
        if (!found) expect(unpacks(file)).toBe(false);
        else expect(found[0]!.end).toBeLessThanOrEqual(file.length);
      }),
      // A length of 107s whose change makes an empty member of its beginning.
      { numRuns: 300, examples: [[new Uint8Array(62117).fill(107), 363311223, 205]] },
    );
  });

  it("of random deflated bits are refused or end within them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bits) => {
        const file = joined(gzipSync("").subarray(0, 10), bits);
        const found = await members(file);
        for (const { start, end } of found ?? []) expect(end).toBeGreaterThan(start);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a .tar.gz", () => {
  const tar = fixtureTar("multi-generation");
  const cut = 12_345;
  const split = [gzipSync(tar.subarray(0, cut)), gzipSync(tar.subarray(cut))];
  const right = contentOf(readFixture("multi-generation"));
  afterEach(() => vi.unstubAllGlobals());

  /** As in browsers: what follows the first member is an error, or is left out without a word. */
  const stub = (how: "error" | "silence") =>
    vi.stubGlobal(
      "DecompressionStream",
      class {
        readonly readable: ReadableStream<Uint8Array>;
        readonly writable: WritableStream<Uint8Array>;

        constructor() {
          const parts: Uint8Array[] = [];
          const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
            transform: (piece) => void parts.push(piece.slice()),
            async flush(controller) {
              const all = joined(...parts);
              const end = (await membersOf(new Blob([all]), undefined, fault))?.[0]?.end;
              if (end === undefined) throw new TypeError("damaged");
              controller.enqueue(new Uint8Array(gunzipSync(all.subarray(0, end))));
              if (how === "error" && end < all.length) throw new TypeError("Trailing junk");
            },
          });
          this.readable = readable;
          this.writable = writable;
        }
      },
    );

  it.each(["here", "error", "silence"] as const)(
    "of several members, and with zeros behind, is one file: %s",
    async (how) => {
      if (how !== "here") stub(how);
      for (const file of [
        joined(...split),
        joined(...split, new Uint8Array(1000)),
        joined(gzipSync(tar), new Uint8Array(7)),
        joined(gzipSync(""), gzipSync(tar), gzipSync("")),
      ]) {
        expect(await contentOf(await openArchive(new Blob([file])))).toEqual(await right);
      }
    },
  );

  it.each(["here", "error"] as const)(
    "with something else behind, or a member cut, is refused: %s",
    async (how) => {
      if (how !== "here") stub(how);
      for (const file of [
        joined(...split.slice(0, 1), split[1]!.subarray(0, -9)),
        joined(...split.slice(0, 1)),
        joined(gzipSync(tar), Buffer.from("junk")),
      ]) {
        await expect(openArchive(new Blob([file]))).rejects.toMatchObject({ code: "storage/unreadable" });
      }
    },
  );

  it("is unpacked no further than allowed, all members together", async () => {
    stub("error");
    const bomb = joined(...Array.from({ length: 50 }, () => gzipSync(new Uint8Array(1 << 20))));
    await expect(openArchive(new Blob([bomb]), { maxBytes: 10 << 20 })).rejects.toThrow(
      /at most 10485760 bytes/,
    );
  });
});

it("stored blocks longer than a piece are skipped", async () => {
  const data = new Uint8Array(5 << 20).map((_, i) => i % 251);
  const file = joined(gzipSync(data, { level: 0 }));
  expect(await members(file)).toEqual([{ start: 0, end: file.length, size: data.length }]);
  expect(deflateRawSync(data, { level: 0 }).length + 18).toBe(file.length);
  for await (const piece of readBlob(new Blob([file]), "", { end: 2 }))
    expect(piece).toEqual(new Uint8Array([31, 139]));
});
