import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WalkitError } from "../../../src/errors.ts";
import { decodeFile, ReadAhead } from "../../../src/layouts/generations/files.ts";
import { compress } from "../../../src/lz4/index.ts";
import type { ReadContext } from "../../../src/replay/layout.ts";
import { MemoryStorage, type Storage } from "../../../src/storage/index.ts";
import { encrypt } from "../../support/age.ts";

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece.slice());
  return new Uint8Array(Buffer.concat(parts));
}

const PATH = "wal/x.lz4";
const of = (...parts: Uint8Array[]) => new MemoryStorage([[PATH, { data: Buffer.concat(parts) }]]);
const decode = (storage: Storage, context: Partial<ReadContext> = {}) =>
  joined(decodeFile({ path: PATH, size: undefined }, { storage, ...context }));
const CONTENT = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) >>> 7);

describe("a file", () => {
  it("is what its frames decompress to, one after another", async () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(parts, async (all) => {
        const odd: WalkitError[] = [];
        const bytes = await decode(of(...all.map((one) => compress(one))), { onOdd: (one) => odd.push(one) });
        expect([bytes, odd]).toEqual([new Uint8Array(Buffer.concat(all)), []]);
      }),
    );
  });

  it("tells of its compressed bytes as they are read", async () => {
    const storage = of(compress(CONTENT));
    let bytes = 0;
    await decode(storage, { onRead: (count) => (bytes += count) });
    expect(bytes).toBe(storage.files.get(PATH)!.data.length);
  });

  it("with something else behind its frame is odd, and whole", async () => {
    const odd: WalkitError[] = [];
    const frame = compress(CONTENT);
    const bytes = await decode(of(frame, Buffer.from("rest")), { onOdd: (one) => odd.push(one) });
    expect(Buffer.compare(bytes, CONTENT)).toBe(0);
    expect(odd).toMatchObject([{ code: "lz4/trailing-data", path: PATH, offset: frame.length }]);
  });

  it("that is cut short or empty is damaged", async () => {
    const cut = compress(CONTENT).subarray(0, -5);
    await expect(decode(of(cut))).rejects.toMatchObject({ code: "lz4/truncated", path: PATH });
    await expect(decode(of())).rejects.toMatchObject({ code: "lz4/truncated", path: PATH });
  });

  it("that is encrypted is no damage, and any other that is no LZ4 is", async () => {
    const refused = { code: "replica/encrypted", path: PATH, offset: 0 };
    await expect(decode(of(encrypt(CONTENT)))).rejects.toMatchObject(refused);
    const armored = Buffer.from("-----BEGIN AGE ENCRYPTED FILE-----\nabc");
    await expect(decode(of(armored))).rejects.toMatchObject(refused);
    const other = Buffer.from("age-encryption.org/v");
    await expect(decode(of(other))).rejects.toMatchObject({ code: "lz4/bad-magic", path: PATH });
  });

  it("is read no further once that is not wanted any more", async () => {
    const stop = new AbortController();
    const half = (data: Uint8Array): Storage => ({
      async *list() {},
      async *read() {
        yield data.subarray(0, 1000);
        stop.abort(new Error("enough"));
        yield data.subarray(1000);
      },
    });
    await expect(decode(half(compress(CONTENT)), { signal: stop.signal })).rejects.toThrow("enough");
  });
});

/** Says which reads began, and how many are open. */
function watched(count: number, broken?: number) {
  const began: number[] = [];
  let open = 0;
  const storage: Storage = {
    async *list() {},
    async *read(path) {
      began.push(Number(path));
      open++;
      try {
        if (Number(path) === broken) throw new Error("broken");
        const data = compress(Uint8Array.of(Number(path)));
        yield data.subarray(0, 4);
        yield data.subarray(4);
      } finally {
        open--;
      }
    },
  };
  const files = Array.from({ length: count }, (_, i) => ({ path: `${i}`, size: 20 as number | undefined }));
  return { storage, files, began, open: () => open };
}

describe("reading ahead", () => {
  it("begins the next files with the one that is taken, and no more than may be on their way", async () => {
    const { storage, files, began } = watched(6);
    const ahead = new ReadAhead(files, { storage }, 3);
    expect(began).toEqual([]);
    expect(await joined(ahead.take(0))).toEqual(Uint8Array.of(0));
    expect(began).toEqual([0, 1, 2]);
    expect(await joined(ahead.take(1))).toEqual(Uint8Array.of(1));
    expect(began).toEqual([0, 1, 2, 3]);
    // Taken once more, a file is read once more.
    expect(await joined(ahead.take(1))).toEqual(Uint8Array.of(1));
    expect(await joined(ahead.take(5))).toEqual(Uint8Array.of(5));
    expect(began).toEqual([0, 1, 2, 3, 1, 5]);
    await ahead.close();
  });

  it("leaves alone what is large, or of no known size", async () => {
    const { storage, files, began } = watched(4);
    files[1]!.size = 2 ** 30;
    files[2]!.size = undefined;
    const ahead = new ReadAhead(files, { storage }, 8);
    await joined(ahead.take(0));
    expect(began).toEqual([0, 3]);
    expect(await joined(ahead.take(2))).toEqual(Uint8Array.of(2));
    await ahead.close();
  });

  it("tells of a failure in its turn, and of none that nobody takes", async () => {
    const { storage, files } = watched(3, 1);
    const ahead = new ReadAhead(files, { storage }, 3);
    expect(await joined(ahead.take(0))).toEqual(Uint8Array.of(0));
    await expect(joined(ahead.take(1))).rejects.toThrow("broken");
    const other = new ReadAhead(files, { storage }, 3);
    await joined(other.take(0));
    await other.close();
  });

  it("closes what it began", async () => {
    const { storage, files, open } = watched(5);
    const ahead = new ReadAhead(files, { storage }, 4);
    await joined(ahead.take(0));
    expect(open()).toBe(3);
    await ahead.close();
    expect(open()).toBe(0);
  });
});
