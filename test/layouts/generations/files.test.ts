import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WalkitError } from "../../../src/errors.ts";
import { decodeFile } from "../../../src/layouts/generations/files.ts";
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
