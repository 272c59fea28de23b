import type { WriteRequest } from "../dio/index.ts";
import { evaluate, needs, queryKey, type Query } from "../query/index.ts";
import { equalRows, type Entry, type Row } from "../record/index.ts";
import type { Capabilities } from "../vista/index.ts";
import { applied, idsOf, type PendingOp } from "./oracle-ops.ts";
import { OracleQueue } from "./oracle-queue.ts";

/** `filled`: onQuery brings the rows of each query. */
export type CacheKind = "complete" | "incomplete" | "filled" | "none";

/** What a session has left. */
export interface KeptFiles {
  readonly rows: ReadonlyMap<string, Row>;
  readonly isComplete: boolean;
  /** It ended in order, with nothing out of date. */
  readonly isClean: boolean;
  /** Writes that may be missing from the rows. */
  readonly confirmed: readonly WriteRequest[];
}

/** What a write is refused with at once. */
export type Refusal = "conflict" | "notFound";

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
  readonly held: Map<string, Row> = new Map<string, Row>();
  readonly kind: CacheKind;
  readonly master: Capabilities;
  isComplete: boolean = false;
  isAllStale: boolean = false;
  readonly stale: Set<string> = new Set<string>();
  /** While all is stale: read again since. */
  readonly freshAgain: Set<string> = new Set<string>();
  /** Where there are Sceneries: whether one shows the row, and what is out of date is read again at once. */
  looksAt: ((id: string) => boolean) | undefined;
  /** Queries that onQuery has brought. */
  readonly filled: Set<string> = new Set<string>();
  readonly queue: OracleQueue = new OracleQueue((op): boolean => this.#send(op));

  constructor(kind: CacheKind, master: Capabilities, rows: ReadonlyMap<string, Row>) {
    this.kind = kind;
    this.master = master;
    this.up = new Map(rows);
    if (kind === "complete") this.readAll();
  }

  get pending(): readonly PendingOp[] {
    return this.queue.pending;
  }

  isStale(id: string): boolean {
    return this.isAllStale ? !this.freshAgain.has(id) : this.stale.has(id);
  }

  isPending(id: string): boolean {
    return this.queue.writtenIds().includes(id);
  }

  get hasStale(): boolean {
    return this.isAllStale || this.stale.size > 0;
  }

  // What readers see ---------------------------------------------------------------------------------------

  show(id: string, base: Row | undefined): Row | undefined {
    return this.queue.show(id, base);
  }

  visible(id: string): Row | undefined {
    return this.show(id, this.held.get(id));
  }

  shown(base: ReadonlyMap<string, Row> = this.held): Map<string, Row> {
    const rows = new Map<string, Row>();
    for (const id of new Set([...base.keys(), ...this.queue.writtenIds()])) {
      const row = this.show(id, base.get(id));
      if (row !== undefined) rows.set(id, row);
    }
    return rows;
  }

  decidesAbsence(id: string): boolean {
    return this.isComplete || this.show(id, {}) === undefined;
  }

  /** Queued writes alone say what shows, whatever the master has. */
  isDecided(id: string): boolean {
    return this.decidesAbsence(id) || this.show(id, undefined) !== undefined;
  }

  // Reads --------------------------------------------------------------------------------------------------

  get(id: string): Row | undefined {
    if (this.kind === "none") return this.show(id, this.isDecided(id) ? undefined : this.up.get(id));
    const seen = this.visible(id);
    if (this.held.has(id) || this.isComplete) {
      this.#renewBehind(id);
      return seen;
    }
    if (!this.isDecided(id)) this.reread(id);
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
    this.queue.markOutdated(true);
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
    this.queue.markOutdated(id);
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
  write(request: WriteRequest, isLast = true): Refusal | undefined {
    if (request.kind === "insert" && this.visible(request.id) !== undefined) return "conflict";
    if (request.kind === "patch" || request.kind === "delete") {
      if (this.visible(request.id) === undefined && this.decidesAbsence(request.id)) return "notFound";
    }
    this.queue.add(request);
    if (isLast) this.queue.pump();
    return undefined;
  }

  /**
   * Another session begins with what the files of the last one hold: rows, and writes that were confirmed and may be
   * missing from them, which are looked at again; everything is, unless the last one ended in order.
   */
  reopen({ rows, isComplete, isClean, confirmed }: KeptFiles): void {
    this.held.clear();
    for (const [id, row] of rows) this.held.set(id, row);
    this.isComplete = isComplete;
    this.isAllStale = false;
    this.stale.clear();
    this.freshAgain.clear();
    this.filled.clear();
    let hasChanged = false;
    for (const op of confirmed) hasChanged = this.#reapply(op) || hasChanged;
    if (this.held.size > 0 && (!isClean || hasChanged)) this.isAllStale = true;
  }

  /** Whether it changes anything. */
  #reapply(op: WriteRequest): boolean {
    const isAll = op.kind === "deleteAll" && op.ids === undefined;
    if (isAll) this.stale.clear();
    if (isAll) this.isAllStale = true;
    let hasChanged = isAll;
    for (const id of isAll ? Array.from(this.held.keys()) : idsOf(op)) {
      const before = this.held.get(id);
      const after = applied(op, id, before);
      if (!isAll) this.stale.add(id);
      hasChanged ||=
        before === undefined || after === undefined ? before !== after : !equalRows(before, after);
      if (after === undefined) this.held.delete(id);
      else this.held.set(id, after);
    }
    return hasChanged;
  }

  /** Whether the backend takes it. */
  #send(op: PendingOp): boolean {
    if (!op.isThere) {
      if (!this.#canTake(op)) return false;
      this.#take(op);
    }
    if (op.kind === "deleteAll" && op.ids === undefined) this.#holdNothing(op.outdated);
    const doubted = op.kind === "deleteAll" ? this.#doubted(op) : [];
    for (const id of idsOf(op)) this.reread(id);
    for (const id of doubted) {
      this.stale.add(id);
      this.freshAgain.delete(id);
    }
    return true;
  }

  /** The backend does it. */
  #take(op: PendingOp): void {
    for (const id of op.kind === "deleteAll" ? (op.ids ?? Array.from(this.up.keys())) : [op.id]) {
      const row = applied(op, id, this.up.get(id));
      if (row === undefined) this.up.delete(id);
      else this.up.set(id, row);
    }
  }

  /** What was declared out of date while a narrowed deletion was tried stays so: it was not read again. */
  #doubted(op: PendingOp): readonly string[] {
    return idsOf(op).filter((id) => (op.outdated.has(id) || op.outdated.has(true)) && this.isStale(id));
  }

  /** After an outage an effect that is there already counts. */
  #canTake(op: PendingOp): boolean {
    if (op.kind === "patch") return this.up.has(op.id);
    if (op.kind === "delete") return this.up.has(op.id) || op.isUnknown;
    if (op.kind !== "insert" || !this.up.has(op.id)) return true;
    return op.isUnknown && equalRows(this.up.get(op.id) ?? {}, op.row);
  }

  /** Of a backend that is empty everything is known, but for what was declared out of date meanwhile. */
  #holdNothing(outdated: ReadonlySet<string | true>): void {
    this.held.clear();
    this.freshAgain.clear();
    this.isAllStale &&= outdated.has(true);
    for (const id of this.stale) if (!outdated.has(id) && !outdated.has(true)) this.stale.delete(id);
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
    for (const id of new Set([...base.keys(), ...this.queue.writtenIds()])) {
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

function cut<T>(rows: readonly T[], page: Page | undefined): T[] {
  return page === undefined ? [...rows] : rows.slice(page.offset, page.offset + page.limit);
}
