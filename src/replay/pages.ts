import type { ClaimPiece } from "./layout.ts";

/** Cuts a stream of pieces into whole pages. `page` is valid until the callback returns. */
export class Pages {
  readonly #each: (number: number, page: Uint8Array) => void;
  #carry: Uint8Array | undefined;
  #carried = 0;
  #number = 0;

  constructor(each: (number: number, page: Uint8Array) => void) {
    this.#each = each;
  }

  /** Pages seen so far. */
  get count(): number {
    return this.#number;
  }

  add({ header: { pageSize }, data }: ClaimPiece): void {
    this.#carry ??= new Uint8Array(pageSize);
    let at = 0;
    if (this.#carried > 0) {
      at = Math.min(pageSize - this.#carried, data.length);
      this.#carry.set(data.subarray(0, at), this.#carried);
      this.#carried += at;
      if (this.#carried < pageSize) return;
      this.#carried = 0;
      this.#each(++this.#number, this.#carry);
    }
    for (; at + pageSize <= data.length; at += pageSize) {
      this.#each(++this.#number, data.subarray(at, at + pageSize));
    }
    this.#carry.set(data.subarray(at), 0);
    this.#carried = data.length - at;
  }
}
