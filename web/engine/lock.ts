/** One after another, in the order of asking. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve();

  /** Does `work` when all that was asked for before is done; not at all where `signal` is aborted by then. */
  run<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}
