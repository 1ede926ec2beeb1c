/** A progress bar on standard error, where that is a terminal; nothing anywhere else. */

import { formatBytes, formatSeconds } from "./text.ts";

/** Milliseconds between two drawings. */
const INTERVAL = 100;
const WIDTH = 30;

export class ProgressBar {
  readonly #on: boolean;
  readonly #label: string;
  readonly #began = performance.now();
  #drawn = 0;
  #visible = false;

  constructor(label: string, wanted: boolean) {
    this.#on = wanted && process.stderr.isTTY === true && process.env.TERM !== "dumb";
    this.#label = label;
  }

  update(done: number, total: number | undefined, label: string = this.#label): void {
    if (!this.#on) return;
    const now = performance.now();
    if (now - this.#drawn < INTERVAL) return;
    this.#drawn = now;
    const line = progressLine(label, done, total, now - this.#began);
    process.stderr.write(`\r\u001b[2K${line.slice(0, Math.max(20, process.stderr.columns || 80) - 1)}`);
    this.#visible = true;
  }

  /** Takes the bar away: what comes next is the result. */
  clear(): void {
    if (this.#visible) process.stderr.write("\r\u001b[2K");
    this.#visible = false;
  }
}

/** `restoring  [#######-----]  42%  1.2 of 2.9 MiB  3 s left` */
export function progressLine(
  label: string,
  done: number,
  total: number | undefined,
  milliseconds: number,
): string {
  if (total === undefined || total === 0) return `${label}  ${formatBytes(done)}`;
  // A file that had to be read again counts twice: never past the end.
  const part = Math.min(1, done / total);
  const filled = Math.round(part * WIDTH);
  const left = part > 0.02 && milliseconds > 2000 ? (milliseconds / part) * (1 - part) : undefined;
  return [
    label,
    `[${"#".repeat(filled)}${"-".repeat(WIDTH - filled)}]`,
    `${String(Math.floor(part * 100)).padStart(3)}%`,
    `${formatBytes(Math.min(done, total))} of ${formatBytes(total)}`,
    ...(left === undefined ? [] : [`${formatSeconds(left)} left`]),
  ].join("  ");
}
