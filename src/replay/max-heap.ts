/** Numbers, of which the largest can be taken: a binary heap. */
export class MaxHeap {
  readonly #numbers: number[] = [];

  /** The largest; -1 where there is none. */
  get max(): number {
    return this.#numbers[0] ?? -1;
  }

  push(number: number): void {
    const numbers = this.#numbers;
    let at = numbers.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (numbers[parent]! >= number) break;
      numbers[at] = numbers[parent]!;
      at = parent;
    }
    numbers[at] = number;
  }

  /** Takes the largest out. */
  pop(): number {
    const numbers = this.#numbers;
    const { max } = this;
    const last = numbers.pop();
    if (last === undefined || numbers.length === 0) return max;
    let at = 0;
    for (let child = 1; child < numbers.length; child = 2 * at + 1) {
      if (child + 1 < numbers.length && numbers[child + 1]! > numbers[child]!) child++;
      if (numbers[child]! <= last) break;
      numbers[at] = numbers[child]!;
      at = child;
    }
    numbers[at] = last;
    return max;
  }

  clear(): void {
    this.#numbers.length = 0;
  }
}
