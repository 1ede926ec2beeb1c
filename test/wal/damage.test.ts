import { describe, expect, test } from "vitest";
import { concat } from "../../src/bytes.ts";
import { WalkitError } from "../../src/errors.ts";
import { readTransactions, type WalFrames, WalReader, type WalStop } from "../../src/wal/index.ts";
import { at, cut, FRAME, flip, madeUpWal, readAll } from "./frames.ts";
import { random } from "./sqlite.ts";

const FRAMES = 7;
const commitEnds = [at(0), at(3), at(6)];
const lastCommit = (frame: number): number => commitEnds.filter((end) => end <= at(frame)).at(-1)!;

function* runs(bytes: Uint8Array, onFault: (stop: WalStop) => void, size = 1e9): Generator<WalFrames> {
  const reader = new WalReader({ resync: true, onFault });
  for (const piece of cut(bytes, [size])) yield* reader.push(piece);
}

for (const bigEndian of [false, true]) {
  describe(`${bigEndian ? "big" : "little"}-endian checksums`, () => {
    const wal = madeUpWal(FRAMES, 3, bigEndian);
    const whole = readAll([wal]);

    test("every truncation: the whole frames before it, no more, no less", () => {
      for (let end = 32; end < wal.length; end++) {
        const { frames, stop, committedOffset } = readAll([wal.subarray(0, end)]);
        const n = Math.floor((end - 32) / FRAME);
        expect(frames).toEqual(whole.frames.slice(0, n));
        expect(stop).toMatchObject({ reason: end === at(n) ? "end" : "truncated", offset: at(n), frame: n });
        expect(committedOffset).toBe(lastCommit(n));
      }
      for (let end = 0; end < 32; end++) {
        expect(() => readTransactions(wal.subarray(0, end))).toThrow(WalkitError);
        expect(readAll([wal.subarray(0, end)]).stop.reason).toBe("truncated");
      }
    });

    test("every flipped byte: reading stops at its frame, and nothing from there is committed", () => {
      const pick = random(5);
      for (let i = 0; i < wal.length; i++) {
        const hit = flip(wal, i, 1 + pick(255));
        if (i < 32) {
          expect(() => readAll([hit])).toThrow(WalkitError);
          continue;
        }
        const n = Math.floor((i - 32) / FRAME);
        const within = i - at(n);
        const { frames, sound, stop, committedOffset } = readAll([hit]);
        expect(frames).toEqual(whole.frames.slice(0, n));
        expect(sound).not.toContain(false);
        expect(stop).toMatchObject({
          reason: within >= 8 && within < 16 ? "salt" : "checksum",
          offset: at(n),
          frame: n,
        });
        expect(committedOffset).toBe(lastCommit(n));
      }
    });

    test("resync: every flipped byte is one fault, in its frame; all frames come, none after it as sound", () => {
      const pick = random(6);
      for (let i = 32; i < wal.length; i++) {
        const hit = flip(wal, i, 1 << pick(8));
        const n = Math.floor((i - 32) / FRAME);
        const { stop } = readAll([hit]);
        const read = readAll(i % 3 === 0 ? cut(hit, [700]) : [hit], { resync: true });
        expect(read.faults).toEqual([stop]);
        expect(read.faults[0]!.frame).toBe(n);
        expect(read.sound).toEqual(whole.frames.map((_, k) => k < n));
        expect(read.frames.filter((frame, k) => frame !== whole.frames[k])).toHaveLength(1);
        expect(read.stop).toEqual({ reason: "end", offset: wal.length, frame: FRAMES });
        expect(read.committedOffset).toBe(lastCommit(n));
      }
    });

    test("resync: two neighbours damaged in any way are two faults", () => {
      const places = [0, 5, 9, 14, 16, 23, 24, 400];
      for (const first of places) {
        for (const second of places) {
          const hit = flip(flip(wal, at(2) + first, 0x10), at(3) + second, 0x20);
          const { faults, frames } = readAll([hit], { resync: true });
          expect(faults.map((fault) => fault.frame)).toEqual([2, 3]);
          expect(frames).toHaveLength(FRAMES);
        }
      }
    });

    test("resync: however many neighbours with damaged pages are as many faults", () => {
      let hit = wal;
      for (const frame of [1, 2, 3, 4, 5]) hit = flip(hit, at(frame) + 60 + frame);
      expect(readAll([hit], { resync: true }).faults.map((fault) => fault.frame)).toEqual([1, 2, 3, 4, 5]);
    });

    test("resync: the same wrong salts are told once for neighbours, again after a frame that fits", () => {
      let hit = wal;
      for (const frame of [1, 2, 4]) hit = flip(hit, at(frame) + 8);
      const { faults, sound } = readAll([hit], { resync: true });
      expect(faults.map((fault) => [fault.reason, fault.frame])).toEqual([
        ["salt", 1],
        ["salt", 4],
      ]);
      expect(sound).toEqual([true, false, false, false, false, false, false]);
    });

    test("resync: damage far apart is a fault each, a page number of 0 is told as that", () => {
      const hit = flip(flip(wal, at(0) + 100), at(6) + 20);
      hit.fill(0, at(3), at(3) + 4);
      const told = readAll([hit], { resync: true }).faults.map((fault: WalStop) => [
        fault.reason,
        fault.frame,
      ]);
      expect(told).toEqual([
        ["checksum", 0],
        ["page-number", 3],
        ["checksum", 6],
      ]);
    });

    test("resync: a faulty frame is a run of its own, told of before it comes", () => {
      const hit = flip(wal, at(4) + 100);
      let told = -1;
      const events: string[] = [];
      for (const run of runs(hit, (stop) => (told = stop.frame))) {
        events.push(`${run.frame}+${run.count} ${run.sound} ${told}`);
      }
      expect(events).toEqual(["0+3 true -1", "3+1 true -1", "4+1 false 4", "5+1 false 4", "6+1 false 4"]);
    });

    test("resync: a frame lost or doubled is one fault, and what follows fits again", () => {
      const lost = concat([wal.subarray(0, at(2)), wal.subarray(at(3))]);
      expect(readAll([lost], { resync: true }).faults.map((f) => f.frame)).toEqual([2]);
      const doubled = concat([wal.subarray(0, at(3)), wal.subarray(at(2))]);
      expect(readAll([doubled], { resync: true }).faults.map((f) => f.frame)).toEqual([3]);
    });
  });
}

test("resync: garbage throughout, in small pieces, takes time in line with its size", () => {
  const pick = random(9);
  const header = madeUpWal(1, 2).subarray(0, 32);
  const time = (frames: number): number => {
    const noise = new Uint8Array(frames * FRAME).map(() => pick(256));
    let best = Infinity;
    for (let i = 0; i < 3; i++) {
      const start = performance.now();
      let count = 0;
      for (const _ of runs(concat([header, noise]), () => count++, 97));
      best = Math.min(best, performance.now() - start);
      expect(count).toBe(frames);
    }
    return best;
  };
  time(500);
  const [small, large] = [time(500), time(8000)];
  // 16 times the bytes; the square would be 256 times.
  expect(large / small).toBeLessThan(100);
});
