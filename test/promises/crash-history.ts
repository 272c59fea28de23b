import type { Row, WriteOp } from "vantage-diorama";
import type { CrashReport } from "vantage-diorama/testing/node";
import { type CrashSetting, type Intent, isPoison } from "./crash-setting.ts";
import { applyTo, type Delivery } from "./crash-sink.ts";

/** One write as its processes told of it. */
interface Told {
  readonly intent: Intent;
  /** Of all intents, over all lives. */
  readonly order: number;
  readonly life: number;
  isAcknowledged: boolean;
  isRefused: boolean;
  /** Somebody decided to give it up; whether that was kept too may be open. */
  isGivenUp: boolean;
  /** A dead letter that somebody has another content sent for: what it is then. */
  editing: Intent | undefined;
  /** The op that stands in its place. */
  editedBy: string | undefined;
  /** Lives in which the sink's answer did not arrive. */
  readonly unanswered: Set<number>;
  /** Deliveries when it was seen to be settled. */
  settledAfter: number | undefined;
}

/** What a folder held when it was opened again, beside the sink. */
export interface Found {
  readonly pending: readonly WriteOp[];
  readonly failed: readonly WriteOp[];
  readonly visible: ReadonlyMap<string, Row>;
  readonly rows: ReadonlyMap<string, Row>;
  readonly deliveries: readonly Delivery[];
}

/** Everything that the processes of a trial reported, and the rules that hold between it and what is found. */
export class CrashHistory {
  readonly #setting: CrashSetting;
  readonly #told = new Map<string, Told>();
  /** Acknowledged ops that were not settled when their process was killed, and were found. */
  #recovered = new Set<string>();
  #duplicated = 0;
  #lost = 0;

  constructor(setting: CrashSetting) {
    this.#setting = setting;
  }

  get acknowledged(): number {
    return [...this.#told.values()].filter((told) => told.isAcknowledged).length;
  }

  get recovered(): number {
    return this.#recovered.size;
  }

  /** Deliveries beyond the first of their op. */
  get duplicated(): number {
    return this.#duplicated;
  }

  /** Acknowledged ops that are nowhere. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes in what one process reported. */
  add(reports: readonly CrashReport[], life: number): void {
    for (const { is, data } of reports) {
      if (is === "opening" || is === "opened") continue;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the writer's own reports
      const intent = data as Intent;
      if (is === "intent") this.#begin(intent, life);
      else if (is === "editing") this.#of(intent.opId).editing = intent;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
      else if (is === "edited") this.#edited(this.#of(intent.opId), (data as { by: string }).by, life);
      else this.#note(is, this.#of(intent.opId), life);
    }
  }

  #begin(intent: Intent, life: number): void {
    this.#told.set(intent.opId, {
      intent,
      order: this.#told.size,
      life,
      isAcknowledged: false,
      isRefused: false,
      isGivenUp: false,
      editing: undefined,
      editedBy: undefined,
      unanswered: new Set(),
      settledAfter: undefined,
    });
  }

  /** Another op stands in the place of a dead letter. */
  #edited(letter: Told, by: string, life: number): void {
    if (letter.editing === undefined || letter.editedBy === by) return;
    letter.editedBy = by;
    this.#begin({ ...letter.editing, opId: by }, life);
    this.#note("acknowledged", this.#of(by), life);
  }

  /** An op that nobody reported: its process was killed once it stood in the place of a letter. */
  #adopt(op: WriteOp): void {
    if (this.#told.has(op.opId)) return;
    for (const letter of this.#told.values()) {
      const { editing, editedBy, life } = letter;
      if (editing?.kind !== op.kind || editing.id !== op.id || editedBy !== undefined) continue;
      return this.#edited(letter, op.opId, life);
    }
  }

  #note(is: string, told: Told, life: number): void {
    if (is === "acknowledged") told.isAcknowledged = true;
    else if (is === "refused") told.isRefused = true;
    else if (is === "giving up") told.isGivenUp = true;
    else if (is === "unanswered") told.unanswered.add(life);
  }

  /** Throws where a promise is broken. Counts what was found again. */
  check(found: Found): void {
    this.#checkKnown(found);
    this.#checkKept(found);
    this.#checkDeliveries(found);
    if (!this.#setting.hasPoison) this.#checkOrder(found);
    this.#checkVisible(found);
  }

  /** P1: an acknowledged op has reached the sink, waits to be sent, or is a listed dead letter. */
  #checkKept({ pending, failed, deliveries }: Found): void {
    const waiting = new Set([...pending, ...failed].map(({ opId }) => opId));
    const delivered = Map.groupBy(deliveries, ({ op }) => op.opId);
    const lost: string[] = [];
    for (const [opId, told] of this.#told) {
      if (!told.isAcknowledged) continue;
      if (waiting.has(opId)) this.#recovered.add(opId);
      else if (!told.isGivenUp && told.editedBy === undefined && !delivered.has(opId))
        lost.push(this.#name(told));
    }
    this.#lost = lost.length;
    if (lost.length > 0) throw new Error(`acknowledged, and nowhere: ${lost.join(", ")}`);
    const settled = [...delivered].filter(([opId]) => !waiting.has(opId));
    for (const [opId, each] of settled) this.#of(opId).settledAfter ??= each.length;
  }

  /** Nothing is there that nobody asked for, and nothing fails that nobody refuses. */
  #checkKnown({ pending, failed, deliveries }: Found): void {
    for (const op of [...pending, ...failed, ...deliveries.map((each) => each.op)]) {
      this.#adopt(op);
      const { intent, isRefused } = this.#of(op.opId);
      if (op.kind !== (intent.kind === "add" ? "insert" : intent.kind))
        throw new Error(`${op.opId} is a ${op.kind} now`);
      if (isRefused) throw new Error(`${op.opId} was refused at its call, and queued`);
    }
    if (!this.#setting.hasPoison && failed.length > 0)
      throw new Error(`${failed[0]?.opId} failed, though nothing refuses it`);
  }

  /** P2: the same op comes again only where its answer was lost, or its process was killed before it was settled. */
  #checkDeliveries({ deliveries }: Found): void {
    const byOp = Map.groupBy(deliveries, ({ op }) => op.opId);
    this.#duplicated = 0;
    for (const [opId, each] of byOp) {
      const told = this.#of(opId);
      if (isPoison(this.#setting, opId)) throw new Error(`${opId} is poison and was delivered`);
      if (each.filter(({ outcome }) => outcome === "done").length > 1)
        throw new Error(`${opId} had its effect twice`);
      if (told.settledAfter !== undefined && each.length > told.settledAfter)
        throw new Error(`${this.#name(told)} was settled, and sent again later`);
      // One that was refused comes again where somebody has its dead letter sent again.
      const taken = each.filter(({ outcome }) => outcome === "done" || outcome === "again");
      for (const [index, { life }] of taken.entries()) {
        const before = taken[index - 1];
        if (before?.life === life && !told.unanswered.has(life))
          throw new Error(`${this.#name(told)} was sent twice in one life, though it was answered`);
      }
      this.#duplicated += Math.max(0, taken.length - 1);
    }
  }

  /** P3: the ops of an id arrive in the order of their calls. */
  #checkOrder({ deliveries }: Found): void {
    const last = new Map<string, Told>();
    let lastOfAll: Told | undefined;
    const seen = new Set<string>();
    for (const { op } of deliveries) {
      if (seen.has(op.opId)) continue;
      seen.add(op.opId);
      const told = this.#of(op.opId);
      const ids = op.id === undefined ? (op.ids ?? [...last.keys()]) : [op.id];
      for (const before of [lastOfAll, ...ids.map((id) => last.get(id))]) {
        if (before !== undefined && before.order > told.order)
          throw new Error(`${this.#name(told)} arrived after ${this.#name(before)}`);
      }
      for (const id of ids) last.set(id, told);
      if (op.kind === "deleteAll" && op.ids === undefined) lastOfAll = told;
    }
  }

  /** What readers see is what the sink holds, with what is still to be sent on top. */
  #checkVisible({ pending, visible, rows }: Found): void {
    const wanted = new Map(rows);
    for (const op of pending) applyTo(wanted, op);
    const text = (map: ReadonlyMap<string, Row>): string =>
      [...map]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, { n, group }]) => JSON.stringify({ id, n, group }))
        .join("\n");
    if (text(visible) !== text(wanted))
      throw new Error(`readers see\n${text(visible)}\nand should see\n${text(wanted)}`);
  }

  #of(opId: string): Told {
    const told = this.#told.get(opId);
    if (told === undefined) throw new Error(`nobody reported ${opId} before it was made`);
    return told;
  }

  #name({ intent, life }: Told): string {
    return `${intent.kind} ${intent.opId}${intent.id === undefined ? "" : ` of ${intent.id}`} of life ${life}`;
  }
}
