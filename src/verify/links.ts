import type { Step } from "../replay/steps.ts";
import type { Links } from "./report.ts";

/** Counts what ties the WAL indexes of a generation together: evidence, index by index. */
export class LinkCount {
  #total = 0;
  #snapshot = 0;
  readonly #steps: Step[] = [];
  /** Borders crossed since the last snapshot. */
  #open: Step[] = [];

  /** There is a next index. */
  border(): void {
    this.#total++;
  }

  /** The replay came into an index over its border, unbroken. */
  crossed(step: Step): void {
    this.#open.push(step);
  }

  /** A snapshot agrees with the replay: so all borders that it crossed are proven. */
  agreed(): void {
    this.#snapshot += this.#open.length;
    this.#open = [];
  }

  /** The replay broke off: no later snapshot says anything of the borders behind. */
  broken(): void {
    this.#steps.push(...this.#open);
    this.#open = [];
  }

  report(): Links {
    this.broken();
    const [total, snapshot, steps] = [this.#total, this.#snapshot, this.#steps];
    const sequence = steps.filter(({ counter }) => counter === "follows").length;
    return { total, snapshot, sequence, unproven: total - snapshot - sequence, steps };
  }
}
