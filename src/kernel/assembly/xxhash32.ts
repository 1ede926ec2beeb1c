const P1: u32 = 0x9e3779b1;
const P2: u32 = 0x85ebca77;

function round(lane: u32, product: u32): u32 {
  return rotl<u32>(lane + product, 13) * P1;
}

/** The four lanes are at `lanes`. Whole stripes of 16 bytes, so `end - at` is a multiple of 16. */
export function stripes(lanes: u32, at: u32, end: u32): void {
  let v1 = load<u32>(lanes);
  let v2 = load<u32>(lanes, 4);
  let v3 = load<u32>(lanes, 8);
  let v4 = load<u32>(lanes, 12);
  // The products do not wait for the lanes, so all four at once are a gain; the lanes themselves are faster apart: in GB/s
  // on Node 20 (x64) 10.1 as here, 9.9 with no SIMD at all, 6.6 with nothing else.
  const p2 = i32x4.splat(P2);
  for (; at < end; at += 16) {
    const products = i32x4.mul(v128.load(at), p2);
    v1 = round(v1, <u32>i32x4.extract_lane(products, 0));
    v2 = round(v2, <u32>i32x4.extract_lane(products, 1));
    v3 = round(v3, <u32>i32x4.extract_lane(products, 2));
    v4 = round(v4, <u32>i32x4.extract_lane(products, 3));
  }
  store<u32>(lanes, v1);
  store<u32>(lanes, v2, 4);
  store<u32>(lanes, v3, 8);
  store<u32>(lanes, v4, 12);
}
