/** A replica whose files were compressed by other tools: every kind of LZ4 frame gives the same database. */

import { expect, it } from "vitest";
import { concat } from "../../src/bytes.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import {
  compress,
  compressLegacy,
  decompress,
  type EncodeOptions,
  skippableFrame,
} from "../../src/lz4/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { verify } from "../../src/verify/index.ts";
import { attemptRestore } from "../support/attempt.ts";
import { readFixture, readManifest } from "../support/fixtures.ts";

const NAME = "page-65536";
const latest = readManifest(NAME).restores.find(({ id }) => id === "latest")!.db!.sha256;

const frame = (options: EncodeOptions) => (data: Uint8Array) => compress(data, options);
const KINDS: [string, (data: Uint8Array) => Uint8Array][] = [
  ["block checksums", frame({ blockChecksum: true })],
  ["linked blocks of 64 KiB", frame({ blockIndependence: false, blockMaxSize: 65536 })],
  ["no content checksum", frame({ contentChecksum: false })],
  ["the content size", (data) => compress(data, { contentSize: data.length })],
  ["a skippable frame in front", (data) => concat([skippableFrame(new Uint8Array(9)), compress(data)])],
  ["the legacy format", compressLegacy],
];

it.each(KINDS)("with %s", async (_, again) => {
  const original = readFixture(NAME);
  const storage = new MemoryStorage(original.files);
  for (const [path, file] of original.files)
    storage.files.set(path, { ...file, data: again(decompress(file.data)) });
  expect((await attemptRestore(storage)).sha256).toBe(latest);
  expect((await verify(replicaIn(storage))).status).toBe("ok");
});
