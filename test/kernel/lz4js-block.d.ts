/** What test/lz4/lz4js.d.ts leaves out. */
declare module "lz4js" {
  /** Returns the size of the block; 0 when it found no match. `hashTable`: 65536 zeros. */
  export function compressBlock(
    src: Uint8Array,
    dst: Uint8Array,
    sIndex: number,
    sLength: number,
    hashTable: Uint32Array,
  ): number;
}
