/** The hot loops: as WebAssembly over an arena, and in plain TypeScript over any bytes. */

export { ARENA_START, type Arena, hasKernel, openArena, openPlainArena } from "./arena.ts";
export { encodeIn } from "./arena-encode.ts";
export { crc64 } from "./crc64.ts";
export { decodeBlock } from "./lz4-decode.ts";
export { encodeBlock } from "./lz4-encode.ts";
export { sumPairs, walChecksum } from "./wal-checksum.ts";
export { stripes } from "./xxhash32.ts";
