/** Restores of the page into files of a browser's kind: the very bytes of a restore, and nothing where it fails. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { replicaIn } from "../../../src/layouts/open.ts";
import { MemorySink, restore } from "../../../src/restore/index.ts";
import type { SyncFileLike, WritableFileLike } from "../../../src/restore/sinks/handle.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import type { MomentId, Output } from "../../../web/app/protocol/protocol.ts";
import type { CallContext } from "../../../web/engine/calls.ts";
import { failureOf } from "../../../web/engine/failure.ts";
import { type FileHandle, openSpill, type PrivateFolder } from "../../../web/engine/output.ts";
import { attemptRestore } from "../../support/attempt.ts";
import { DAMAGED, GOLDEN, readFixture, sha256 } from "../../support/fixtures.ts";
import { makeReplica } from "../../support/generate.ts";
import { inWal } from "../timelines.ts";
import { commitsOf, context, loadStorage, newEngine } from "./support.ts";

/** A file as the browser keeps it: what is written through a stream is seen once that is closed. */
class FakeFile implements FileHandle {
  bytes: Uint8Array<ArrayBuffer>;
  locks = 0;
  written: number = Date.now();
  /** Bytes that there is room for. */
  room: number = Number.POSITIVE_INFINITY;

  constructor(text = "") {
    this.bytes = new TextEncoder().encode(text);
  }

  async getFile(): Promise<File> {
    return new File([this.bytes], "restored.db", { lastModified: this.written });
  }

  async createWritable(): Promise<WritableFileLike> {
    const swap = new MemorySink(this.room);
    return {
      write: (chunk) => swap.write(chunk),
      close: async () => void (this.bytes = swap.bytes.slice()),
      abort: async () => {},
    };
  }

  async createSyncAccessHandle(): Promise<SyncFileLike> {
    if (this.locks > 0) throw new DOMException("It is open", "NoModificationAllowedError");
    this.locks++;
    const resize = (size: number) => {
      const grown = new Uint8Array(size);
      grown.set(this.bytes.subarray(0, size));
      this.bytes = grown;
    };
    return {
      read: (into, { at }) => {
        const part = this.bytes.subarray(at, at + into.length);
        into.set(part);
        return part.length;
      },
      write: (data, { at }) => {
        if (at + data.length > this.room) throw new DOMException("", "QuotaExceededError");
        if (at + data.length > this.bytes.length) resize(at + data.length);
        this.bytes.set(data, at);
        return data.length;
      },
      truncate: resize,
      getSize: () => this.bytes.length,
      flush: () => {},
      close: () => void this.locks--,
    };
  }
}

class FakeFolder implements PrivateFolder {
  readonly files = new Map<string, FakeFile>();

  async getFileHandle(name: string): Promise<FakeFile> {
    let file = this.files.get(name);
    if (!file) this.files.set(name, (file = new FakeFile()));
    return file;
  }

  async removeEntry(name: string): Promise<void> {
    if (this.files.get(name)!.locks > 0) throw new DOMException("It is open", "NoModificationAllowedError");
    this.files.delete(name);
  }

  async *keys(): AsyncGenerator<string> {
    yield* this.files.keys();
  }
}

const asHandle = (file: FakeFile): Output => {
  return { kind: "handle", handle: file as unknown as FileSystemFileHandle };
};

const engineOver = (folder: FakeFolder) => newEngine({ privateFolder: async () => folder });

describe.each([...GOLDEN, ...DAMAGED])("%s", (name) => {
  it("is restored as by the library, or refused alike", async () => {
    const storage = readFixture(name);
    const folder = new FakeFolder();
    const { engine, view } = await loadStorage(storage, engineOver(folder));
    const commits = commitsOf(view);
    const step = Math.ceil(commits.length / 8);
    for (const { moment } of commits.filter((_, i) => i % step === 0 || i === commits.length - 1)) {
      const { generation, ...position } = moment;
      const expected = await attemptRestore(storage, { generation, position });
      const file = new FakeFile("what was there before");
      for (const output of [asHandle(file), { kind: "private", name: "x.db" }] satisfies Output[]) {
        const found = await engine.restore(moment, output, context()).catch((e: unknown) => e as WalkitError);
        if (expected.error || found instanceof Error) {
          // Where it is not proven that the snapshot fits, SQLite has the last word.
          const code = (found as WalkitError).code;
          expect([moment, code]).toEqual([moment, expected.error?.code ?? "database/integrity"]);
          expect(new TextDecoder().decode(file.bytes)).toBe("what was there before");
          expect([...folder.files.keys()]).toEqual([]);
          continue;
        }
        expect(found.sha256).toBe(expected.sha256);
        const { unproven } = expected.restored;
        expect(found).toMatchObject({ bytes: expected.bytes.length, unproven });
        const bytes = output.kind === "handle" ? file.bytes : new Uint8Array(await found.file!.arrayBuffer());
        expect(sha256(bytes)).toBe(expected.sha256);
        expect([...folder.files.keys()]).toEqual(output.kind === "private" ? ["x.db"] : []);
        folder.files.clear();
      }
    }
  });
});

describe("a restore that ends early", () => {
  const segments = Array.from({ length: 20 }, () => ({ commits: 5 }));
  // The second index shows that the snapshot fits: what nobody proves SQLite would refuse, as the pages are noise.
  const indexes = [
    { snapshot: true, mark: 0, segments },
    { snapshot: false, mark: 0, segments: [{ commits: 1 }] },
  ];
  const { storage } = makeReplica({ pageSize: 4096, pages: 3000, seed: 5, indexes });
  const load = async (folder: FakeFolder) => {
    const { engine, view } = await loadStorage(storage, engineOver(folder));
    return { engine, moment: commitsOf(view).at(-1)!.moment };
  };

  it.each([0, 0.9])("leaves nothing when it is cancelled at %d", async (part) => {
    const folder = new FakeFolder();
    const { engine, moment } = await load(folder);
    const file = new FakeFile("before");
    for (const output of [asHandle(file), { kind: "private", name: "x.db" }] satisfies Output[]) {
      const controller = new AbortController();
      const at: CallContext = {
        signal: controller.signal,
        onProgress: ({ done, total }) => done >= total! * part && controller.abort(),
      };
      const error = await engine.restore(moment, output, at).catch((e: unknown) => e);
      expect(failureOf(error, controller.signal).code).toBe("cancelled");
      expect(error).toBe(controller.signal.reason);
      expect(new TextDecoder().decode(file.bytes)).toBe("before");
      expect(folder.files.size).toBe(0);
    }
  });

  it("leaves nothing when there is no room", async () => {
    const folder = new FakeFolder();
    const { engine, moment } = await load(folder);
    const file = new FakeFile("before");
    file.room = 1_000_000;
    const full = await folder.getFileHandle("x.db");
    full.room = 1_000_000;
    for (const output of [asHandle(file), { kind: "private", name: "x.db" }] satisfies Output[]) {
      const error = await engine.restore(moment, output, context()).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(WalkitError);
      expect(new TextDecoder().decode(file.bytes)).toBe("before");
    }
    expect(folder.files.size).toBe(0);
  });

  it("goes to memory where the browser gives no file", async () => {
    const folder = new FakeFolder();
    const { engine, moment } = await load(folder);
    (await folder.getFileHandle("x.db")).locks = 1;
    const without = (await loadStorage(storage)).engine;
    const { generation, ...position } = moment;
    const expected = await attemptRestore(storage, { generation, position });
    for (const one of [engine, without]) {
      const { file } = await one.restore(moment, { kind: "private", name: "x.db" }, context());
      expect(file!.name).toBe("x.db");
      expect(sha256(new Uint8Array(await file!.arrayBuffer()))).toBe(expected.sha256);
    }
  });
});

describe("the place for changed pages", () => {
  const indexes = Array.from({ length: 6 }, (_, i) => ({
    snapshot: i === 0,
    mark: 0,
    segments: Array.from({ length: 5 }, () => ({ commits: 4 })),
  }));
  const { storage, states, generation } = makeReplica({ pageSize: 512, pages: 300, seed: 11, indexes });

  it("holds what memory does not, and is gone afterwards", async () => {
    const folder = new FakeFolder();
    for (const { index, offset, sha256: expected } of states.filter((_, i) => i % 10 === 9)) {
      const spill = (await openSpill(folder))!;
      expect(folder.files.size).toBe(1);
      const options = { memoryBudget: 5 * 512, openSpill: () => spill.open() };
      const sink = new MemorySink();
      const file = await folder.getFileHandle([...folder.files.keys()][0]!);
      let written = 0;
      const watched = { ...options, onProgress: () => void (written = Math.max(written, file.bytes.length)) };
      await restore(replicaIn(storage), { generation, position: { index, offset } }, sink, watched);
      expect(sha256(sink.bytes)).toBe(expected);
      expect(written).toBeGreaterThan(0);
      await spill.close();
      expect(folder.files.size).toBe(0);
    }
  });

  it("is swept where a tab left one, and not where one is open", async () => {
    const folder = new FakeFolder();
    await folder.getFileHandle("walkit-spill-left");
    await folder.getFileHandle("of-today.db");
    (await folder.getFileHandle("of-last-week.db")).written -= 7 * 24 * 3600_000;
    const first = (await openSpill(folder))!;
    const second = (await openSpill(folder))!;
    expect([...folder.files.keys()].filter((name) => name.startsWith("walkit-spill-")).length).toBe(2);
    await first.close();
    await second.close();
    expect([...folder.files.keys()]).toEqual(["of-today.db"]);
    expect(await openSpill(undefined)).toBeUndefined();
  });
});

it("a moment that is none is refused", async () => {
  const { engine, view } = await loadStorage(new MemoryStorage(readFixture("basic").files));
  const { generation, ...place } = commitsOf(view)[3]!.moment;
  const { index, offset } = inWal(place);
  const wrong: MomentId = { generation, index, offset: offset + 1 };
  await expect(engine.restore(wrong, asHandle(new FakeFile()), context())).rejects.toMatchObject({
    code: "target/out-of-range",
  });
});
