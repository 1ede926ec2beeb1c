/** Binary search. */

/**
 * The first number in `low` to `high` (without `high`) for which `is` is true; `high` if there is none. Once `is` is true, it must
 * be true for all higher numbers.
 */
export function firstOf(low: number, high: number, is: (i: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Number of the first element that is at least `value`; the length if there is none. */
export function firstIn(ascending: Float64Array, value: number): number {
  return firstOf(0, ascending.length, (i) => ascending[i]! >= value);
}
