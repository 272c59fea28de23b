import { messageOf } from "../base/index.ts";
import { type LiveStep, type LiveStream, LiveTable } from "../live/index.ts";
import { vista, type Source, type Vista } from "../vista/index.ts";
import type { Frame } from "./frame.ts";
import { type MissTime, MissTimes } from "./miss-times.ts";
import { openLiveCache, type OpenedLiveCache } from "./open-live-cache.ts";
import { safeText } from "./safe-text.ts";
import { stepJson, stepText } from "./step-text.ts";
import { comparisonText, tookText } from "./time-text.ts";

/** Rows of a cached page, and of a list where nothing else is asked for. */
export const LIVE_PAGE_ROWS = 20;

export interface LiveOptions {
  readonly cache?: string;
  readonly debug?: boolean;
}

export interface LiveSessionInput extends LiveOptions {
  readonly master: Vista | Source;
  readonly cacheKey: string;
  readonly stream?: LiveStream;
  /** False: a cache folder that isn't there is not made. */
  readonly make?: boolean;
}

/** An answer, and where it came from. */
export interface TimedAnswer<T> {
  readonly answer: T;
  /** The master was not asked. */
  readonly isHit: boolean;
  /** It is in the cache now. */
  readonly isKept: boolean;
  readonly tookMs: number;
  /** What the last miss of this question took. */
  readonly missMs: number | undefined;
}

/** A LiveTable at work for one command, which tells what it does. */
export class LiveSession {
  readonly table: LiveTable;
  readonly vista: Vista;
  readonly cache: OpenedLiveCache;
  readonly times: MissTimes;
  readonly #frame: Frame;
  readonly #steps: LiveStep[] = [];

  private constructor(frame: Frame, table: LiveTable, cache: OpenedLiveCache, times: MissTimes) {
    this.#frame = frame;
    this.table = table;
    this.vista = vista(table);
    this.cache = cache;
    this.times = times;
  }

  /** Everything that it opens is closed with the command, but for the master. */
  static async open(frame: Frame, input: LiveSessionInput): Promise<LiveSession> {
    const { master, cacheKey, stream, make = true } = input;
    const opened = await openLiveCache(frame, input.cache, { make });
    const times = await MissTimes.read(opened.cache, cacheKey);
    const table = new LiveTable(master, cacheKey, opened.cache, {
      pageSize: LIVE_PAGE_ROWS,
      stream: stream ?? false,
      clock: frame.clock,
    });
    frame.defer(() => table.close());
    const session = new LiveSession(frame, table, opened, times);
    table.onStep((step) => session.#hear(step, input.debug === true));
    return session;
  }

  /**
   * Asks, and takes the time. What a miss took is kept beside the pages, under the question's name. A later read of a
   * command finds everything warm, and the next command won't: the time of the first one stays where there is one.
   */
  async read<T>(question: string, ask: (table: Vista) => Promise<T>): Promise<TimedAnswer<T>> {
    const { clock } = this.#frame;
    const from = this.#steps.length;
    const missMs = this.times.of(question)?.tookMs;
    const started = clock.monotonic();
    const answer = await ask(this.vista);
    const tookMs = clock.monotonic() - started;
    const steps = this.#steps.slice(from);
    const isHit = !steps.some(({ kind }) => kind === "miss");
    const fetched = steps.filter((step) => step.kind === "fetched");
    const isKept = this.cache.kind !== "none" && fetched.every((step) => step.isKept);
    if (!isHit && isKept) {
      const keptMs = from === 0 ? tookMs : (missMs ?? tookMs);
      await this.#keep(question, { tookMs: keptMs, at: clock.now(), keys: fetched.map(({ key }) => key) });
    }
    return { answer, isHit, isKept, tookMs, missMs };
  }

  /** Does something, and answers which cache keys were dropped meanwhile. */
  async dropping(work: (table: Vista) => Promise<unknown>): Promise<readonly string[]> {
    const from = this.#steps.length;
    await work(this.vista);
    return this.#steps.slice(from).flatMap((step) => (step.kind === "invalidated" ? step.prefixes : []));
  }

  /** For people: hit or miss, and how the two compare. */
  tell(timed: TimedAnswer<unknown>): void {
    const { noteStyles } = this.#frame;
    const [word, text] = this.outcomeText(timed);
    this.#frame.note(`${timed.isHit ? noteStyles.green(word) : noteStyles.yellow(word)}: ${text}`);
  }

  outcomeText({
    isHit,
    isKept,
    tookMs,
    missMs,
  }: TimedAnswer<unknown>): readonly [word: string, text: string] {
    if (isHit) {
      const compared = missMs === undefined ? "" : `, ${comparisonText(tookMs, missMs)}`;
      return ["hit", `from the cache in ${tookText(tookMs)}${compared}`];
    }
    const until = this.cache.kind === "mem" ? "until the command ends" : "for the next time";
    const kept = isKept ? `kept ${until}` : "nothing is kept";
    return ["miss", `from the master in ${tookText(tookMs)}, ${kept}`];
  }

  #hear(step: LiveStep, isTold: boolean): void {
    this.#steps.push(step);
    const { terminal, json, noteStyles } = this.#frame;
    if (isTold) {
      this.#frame.clearProgress();
      terminal.tell(
        json ? `${stepJson(step)}\n` : `${noteStyles.dim(`[live] ${safeText(stepText(step))}`)}\n`,
      );
    }
    if (step.kind === "cacheFailed") this.#frame.note(`the cache: ${safeText(step.error.message)}`);
  }

  async #keep(question: string, time: MissTime): Promise<void> {
    try {
      await this.times.keep(question, time);
    } catch (error) {
      this.#frame.note(`the cache: the time is not kept (${safeText(messageOf(error))})`);
    }
  }
}

/** Cache keys for people; all of a table, or one part of it. */
export function keysText(keys: readonly string[]): string {
  return safeText(keys.map((key) => key.replace(/\/$/, "")).join(", "));
}
