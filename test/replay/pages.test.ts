import fc from "fast-check";
import { expect, it } from "vitest";
import { Pages } from "../../src/replay/pages.ts";
import type { DatabaseHeader } from "../../src/sqlite/header.ts";

it("cuts whole pages, wherever the pieces end", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 512, maxLength: 5000 }),
      fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 12 }),
      (bytes, sizes) => {
        const found: Uint8Array[] = [];
        const pages = new Pages((number, data) => {
          expect(number).toBe(found.length + 1);
          found.push(data.slice());
        });
        const header = { pageSize: 512 } as DatabaseHeader;
        let position = 0;
        for (const size of [...sizes, bytes.length]) {
          // A storage may reuse its buffer once it is asked for the next piece.
          const data = bytes.slice(position, position + size);
          pages.add({ header, position, data });
          position += data.length;
          data.fill(0xee);
        }
        const count = Math.floor(bytes.length / 512);
        expect([pages.count, found.length]).toEqual([count, count]);
        expect(Buffer.concat(found)).toEqual(Buffer.from(bytes.subarray(0, count * 512)));
      },
    ),
  );
});
