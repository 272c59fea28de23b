import { type DioramaError, isDioramaError, toDioramaError } from "../base/index.ts";
import type { ChangeEvent } from "../vista/index.ts";
import type { DioContext } from "./dio-context.ts";
import { follow, type Following, MASTER_FEED, type OpenFeed, positionNote } from "./follow.ts";
import { InOrder } from "./in-order.ts";
import type { Run } from "./run.ts";
import { checkChange } from "./upstream.ts";
import type { WholeReads } from "./whole-reads.ts";
import type { Writer } from "./writer.ts";

export interface UpstreamHost {
  readonly writer: Writer;
  readonly wholeReads: WholeReads;
  /** Fires when the Dio closes. */
  readonly closing: AbortSignal;
  /** Marks everything stale. */
  invalidate(): void;
  /** Reads a row again that is stale. Never rejects: what fails stays stale. */
  reread(id: string): Promise<void>;
}

/** Takes in what the master tells of itself, in order for each id. */
export class UpstreamChanges {
  readonly #context: DioContext;
  readonly #host: UpstreamHost;
  readonly #turns = new InOrder();

  constructor(context: DioContext, host: UpstreamHost) {
    this.#context = context;
    this.#host = host;
  }

  async handle(change: ChangeEvent): Promise<void> {
    this.#context.assertOpen();
    try {
      checkChange(change, this.#context.name);
    } catch (error) {
      throw this.#failed(error);
    }
    // Invalidations have no order among themselves: those that come together share their refreshes.
    if (change.type === "invalidated") return this.#takeIn(change);
    return this.#turns.run(change.id, () => this.#takeIn(change));
  }

  /** The change is in the confirmed rows: writes that wait for their echo look at it. */
  async arrived(change: ChangeEvent): Promise<void> {
    const { state, options, failures } = this.#context;
    failures.ended("upstream");
    if (change.type !== "invalidated") {
      this.#host.writer.observe(change.id, change.opId);
      // Where nothing is kept, nothing shows the change by itself.
      if (!options.cache.keeps) state.announce({ type: "recordChanged", id: change.id });
    }
    await state.published();
  }

  follow(open: OpenFeed, feed: string): Following {
    const { state, name, options, failures } = this.#context;
    const { wholeReads } = this.#host;
    const note = positionNote(feed);
    return follow(open, {
      clock: options.clock,
      closing: this.#host.closing,
      name,
      position: () => {
        const position = state.store.note(note);
        return typeof position === "string" ? position : undefined;
      },
      handle: async (change) => {
        await this.handle(change);
        if (change.position === undefined) return;
        state.store.setNotes(new Map([[note, change.position]]));
      },
      onLoss: (error) => {
        // Of an outage the beginning is told, and that nobody asks again.
        const isOver = isDioramaError(error, "unsupported", "unimplemented");
        if (failures.began("feed", error, feed) || isOver) state.announce({ type: "upstreamFailed", error });
      },
      onSubscribed: async (times) => {
        failures.ended("feed", feed);
        if (times === "first") {
          // A stream that resumes where it stood has missed nothing; the master's own feed begins now.
          const resumes = feed !== MASTER_FEED && state.store.note(note) !== undefined;
          return resumes ? undefined : wholeReads.checkVersion({ unlessKnown: "refresh" });
        }
        // What was missed is not known: if the refresh fails, which is announced by itself, the next reader has it renewed.
        this.#host.invalidate();
        await wholeReads.refresh().catch(() => undefined);
      },
    });
  }

  async #takeIn(change: ChangeEvent): Promise<void> {
    try {
      const wasOvertaken = await this.#context.inRun("event", (run) => this.#reconcile(run, change));
      if (wasOvertaken && change.type !== "invalidated") {
        this.#context.state.markStale(change.id);
        await this.#host.reread(change.id);
      }
    } catch (error) {
      const failure = this.#failed(error);
      // What there is of it is old from now on.
      if (change.type !== "invalidated") this.#context.state.markStale(change.id);
      throw failure;
    }
    await this.arrived(change);
  }

  /**
   * Whether the row that was asked for is dropped, since a write was confirmed meanwhile: its answer may be older than
   * this change.
   */
  async #reconcile(run: Run, change: ChangeEvent): Promise<boolean> {
    const dio = this.#context.handle(run);
    const { onEvent } = this.#context.options.callbacks;
    if (onEvent === undefined) await dio.applyChange(change);
    else await onEvent(dio, change, { signal: run.signal });
    await run.publish();
    const isAsked = (change.type === "inserted" || change.type === "updated") && change.row === undefined;
    return isAsked && run.mark.isNewer(change.id);
  }

  #failed(error: unknown): DioramaError {
    const { name, state, failures } = this.#context;
    const failure = toDioramaError(error, "unavailable", `${name}: a change could not be applied`);
    failures.began("upstream", failure);
    state.announce({ type: "upstreamFailed", error: failure });
    return failure;
  }
}
