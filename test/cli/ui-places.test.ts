/** `walkit ui` of an archive, of files that cannot be read, of LTX files beside: the page is told of all of it. */

import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { MemorySink, restore, verify } from "../../src/index.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { HttpStorage } from "../../src/web.ts";
import { readAll } from "../support/archives.ts";
import { readManifest, sha256, tarPath } from "../support/fixtures.ts";
import { build, MAIN, temporaryFolder, unpack } from "./support.ts";

beforeAll(build);

/** The storage that the page has of `location`. */
async function served<T>(
  location: string,
  work: (storage: HttpStorage, home: string) => Promise<T>,
): Promise<T> {
  const child = spawn(process.execPath, [MAIN, "ui", location]);
  try {
    const url = new URL(
      await new Promise<string>((done) => child.stdout.once("data", (d) => done(String(d)))),
    );
    const home = url.origin + url.pathname;
    return await work(new HttpStorage(`${home}replica/`), home);
  } finally {
    child.kill("SIGINT");
    await new Promise((done) => child.once("exit", done));
  }
}

it("serves what is in an archive, in ranges and together", async () => {
  const archive = join(temporaryFolder(), "backup.tar");
  copyFileSync(tarPath("multi-index"), archive);
  await served(archive, async (storage, home) => {
    const sink = new MemorySink();
    await restore(replicaIn(storage), {}, sink);
    const right = readManifest("multi-index").restores.find(({ id }) => id === "latest")!.db!.sha256;
    expect(sha256(sink.bytes)).toBe(right);
    const paths = readManifest("multi-index").generations[0]!.wal.map(({ path }) => path);
    const together = await fetch(`${home}batch`, {
      method: "POST",
      body: JSON.stringify([...paths, "../x"]),
    });
    const sizes = JSON.parse((await together.text()).split("\n", 1)[0]!);
    expect(sizes).toEqual([...readManifest("multi-index").generations[0]!.wal.map(({ size }) => size), null]);
  });
});

it("tells of what cannot be read, and serves LTX files beside generations", async () => {
  const replica = unpack("basic");
  const wal = join(replica, "generations/f73d382fd730c09a/wal");
  const last = readdirSync(wal).sort().at(-1)!;
  rmSync(join(wal, last));
  symlinkSync("nowhere", join(wal, last));
  mkdirSync(join(replica, "ltx/0"), { recursive: true });
  const ltx = "ltx/0/0000000000000001-0000000000000001.ltx";
  writeFileSync(join(replica, ltx), "LTX1");
  await served(replica, async (storage) => {
    const catalog = await catalogOf(replicaIn(storage));
    expect(catalog.generations.map(({ id }) => id)).toEqual(["f73d382fd730c09a", "ltx"]);
    expect(catalog.generations[0]!.segments.at(-1)!.unreadable).toMatchObject({ code: "storage/unreadable" });
    expect(await readAll(storage, ltx)).toEqual(Buffer.from("LTX1"));
    const { status, findings } = await verify(replicaIn(storage), { level: "replay" });
    expect(status).toBe("damaged");
    expect(findings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(["ltx/truncated", "storage/unreadable"]),
    );
    const { id: generation } = catalog.generations[0]!;
    await expect(restore(replicaIn(storage), { generation }, new MemorySink())).rejects.toMatchObject({
      code: "storage/unreadable",
    });
  });
});
