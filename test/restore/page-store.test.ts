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

  it("holds it while a sweep is half done, in a spill no larger than what it held at most", () => {
    // Room is made 16 pages of this size at a time.
    const many = fc.array(action, { minLength: 100, maxLength: 600, size: "max" });
    fc.assert(
      fc.property(many, fc.constantFrom(17, 40, 100), (actions, slots) => {
        const spill = new MemorySpill();
        const store = new PageStore(PAGE, slots * PAGE, () => spill);
        const model = new Map<number, number>();
        const page = new Uint8Array(PAGE);
        let most = 0;
        for (const [i, a] of actions.entries()) {
          if ("set" in a) {
            page[PAGE - 1] = page[0] = i % 251;
            store.set(a.set, page);
            model.set(a.set, i % 251);
          } else {
            store.truncate(a.truncate + 300);
            for (const number of model.keys()) if (number > a.truncate + 300) model.delete(number);
          }
          most = Math.max(most, model.size);
        }
        expect(store.count).toBe(model.size);
        expect(store.spilled).toBe(most > slots);
        expect(spill.bytes.length).toBeLessThanOrEqual(most * PAGE);
        const out = new Uint8Array(70 * PAGE);
        for (let first = 1; first <= 700; first += 70) {
          out.fill(255);
          let held = 0;
          for (let number = first; number < first + 70; number++) if (model.has(number)) held++;
          expect(store.overlay(first, first + 69, out)).toBe(held);
          for (let i = 0; i < 70; i++) {
            expect(out[i * PAGE]).toBe(model.get(first + i) ?? 255);
            expect(out[i * PAGE + PAGE - 1]).toBe(model.get(first + i) ?? 255);
          }
        }
        store.close();
      }),
      { numRuns: 12 },
    );
  });

  it("writes no page a second time that is set again before the sweep comes to it", () => {
    const spill = new MemorySpill();
    let written = 0;
    const counting = {
      write: (data: Uint8Array, position: number) => {
        written += data.length / PAGE;
        spill.write(data, position);
      },
      read: (into: Uint8Array, position: number) => spill.read(into, position),
      close: () => spill.close(),
    };
    const store = new PageStore(PAGE, 64 * PAGE, () => counting);
    const page = new Uint8Array(PAGE);
    for (let number = 1; number <= 65; number++) store.set(number, page);
    expect(written).toBe(16);
    for (let number = 17; number <= 65; number++) store.set(number, page);
    expect(written).toBe(16);
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
