// The end of a body behind its last event: read, so that its connection serves the next call.

/** How long a body that has given its last event may take to end, and in how many reads: one that is made as it is read, and has no end, would
 *  else leave no time for the timer. */
const LINGER_MS = 1_000;
const LINGER_READS = 16;

/**
 * Reads what follows the last event, which is the end of the body: it comes at once, but often not with the event. A body that is
 * cancelled before takes its connection along, and the next call would wait for a new one.
 */
export function linger(reader: ReadableStreamDefaultReader<unknown>, wake: (callback: () => void, ms: number) => () => void): void {
  const giveUp = () => void reader.cancel().catch(() => {});
  const stop = wake(giveUp, LINGER_MS);
  let left = LINGER_READS;
  const read = (): Promise<void> | void => {
    if (left-- > 0) return reader.read().then(({ done }) => (done ? stop() : read()), stop);
    stop();
    giveUp();
  };
  void read();
}
