/** Archives of the golden replicas: what is in them is what they were made of, times included. */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, openAsBlob, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { BlobReader, BlobWriter, ZipWriter } from "@zip.js/zip.js";
import { packTar, unpackTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { MemorySink, readCatalog, restore, verify } from "../../src/index.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { findReplicas, openArchive } from "../../src/web.ts";
import { contentOf, filesOf, fixtureTar, listAll, readAll } from "../support/archives.ts";
import { GOLDEN, readFixture, sha256, tarPath } from "../support/fixtures.ts";
import { timeless } from "../support/report.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "walkit-archive-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const has = (program: string) => spawnSync(program, ["--version"]).status === 0;
const run = (program: string, args: string[], cwd = root) => {
  const { status, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  expect(status, stderr).toBe(0);
};

/** A fixture on disk, in a folder of its own. */
function unpacked(name: string): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  run("tar", ["-C", folder, "-xf", tarPath(name)]);
  return folder;
}

describe.each(GOLDEN)("%s", (name) => {
  const original = readFixture(name);
  const blob = new Blob([fixtureTar(name)]);

  it("has the same catalog, to the nanosecond, and the same bytes", async () => {
    const storage = await openArchive(blob);
    expect(storage.kind).toBe("tar");
    expect(storage.skipped).toEqual([]);
    expect(await readCatalog(storage)).toEqual(await readCatalog(original));
    expect(await contentOf(storage)).toEqual(await contentOf(original));
  });

  it("is verified and restored with the same result, from .tar and .tar.gz", async () => {
    const report = await verify(replicaIn(original), { level: "replay" });
    const sink = new MemorySink();
    const { generations } = await readCatalog(original);
    const target = { generation: generations.at(-1)!.id };
    const result = await restore(replicaIn(original), target, sink);
    for (const archive of [blob, new Blob([gzipSync(fixtureTar(name))])]) {
      const storage = await openArchive(archive);
      expect(timeless(await verify(replicaIn(storage), { level: "replay" }))).toEqual(timeless(report));
      const own = new MemorySink();
      expect(await restore(replicaIn(storage), target, own)).toEqual(result);
      expect(sha256(own.bytes)).toBe(sha256(sink.bytes));
    }
  });
});

const NAME = "multi-generation";
const original = readFixture(NAME);

describe("a tar archive", () => {
  it("is read from a file on disk, in ranges", async () => {
    const storage = await openArchive(await openAsBlob(tarPath(NAME)));
    expect(await contentOf(storage)).toEqual(await contentOf(original));
    const { path, size } = (await listAll(storage)).find((entry) => entry.size! > 300)!;
    const whole = Buffer.from(original.files.get(path)!.data);
    for (const [start, end] of [
      [0, 1],
      [100, 300],
      [size! - 1, undefined],
      [size!, undefined],
      [7, size! + 9],
    ]) {
      const part = await readAll(storage, path, { start, end });
      expect(part.equals(whole.subarray(start!, end))).toBe(true);
    }
    await expect(readAll(storage, "gone")).rejects.toMatchObject({ code: "storage/not-found", path: "gone" });
  });

  it("is not unpacked: of a large one only headers are read", async () => {
    const size = 2 ** 40;
    const header = new Uint8Array(await packTar([{ header: { name: "x", size: 0, type: "file" } }])).slice(
      0,
      512,
    );
    // A size of 1 TiB in GNU's way, and the checksum that belongs to it.
    header.set([0x80, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], 124);
    header.fill(32, 148, 156);
    const sum = header.reduce((a, b) => a + b, 0);
    header.set(Buffer.from(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
    const tar = new Uint8Array(1024);
    tar.set(header);
    let bytesRead = 0;
    const piece = (start: number, end: number) => ({
      size: end - start,
      slice: (from = 0, to = end - start) => piece(start + from, start + Math.min(to, end - start)),
      arrayBuffer: async () => {
        bytesRead += end - start;
        const bytes = new Uint8Array(end - start);
        if (start < 1024) bytes.set(tar.subarray(start, Math.min(end, 1024)));
        return bytes.buffer;
      },
    });
    const storage = await openArchive(piece(0, 512 + size + 1024));
    expect(await listAll(storage)).toEqual([{ path: "x", size, modified: expect.anything() }]);
    expect(bytesRead).toBeLessThan(1 << 18);
    expect(await readAll(storage, "x", { start: size - 3 })).toEqual(Buffer.alloc(3));
  });

  it.each(["pax", "posix", "gnu", "oldgnu", "ustar", "v7"])(
    "of tar --format=%s is understood",
    async (format) => {
      if (!has("tar")) return;
      const folder = unpacked(NAME);
      const long = `${"long/".repeat(30)}${"n".repeat(90)}`;
      const isLong = !/ustar|v7/.test(format);
      if (isLong) {
        mkdirSync(join(folder, long), { recursive: true });
        run("touch", ["-d", "2001-02-03T04:05:06.789012345Z", join(folder, long, "ü")]);
      }
      const tar = join(root, `${format}.tar`);
      run("tar", ["-C", root, `--format=${format}`, "-cf", tar, NAME]);
      const storage = await openArchive(new Blob([readFileSync(tar)]));
      expect(storage.skipped).toEqual([]);
      const exact = format === "pax" || format === "posix";
      const round = (time: bigint | undefined) =>
        exact || time === undefined ? time : time - (time % 1_000_000_000n);
      for (const [path, data, modified] of filesOf(original)) {
        const [entry] = await listAll(storage, `${NAME}/${path}`);
        if (path.endsWith("/")) continue;
        expect(entry).toEqual({ path: `${NAME}/${path}`, size: data.length, modified: round(modified) });
        expect(await readAll(storage, `${NAME}/${path}`)).toEqual(Buffer.from(data));
      }
      if (isLong) {
        expect(await listAll(storage, `${NAME}/long`)).toEqual([
          { path: `${NAME}/${long}/ü`, size: 0, modified: round(981_173_106_789_012_345n) },
        ]);
      }
      rmSync(folder, { recursive: true });
    },
  );

  it("of Python's tarfile and of modern-tar is understood, and the same as modern-tar reads it", async () => {
    const files = filesOf(original).filter(([path]) => !path.endsWith("/"));
    const packed = await packTar(
      files.map(([name, body, modified]) => ({
        header: {
          name,
          size: body.length,
          mtime: new Date(Number(modified! / 1_000_000n)),
          pax: { mtime: `${Number(modified! / 1000n) / 1e6}` },
        },
        body,
      })),
    );
    const storage = await openArchive(new Blob([packed]));
    expect((await listAll(storage)).length).toBe(files.length);
    for (const { header, data } of await unpackTar(packed)) {
      expect(await readAll(storage, header.name)).toEqual(Buffer.from(data!));
    }
    if (!has("python3")) return;
    const folder = unpacked(NAME);
    for (const format of ["USTAR", "GNU", "PAX"]) {
      const tar = join(root, `python-${format}.tar`);
      run("python3", [
        "-c",
        `import tarfile\nwith tarfile.open(${JSON.stringify(tar)}, "w", format=tarfile.${format}_FORMAT) as t: t.add(${JSON.stringify(folder)}, "x")`,
      ]);
      const found = await openArchive(new Blob([readFileSync(tar)]));
      const [replica] = await findReplicas(found);
      expect(replica).toMatchObject({ prefix: "x/generations/", path: "x" });
      const catalog = await readCatalog(found, { prefix: replica!.prefix });
      expect(catalog.generations.map(({ id }) => id)).toEqual(
        (await readCatalog(original)).generations.map(({ id }) => id),
      );
    }
    rmSync(folder, { recursive: true });
  });
});

describe("a .tar.gz", () => {
  it("is refused past the bound, and told of as it is unpacked", async () => {
    const gz = gzipSync(fixtureTar(NAME));
    let read = 0;
    await openArchive(new Blob([gz]), { onRead: (bytes) => (read += bytes) });
    expect(read).toBe(gz.length);
    await expect(openArchive(new Blob([gz]), { maxBytes: 50_000 })).rejects.toMatchObject({
      code: "storage/unreadable",
      message: expect.stringContaining("at most 50000 bytes"),
      remedy: { do: "unpack", because: "gzip-too-large" },
    });
    const bomb = gzipSync(Buffer.concat([fixtureTar(NAME), Buffer.alloc(64 << 20)]));
    await expect(openArchive(new Blob([bomb]), { maxBytes: 1 << 20 })).rejects.toThrow(
      "at most 1048576 bytes",
    );
  });

  it("is refused where it ends early or is damaged", async () => {
    const gz = gzipSync(fixtureTar(NAME));
    for (const cut of [3, 20, 1000, gz.length >> 1, gz.length - 8, gz.length - 1]) {
      await expect(openArchive(new Blob([gz.subarray(0, cut)])), `${cut}`).rejects.toMatchObject({
        code: "storage/unreadable",
      });
    }
    for (const at of [1000, gz.length >> 1, gz.length - 6, gz.length - 2]) {
      const bad = Uint8Array.from(gz);
      bad[at]! ^= 1;
      await expect(openArchive(new Blob([bad])), `${at}`).rejects.toMatchObject({
        code: "storage/unreadable",
      });
    }
  });

  it("is stopped by its signal", async () => {
    const gz = new Blob([gzipSync(fixtureTar(NAME))]);
    await expect(openArchive(gz, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
    const stop = new AbortController();
    const opening = openArchive(gz, { signal: stop.signal, onRead: () => stop.abort(new Error("enough")) });
    await expect(opening).rejects.toThrow("enough");
  });
});

describe("a zip archive", () => {
  const sorted = (paths: string[]) => paths.sort();
  const paths = sorted(filesOf(original).map(([path]) => path));

  it.each([0, 6])("of zip.js, level %i, is the same, with times as far as it keeps them", async (level) => {
    const writer = new ZipWriter(new BlobWriter(), { useWebWorkers: false });
    for (const [path, data, modified] of filesOf(original)) {
      const options = {
        level,
        ...(modified === undefined ? {} : { lastModDate: new Date(Number(modified / 1_000_000n)) }),
      };
      if (path.endsWith("/")) await writer.add(path, undefined, { directory: true });
      else await writer.add(path, new BlobReader(new Blob([data])), options);
    }
    const storage = await openArchive(await writer.close());
    expect(storage.kind).toBe("zip");
    expect(sorted((await listAll(storage)).map(({ path }) => path))).toEqual(paths);
    for (const [path, data, modified] of filesOf(original)) {
      if (path.endsWith("/")) continue;
      expect(await readAll(storage, path)).toEqual(Buffer.from(data));
      const found = (await listAll(storage, path))[0]!;
      expect(found.size).toBe(data.length);
      expect(found.modified).toBe(modified! - (modified! % 1_000_000_000n));
    }
    const expected = await verify(replicaIn(original), { level: "replay" });
    expect((await verify(replicaIn(storage), { level: "replay" })).status).toBe(expected.status);
    const [large] = filesOf(original).filter(([, data]) => data.length > 300);
    const [path, data] = large!;
    for (const [start, end] of [
      [0, 1],
      [100, 300],
      [data.length - 1, undefined],
      [data.length, undefined],
    ]) {
      expect(
        (await readAll(storage, path, { start, end })).equals(Buffer.from(data).subarray(start!, end)),
      ).toBe(true);
    }
  });

  it("of Info-ZIP has whole seconds; of Python's zipfile, which keeps local time only, none", async () => {
    const folder = unpacked(NAME);
    if (has("zip")) {
      run("zip", ["-qr", join(root, "info.zip"), "generations"], folder);
      const storage = await openArchive(new Blob([readFileSync(join(root, "info.zip"))]));
      for (const [path, data, modified] of filesOf(original)) {
        const [entry] = await listAll(storage, path);
        if (path.endsWith("/")) expect(entry!.path).toBe(path);
        else {
          expect(entry).toEqual({
            path,
            size: data.length,
            modified: modified! - (modified! % 1_000_000_000n),
          });
          expect(await readAll(storage, path)).toEqual(Buffer.from(data));
        }
      }
    }
    if (has("python3")) {
      run("python3", ["-m", "zipfile", "-c", join(root, "python.zip"), "generations"], folder);
      const storage = await openArchive(new Blob([readFileSync(join(root, "python.zip"))]));
      const catalog = await readCatalog(storage);
      expect(catalog.generations.map(({ id }) => id)).toEqual(
        (await readCatalog(original)).generations.map(({ id }) => id),
      );
      expect((await listAll(storage)).every(({ modified }) => modified === undefined)).toBe(true);
    }
    rmSync(folder, { recursive: true });
  });
});

it("says what a file is that is no archive", async () => {
  for (const [bytes, found] of [
    ["", "an empty file"],
    ["SQLite format 3\0", "a SQLite database itself"],
    ["\x28\xb5\x2f\xfd1234", "a zstd file"],
    ["\xfd7zXZ\0", "an xz file"],
    ["hello", "something else"],
  ] as const) {
    const blob = new Blob([Buffer.from(bytes, "latin1")]);
    await expect(openArchive(blob)).rejects.toMatchObject({
      code: "storage/unreadable",
      message: expect.stringContaining(found),
      remedy: { do: "pack", how: "as-tar" },
    });
  }
  const gz = gzipSync(Buffer.from("SQLite format 3\0 and so on"));
  await expect(openArchive(new Blob([gz]))).rejects.toThrow(
    /a tar archive in the gzip file, found a SQLite database/,
  );
});

it("says so when the archive itself cannot be read any more", async () => {
  const tar = fixtureTar("basic");
  let gone = false;
  const piece = (start: number, end: number) => ({
    size: end - start,
    slice: (from = 0, to = end - start) => piece(start + from, Math.min(start + to, end)),
    arrayBuffer: async () => {
      if (gone) throw new DOMException("The file could not be read", "NotReadableError");
      return tar.slice(start, end).buffer;
    },
  });
  const storage = await openArchive(piece(0, tar.length));
  gone = true;
  const [{ path }] = (await listAll(storage)) as [{ path: string }];
  await expect(readAll(storage, path)).rejects.toMatchObject({
    code: "storage/unreadable",
    path,
    remedy: { do: "pick-again" },
  });
});

it("has no replica in it where it is empty", async () => {
  const storage = await openArchive(new Blob([new Uint8Array(1024)]));
  await expect(findReplicas(storage)).rejects.toMatchObject({ code: "replica/not-a-replica" });
});

it("says so where the runtime cannot unpack", async () => {
  vi.stubGlobal("DecompressionStream", undefined);
  try {
    const opening = openArchive(new Blob([gzipSync(fixtureTar("basic"))]));
    await expect(opening).rejects.toMatchObject({
      code: "storage/unreadable",
      remedy: { do: "unpack", because: "old-browser" },
    });
    expect((await openArchive(new Blob([fixtureTar("basic")]))).kind).toBe("tar");
  } finally {
    vi.unstubAllGlobals();
  }
});
