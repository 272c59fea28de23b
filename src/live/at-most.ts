import { type Clock, sleep } from "../base/index.ts";

/** Resolves when the work has settled, and after `delayMs` at the latest. The process stays for it. */
export async function atMost(work: Promise<unknown>, clock: Clock, delayMs: number): Promise<void> {
  const settled = new AbortController();
  const end = (): void => settled.abort();
  work.then(end, end);
  await sleep(clock, delayMs, settled.signal, { keepAlive: true });
}
