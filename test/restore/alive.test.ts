/** A replica that changes while it is read: Litestream uploads, retention deletes. */

import { describe, expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { type MemoryFile, MemoryStorage, type ReadOptions } from "../../src/storage/index.ts";
import { verify } from "../../src/verify/index.ts";
import { attemptRestore } from "../support/attempt.ts";
import { readFixture, readManifest } from "../support/fixtures.ts";

/** Calls `change` once, when the `n`-th file is about to be read. */
class ChangingStorage extends MemoryStorage {
  reads = 0;
  readonly #at: number;
  readonly #change: (files: Map<string, MemoryFile>) => void;

  constructor(
    files: Iterable<readonly [string, MemoryFile]>,
    at: number,
    change: (files: Map<string, MemoryFile>) => void,
  ) {
    super(files);
    this.#at = at;
    this.#change = change;
  }

  override read(path: string, options?: ReadOptions): AsyncGenerator<Uint8Array> {
    if (this.reads++ === this.#at) this.#change(this.files);
    return super.read(path, options);
  }
}

const NAME = "multi-snapshot";
const latest = readManifest(NAME).restores.find(({ id }) => id === "latest")!.db!.sha256;
const wal = (path: string) => path.includes("/wal/");
const indexOf = (path: string) => Number.parseInt(/\/(\d{8})[^/]*$/.exec(path)![1]!, 16);

/** Retention: everything before the newest snapshot goes, snapshots first. */
function retain(files: Map<string, MemoryFile>): void {
  for (const path of files.keys()) if (indexOf(path) < 6) files.delete(path);
}

describe("while it is read", () => {
  it.each([0, 1, 2, 5, 12])("retention deletes what was about to be read (at file %i)", async (at) => {
    // The newest snapshot appears together with the deletion of all before it.
    const files = readFixture(NAME).files;
    const newest = [...files].filter(([path]) => indexOf(path) === 6 && !wal(path));
    for (const [path] of newest) files.delete(path);
    const storage = () =>
      new ChangingStorage(files, at, (now) => {
        for (const [path, file] of newest) now.set(path, file);
        retain(now);
      });
    expect((await attemptRestore(storage())).sha256).toBe(latest);
    const { status, generations } = await verify(replicaIn(storage()));
    expect(status).toBe("ok");
    expect(generations[0]!.restorable[0]!.snapshot).toBe(6);
  });

  it("the last segment is still being uploaded, and whole when the replica is listed again", async () => {
    const files = readFixture(NAME).files;
    const [path, whole] = [...files].filter(([p]) => wal(p)).sort(([a], [b]) => (a < b ? 1 : -1))[0]!;
    class Uploading extends MemoryStorage {
      listings = 0;
      override list(prefix: string) {
        // Not counted: looks at what lies beside the generations.
        if (prefix.startsWith("generations/") && ++this.listings === 3) this.files.set(path, whole);
        return super.list(prefix);
      }
    }
    const storage = () => {
      const uploading = new Uploading(files);
      uploading.files.set(path, { data: whole.data.slice(0, 30), modified: whole.modified! - 1n });
      return uploading;
    };
    const early = await attemptRestore(storage());
    expect(early.error).toMatchObject({ code: "lz4/truncated", path });
    const late = storage();
    late.listings = 1;
    expect((await attemptRestore(late)).sha256).toBe(latest);
    const watched = storage();
    watched.listings = 1;
    expect((await verify(replicaIn(watched))).status).toBe("ok");
  });

  it("a whole generation goes", async () => {
    const storage = new ChangingStorage(readFixture(NAME).files, 4, (now) => now.clear());
    const { findings, generations } = await verify(replicaIn(storage));
    expect(generations).toEqual([]);
    expect(findings).toMatchObject([{ code: "replica/empty", severity: "info" }]);
    const again = new ChangingStorage(readFixture(NAME).files, 1, (now) => now.clear());
    expect((await attemptRestore(again)).error?.code).toBe("target/no-generation");
  });

  it("what never stands still is inconclusive, and soon over", async () => {
    class Restless extends MemoryStorage {
      override async *read(path: string): AsyncGenerator<Uint8Array> {
        const file = this.files.get(path)!;
        this.files.delete(path);
        setTimeout(() => this.files.set(path, file));
        yield* super.read(path);
      }
    }
    const report = await verify(replicaIn(new Restless(readFixture(NAME).files)));
    expect(report.status).toBe("inconclusive");
    expect(report.findings.map(({ code }) => code)).toContain("replica/changed-while-reading");
    const { error } = await attemptRestore(new Restless(readFixture(NAME).files));
    expect(error?.code).toMatch(/^replica\/(changed-while-reading|missing-)/);
  });

  it("is not read on once the caller has lost interest", async () => {
    const controller = new AbortController();
    const storage = new ChangingStorage(readFixture(NAME).files, 1, () =>
      controller.abort(new Error("enough")),
    );
    await expect(attemptRestore(storage, {}, { signal: controller.signal })).rejects.toThrow("enough");
    await expect(verify(replicaIn(storage), { signal: controller.signal })).rejects.toThrow("enough");
  });
});
