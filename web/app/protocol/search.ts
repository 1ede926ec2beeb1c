/** Looking for a place in what is in order. */

/** The first number from `low` on that `is` holds for, as it does for all after that; `high` where there is none. */
export function firstOf(low: number, high: number, is: (i: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The first element that is at least `value`. */
export function firstIn(ascending: Float64Array, value: number): number {
  return firstOf(0, ascending.length, (i) => ascending[i]! >= value);
}
