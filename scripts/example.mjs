// Packs examples/shop for the page: web/example/shop.tar, with the times at which Litestream wrote its files, to the
// nanosecond (PAX). Git keeps no times: they come from the record of the fixture that the example is a copy of.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { packTar } from "modern-tar";

const folder = new URL("../examples/shop/", import.meta.url);
const record = new URL("../test/fixtures/litestream-0.3/multi-snapshot.json", import.meta.url);
const target = new URL("../web/example/shop.tar", import.meta.url);

const { generations } = JSON.parse(readFileSync(record, "utf8"));
const files = generations.flatMap(({ snapshots, wal }) => [...snapshots, ...wal]);
const entries = files.map(({ path, mtimeNs, sha256 }) => {
  const body = readFileSync(new URL(path, folder));
  const found = createHash("sha256").update(body).digest("hex");
  if (found !== sha256) throw new Error(`Expected ${path} to be ${sha256}, found ${found}`);
  const time = BigInt(mtimeNs);
  const mtime = `${time / 1_000_000_000n}.${String(time % 1_000_000_000n).padStart(9, "0")}`;
  const header = { name: `shop/${path}`, size: body.length, mode: 0o644, uid: 0, gid: 0 };
  return { header: { ...header, mtime: new Date(Number(time / 1_000_000n)), pax: { mtime } }, body };
});
mkdirSync(new URL(".", target), { recursive: true });
writeFileSync(target, await packTar(entries));
