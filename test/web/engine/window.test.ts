/** A file read in windows: the same bytes as the file's own slices, in fewer reads. */

import fc from "fast-check";
import { expect, it } from "vitest";
import type { BlobLike } from "../../../src/storage/blob.ts";
import { inWindows } from "../../../web/engine/window.ts";

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 2654435761) >>> 13);

/** Tells how often it is read. */
function counted(bytes: Uint8Array<ArrayBuffer>): { blob: BlobLike; reads: () => number } {
  let reads = 0;
  const of = (part: Blob): BlobLike => ({
    size: part.size,
    slice: (start, end) => of(part.slice(start, end)),
    arrayBuffer: () => {
      reads++;
      return part.arrayBuffer();
    },
  });
  return { blob: of(new Blob([bytes])), reads: () => reads };
}

it("gives what the file's own slices give", async () => {
  const plain = new Blob([BYTES]);
  const blob = inWindows(plain);
  const place = fc.integer({ min: -310_000, max: 310_000 });
  await fc.assert(
    fc.asyncProperty(place, place, place, place, async (a, b, c, d) => {
      const [found, expected] = [blob.slice(a, b).slice(c, d), plain.slice(a, b).slice(c, d)];
      expect(found.size).toBe(expected.size);
      const [own, theirs] = await Promise.all([found.arrayBuffer(), expected.arrayBuffer()]);
      expect(Buffer.from(own).equals(Buffer.from(theirs))).toBe(true);
    }),
    { numRuns: 200 },
  );
  expect((await inWindows(new Blob([])).arrayBuffer()).byteLength).toBe(0);
});

it("asks once for what lies side by side", async () => {
  const { blob, reads } = counted(BYTES);
  const windows = inWindows(blob);
  const starts = Array.from({ length: 300 }, (_, i) => i * 1000);
  await Promise.all(starts.map((start) => windows.slice(start, start + 700).arrayBuffer()));
  expect(reads()).toBe(Math.ceil(BYTES.length / 65_536));
});

it("fails as the file does, and is not stuck with it", async () => {
  let isThere = false;
  const of = (part: Blob): BlobLike => ({
    size: part.size,
    slice: (start, end) => of(part.slice(start, end)),
    arrayBuffer: async () => {
      if (!isThere) throw new DOMException("gone", "NotReadableError");
      return await part.arrayBuffer();
    },
  });
  const windows = inWindows(of(new Blob([BYTES])));
  await expect(windows.slice(5, 10).arrayBuffer()).rejects.toMatchObject({ name: "NotReadableError" });
  isThere = true;
  expect(new Uint8Array(await windows.slice(5, 10).arrayBuffer())).toEqual(BYTES.slice(5, 10));
});

it("gives less of a file that has become shorter", async () => {
  const whole = new Blob([BYTES]);
  const short: BlobLike = {
    size: whole.size,
    slice: (start = 0, end) => new Blob([BYTES.subarray(0, 1000)]).slice(start, end),
    arrayBuffer: () => whole.arrayBuffer(),
  };
  expect((await inWindows(short).slice(900, 1200).arrayBuffer()).byteLength).toBe(100);
  expect((await inWindows(short).slice(70_000, 70_010).arrayBuffer()).byteLength).toBe(0);
});
