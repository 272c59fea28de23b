/** Gives timers, I/O and input a turn, so that a long loop does not hold the thread. */
export function yieldToLoop(): Promise<void> {
  // The hosts that have it queue it behind what is due already, fifteen times cheaper than a message.
  if (typeof globalThis.setImmediate === "function") {
    return new Promise((resolve) => void globalThis.setImmediate(resolve));
  }
  return new Promise((resolve) => {
    // A message arrives after what is due already, and sooner than a browser's throttled timer.
    const channel = new MessageChannel();
    const arrived = (): void => {
      channel.port1.close();
      resolve();
    };
    channel.port1.addEventListener("message", arrived, { once: true });
    channel.port1.start();
    channel.port2.postMessage(undefined);
  });
}
