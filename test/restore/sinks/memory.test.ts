/** Databases into memory. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { replicaIn } from "../../../src/layouts/open.ts";
import { restore } from "../../../src/restore/restore.ts";
import { MemorySink } from "../../../src/restore/sinks/memory.ts";
import { readFixture, readManifest, sha256 } from "../../support/fixtures.ts";

const write = (position: number, ...bytes: number[]) =>
  ({ type: "write", position, data: Uint8Array.from(bytes) }) as const;
const truncate = (size: number) => ({ type: "truncate", size }) as const;

it("is the database that was restored", async () => {
  const { sha256: latest, size } = readManifest("basic").restores.find(({ id }) => id === "latest")!.db!;
  const sink = new MemorySink(size);
  await restore(replicaIn(readFixture("basic")), {}, sink);
  expect(sha256(sink.bytes)).toBe(latest);
});

const chunk = fc.oneof(
  fc.record({
    type: fc.constant("write" as const),
    position: fc.nat(40),
    data: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Uint8Array.from(bytes)),
  }),
  fc.record({ type: fc.constant("truncate" as const), size: fc.nat(50) }),
);

it("holds what a file would, up to its limit, and nothing of what is refused", async () => {
  const some = fc.array(chunk, { maxLength: 30 });
  const limits = fc.tuple(fc.constantFrom(10, 30, 45, Number.POSITIVE_INFINITY), fc.nat(10));
  await fc.assert(
    fc.asyncProperty(some, limits, async (chunks, [limit, expected]) => {
      const sink = new MemorySink(limit, expected);
      let file: number[] = [];
      for (const one of chunks) {
        const end = one.type === "truncate" ? one.size : one.position + one.data.length;
        const done = sink.write(one);
        if (end > limit) await expect(done).rejects.toMatchObject({ code: "restore/memory-budget" });
        else {
          await done;
          while (file.length < end) file.push(0);
          if (one.type === "truncate") file = file.slice(0, end);
          else file.splice(one.position, one.data.length, ...one.data);
        }
        expect([...sink.bytes]).toEqual(file);
      }
    }),
  );
});

it("refuses what is past its limit, also where it has taken memory for more already", async () => {
  const sink = new MemorySink(10);
  await sink.write(write(0, 1, 2, 3, 4, 5, 6));
  await sink.write(write(6, 7, 8));
  await expect(sink.write(write(8, 9, 10, 11))).rejects.toThrow("at most 10 bytes, found 11 or more");
  expect(sink.bytes).toHaveLength(8);
  expect(sink.bytes.buffer.byteLength).toBeLessThanOrEqual(10);
  expect(() => new MemorySink(10, 11)).toThrow("at most 10 bytes, found 11 or more");
});

it("has zeros where a file is made longer, and not what was there before it was made shorter", async () => {
  const sink = new MemorySink();
  for (const one of [write(0, 1, 2, 3, 4), truncate(1), truncate(3), write(4, 5)]) await sink.write(one);
  expect([...sink.bytes]).toEqual([1, 0, 0, 0, 5]);
});

it("takes the memory that is expected at once", async () => {
  const sink = new MemorySink(100, 100);
  const { buffer } = sink.bytes;
  await sink.write({ type: "write", position: 0, data: new Uint8Array(100).fill(7) });
  expect(sink.bytes.buffer).toBe(buffer);
});
