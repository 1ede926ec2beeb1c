/** Where the levels of LTX files are drawn. */

import { expect, it } from "vitest";
import { levelRow, levelsHeight } from "../../../web/picture/draw-levels.ts";

it("levels have rows of their own under the rail, within their lane, however many there are", () => {
  for (const height of [56, 72, 84, 100, 150]) {
    for (let count = 1; count <= 8; count++) {
      const rail = height - Math.max(26, Math.min(levelsHeight(count), height * 0.45));
      let last = 0;
      for (let k = 0; k < count; k++) {
        const row = levelRow({ height, rail, bar: 20, flag: 5 }, k, count);
        expect(row.height).toBeGreaterThanOrEqual(1);
        expect(row.top).toBeGreaterThan(last);
        last = row.top + row.height;
      }
      expect(rail + last).toBeLessThanOrEqual(height);
    }
  }
});
