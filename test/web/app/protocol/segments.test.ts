/** Segments as columns: what goes in comes out, and what is not known stays so. */

import { expect, it } from "vitest";
import { columnsOf, momentsIn, segmentAt, timeOf } from "../../../../web/app/protocol/segments.ts";
import { buffersOf } from "../../../../web/engine/view.ts";
import { loadArchive } from "../../engine/support.ts";

const SEGMENTS = [
  { index: 0, offset: 0, bytes: 120, time: 1_700_000_000_000.5, damaged: false, moments: 2 },
  { index: 0, offset: 8272, bytes: undefined, time: undefined, damaged: true, moments: 0 },
  { index: 0xfffffffe, offset: 2 ** 40, bytes: 0, time: 0, damaged: false, moments: 70_000 },
];

it("come out of the columns as they went in, with their paths", () => {
  const columns = columnsOf("backups/generations/0123456789abcdef/wal/", SEGMENTS);
  const folder = "backups/generations/0123456789abcdef/wal/";
  const names = ["00000000_00000000.wal.lz4", "00000000_00002050.wal.lz4", "fffffffe_10000000000.wal.lz4"];
  expect(columns.length).toBe(3);
  expect(SEGMENTS.map((_, i) => segmentAt(columns, i))).toEqual(
    SEGMENTS.map((segment, i) => ({ ...segment, path: folder + names[i] })),
  );
  expect([...columns.firstMoment]).toEqual([0, 2, 2, 70_002]);
  expect([0, 1, 2].map((i) => momentsIn(columns, i))).toEqual([2, 0, 70_000]);
  expect([0, 1, 2].map((i) => timeOf(columns, i))).toEqual([1_700_000_000_000.5, undefined, 0]);
  expect(columnsOf("", []).firstMoment).toEqual(new Uint32Array(1));
});

it("are handed over, not copied: no list that grows with the replica is left in the view", async () => {
  const { view } = await loadArchive("busy");
  const [timeline] = view.timelines;
  expect(timeline!.segments.length).toBeGreaterThan(50);
  const there = structuredClone(view, { transfer: buffersOf(view) as ArrayBuffer[] });
  for (const column of [...Object.values(timeline!.segments), ...Object.values(timeline!.moments)]) {
    if (ArrayBuffer.isView(column)) expect(column.byteLength).toBe(0);
  }
  const lists = (value: unknown): number[] => {
    if (ArrayBuffer.isView(value) || typeof value !== "object" || value === null) return [];
    const inner = Object.values(value).flatMap(lists);
    return Array.isArray(value) ? [value.length, ...inner] : inner;
  };
  expect(Math.max(...lists(there))).toBeLessThan(20);
});
