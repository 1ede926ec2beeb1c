/** The page store against a plain map, with so little memory that most pages are spilled. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PageStore, type Spill } from "../../src/restore/page-store.ts";

class MemorySpill implements Spill {
  bytes = new Uint8Array(0);
  closed = 0;

  write(data: Uint8Array, position: number): void {
    const end = position + data.length;
    if (end > this.bytes.length) {
      const grown = new Uint8Array(end);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes.set(data, position);
  }

  read(into: Uint8Array, position: number): void {
    if (position + into.length > this.bytes.length) throw new Error("read past what was written");
    into.set(this.bytes.subarray(position, position + into.length));
  }

  close(): void {
    this.closed++;
  }
}

const PAGE = 65536;
const action = fc.oneof(
  { weight: 9, arbitrary: fc.record({ set: fc.integer({ min: 1, max: 700 }), value: fc.integer() }) },
  { weight: 1, arbitrary: fc.record({ truncate: fc.integer({ min: 1, max: 700 }) }) },
);

describe("PageStore", () => {
  it("holds what a map holds", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), fc.constantFrom(1, 2, 5, 1000), (actions, slots) => {
        const spill = new MemorySpill();
        const store = new PageStore(PAGE, slots * PAGE, () => spill);
        const model = new Map<number, number>();
        const page = new Uint8Array(PAGE);
        const view = new DataView(page.buffer);
        for (const a of actions) {
          if ("set" in a) {
            view.setInt32(0, a.value);
            view.setInt32(PAGE - 4, a.value);
            store.set(a.set, page);
            model.set(a.set, a.value);
          } else {
            store.truncate(a.truncate);
            for (const number of model.keys()) if (number > a.truncate) model.delete(number);
          }
        }
        expect(store.count).toBe(model.size);
        for (let number = 1; number <= 700; number++) {
          expect(store.has(number)).toBe(model.has(number));
          expect(store.get(number, page)).toBe(model.has(number));
          if (!model.has(number)) continue;
          expect(view.getInt32(0)).toBe(model.get(number));
          expect(view.getInt32(PAGE - 4)).toBe(model.get(number));
        }
        store.close();
        expect(spill.closed).toBe(store.spilled ? 1 : spill.closed);
      }),
      { numRuns: 200 },
    );
  });

  it("refuses to grow past its budget where there is no spill", () => {
    const store = new PageStore(512, 1024);
    store.set(1, new Uint8Array(512));
    store.set(4_000_000_000, new Uint8Array(512));
    expect(() => store.set(3, new Uint8Array(512))).toThrow(
      expect.objectContaining({ code: "restore/memory-budget" }),
    );
  });
});
