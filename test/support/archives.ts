/** Archives as tests need them: of fixtures, and hostile ones, block by block. */

import { readFileSync } from "node:fs";
import { crc32 as zlibCrc32 } from "node:zlib";
import type { Entry, MemoryStorage, ReadOptions, Storage } from "../../src/storage/index.ts";
import { tarPath } from "./fixtures.ts";

export function fixtureTar(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(tarPath(name)));
}

export async function listAll(storage: Storage, prefix = ""): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const entry of storage.list(prefix)) found.push(entry);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export async function readAll(storage: Storage, path: string, options: ReadOptions = {}): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of storage.read(path, options)) parts.push(piece.slice());
  return Buffer.concat(parts);
}

/** Paths, sizes, times and bytes of all that a storage has. */
export async function contentOf(storage: Storage): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const { path, size, modified } of await listAll(storage)) {
    if (path.endsWith("/")) all.push([path]);
    else all.push([path, size, modified, (await readAll(storage, path)).toString("base64")]);
  }
  return all;
}

/** Files of a storage in memory, whatever their times. */
export function filesOf(storage: MemoryStorage): [string, Uint8Array<ArrayBuffer>, bigint | undefined][] {
  return [...storage.files].map(([path, { data, modified }]) => [path, new Uint8Array(data), modified]);
}

export interface TarEntry {
  name: string;
  data?: Uint8Array | string;
  type?: string;
  link?: string;
  /** Whole seconds; octal, or what stands in the field. */
  mtime?: number | Uint8Array;
  /** What stands in the field in place of the data's size. */
  size?: string | Uint8Array;
  magic?: string;
  prefix?: string;
  /** Changes the block before its checksum is made. */
  edit?: (block: Uint8Array) => void;
}

/** A tar archive, block by block; without its end where `end` is false. */
export function tarOf(entries: readonly TarEntry[], end = true): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) {
    const data = typeof entry.data === "string" ? Buffer.from(entry.data) : (entry.data ?? new Uint8Array(0));
    const block = new Uint8Array(512);
    const put = (at: number, value: string | Uint8Array) =>
      block.set(typeof value === "string" ? Buffer.from(value) : value, at);
    put(0, entry.name);
    put(100, "0000644\0");
    put(124, entry.size ?? data.length.toString(8).padStart(11, "0") + "\0");
    const mtime = entry.mtime ?? 0;
    put(136, typeof mtime === "number" ? mtime.toString(8).padStart(11, "0") + "\0" : mtime);
    put(156, entry.type ?? "0");
    put(157, entry.link ?? "");
    put(257, entry.magic ?? "ustar\x0000");
    put(345, entry.prefix ?? "");
    entry.edit?.(block);
    put(148, "        ");
    put(
      148,
      block
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0") + "\0 ",
    );
    blocks.push(block, data, new Uint8Array((512 - (data.length % 512)) % 512));
  }
  if (end) blocks.push(new Uint8Array(1024));
  return new Uint8Array(Buffer.concat(blocks));
}

/** The records of an extended header, as an entry of type `x` (or `g`). */
export function pax(records: Record<string, string>, type = "x"): TarEntry {
  let data = "";
  for (const [key, value] of Object.entries(records)) {
    const rest = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(rest) + 1;
    while (String(length).length + Buffer.byteLength(rest) !== length) length++;
    data += length + rest;
  }
  return { name: "PaxHeader", type, data };
}

export interface ZipEntry {
  name: string;
  data?: Uint8Array | string;
  method?: number;
  /** General purpose bits. */
  flags?: number;
  extra?: Uint8Array;
  /** The high half of the external attributes: the mode of Unix. */
  mode?: number;
  crc?: number;
  size?: number;
}

/** A zip archive with its entries stored. */
export function zipOf(entries: readonly ZipEntry[]): Uint8Array<ArrayBuffer> {
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  for (const {
    name,
    data: given = "",
    method = 0,
    flags = 0,
    extra = new Uint8Array(0),
    mode = 0o100644,
    ...rest
  } of entries) {
    const data = typeof given === "string" ? Buffer.from(given) : given;
    const names = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(0x5b754ba0, 6);
    common.writeUInt32LE(rest.crc ?? crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(rest.size ?? data.length, 18);
    common.writeUInt16LE(names.length, 22);
    common.writeUInt16LE(extra.length, 24);
    const head = Buffer.concat([Buffer.from("PK\x03\x04"), common, names, extra, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(at, 10);
    central.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x03"), common, tail, names, extra]));
    local.push(head);
    at += head.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return new Uint8Array(Buffer.concat([...local, directory, end]));
}

export function crc32(data: Uint8Array): number {
  if (typeof zlibCrc32 === "function") return zlibCrc32(data);
  let crc = -1;
  for (const byte of data) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
