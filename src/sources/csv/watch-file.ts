import { watch as watchFolder, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import type { Clock, Timer } from "../../base/index.ts";
import type { ChangeEvent } from "../../vista/index.ts";
import { fileStamp, fileStampNow } from "./csv-file.ts";

export interface WatchFileOptions {
  readonly path: string;
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A file is written in many steps: it is looked at when they pause for so long, or at last after the longer time. */
const SETTLE_MS = 50;
const LONGEST_SETTLE_MS = 1_000;

const invalidated: ChangeEvent<never> = Object.freeze({ type: "invalidated" });

/**
 * Says `invalidated` when the file is another than at the first `next` or the last event; never because of a mere
 * touch of the folder, nor for a file that is gone (only for its return, changed). The folder is watched, since
 * a file that is replaced by renaming takes its watchers with it; now and then the file is looked at anyway, for
 * file systems that tell nothing. Keeps no process alive. Ends when the signal fires.
 */
export async function* watchFile(
  options: WatchFileOptions,
): AsyncGenerator<ChangeEvent<never>, void, undefined> {
  const { path, signal } = options;
  const bell = new FileBell(options);
  try {
    // Changes count from the first `next` on, and this is still that call.
    let seen = fileStampNow(path);
    while (!signal.aborted) {
      await bell.rung();
      if (signal.aborted) return;
      const stamp = await fileStamp(path);
      if (stamp === undefined || stamp === seen) continue;
      seen = stamp;
      yield invalidated;
    }
  } finally {
    bell.close();
  }
}

/** Rings when it may be time to look at the file. Rings while nobody waits are kept as one. */
class FileBell {
  readonly #options: WatchFileOptions;
  readonly #onAbort = (): void => this.#ring();
  #watcher: FSWatcher | undefined;
  #timer: Timer | undefined;
  /** Since when the file is being written, by the clock's monotonic time. */
  #settlingSince: number | undefined;
  #due = false;
  #wake: (() => void) | undefined;

  constructor(options: WatchFileOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#watcher = this.#openWatcher();
    this.#poll();
  }

  rung(): Promise<void> {
    if (this.#due) {
      this.#due = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  close(): void {
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#timer?.cancel();
  }

  #openWatcher(): FSWatcher | undefined {
    const name = basename(this.#options.path);
    try {
      const watcher = watchFolder(dirname(this.#options.path), { persistent: false }, (_type, changed) => {
        if (changed === null || changed === name) this.#settle();
      });
      // The folder went, or too many are watched: looking now and then has to do.
      watcher.once("error", () => watcher.close());
      return watcher;
    } catch {
      return undefined;
    }
  }

  #settle(): void {
    const now = this.#options.clock.monotonic();
    this.#settlingSince ??= now;
    this.#setTimer(Math.max(0, Math.min(SETTLE_MS, this.#settlingSince + LONGEST_SETTLE_MS - now)));
  }

  #poll(): void {
    this.#settlingSince = undefined;
    this.#setTimer(this.#options.pollIntervalMs);
  }

  #setTimer(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(() => {
      this.#poll();
      this.#ring();
    }, delayMs);
  }

  #ring(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake === undefined) this.#due = true;
    else wake();
  }
}
