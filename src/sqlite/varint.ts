/**
 * Varints: integers of 64 bits in one to nine bytes, seven bits each, the highest first; the ninth byte has eight.
 * {@link https://www.sqlite.org/fileformat2.html#varint}
 */

/**
 * The varint at `at`, unsigned, and the offset after it. Undefined where it reaches past the end of `data`. From 2^53 on the
 * number is a near one: nothing that is counted in a database is as large.
 */
export function readVarint(data: Uint8Array, at: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let i = at; ; i++) {
    const byte = data[i];
    if (byte === undefined) return undefined;
    if (i === at + 8) return { value: value * 256 + byte, next: i + 1 };
    value = value * 128 + (byte & 127);
    if (byte < 128) return { value, next: i + 1 };
  }
}

/** The varint at `at` as a signed number of 64 bits, as rowids are. Undefined where it reaches past the end of `data`. */
export function readSignedVarint(data: Uint8Array, at: number): bigint | undefined {
  const near = readVarint(data, at);
  if (!near) return undefined;
  const { value: small, next } = near;
  if (Number.isSafeInteger(small)) return BigInt(small);
  let value = 0n;
  for (let i = at; i < next; i++) {
    const byte = BigInt(data[i]!);
    value = i < at + 8 ? (value << 7n) | (byte & 127n) : (value << 8n) | byte;
  }
  return BigInt.asIntN(64, value);
}
