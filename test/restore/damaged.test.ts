/** Every damaged replica, every target: the right bytes or a refusal; what salvage yields is a state that existed. */

import { describe, expect, it } from "vitest";
import { attemptRestore, targetOf } from "../support/attempt.ts";
import { DAMAGED, readFixture, readManifest } from "../support/fixtures.ts";
import { naiveGenerations, naiveStates } from "../support/naive.ts";

/**
 * That the newest snapshot is gone, nothing in what is left can tell. Between that snapshot's time and the next segment's
 * the newest state there is belongs to the segment before: a state that existed, and older than with the snapshot.
 */
const OLDER = ["damaged/snapshot-newest-missing"];

/** Litestream refuses the newest state of these, although all that it needs is there. */
const BETTER = [
  "damaged/partial-retention",
  "damaged/snapshot-flip-compressed",
  "damaged/snapshot-truncated",
];

/** Damaged behind the last byte of a segment: the WAL's own checksums vouch for all of it. */
const WHOLE = ["damaged/flip-content-checksum", "damaged/truncated-end-mark"];

describe.each(DAMAGED)("%s", (name) => {
  const storage = readFixture(name);
  const { base, restores } = readManifest(name);
  const states = new Set(
    naiveGenerations(readFixture(base!)).flatMap((g) => naiveStates(g).map((s) => s.sha256)),
  );

  it.each(restores.map((r) => [r.id, r] as const))("%s", async (_, recorded) => {
    const target = targetOf(recorded);
    const exact = await attemptRestore(storage, target);
    if (exact.sha256 !== undefined) {
      expect(states).toContain(exact.sha256);
      if (recorded.undamaged?.sha256 && !OLDER.includes(name))
        expect(exact.sha256).toBe(recorded.undamaged.sha256);
      expect(exact.restored.lost).toBeUndefined();
    }
    const salvaged = await attemptRestore(storage, target, { salvage: true });
    if (exact.sha256 !== undefined) expect(salvaged.sha256).toBe(exact.sha256);
    else if (salvaged.sha256 !== undefined) {
      expect(states).toContain(salvaged.sha256);
      expect(salvaged.restored.lost?.reason.code).toBe(exact.error.code);
    }
  });

  it("restores what Litestream restores rightly or refuses without need, and salvages the rest", async () => {
    const latest = restores.find(({ id }) => id === "latest")!;
    const exact = await attemptRestore(storage, {});
    if (latest.verdict === "same" || BETTER.includes(name))
      expect(exact.sha256).toBe(latest.undamaged!.sha256);
    else expect(exact.error).toBeDefined();
    const salvaged = await attemptRestore(storage, {}, { salvage: true });
    if (name === "damaged/snapshot-missing") expect(salvaged.error?.code).toBe("replica/no-snapshot");
    else expect(states).toContain(salvaged.sha256);
    if (WHOLE.includes(name)) {
      expect(salvaged.sha256).toBe(latest.undamaged!.sha256);
      expect(salvaged.restored!.lost!.segments).toEqual([]);
    }
  });
});
