/** Passes a database on, and sums up its pages on their way: for layouts whose files tell what they come to. */

import type { Layout } from "../../replay/layout.ts";
import type { Position } from "../../replay/position.ts";
import { sumDiffers } from "../../replay/sums.ts";
import type { DatabaseSink, DatabaseWrite } from "./sink.ts";

export class SummedSink implements DatabaseSink {
  /** Bytes in a page, each write has whole ones: to be set before the first. */
  pageSize = 0;
  readonly #sink: DatabaseSink;
  readonly #pageSum: NonNullable<Layout["pageSum"]>;
  #value = 0n;

  constructor(sink: DatabaseSink, pageSum: NonNullable<Layout["pageSum"]>) {
    this.#sink = sink;
    this.#pageSum = pageSum;
  }

  get atOnce(): number | undefined {
    return this.#sink.atOnce;
  }

  write(chunk: DatabaseWrite): Promise<void> {
    if (chunk.type === "write") {
      const { data, position } = chunk;
      const size = this.pageSize;
      for (let at = 0; at < data.length; at += size)
        this.#value ^= this.#pageSum((position + at) / size + 1, data.subarray(at, at + size));
    }
    return this.#sink.write(chunk);
  }

  /** @throws WalkitError `ltx/database-checksum` unless the pages come to what the file at `path` says of the state at `end` */
  check(path: string, end: Position, told: bigint): void {
    if (this.#value !== told) throw sumDiffers(path, end, this.#value, told);
  }
}
