import type { DioramaError } from "../base/index.ts";
import { concernedIds } from "./overlay.ts";
import type { FailedWrite } from "./write-contract.ts";
import type { DeadLetter } from "./write-dead-letters.ts";
import { toQueued, type WriteEntry } from "./write-entry.ts";
import type { WriteParts, WriteSettlement } from "./write-settlement.ts";

/** What can be done about failed ops. */
export class WriteLetterDesk {
  readonly #parts: WriteParts;
  readonly #settlement: WriteSettlement;

  constructor(parts: WriteParts, settlement: WriteSettlement) {
    this.#parts = parts;
    this.#settlement = settlement;
  }

  failed(unknown: DioramaError): readonly FailedWrite[] {
    const letters = [...this.#parts.letters.all()].toSorted((a, b) => a.entry.sequence - b.entry.sequence);
    return letters.map(({ entry }) => ({ op: entry.op, error: entry.error ?? unknown }));
  }

  async retry(opId: string): Promise<boolean> {
    const { letters, file, host, schedule, flushes } = this.#parts;
    const ids = letters.get(opId);
    // It is going to be shown again.
    if (ids !== undefined) await host.state.store.ensure(concernedIds(ids.entry.op));
    const letter = letters.get(opId);
    if (letter === undefined) return false;
    letters.remove(letter);
    const { entry } = letter;
    entry.attempts = 0;
    entry.unknownErrors = 0;
    entry.nextAttemptAt = 0;
    entry.phase = "queued";
    entry.flushGroup = flushes.join();
    this.#settlement.show(entry);
    file.note(toQueued(entry, "queued"), { isPromised: true });
    schedule.add(entry);
    this.release(letter);
    await file.kept();
    return true;
  }

  async discard(opId: string): Promise<boolean> {
    const { letters, file } = this.#parts;
    const letter = letters.get(opId);
    if (letter === undefined) return false;
    letters.remove(letter);
    this.#settlement.dropped(letter.entry);
    this.release(letter);
    await file.kept();
    return true;
  }

  /** The master told of the op: it had arrived after all. */
  arrived(opId: string): void {
    const { letters } = this.#parts;
    const letter = letters.get(opId);
    if (letter === undefined) return;
    letters.remove(letter);
    this.#settlement.echoed(letter.entry);
    this.release(letter);
  }

  /** A parked op leaves: what waited only for it goes on. */
  unpark(entry: WriteEntry): void {
    this.#letGo(this.#parts.letters.unpark(entry));
  }

  /** What was parked behind it goes on. */
  release({ parked }: DeadLetter): void {
    this.#letGo(parked.toSorted((a, b) => a.sequence - b.sequence));
  }

  /** What was parked goes on, unless another letter holds it up as well. */
  #letGo(entries: readonly WriteEntry[]): void {
    const { schedule, flushes } = this.#parts;
    for (const entry of entries) {
      entry.phase = "queued";
      entry.flushGroup = flushes.join();
      if (!this.#settlement.park(entry)) schedule.add(entry);
    }
  }
}
