/** The stripes of xxHash32: the twin of `assembly/xxhash32.ts`. All of the hash: `../lz4/xxhash32.ts`. */

const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;

/** Folds whole stripes of 16 bytes into the four `lanes`. `end - start` is a multiple of 16. */
export function stripes(lanes: Int32Array, bytes: Uint8Array, start: number, end: number): void {
  let v1 = lanes[0]!;
  let v2 = lanes[1]!;
  let v3 = lanes[2]!;
  let v4 = lanes[3]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = start; at < end; at += 16) {
    v1 = (v1 + Math.imul(view.getInt32(at, true), P2)) | 0;
    v1 = Math.imul((v1 << 13) | (v1 >>> 19), P1);
    v2 = (v2 + Math.imul(view.getInt32(at + 4, true), P2)) | 0;
    v2 = Math.imul((v2 << 13) | (v2 >>> 19), P1);
    v3 = (v3 + Math.imul(view.getInt32(at + 8, true), P2)) | 0;
    v3 = Math.imul((v3 << 13) | (v3 >>> 19), P1);
    v4 = (v4 + Math.imul(view.getInt32(at + 12, true), P2)) | 0;
    v4 = Math.imul((v4 << 13) | (v4 >>> 19), P1);
  }
  lanes[0] = v1;
  lanes[1] = v2;
  lanes[2] = v3;
  lanes[3] = v4;
}
