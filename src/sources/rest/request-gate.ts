import { DioramaError, type Clock, type Timer } from "../../base/index.ts";

export interface GateLimits {
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Sent in any stretch of that length. */
  readonly rateLimit: { readonly requests: number; readonly perMs: number } | undefined;
  readonly maxWaiting: number;
}

/** What goes through the gate: begins when its turn has come, and says when its request is sent. */
type Work = (sent: () => void) => Promise<void>;

interface Waiter {
  readonly begin: () => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * Where requests wait for their turn: first come, first served, so many at once, so many in a stretch of time, and
 * none while the API asked for a pause.
 */
export class RequestGate {
  readonly #limits: GateLimits;
  readonly #clock: Clock;
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiter>();
  readonly #pace: Pace | undefined;
  #underWay = 0;
  #pauseEndsMs = -Infinity;
  /** While the API is away for longer than anybody is to wait. */
  #refusal: { readonly endsMs: number; readonly why: string } | undefined;
  #timer: Timer | undefined;
  #isPumping = false;

  constructor(limits: GateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#pace = limits.rateLimit && new Pace(limits.rateLimit);
  }

  /** The work's outcome, once its turn has come; the signal's reason where that fires while it waits. */
  run<T>(signal: AbortSignal | undefined, work: (sent: () => void) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#enter(signal, { work: async (sent) => resolve(await work(sent)), refuse: reject });
    });
  }

  /** Nothing is sent for that long. */
  pause(forMs: number): void {
    this.#pauseEndsMs = Math.max(this.#pauseEndsMs, this.#clock.monotonic() + forMs);
    this.#pump();
  }

  /** What waits is refused, and whatever comes within that time. */
  refuse(forMs: number, why: string): void {
    this.#refusal = { endsMs: this.#clock.monotonic() + forMs, why };
    const waiting = [...this.#waiting];
    for (const { refuse } of waiting) refuse(this.#refused());
  }

  #enter(signal: AbortSignal | undefined, { work, refuse }: { work: Work; refuse: Waiter["refuse"] }): void {
    const error = signal?.aborted === true ? signal.reason : this.#refused();
    if (error !== undefined) return refuse(error);
    const leave = (): void => {
      this.#waiting.delete(waiter);
      signal?.removeEventListener("abort", onAbort);
      if (this.#waiting.size === 0) this.#cancelTimer();
    };
    const waiter: Waiter = {
      begin: () => {
        leave();
        this.#begin(work).catch(refuse);
      },
      refuse: (reason) => {
        leave();
        refuse(reason);
      },
    };
    const onAbort = (): void => waiter.refuse(signal?.reason);
    this.#waiting.add(waiter);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#pump();
    if (this.#waiting.size > this.#limits.maxWaiting && this.#waiting.has(waiter))
      waiter.refuse(this.#full());
  }

  /** Lets in whose turn has come. What begins may call this again: the loop goes on with what it then finds. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      for (const waiter of this.#waiting) {
        if (this.#underWay >= this.#limits.concurrency) return;
        const waitMs = this.#waitMs();
        if (waitMs > 0) return this.#wakeIn(waitMs);
        waiter.begin();
      }
    } finally {
      this.#isPumping = false;
    }
  }

  async #begin(work: Work): Promise<void> {
    this.#underWay++;
    const place = this.#pace?.take();
    const sent = (): void => {
      place?.sent(this.#clock.monotonic());
      this.#pump();
    };
    try {
      await work(sent);
    } finally {
      place?.giveBack();
      this.#underWay--;
      this.#pump();
    }
  }

  /** Infinity: until something that is under way moves on. */
  #waitMs(): number {
    const nowMs = this.#clock.monotonic();
    return Math.max(this.#pauseEndsMs - nowMs, this.#pace?.waitMs(nowMs) ?? 0);
  }

  #wakeIn(waitMs: number): void {
    this.#cancelTimer();
    if (waitMs === Infinity) return;
    const wake = (): void => {
      this.#timer = undefined;
      this.#pump();
    };
    // Somebody waits for it.
    this.#timer = this.#clock.setTimer(wake, waitMs, { keepAlive: true });
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #refused(): DioramaError | undefined {
    if (this.#refusal === undefined) return undefined;
    if (this.#clock.monotonic() < this.#refusal.endsMs) {
      return new DioramaError("unavailable", this.#refusal.why);
    }
    this.#refusal = undefined;
    return undefined;
  }

  #full(): DioramaError {
    const { maxWaiting } = this.#limits;
    const why = `not sent, for ${maxWaiting} requests wait already; ask for less at once, or raise maxWaiting`;
    return new DioramaError("full", why);
  }
}

/** When the last requests were sent, and how many more are about to be. */
class Pace {
  readonly #requests: number;
  readonly #perMs: number;
  /** The moments of the last `requests` that were sent, in a ring. */
  readonly #sentMs: number[] = [];
  #next = 0;
  #taken = 0;

  constructor({ requests, perMs }: NonNullable<GateLimits["rateLimit"]>) {
    this.#requests = requests;
    this.#perMs = perMs;
  }

  /** How long until one more may be sent. */
  waitMs(nowMs: number): number {
    if (this.#taken >= this.#requests) return Infinity;
    // Of the last ones, that which leaves the stretch for this one, behind those that are about to be sent.
    const leaves = this.#sentMs[(this.#next + this.#taken) % this.#requests];
    return leaves === undefined ? 0 : leaves + this.#perMs - nowMs;
  }

  /** A place in the stretch: it counts from now on, and from when it is sent for the whole stretch. */
  take(): { sent(nowMs: number): void; giveBack(): void } {
    this.#taken++;
    let isOpen = true;
    const close = (): boolean => {
      const wasOpen = isOpen;
      isOpen = false;
      if (wasOpen) this.#taken--;
      return wasOpen;
    };
    return {
      sent: (nowMs) => {
        if (!close()) return;
        this.#sentMs[this.#next] = nowMs;
        this.#next = (this.#next + 1) % this.#requests;
      },
      giveBack: () => void close(),
    };
  }
}
