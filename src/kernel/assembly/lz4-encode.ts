const hashBits: u32 = 15;
const lastMatchDistance: u32 = 12;
const lastLiterals: u32 = 5;
const skipTrigger: u32 = 6;
const farthest: u32 = 65535;
const longCopy: u32 = 256;

/** Address of the table's entry for the 5 bytes at `at`. */
function entry(table: u32, at: u32): u32 {
  const hash = load<u32>(at) * 0x9e3779b1 + <u32>load<u8>(at, 4) * 0x85ebca77;
  return table + ((hash >> (32 - hashBits)) << 1);
}

/** The last position with that entry, told from its low 16 bits. Whether it is one at all is for `isMatch`. */
function candidate(slot: u32, at: u32, history: u32): u32 {
  return at - ((at - history - <u32>load<u16>(slot)) & 0xffff);
}

function isMatch(match: u32, at: u32, history: u32): bool {
  return match < at && match >= history && load<u32>(match) === load<u32>(at);
}

function writeLength(d: u32, rest: u32): u32 {
  for (; rest >= 255; rest -= 255) store<u8>(d++, 255);
  store<u8>(d++, rest);
  return d;
}

/** Reads nothing but `[history, end)`, writes nothing but `[d, dEnd)` and the 64 KiB of `table`. */
export function encodeBlock(start: u32, end: u32, history: u32, d: u32, dEnd: u32, table: u32): i32 {
  memory.fill(table, 0, 2 << hashBits);
  if (start - history > farthest) history = start - farthest;
  for (let at = history; at + lastLiterals <= start; at += 2) store<u16>(entry(table, at), at - history);
  const matchEnd = end - lastLiterals;
  let anchor = start;
  if (end - start > lastMatchDistance) {
    const lastMatch = end - lastMatchDistance;
    let at = start;
    let searched: u32 = 1 << skipTrigger;
    while (at <= lastMatch) {
      let slot = entry(table, at);
      let match = candidate(slot, at, history);
      store<u16>(slot, at - history);
      if (!isMatch(match, at, history)) {
        at += searched++ >> skipTrigger;
        continue;
      }
      searched = 1 << skipTrigger;
      while (at > anchor && match > history && load<u8>(at - 1) === load<u8>(match - 1)) {
        at--;
        match--;
      }
      do {
        const offset = at - match;
        let matched = at + 4;
        let difference: u64 = 0;
        for (; matched + 8 <= matchEnd; matched += 8) {
          difference = load<u64>(matched) ^ load<u64>(matched - offset);
          if (difference !== 0) break;
        }
        if (difference !== 0) matched += <u32>ctz(difference) >> 3;
        else while (matched < matchEnd && load<u8>(matched) === load<u8>(matched - offset)) matched++;

        const literals = at - anchor;
        const length = matched - at - 4;
        if (literals + literals / 255 + length / 255 + 5 > dEnd - d) return -1;
        store<u8>(d++, (min<u32>(literals, 15) << 4) | min<u32>(length, 15));
        if (literals >= 15) d = writeLength(d, literals - 15);
        if (literals < longCopy && anchor + literals + 16 <= end && literals + 16 <= dEnd - d) {
          // Up to 15 bytes too many, which the next sequence overwrites.
          const stop = d + literals;
          for (let from = anchor; d < stop; from += 16, d += 16) v128.store(d, v128.load(from));
          d = stop;
        } else {
          memory.copy(d, anchor, literals);
          d += literals;
        }
        store<u16>(d, offset);
        d += 2;
        if (length >= 15) d = writeLength(d, length - 15);
        anchor = at = matched;
        if (at > lastMatch) break;
        store<u16>(entry(table, at - 2), at - 2 - history);
        slot = entry(table, at);
        match = candidate(slot, at, history);
        store<u16>(slot, at - history);
      } while (isMatch(match, at, history));
      at++;
    }
  }
  const literals = end - anchor;
  const extra: u32 = literals < 15 ? 0 : (literals - 15) / 255 + 1;
  if (1 + extra + literals > dEnd - d) return -1;
  store<u8>(d++, min<u32>(literals, 15) << 4);
  if (literals >= 15) d = writeLength(d, literals - 15);
  memory.copy(d, anchor, literals);
  return d + literals;
}
