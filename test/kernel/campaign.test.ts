/**
 * Hostile blocks by the thousand: the kernel does with each of them what its twin does, touches nothing but what it is
 * given, and never traps.
 *
 * The suite runs a sample. `WALKIT_CAMPAIGN=kernel npx vitest run test/kernel/campaign.test.ts` runs more of it.
 * A case is made from the seed and its number alone; a failure says how to run it again, alone.
 */

import { expect, it } from "vitest";
import { ARENA_START, decodeBlock } from "../../src/kernel/index.ts";
import { checkBlockRules, random } from "../lz4/helpers.ts";
import {
  checkNaive,
  GuardedDecoder,
  GuardedEncoder,
  type Next,
  placeKind,
  same,
  WASM_PAGE,
} from "./helpers.ts";
import { anyInput, hostileBlock, LARGEST_CASE } from "./hostile.ts";

const LONG = process.env.WALKIT_CAMPAIGN?.split(",").includes("kernel") ?? false;
const SEED = Number(process.env.WALKIT_KERNEL_SEED ?? 1);
const ONLY = process.env.WALKIT_KERNEL_CASE;
const BLOCKS = LONG ? 500_000 : 20_000;
const INPUTS = LONG ? 100_000 : 4000;

const pages = (size: number) => Math.ceil(size / WASM_PAGE) * WASM_PAGE;

/** Runs all cases, or the one that is asked for. */
function campaign(count: number, run: (next: Next, describe: (what: () => object) => void) => void): void {
  const numbers = ONLY === undefined ? Array(count).keys() : [Number(ONLY)];
  for (const number of numbers) {
    let what = (): object => ({});
    try {
      run(random(Math.imul(SEED, 1_000_003) + number), (described) => (what = described));
    } catch (error) {
      const again = `WALKIT_KERNEL_SEED=${SEED} WALKIT_KERNEL_CASE=${number} npx vitest run test/kernel/campaign.test.ts`;
      throw new Error(`${again}\n${error}\n${JSON.stringify(what())}`, { cause: error });
    }
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

it(`decodes ${BLOCKS} hostile blocks`, { timeout: 3_600_000 }, () => {
  const decoder = new GuardedDecoder(ARENA_START + pages(LARGEST_CASE));
  const seen = { sound: 0, refused: 0, decoded: 0, kinds: { noise: 0, tokens: 0, changed: 0 } };
  campaign(BLOCKS, (next, describe) => {
    const what = hostileBlock(next);
    const { kind, block, history, room } = what;
    const where = placeKind(next);
    describe(() => ({ kind, where, history: history.length, room, block: hex(block) }));
    const outcome = decoder.placed(what, where, next);
    if (next(8) === 0 && room + history.length < 5000) checkNaive(what, outcome);
    seen.kinds[kind]++;
    seen.decoded += outcome.bytes.length;
    if (outcome.result >= 0) seen.sound++;
    else seen.refused++;
  });
  if (LONG) console.log(`blocks: ${JSON.stringify(seen)}`);
  if (ONLY !== undefined) return;
  // Both answers have to have been met often.
  expect(seen.sound).toBeGreaterThan(BLOCKS / 5);
  expect(seen.refused).toBeGreaterThan(BLOCKS / 5);
});

it(`encodes ${INPUTS} inputs`, { timeout: 3_600_000 }, () => {
  const encoder = new GuardedEncoder(ARENA_START + 6 * WASM_PAGE);
  const seen = { encoded: 0, refused: 0, matches: 0, bytes: 0 };
  campaign(INPUTS, (next, describe) => {
    const what = anyInput(next);
    const { input, history } = what;
    const where = placeKind(next);
    let { room } = what;
    for (let round = 0; round < 2; round++) {
      const given = room;
      describe(() => ({ where, room: given, history: hex(history), input: hex(input) }));
      const { result, bytes } = encoder.placed({ ...what, room }, where, next);
      if (result === -1) {
        seen.refused++;
        return;
      }
      seen.encoded++;
      seen.bytes += input.length;
      if (round === 0) {
        seen.matches += checkBlockRules(bytes, history.length);
        const output = new Uint8Array(history.length + input.length);
        output.set(history);
        const end = decodeBlock(bytes, 0, bytes.length, output, 0, history.length, output.length);
        if (end !== output.length || !same(output.subarray(history.length), input))
          throw new Error("decodes to something else");
      }
      // Once more, in just as much room as the block needs, or somewhat less or more.
      room = Math.max(0, bytes.length - 3 + next(24));
    }
  });
  if (LONG) console.log(`inputs: ${JSON.stringify(seen)}`);
  if (ONLY !== undefined) return;
  expect(seen.matches).toBeGreaterThan(INPUTS);
  expect(seen.refused).toBeGreaterThan(INPUTS / 20);
});
