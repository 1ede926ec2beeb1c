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

/** Bytes of a lane: four lanes go side by side, as each step of one waits for the step before it. */
const LANE: u32 = 1024;
/** Behind the tables: eight more, of what a CRC becomes by the zeros of a lane behind it, for each of its bytes. */
const SHIFTS: u32 = 16384;

function makeShifts(tables: u32): void {
  const shifts = tables + SHIFTS;
  for (let bit: u32 = 0; bit < 64; bit++) {
    let crc: u64 = (<u64>1) << bit;
    for (let at: u32 = 0; at < LANE; at++) crc = look(tables, 0, crc) ^ (crc >> 8);
    store<u64>(shifts + ((bit >> 3) << 11) + (((<u32>1) << (bit & 7)) << 3), crc);
  }
  for (let table: u32 = 0; table < 8; table++) {
    const base = shifts + (table << 11);
    for (let byte: u32 = 1; byte < 256; byte++) {
      const low = byte & (0 - byte);
      store<u64>(base + (byte << 3), load<u64>(base + (low << 3)) ^ load<u64>(base + ((byte ^ low) << 3)));
    }
  }
}

/** `crc` with the zeros of a lane behind it. */
function shift(shifts: u32, crc: u64): u64 {
  return (
    look(shifts, 0, crc) ^
    look(shifts, 1, crc >> 8) ^
    look(shifts, 2, crc >> 16) ^
    look(shifts, 3, crc >> 24) ^
    look(shifts, 4, crc >> 32) ^
    look(shifts, 5, crc >> 40) ^
    look(shifts, 6, crc >> 48) ^
    look(shifts, 7, crc >> 56)
  );
}

/** Bits of the place of an entry of 8 bytes in its table. */
const PLACE: u32 = 255 << 3;

function step(tables: u32, x: u64): u64 {
  const low = <u32>x;
  const high = <u32>(x >> 32);
  return (
    load<u64>(tables + ((low << 3) & PLACE), 7 << 11) ^
    load<u64>(tables + ((low >> 5) & PLACE), 6 << 11) ^
    load<u64>(tables + ((low >> 13) & PLACE), 5 << 11) ^
    load<u64>(tables + ((low >> 21) & PLACE), 4 << 11) ^
    load<u64>(tables + ((high << 3) & PLACE), 3 << 11) ^
    load<u64>(tables + ((high >> 5) & PLACE), 2 << 11) ^
    load<u64>(tables + ((high >> 13) & PLACE), 1 << 11) ^
    load<u64>(tables + ((high >> 21) & PLACE))
  );
}

/** The CRC is at `state`, 8 bytes, little-endian; the tables, 32 KiB, zeros at first, at `tables`. */
export function crc64(state: u32, at: u32, end: u32, tables: u32): void {
  if (load<u64>(tables + 8) === 0) {
    makeTables(tables);
    makeShifts(tables);
  }
  const shifts = tables + SHIFTS;
  let crc = ~load<u64>(state);
  while (end - at >= 4 * LANE) {
    let b: u64 = 0;
    let c: u64 = 0;
    let d: u64 = 0;
    for (const stop = at + LANE; at < stop; at += 8) {
      crc = step(tables, crc ^ load<u64>(at));
      b = step(tables, b ^ load<u64>(at + LANE));
      c = step(tables, c ^ load<u64>(at + 2 * LANE));
      d = step(tables, d ^ load<u64>(at + 3 * LANE));
    }
    crc = shift(shifts, shift(shifts, shift(shifts, crc) ^ b) ^ c) ^ d;
    at += 3 * LANE;
  }
  for (; end - at >= 8; at += 8) crc = step(tables, crc ^ load<u64>(at));
  for (; at < end; at++) crc = look(tables, 0, crc ^ <u64>load<u8>(at)) ^ (crc >> 8);
  store<u64>(state, ~crc);
}
