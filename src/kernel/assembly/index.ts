/**
 * The kernel: walkit's hot loops in AssemblyScript, compiled to one WebAssembly module by `scripts/kernel.mjs`.
 *
 * Every function works on addresses in the one memory that it is given; `arena.ts` says what lies where. What each does
 * is said by its twin in plain TypeScript, one folder up, which gives the same answer on any input.
 */

export { crc64 } from "./crc64";
export { decodeBlock } from "./lz4-decode";
export { encodeBlock } from "./lz4-encode";
export { walChecksum } from "./wal-checksum";
export { stripes } from "./xxhash32";
