/** A database that is written, held against what the last file on the way there tells of it. */

import type { CommitEvent } from "../../replay/events.ts";
import type { Watch } from "../../replay/layout.ts";
import { sumDiffers } from "../../replay/sums.ts";
import { parseDatabaseHeader } from "../../sqlite/header.ts";
import { pageSum } from "./database.ts";

export class SumWatch implements Watch {
  #pageSize: number | undefined;
  #pages = 0;
  #sum = 0n;

  add(data: Uint8Array): void {
    const size = (this.#pageSize ??= parseDatabaseHeader(data).pageSize);
    for (let at = 0; at < data.length; at += size)
      this.#sum ^= pageSum(++this.#pages, data.subarray(at, at + size));
  }

  end({ sums, change, end }: CommitEvent): void {
    if (sums && this.#sum !== sums.after) throw sumDiffers(change.path, end, this.#sum, sums.after);
  }
}
