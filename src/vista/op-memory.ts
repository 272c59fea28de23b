/** Ops whose answers are kept: an older one that comes again has its effect again. */
const MAX_KEPT_OPS = 10_000;

/** Answers of writes by their idempotency key. What failed had no effect and is not kept. */
export class OpMemory {
  readonly #answers = new Map<string, unknown>();

  /** The kept answer, or that of the work done now. */
  once<T>(opId: string | undefined, work: () => T): T {
    if (opId === undefined) return work();
    // An op has one kind of answer: its key is minted for it.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    if (this.#answers.has(opId)) return this.#answers.get(opId) as T;
    const answer = work();
    this.#answers.set(opId, answer);
    if (this.#answers.size > MAX_KEPT_OPS) {
      for (const oldest of this.#answers.keys()) {
        this.#answers.delete(oldest);
        break;
      }
    }
    return answer;
  }
}
