import type { DeadLetters, FailedWrite, PendingWrite, WriteEdit } from "./write-contract.ts";
import type { WriteGate } from "./write-gate.ts";
import type { Writer } from "./writer.ts";

/** `dio.writes`: the writer's own answers, and edits that are checked as writes are. */
export class LetterOffice implements DeadLetters {
  readonly #writer: Writer;
  readonly #gate: WriteGate;

  constructor(writer: Writer, gate: WriteGate) {
    this.#writer = writer;
    this.#gate = gate;
  }

  pending(): readonly PendingWrite[] {
    return this.#writer.pending();
  }

  failed(): readonly FailedWrite[] {
    return this.#writer.failed();
  }

  retry(opId: string): Promise<boolean> {
    return this.#writer.retry(opId);
  }

  discard(opId: string): Promise<boolean> {
    return this.#writer.discard(opId);
  }

  edit(opId: string, change: WriteEdit): Promise<string | undefined> {
    return this.#writer.edit(opId, (letter) => this.#gate.checkEdit(letter, change));
  }
}
