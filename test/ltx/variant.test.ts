import { expect, it } from "vitest";
import { writeUint32BE } from "../../src/bytes.ts";
import { largestBlock, recognizeVariant } from "../../src/ltx/variant.ts";
import { EXPECTED, readLtx } from "./fixtures.ts";

it.each(EXPECTED.filter(([, { variant }]) => variant !== "v1-lz4"))(
  "%s is told by 13 bytes",
  (path, expected) => {
    const { variant, header } = expected;
    const told = recognizeVariant(readLtx(path).subarray(0, 113), 100, header.pageSize as number);
    expect(told).toBe(variant === "v3-empty" ? "v3-frame" : variant);
  },
);

it("a page that no compressed one can be is a raw one", () => {
  const block = new Uint8Array(13);
  writeUint32BE(block, 0, 5);
  block[5] = 1;
  for (const [size, variant] of [
    [0, "v1-raw"],
    [1, "v3-block"],
    [largestBlock(4096), "v3-block"],
    [largestBlock(4096) + 1, "v1-raw"],
  ] as const) {
    writeUint32BE(block, 6, size);
    expect(recognizeVariant(block, 0, 4096), `${size}`).toBe(variant);
  }
});
