const POLYNOMIAL: u64 = 0xd800000000000000;

/** Eight tables of 256 entries, 8 bytes each: `tables[n][byte]` is the CRC of the byte with n zero bytes behind it. */
function makeTables(tables: u32): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = <u64>byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
    store<u64>(tables + (byte << 3), crc);
  }
  for (let at: u32 = 256; at < 2048; at++) {
    const crc = load<u64>(tables + ((at - 256) << 3));
    store<u64>(tables + (at << 3), (crc >> 8) ^ load<u64>(tables + ((<u32>(crc & 255)) << 3)));
  }
}

function look(tables: u32, table: u32, byte: u64): u64 {
  return load<u64>(tables + (table << 11) + ((<u32>(byte & 255)) << 3));
}

/** The CRC is at `state`, 8 bytes, little-endian; the tables, 16 KiB, zeros at first, at `tables`. */
export function crc64(state: u32, at: u32, end: u32, tables: u32): void {
  if (load<u64>(tables + 8) === 0) makeTables(tables);
  let crc = ~load<u64>(state);
  for (; end - at >= 8; at += 8) {
    const x = crc ^ load<u64>(at);
    crc =
      look(tables, 7, x) ^
      look(tables, 6, x >> 8) ^
      look(tables, 5, x >> 16) ^
      look(tables, 4, x >> 24) ^
      look(tables, 3, x >> 32) ^
      look(tables, 2, x >> 40) ^
      look(tables, 1, x >> 48) ^
      look(tables, 0, x >> 56);
  }
  for (; at < end; at++) crc = look(tables, 0, crc ^ <u64>load<u8>(at)) ^ (crc >> 8);
  store<u64>(state, ~crc);
}
