/** Several at a time: where each waits for a server, thousands in turn would take minutes. */

const AT_ONCE = 32;

/** What `work` makes of each of `items`, in their order. It is at several of them at a time. */
export async function ofEach<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
