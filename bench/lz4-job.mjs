/**
 * One LZ4 job in a process of its own, to be measured from outside:
 *
 *     node bench/lz4-job.mjs walkit|lz4js decode|encode <file> stream|memory
 *
 * `stream`: from the file to nowhere; walkit piece by piece, lz4js whole, since it can do no other. `memory`: the file is
 * read first, and the time that the codec alone takes is printed, as JSON: the best of three, so that it is warm.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname } from "node:path";
import { FrameDecoder, FrameEncoder } from "../dist/lz4/index.js";
import { DirectoryStorage } from "../dist/storage/directory.js";

const [, , codec, direction, path, how] = process.argv;

/** The codec over pieces of input; returns the bytes of output. */
function walkit(pieces) {
  let bytes = 0;
  const job = direction === "decode" ? new FrameDecoder() : new FrameEncoder();
  for (const piece of pieces) for (const out of job.push(piece)) bytes += out.length;
  for (const out of job.end() ?? []) bytes += out.length;
  return bytes;
}

async function walkitAhead(pieces) {
  let bytes = 0;
  const job = direction === "decode" ? new FrameDecoder() : new FrameEncoder();
  for await (const piece of pieces) for (const out of job.push(piece)) bytes += out.length;
  for (const out of job.end() ?? []) bytes += out.length;
  return bytes;
}

function lz4js([input]) {
  const library = createRequire(import.meta.url)("lz4js");
  return direction === "decode" ? library.decompress(input).length : library.compress(input).length;
}

const run = codec === "walkit" ? walkit : lz4js;
if (how === "memory") {
  const input = new Uint8Array(readFileSync(path));
  let best = Number.POSITIVE_INFINITY;
  let bytes = 0;
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    bytes = run([input]);
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  console.log(JSON.stringify({ seconds: best, bytes }));
} else if (codec === "lz4js") {
  console.log(JSON.stringify({ bytes: run([readFileSync(path)]) }));
} else {
  // As walkit reads any file: the next piece is on its way while one is worked on.
  const pieces = new DirectoryStorage(dirname(path)).read(basename(path));
  console.log(JSON.stringify({ bytes: await walkitAhead(pieces) }));
}
