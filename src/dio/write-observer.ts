import type { WriteEntry } from "./write-entry.ts";
import type { WriteLetterDesk } from "./write-letter-desk.ts";
import type { WriteParts, WriteSettlement } from "./write-settlement.ts";

/** Looks at what the master tells of itself for ops of ours. */
export class WriteObserver {
  readonly #parts: WriteParts;
  readonly #settlement: WriteSettlement;
  readonly #desk: WriteLetterDesk;

  constructor(parts: WriteParts, settlement: WriteSettlement, desk: WriteLetterDesk) {
    this.#parts = parts;
    this.#settlement = settlement;
    this.#desk = desk;
  }

  /** A change of this id is in the confirmed rows: accepted ops whose effect they hold are done. */
  changed(id: string): void {
    const { echoes, host } = this.#parts;
    for (const entry of echoes.arrived(id, (each) => host.state.store.get(each)))
      this.#settlement.echoed(entry);
  }

  /** All of them may have changed. */
  refreshed(): void {
    const { echoes, host } = this.#parts;
    const { store } = host.state;
    for (const entry of echoes.all()) {
      const { op } = entry;
      if (entry.phase !== "echo") continue;
      if (op.kind !== "deleteAll") this.changed(op.id);
      else if (op.ids !== undefined) for (const id of op.ids) this.changed(id);
      else if (store.count === 0) this.#settlement.echoed(entry);
    }
  }

  /** A change names the op: it has arrived, wherever it stands here. */
  named(entry: WriteEntry): void {
    switch (entry.phase) {
      case "sending":
        // The call is left to end: the next op of its id waits for that.
        entry.wasEchoed = true;
        this.#settlement.hide(entry);
        entry.wake?.();
        break;
      case "parked":
        this.#desk.unpark(entry);
        this.#settlement.echoed(entry);
        break;
      case "echo":
      case "queued":
        this.#settlement.echoed(entry);
        break;
      case "failed":
        this.#desk.arrived(entry.op.opId);
        break;
      case "intake":
      case "staging":
      case "done":
        break;
    }
  }
}
