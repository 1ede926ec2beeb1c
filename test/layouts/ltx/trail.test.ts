import { describe, expect, it } from "vitest";
import { WalTrail } from "../../../src/layouts/ltx/trail.ts";
import type { LtxHeader } from "../../../src/ltx/index.ts";

const header = (walOffset: number, walSize: number, walSalt1 = 1): LtxHeader => ({
  ...{ flags: 2, pageSize: 512, commit: 1, minTxid: 1, maxTxid: 1, timestamp: 0 },
  ...{ preApplyChecksum: 0n, nodeId: 0n, walOffset, walSize, walSalt1, walSalt2: 2 },
});

/** What is said of the last of these files. */
function last(...files: (readonly [header: LtxHeader, level?: number])[]): string | undefined {
  const trail = new WalTrail();
  let found: string | undefined;
  for (const [i, [header, level = 0]] of files.entries())
    found = trail.follow(`file ${i}`, header, level)?.message;
  return found;
}

describe("the trail through the WAL", () => {
  it("goes on where it ended", () => {
    expect(last([header(32, 536)], [header(568, 1072)])).toBeUndefined();
  });

  it("may begin anew, in the same WAL or in another", () => {
    expect(last([header(32, 536)], [header(32, 1072)])).toBeUndefined();
    expect(last([header(568, 536)], [header(32, 536, 7)])).toBeUndefined();
    expect(last([header(568, 536)], [header(32, 0, 7)])).toBeUndefined();
  });

  it("may come by the same frames again", () => {
    expect(last([header(32, 1072)], [header(568, 536)])).toBeUndefined();
  });

  it("does not jump", () => {
    expect(last([header(32, 536)], [header(1104, 536)])).toMatch(/from byte 568 on.*file 0.*byte 1104 on/);
  });

  it("does not begin in the middle of another WAL", () => {
    expect(last([header(32, 536)], [header(568, 536, 7)])).toMatch(
      /salts 7 2 are not.*file 0, 1 2.*byte 568/,
    );
  });

  it("is told by files of level 0 alone, and of those that name a place", () => {
    expect(last([header(32, 536), 1], [header(1104, 536)])).toBeUndefined();
    expect(last([header(32, 536)], [header(1104, 536), 1])).toBeUndefined();
    expect(last([header(0, 0)], [header(1104, 536)])).toBeUndefined();
    expect(last([header(32, 536)], [header(0, 0)])).toBeUndefined();
  });

  it("is lost where something breaks it", () => {
    const trail = new WalTrail();
    trail.follow("one", header(32, 536), 0);
    trail.breaks();
    expect(trail.follow("two", header(1104, 536), 0)).toBeUndefined();
  });
});
