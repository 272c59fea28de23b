import type { Dio, PendingWrite, WriteOp } from "vantage-diorama";

/** Whether the order of the two is anybody's business: they concern one id, or one of them everything. */
function concerns(a: WriteOp, b: WriteOp): boolean {
  if (hidesAll(a) || hidesAll(b)) return true;
  const ids = new Set(idsOf(a));
  return idsOf(b).some((id) => ids.has(id));
}

export function idsOf(op: WriteOp): readonly string[] {
  return op.kind === "deleteAll" ? (op.ids ?? []) : [op.id];
}

export function hidesAll(op: WriteOp): boolean {
  return op.kind === "deleteAll" && op.ids === undefined;
}

/**
 * Promise 3, looked at from the destination: what has to have settled before an op may be sent for the first time.
 * It knows only what the API tells.
 */
export class OrderWatch {
  readonly #dio: Dio;
  readonly #concurrency: number;
  readonly #sent = new Set<string>();
  /** The dead letters that an op waits for. */
  readonly #heldBy = new Map<string, Set<string>>();
  /** In the order of the calls: the dead letters that there were by then. */
  readonly #made = new Map<string, { readonly place: number; readonly letters: Set<string> }>();

  constructor(dio: Dio, concurrency: number) {
    this.#dio = dio;
    this.#concurrency = concurrency;
  }

  made(opId: string): void {
    const letters = new Set(this.#dio.writes.failed().map(({ op }) => op.opId));
    this.#made.set(opId, { place: this.#made.size, letters });
  }

  /** A dead letter is sent again or given up: if it fails once more, everything behind it was made before that. */
  decided(opId: string): void {
    for (const { letters } of this.#made.values()) letters.delete(opId);
  }

  /** Before the destination does any of them. */
  arrive(ops: readonly WriteOp[]): void {
    const together = new Set(ops.map(({ opId }) => opId));
    const failed = new Set(this.#dio.writes.failed().map(({ op }) => op.opId));
    const pending = this.#dio.writes.pending();
    for (const op of ops) {
      const letter = [...(this.#heldBy.get(op.opId) ?? [])].find((opId) => failed.has(opId));
      if (letter !== undefined) throw new Error(`P4 ${told(op)} was sent though ${letter} parks it`);
      if (this.#sent.has(op.opId)) continue;
      this.#sent.add(op.opId);
      for (const earlier of pending) {
        if (earlier.op.opId === op.opId) break;
        this.#compare(earlier, op, together);
      }
    }
  }

  /** What was made after it on its ids waits for it, up to a deleteAll of everything. */
  failed(op: WriteOp): void {
    const place = this.#made.get(op.opId)?.place;
    if (hidesAll(op) || place === undefined) return;
    for (const { op: other } of this.#dio.writes.pending()) {
      // One that is sent again stands before the op in the list, and is still done before what is behind it.
      if (hidesAll(other)) return;
      const made = this.#made.get(other.opId);
      if (made === undefined || made.place <= place) continue;
      // Made between the failure and its being told: then it may be sent.
      if (made.letters.has(op.opId) || !concerns(op, other)) continue;
      const holders = this.#heldBy.get(other.opId) ?? new Set<string>();
      this.#heldBy.set(other.opId, holders.add(op.opId));
    }
  }

  #compare(earlier: PendingWrite, op: WriteOp, together: ReadonlySet<string>): void {
    if (earlier.state === "parked" || earlier.state === "echo" || together.has(earlier.op.opId)) return;
    if (this.#concurrency === 1 || concerns(earlier.op, op))
      throw new Error(`P3 ${told(op)} was sent before ${told(earlier.op)}`);
  }
}

export function told(op: WriteOp): string {
  return `${op.kind} ${op.kind === "deleteAll" ? (op.ids?.join("+") ?? "*") : op.id} ${op.opId}`;
}
