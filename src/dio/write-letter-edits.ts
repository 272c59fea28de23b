import { isDioramaError, uuidV7 } from "../base/index.ts";
import type { QueuedOp } from "../queue/index.ts";
import type { WriteOp } from "../vista/index.ts";
import { InOrder } from "./in-order.ts";
import { concernedIds } from "./overlay.ts";
import type { WriteRequest } from "./write-contract.ts";
import type { DeadLetter } from "./write-dead-letters.ts";
import type { WriteLetterDesk } from "./write-letter-desk.ts";
import { toQueued } from "./write-entry.ts";
import type { WriteParts, WriteSettlement } from "./write-settlement.ts";

export interface LetterEditsHost {
  readonly parts: WriteParts;
  readonly settlement: WriteSettlement;
  readonly desk: WriteLetterDesk;
  /** Nothing is shown or sent any more. */
  isClosing(): boolean;
}

/**
 * Puts another write in the place of a dead letter: first in the queue file, where it replaces the letter, then here.
 * A write of its own, with an opId of its own: a destination that remembers the old one would answer for that.
 */
export class LetterEdits {
  readonly #host: LetterEditsHost;
  /** Of two edits of one letter, the later one finds it gone. */
  readonly #turns = new InOrder();

  constructor(host: LetterEditsHost) {
    this.#host = host;
  }

  /** The new opId; `undefined`: there is no such letter, or no longer. */
  edit(opId: string, toRequest: (letter: WriteOp) => Promise<WriteRequest>): Promise<string | undefined> {
    return this.#turns.run(opId, () => this.#edit(opId, toRequest));
  }

  async #edit(
    opId: string,
    toRequest: (letter: WriteOp) => Promise<WriteRequest>,
  ): Promise<string | undefined> {
    const { letters, host } = this.#host.parts;
    for (;;) {
      const letter = letters.get(opId);
      if (letter === undefined) return undefined;
      const { entry } = letter;
      const seen = entry.op;
      // Its destination may give its row another id meanwhile: then it is another write.
      const isStill = (): boolean => letters.get(opId) === letter && entry.op === seen;
      const request = await toRequest(seen);
      await host.state.store.ensure(concernedIds(seen));
      const op: WriteOp = Object.freeze({
        ...request,
        opId: uuidV7(host.clock),
        enqueuedAt: host.clock.now(),
        attempt: 0,
      });
      const { sequence } = entry;
      const kept: QueuedOp = { sequence, op, state: "queued", nextAttemptAt: 0, outcomeUnknown: false };
      // What becomes of the letter while this is written is written behind it, in its place.
      if (!(await this.#replace(letter, kept, isStill)) || !isStill()) continue;
      if (!this.#host.isClosing()) this.#swap(letter, op);
      return op.opId;
    }
  }

  async #replace(letter: DeadLetter, kept: QueuedOp, isStill: () => boolean): Promise<boolean> {
    const { file } = this.#host.parts;
    try {
      return await file.replace(kept, isStill);
    } catch (error) {
      // Only the answer may be missing: what its caller is told to be refused must not come back.
      const mayBeKept = isDioramaError(error, "unavailable") && isStill();
      if (mayBeKept) file.note(toQueued(letter.entry, "failed", letter.parksUpTo), { isPromised: true });
      throw error;
    }
  }

  #swap(letter: DeadLetter, op: WriteOp): void {
    const { parts, settlement, desk } = this.#host;
    parts.letters.remove(letter);
    const next = parts.takePlace(letter.entry, op);
    next.phase = "queued";
    next.flushGroup = parts.flushes.join();
    settlement.show(next);
    parts.host.state.announce({ type: "writeQueued", op });
    next.handle.stagedVerdict.resolve();
    parts.schedule.add(next);
    desk.release(letter);
  }
}
