import { expect, it } from "vitest";
import { Versions } from "../../src/snapshot/versions.ts";

const at = (offset: number) => ({ index: 2, offset });

it("knows of each version the commit that first brought it, and the newest", () => {
  const versions = new Versions();
  versions.add(1, 11);
  versions.add(2, 21);
  versions.add(2, 22);
  versions.commit(at(100));
  versions.add(2, 21);
  versions.commit(at(200));
  versions.add(1, 11);
  versions.commit(at(300));
  expect([versions.find(1, 11), versions.find(2, 21), versions.find(2, 22)]).toEqual([
    at(100),
    at(100),
    at(100),
  ]);
  expect([versions.newest(1), versions.newest(2)]).toEqual([
    { hash: 11, end: at(300) },
    { hash: 21, end: at(200) },
  ]);
});

it("knows nothing of what was never committed", () => {
  const versions = new Versions();
  versions.add(7, 70);
  expect([versions.has(7), versions.find(7, 70), versions.newest(7)]).toEqual([false, undefined, undefined]);
  versions.commit(at(1));
  expect([versions.has(7), versions.find(7, 71)]).toEqual([true, undefined]);
});
