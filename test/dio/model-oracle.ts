import type { Capabilities, Entry, Query, Row, WriteRequest } from "vantage-diorama";
import { evaluate, needs, queryKey } from "../../src/query/index.ts";
import { equalRows } from "../../src/record/index.ts";

/** What is written, in the order of the calls. */
export type PendingOp = WriteRequest & {
  readonly sequence: number;
  tries: number;
  /** What was declared out of date since it was first sent; `true`: everything. */
  readonly outdated: Set<string | true>;
};

/** An op that was refused, and those that wait for what becomes of it. */
interface Letter {
  readonly op: PendingOp;
  /** Ops up to this sequence are held up. */
  readonly parksUpTo: number;
  /** Ids, and the sequence from which on they are. */
  readonly heldFrom: Map<string, number>;
  readonly parked: PendingOp[];
}

/** What a call of the destination meets: nothing, an outage, a refusal. */
export type Fate = "down" | "refused";

/** `filled`: onQuery brings the rows of each query. */
export type CacheKind = "complete" | "incomplete" | "filled" | "none";

interface Page {
  readonly offset: number;
  readonly limit: number;
}

/**
 * A Dio in maps and lists, one step at a time and everything settled after each: the backend, what the cache
 * holds of it, and the writes on their way. What is pending shows, whatever it stands on.
 */
export class Oracle {
  /** The backend. */
  readonly up: Map<string, Row>;
  /** The cache. */
  readonly held = new Map<string, Row>();
  readonly kind: CacheKind;
  readonly master: Capabilities;
  isComplete = false;
  isAllStale = false;
  readonly stale = new Set<string>();
  /** While all is stale: read again since. */
  readonly freshAgain = new Set<string>();
  /** Where there are Sceneries: whether one shows the row, and what is out of date is read again at once. */
  looksAt: ((id: string) => boolean) | undefined;
  /** Queries that onQuery has brought. */
  readonly filled = new Set<string>();
  queue: PendingOp[] = [];
  #letters: Letter[] = [];
  readonly fates: Fate[] = [];
  /** It failed and waits for its next attempt, and with it everything else. */
  waiting: PendingOp | undefined;
  #sequence = 0;

  constructor(kind: CacheKind, master: Capabilities, rows: ReadonlyMap<string, Row>) {
    this.kind = kind;
    this.master = master;
    this.up = new Map(rows);
    if (kind === "complete") this.readAll();
  }

  get pending(): readonly PendingOp[] {
    const parked = this.#letters.flatMap((letter) => letter.parked);
    return [...this.queue, ...parked].toSorted((a, b) => a.sequence - b.sequence);
  }

  isStale(id: string): boolean {
    return this.isAllStale ? !this.freshAgain.has(id) : this.stale.has(id);
  }

  isPending(id: string): boolean {
    return this.#writtenIds().includes(id);
  }

  get hasStale(): boolean {
    return this.isAllStale || this.stale.size > 0;
  }

  // What readers see ---------------------------------------------------------------------------------------

  show(id: string, base: Row | undefined): Row | undefined {
    let row = base;
    for (const op of this.pending) row = applied(op, id, row);
    return row;
  }

  visible(id: string): Row | undefined {
    return this.show(id, this.held.get(id));
  }

  shown(base: ReadonlyMap<string, Row> = this.held): Map<string, Row> {
    const rows = new Map<string, Row>();
    for (const id of new Set([...base.keys(), ...this.#writtenIds()])) {
      const row = this.show(id, base.get(id));
      if (row !== undefined) rows.set(id, row);
    }
    return rows;
  }

  decidesAbsence(id: string): boolean {
    return this.isComplete || this.show(id, {}) === undefined;
  }

  // Reads --------------------------------------------------------------------------------------------------

  get(id: string): Row | undefined {
    if (this.kind === "none") return this.decidesAbsence(id) ? undefined : this.show(id, this.up.get(id));
    const seen = this.visible(id);
    if (this.held.has(id) || this.isComplete) {
      this.#renewBehind(id);
      return seen;
    }
    if (!this.decidesAbsence(id)) this.reread(id);
    return this.visible(id);
  }

  /** The rows of a query; `page` holds the part of them that is wanted. */
  read(query: Query, page?: Page): Entry[] {
    if (this.kind === "filled" && !this.isComplete) return this.#readFilled(query, page);
    const pushed = this.isComplete ? undefined : this.#pushed(query, page !== undefined);
    if (pushed !== undefined) return this.#readPushed(query, pushed, page);
    if (this.kind === "none") return cut(evaluate(this.shown(this.up), query, undefined), page);
    if (!this.isComplete) this.readAll();
    const answer = cut(evaluate(this.shown(), query, undefined), page);
    this.#renewSetBehind();
    return answer;
  }

  /** A count asks for no rows where the master can count them. */
  count(ordered: Query): number {
    const query = { ...ordered, order: [] };
    const isAsked =
      !this.isComplete &&
      this.kind !== "filled" &&
      this.pending.length === 0 &&
      this.master.canCount &&
      this.#canAll(query);
    return isAsked ? evaluate(this.up, query, undefined).length : this.read(query).length;
  }

  // Upstream -----------------------------------------------------------------------------------------------

  /** The cache is brought to what the backend has. */
  readAll(): void {
    if (this.kind === "none") return;
    this.held.clear();
    for (const [id, row] of this.up) this.held.set(id, row);
    this.isComplete = true;
    this.isAllStale = false;
    this.stale.clear();
    this.freshAgain.clear();
  }

  refresh(): void {
    this.filled.clear();
    if (this.isComplete) this.readAll();
    else this.invalidateAll();
  }

  invalidateAll(): void {
    this.filled.clear();
    for (const op of this.queue) if (op.tries > 0) op.outdated.add(true);
    this.isAllStale = true;
    this.freshAgain.clear();
    if (this.looksAt !== undefined && this.isComplete) this.readAll();
  }

  /** By hand. */
  clear(): void {
    for (const id of Array.from(this.held.keys())) this.hold(id, undefined);
    this.isComplete = false;
    this.filled.clear();
    if (this.looksAt !== undefined) this.readAll();
  }

  invalidate(id: string): void {
    for (const op of this.queue) if (op.tries > 0) op.outdated.add(id);
    this.stale.add(id);
    this.freshAgain.delete(id);
    if (this.looksAt?.(id) === true) this.reread(id);
  }

  reread(id: string): void {
    this.hold(id, this.up.get(id));
  }

  /** A confirmed row, from wherever. */
  hold(id: string, row: Row | undefined): void {
    this.stale.delete(id);
    if (this.isAllStale) this.freshAgain.add(id);
    if (row === undefined) this.held.delete(id);
    else if (this.kind !== "none") this.held.set(id, row);
  }

  // Writes -------------------------------------------------------------------------------------------------

  /** The code that the write is refused with at once, if it is. */
  write(request: WriteRequest, isLast = true): string | undefined {
    if (request.kind === "insert" && this.visible(request.id) !== undefined) return "conflict";
    if (request.kind === "patch" || request.kind === "delete") {
      if (this.visible(request.id) === undefined && this.decidesAbsence(request.id)) return "notFound";
    }
    this.queue.push({ ...request, sequence: ++this.#sequence, tries: 0, outdated: new Set() });
    if (isLast) this.pump();
    return undefined;
  }

  pump(): void {
    while (this.waiting === undefined) {
      const [op] = this.queue;
      if (op === undefined) return;
      this.#try(op);
    }
  }

  /** So much time that every attempt is made. */
  pass(): void {
    while (this.waiting !== undefined) {
      const op = this.waiting;
      this.waiting = undefined;
      this.#try(op);
      this.pump();
    }
  }

  /** The oldest dead letter is given up, and what is parked behind it is sent, unless another one holds it up. */
  discard(): void {
    const [letter] = this.#letters.toSorted((a, b) => a.op.sequence - b.op.sequence);
    if (letter === undefined) return;
    this.#letters = this.#letters.filter((other) => other !== letter);
    const released = letter.parked.toSorted((a, b) => a.sequence - b.sequence);
    this.queue = [...this.queue, ...released].toSorted((a, b) => a.sequence - b.sequence);
    for (const op of released) this.#parkIfHeld(op);
    this.pump();
  }

  #try(op: PendingOp): void {
    const fate = this.fates.shift();
    op.tries += 1;
    if (fate === "down") {
      this.waiting = op;
      return;
    }
    const isDone = fate === undefined && this.#send(op);
    this.queue = this.queue.filter((other) => other !== op);
    if (!isDone) this.#park(op);
  }

  #park(op: PendingOp): void {
    // A barrier: what comes after it does not depend on what came before.
    const barrier = this.queue.find(
      (other) => other.kind === "deleteAll" && other.ids === undefined && other.sequence > op.sequence,
    );
    const last = Math.min(this.#sequence, (barrier?.sequence ?? Infinity) - 1);
    const letter: Letter = {
      op,
      parksUpTo: Math.max(last, op.sequence),
      heldFrom: new Map(),
      parked: [],
    };
    hold(letter, op);
    this.#letters.push(letter);
    for (const behind of this.queue) if (behind.sequence > op.sequence) this.#parkIfHeld(behind);
  }

  /** Behind the nearest letter that holds one of its ids. */
  #parkIfHeld(op: PendingOp): void {
    const holds = (letter: Letter): boolean =>
      op.sequence <= letter.parksUpTo &&
      idsOf(op).some((id) => op.sequence >= (letter.heldFrom.get(id) ?? Infinity));
    const nearest = this.#letters
      .filter(holds)
      .toSorted((a, b) => b.op.sequence - a.op.sequence)
      .at(0);
    if (nearest === undefined) return;
    nearest.parked.push(op);
    hold(nearest, op);
    this.queue = this.queue.filter((other) => other !== op);
  }

  /** Whether the backend takes it. */
  #send(op: PendingOp): boolean {
    if (!this.#canTake(op)) return false;
    if (op.kind === "deleteAll") {
      for (const id of op.ids ?? Array.from(this.up.keys())) this.up.delete(id);
      if (op.ids === undefined) this.#holdNothing(op.outdated);
    } else {
      const row = applied(op, op.id, this.up.get(op.id));
      if (row === undefined) this.up.delete(op.id);
      else this.up.set(op.id, row);
    }
    const doubted = op.kind === "deleteAll" ? this.#doubted(op) : [];
    for (const id of idsOf(op)) this.reread(id);
    for (const id of doubted) {
      this.stale.add(id);
      this.freshAgain.delete(id);
    }
    return true;
  }

  /** What was declared out of date while a narrowed deletion was tried stays so: it was not read again. */
  #doubted(op: PendingOp): readonly string[] {
    return idsOf(op).filter((id) => (op.outdated.has(id) || op.outdated.has(true)) && this.isStale(id));
  }

  /** After an outage an effect that is there already counts. */
  #canTake(op: PendingOp): boolean {
    if (op.kind === "patch") return this.up.has(op.id);
    if (op.kind === "delete") return this.up.has(op.id) || op.tries > 1;
    if (op.kind !== "insert" || !this.up.has(op.id)) return true;
    return op.tries > 1 && equalRows(this.up.get(op.id) ?? {}, op.row);
  }

  /** Of a backend that is empty everything is known, but for what was declared out of date meanwhile. */
  #holdNothing(outdated: ReadonlySet<string | true>): void {
    this.held.clear();
    this.freshAgain.clear();
    this.isAllStale &&= outdated.has(true);
    for (const id of this.stale) if (!outdated.has(id) && !outdated.has(true)) this.stale.delete(id);
  }

  #writtenIds(): string[] {
    return this.pending.flatMap(idsOf);
  }

  #canAll(query: Query): boolean {
    return needs(query).every((need) => this.master[need]);
  }

  /** What is asked of the master, where it can match the conditions. */
  #pushed(query: Query, isPage: boolean): Query | undefined {
    const lacks = new Set(needs(query).filter((need) => !this.master[need]));
    if (lacks.has("canMatch") || lacks.has("canFilter")) return undefined;
    const isWhole = lacks.size === 0 && this.pending.length === 0 && (!isPage || this.master.canFetchWindow);
    if (isWhole && isPage) return query;
    const search = lacks.has("canSearch") ? undefined : query.search;
    if (query.conditions.length === 0 && search === undefined) return undefined;
    return { ...query, search, order: [] };
  }

  #readFilled(query: Query, page: Page | undefined): Entry[] {
    const key = queryKey(query);
    const isFilled = this.filled.has(key);
    if (!isFilled) for (const [id, row] of evaluate(this.up, query, undefined)) this.hold(id, row);
    this.filled.add(key);
    const answer = cut(evaluate(this.shown(), query, undefined), page);
    if (isFilled) for (const id of Array.from(this.stale)) this.reread(id);
    return answer;
  }

  #readPushed(query: Query, pushed: Query, page: Page | undefined): Entry[] {
    const isPage = page !== undefined && pushed === query;
    const found = cut(evaluate(this.up, pushed, undefined), isPage ? page : undefined);
    for (const [id, row] of found) if (this.kind !== "none") this.hold(id, row);
    const base = new Map(found);
    const shown = new Map<string, Row>();
    for (const id of new Set([...base.keys(), ...this.#writtenIds()])) {
      const row = this.kind === "none" && base.has(id) ? this.show(id, base.get(id)) : this.visible(id);
      if (row !== undefined) shown.set(id, row);
    }
    const answer = evaluate(shown, query, undefined);
    return isPage ? answer : cut(answer, page);
  }

  #renewBehind(id: string): void {
    const isOwn = !this.isComplete || (this.stale.has(id) && !this.isAllStale);
    const isStale = this.isStale(id);
    if (!isOwn && this.isAllStale) this.readAll();
    else if (isOwn && isStale) this.reread(id);
  }

  #renewSetBehind(): void {
    if (this.isAllStale) this.readAll();
    else for (const id of Array.from(this.stale)) this.reread(id);
  }
}

function hold(letter: Letter, op: PendingOp): void {
  for (const id of idsOf(op))
    letter.heldFrom.set(id, Math.min(op.sequence, letter.heldFrom.get(id) ?? op.sequence));
}

function idsOf(op: WriteRequest): readonly string[] {
  return op.kind === "deleteAll" ? (op.ids ?? []) : [op.id];
}

function applied(op: WriteRequest, id: string, row: Row | undefined): Row | undefined {
  if (op.kind === "deleteAll") return op.ids === undefined || op.ids.includes(id) ? undefined : row;
  if (op.id !== id) return row;
  if (op.kind === "delete") return undefined;
  if (op.kind === "patch") return row === undefined ? undefined : patched(row, op.partial);
  return op.row;
}

function patched(row: Row, partial: Partial<Row>): Row {
  // Patches of the model hold no absent columns.
  return { ...row, ...(partial as Row) };
}

function cut<T>(rows: readonly T[], page: Page | undefined): T[] {
  return page === undefined ? [...rows] : rows.slice(page.offset, page.offset + page.limit);
}
