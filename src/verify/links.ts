import type { Links } from "./report.ts";

/** Counts what ties the WAL indexes of a generation together: evidence, index by index. */
export class LinkCount {
  #total = 0;
  #snapshot = 0;
  #sequence = 0;
  /** Borders crossed since the last snapshot: whether Litestream's counter ties each. */
  #open: boolean[] = [];

  /** There is a next index. */
  border(): void {
    this.#total++;
  }

  /** The replay came into an index over its border, unbroken. */
  crossed(bySequence: boolean): void {
    this.#open.push(bySequence);
  }

  /** A snapshot agrees with the replay: so all borders that it crossed are proven. */
  agreed(): void {
    this.#snapshot += this.#open.length;
    this.#open = [];
  }

  /** The replay broke off: no later snapshot says anything of the borders behind. */
  broken(): void {
    this.#sequence += this.#open.filter(Boolean).length;
    this.#open = [];
  }

  report(): Links {
    this.broken();
    const [total, snapshot, sequence] = [this.#total, this.#snapshot, this.#sequence];
    return { total, snapshot, sequence, unproven: total - snapshot - sequence };
  }
}
