import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import type { Claim } from "../../src/replay/catalog.ts";
import { sectionOf } from "../../src/replay/position.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { type ClaimPlace, type ClaimRead, type Fold, Follower, run } from "../../src/replay/run.ts";
import { CountingStorage } from "../support/counting.ts";
import { makeReplica } from "../support/generate.ts";

const index = (snapshot: boolean) => ({ snapshot, mark: 0, segments: [{ commits: 2 }, { commits: 1 }] });
const recipe = { pageSize: 512, pages: 4, seed: 7, indexes: [index(true), index(false), index(true)] };

/** Writes down what it is told. */
class Log implements Fold {
  readonly lines: string[] = [];
  readonly hashes: boolean;
  #pages = 0;
  readonly #wants: boolean;

  constructor(wants: boolean, hashes = false) {
    this.#wants = wants;
    this.hashes = hashes;
  }

  page(_page: number, _data: Uint8Array, hash: number): void {
    this.#pages++;
    if (this.hashes) expect(hash).toBeGreaterThan(1);
  }

  on(event: Parameters<Fold["on"]>[0]): void {
    if (event.type === "opens") this.lines.push(`opens ${sectionOf(event.section)}`);
    if (event.type === "commit") {
      expect(this.#pages).toBeGreaterThan(0);
      this.#pages = 0;
      this.lines.push("commit");
    }
    if (event.type === "closes") this.lines.push(`closes ${sectionOf(event.section)}`);
    if (event.type === "fault") this.lines.push(event.error.code);
  }

  claimOpens(claim: Claim, place: ClaimPlace): boolean {
    this.lines.push(`claim ${sectionOf(claim)} ${place}`);
    return this.#wants;
  }

  claimCloses(_claim: Claim, _place: ClaimPlace, { pages, error }: ClaimRead): void {
    this.lines.push(error ? error.code : `${pages} pages`);
  }
}

async function logOf(storage: ReturnType<typeof makeReplica>["storage"], log: Log) {
  const counting = new CountingStorage(storage);
  const replica = replicaIn(counting);
  const { generations } = await catalogOf(replica);
  await run(replica, generations[0]!, new Follower(), [log]);
  return { lines: log.lines, reads: counting.reads };
}

const section = (number: number) => [`opens ${number}`, "commit", "commit", "commit", `closes ${number}`];

it("a claim comes before the changes of its section, where nothing leads there, else behind", async () => {
  const { lines, reads } = await logOf(makeReplica(recipe).storage, new Log(true, true));
  const [opens, ...rest] = section(1);
  expect(lines.map((line) => line.replace(/\d+ pages/, "pages"))).toEqual([
    ...[opens!, "claim 1 before", "pages", ...rest],
    ...section(2),
    ...[...section(3), "claim 3 behind", "pages"],
  ]);
  expect([...reads.values()].every((count) => count === 1)).toBe(true);
});

it("a claim that nobody wants is not read", async () => {
  const { lines, reads } = await logOf(makeReplica(recipe).storage, new Log(false));
  // Not read, the first one leads nowhere: so the second comes before its changes, too.
  expect(lines.filter((line) => /pages|claim/.test(line))).toEqual(["claim 1 before", "claim 3 before"]);
  expect([...reads.keys()].filter((path) => path.includes("snapshots"))).toEqual([]);
});

it("behind a break the next claim comes before its changes; one without changes stands alone", async () => {
  const { storage, segments, snapshots } = makeReplica({
    ...recipe,
    indexes: [...recipe.indexes, index(true)],
  });
  storage.files.delete(segments.find((segment) => segment.index === 2)!.path);
  for (const segment of segments) if (segment.index === 4) storage.files.delete(segment.path);
  const { data, modified } = storage.files.get(snapshots[1]!.path)!;
  storage.files.set(snapshots[1]!.path, { data: data.slice(0, -1), modified });
  const { lines } = await logOf(storage, new Log(true));
  expect(lines.filter((line) => !/^(opens|commit|closes)/.test(line))).toEqual([
    ...["claim 1 before", expect.stringMatching(/pages$/), "replica/missing-first-segment"],
    ...["claim 3 before", "lz4/truncated", "claim 4 alone", expect.stringMatching(/pages$/)],
  ]);
});
