/** The states of an exact branch that a range comes by, and how finely they lie. Loaded with the first such branch. */

import type { Branch, Change, Claim } from "../replay/catalog.ts";
import { comparePositions, formatPosition } from "../replay/position.ts";
import type { Range, StateRun } from "./report.ts";

/** A state that a file ends with. */
interface State {
  position: string;
  time: bigint | undefined;
  level: number;
}

export class RangeStates {
  readonly #states: State[] = [];

  /** The state that a file leads to; none where the layout has no levels. */
  add(position: string, file: Change | Claim | undefined): void {
    if (file?.level !== undefined) this.#states.push({ position, time: file.modified, level: file.level });
  }

  get length(): number {
    return this.#states.length;
  }

  /** Those from number `from` on, counted from 0, become the last of others. */
  moveTo(others: RangeStates, from: number): void {
    others.#states.push(...this.#states.splice(from));
  }

  /** Of the last one, if it is at `position`. */
  date(position: string | undefined, time: bigint): void {
    const last = this.#states.at(-1);
    if (last?.position === position) last!.time = time;
  }

  /** What a range says of them. Each has the time of the file that it ends with. */
  told(text: (time: bigint | undefined) => string | undefined): Partial<Range> {
    if (this.#states.length === 0) return {};
    const runs: StateRun[] = [];
    for (const { position, time, level } of this.#states) {
      const last = runs.at(-1);
      if (last?.level === level) {
        last.states++;
        last.to = position;
        last.toTime = text(time);
      } else {
        const [from, fromTime] = [position, text(time)];
        runs.push({ level, states: 1, from, to: from, fromTime, toTime: fromTime });
      }
    }
    return { fromTime: runs[0]?.fromTime, toTime: runs.at(-1)?.toTime, runs };
  }
}

/** The states from a snapshot to the end of the change `last` that names alone tell of, and where they end. */
export function statesByNames(
  { segments }: Branch,
  { snapshot, from, last }: { snapshot: Claim; from: string; last: Change | undefined },
): { states: RangeStates; to: string | undefined } {
  const states = new RangeStates();
  states.add(from, snapshot);
  let to: string | undefined;
  for (const change of last ? segments : []) {
    if (comparePositions(change, snapshot) < 0 || comparePositions(change, last!) > 0 || !change.end)
      continue;
    to = formatPosition(change.end);
    states.add(to, change);
  }
  return { to, states };
}
