/** A replica that is encrypted with age is not damaged: nothing is known of it. */

import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { verify } from "../../src/verify/index.ts";
import { encrypt } from "../support/age.ts";
import { attemptRestore } from "../support/attempt.ts";
import { GOLDEN, readFixture } from "../support/fixtures.ts";

it.each(GOLDEN)("%s: one finding, inconclusive, and no advice to salvage", async (name) => {
  const { files } = readFixture(name);
  const storage = new MemoryStorage(
    new Map([...files].map(([path, { data, modified }]) => [path, { data: encrypt(data), modified }])),
  );
  const { status, findings, generations } = await verify(replicaIn(storage));
  expect(status).toBe("inconclusive");
  const grave = findings.filter(({ severity }) => severity === "damage" || severity === "inconclusive");
  expect(grave.map(({ code }) => code)).toEqual(["replica/encrypted"]);
  expect(grave[0]!.message).toContain(`${files.size} files`);
  for (const { status, restorable } of generations)
    expect([status, restorable]).toEqual(["inconclusive", []]);
  for (const salvage of [false, true]) {
    const { error } = await attemptRestore(storage, {}, { salvage });
    expect(error?.code).toBe("replica/encrypted");
    expect(error?.available).toBeUndefined();
  }
});

it("a damaged file among encrypted ones is damage", async () => {
  const { files } = readFixture("basic");
  const entries = [...files].map(([path, file], i): [string, typeof file] => {
    const plain = i === files.size - 1;
    const data = plain ? file.data.with(20, file.data[20]! ^ 1) : encrypt(file.data);
    return [path, { ...file, data }];
  });
  const { status } = await verify(replicaIn(new MemoryStorage(new Map(entries))));
  expect(status).toBe("damaged");
});
