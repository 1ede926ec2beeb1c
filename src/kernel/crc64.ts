/** CRC-64/GO-ISO, the checksum of LTX files: the twin of `assembly/crc64.ts`. */

/** The polynomial, reflected: 0xd800000000000000. */
const POLYNOMIAL_HIGH = 0xd8000000;

let tables: { low: Int32Array; high: Int32Array } | undefined;

function makeTables() {
  const low = new Int32Array(256);
  const high = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let [l, h] = [byte, 0];
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (odd) h ^= POLYNOMIAL_HIGH;
    }
    low[byte] = l;
    high[byte] = h;
  }
  return { low, high };
}

/** Takes `bytes[start, end)` into `crc`: its low and its high 32 bits; both 0 at first. */
export function crc64(crc: Int32Array, bytes: Uint8Array, start: number, end: number): void {
  const { low, high } = (tables ??= makeTables());
  let l = ~crc[0]!;
  let h = ~crc[1]!;
  for (let at = start; at < end; at++) {
    const byte = (l ^ bytes[at]!) & 255;
    l = ((l >>> 8) | (h << 24)) ^ low[byte]!;
    h = (h >>> 8) ^ high[byte]!;
  }
  crc[0] = ~l;
  crc[1] = ~h;
}
