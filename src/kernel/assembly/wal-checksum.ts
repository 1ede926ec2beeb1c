/** The two sums are at `sums`. Whole pairs of words, so `end - at` is a multiple of 8. */
export function walChecksum(sums: u32, at: u32, end: u32, bigEndian: bool): void {
  let s0 = load<u32>(sums);
  let s1 = load<u32>(sums, 4);
  if (bigEndian) {
    for (; at < end; at += 8) {
      s0 += bswap<u32>(load<u32>(at)) + s1;
      s1 += bswap<u32>(load<u32>(at, 4)) + s0;
    }
  } else {
    for (; end - at >= 32; at += 32) {
      s0 += load<u32>(at) + s1;
      s1 += load<u32>(at, 4) + s0;
      s0 += load<u32>(at, 8) + s1;
      s1 += load<u32>(at, 12) + s0;
      s0 += load<u32>(at, 16) + s1;
      s1 += load<u32>(at, 20) + s0;
      s0 += load<u32>(at, 24) + s1;
      s1 += load<u32>(at, 28) + s0;
    }
    for (; at < end; at += 8) {
      s0 += load<u32>(at) + s1;
      s1 += load<u32>(at, 4) + s0;
    }
  }
  store<u32>(sums, s0);
  store<u32>(sums, s1, 4);
}
