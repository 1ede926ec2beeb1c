/** From here on `memory.copy` is worth its call. */
const longCopy: u32 = 512;
/** What a short sequence may read after where it begins, at most: a token, and 16 bytes whatever it says. */
const inputMargin: u32 = 32;
/** What a short sequence may write, at most: 16 bytes of literals and 20 of a match, or a copy's last 16 bytes. */
const outputMargin: u32 = 64;

function copy16(to: u32, from: u32): void {
  v128.store(to, v128.load(from));
}

/**
 * Reads nothing but `[s, sEnd)` and `[low, dEnd)`, writes nothing but `[d, dEnd)`. Blocks are below 2^31 bytes, so no sum
 * here passes 2^32: a length is held against its room at each byte that adds to it.
 */
export function decodeBlock(s: u32, sEnd: u32, low: u32, d: u32, dEnd: u32): i32 {
  const sSafe: u32 = sEnd - s > inputMargin ? sEnd - inputMargin : s;
  const dSafe: u32 = dEnd - d > outputMargin ? dEnd - outputMargin : d;
  while (s < sEnd) {
    const sequence = s;
    const token = <u32>load<u8>(s++);
    let length = token >> 4;
    if (length < 15 && s < sSafe && d < dSafe) {
      copy16(d, s);
      s += length;
      d += length;
      // Most sequences are this short to their end, and then the margins hold for both parts: 4.2 GB/s, else 4.0.
      const near = <u32>load<u16>(s);
      const short = token & 15;
      if (short < 15 && near >= 16 && near <= d - low) {
        const match = d - near;
        copy16(d, match);
        store<u32>(d + 16, load<u32>(match + 16));
        s += 2;
        d += short + 4;
        continue;
      }
    } else {
      if (length === 15) {
        let more: u32 = 255;
        while (more === 255) {
          if (s >= sEnd) return ~sequence;
          more = <u32>load<u8>(s++);
          length += more;
          if (length > sEnd - s) return ~sequence;
        }
      }
      if (length > sEnd - s || length > dEnd - d) return ~sequence;
      const end = d + length;
      if (length <= longCopy && s + length < sSafe && end < dSafe) {
        for (let from = s; d < end; from += 16, d += 16) copy16(d, from);
      } else {
        memory.copy(d, s, length);
      }
      d = end;
      s += length;
      if (s >= sEnd) return d;
      if (sEnd - s < 2) return ~sequence;
    }

    const offset = <u32>load<u16>(s);
    s += 2;
    if (offset === 0 || offset > d - low) return ~sequence;
    length = (token & 15) + 4;
    let match = d - offset;
    if (length < 19 && offset >= 16 && d < dSafe) {
      copy16(d, match);
      store<u32>(d + 16, load<u32>(match + 16));
      d += length;
      continue;
    }
    if (length === 19) {
      let more: u32 = 255;
      while (more === 255) {
        if (s >= sEnd) return ~sequence;
        more = <u32>load<u8>(s++);
        length += more;
        if (length > dEnd - d) return ~sequence;
      }
    }
    if (length > dEnd - d) return ~sequence;
    const end = d + length;
    if (length > longCopy && offset >= length) {
      memory.copy(d, match, length);
    } else if (offset === 1) {
      memory.fill(d, load<u8>(match), length);
    } else if (offset >= 16 && end < dSafe) {
      for (; d < end; match += 16, d += 16) copy16(d, match);
    } else if (offset >= 8 && end < dSafe) {
      for (; d < end; match += 8, d += 8) store<u64>(d, load<u64>(match));
    } else {
      while (d < end) store<u8>(d++, load<u8>(match++));
    }
    d = end;
  }
  return ~s;
}
