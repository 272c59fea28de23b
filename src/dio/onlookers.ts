import { type Logger, messageOf } from "../base/index.ts";
import type { HostNotice } from "../scenery/index.ts";
import type { RowChange } from "../views/index.ts";
import type { Publication } from "./publication.ts";

/** More ids than this in one publication are not told one by one. */
const MAX_TOLD_IDS = 1_000;

type RowListener = () => void;
type RowsListener = (ids: readonly string[] | undefined) => void;
type NoticeListener = (notice: HostNotice, changes?: readonly RowChange[]) => void;

/** What happened to the rows as a whole, each once; with `upstream` the rows, where all of them are known. */
export type Notices = ReadonlyMap<HostNotice, readonly RowChange[] | undefined>;

/** Who follows single rows, all of them, or what becomes of the whole; told by id, so that who is not meant costs nothing. */
export class Onlookers {
  readonly #logger: Logger;
  /** One listener, which is by far the most frequent, stands by itself. */
  readonly #byId = new Map<string, RowListener | Set<RowListener>>();
  readonly #ofRows = new Set<RowsListener>();
  readonly #ofNotices = new Set<NoticeListener>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Whether anyone needs to know which rows change. */
  get areAny(): boolean {
    return this.#byId.size > 0 || this.#ofRows.size > 0;
  }

  /** Whether anyone follows what becomes of the whole, as all Sceneries do that show sets. */
  get hearNotices(): boolean {
    return this.#ofNotices.size > 0;
  }

  onRow(id: string, follow: RowListener): () => void {
    // A function of its own, so that one that is given twice is told twice.
    const listener = (): void => follow();
    const there = this.#byId.get(id);
    if (there === undefined) this.#byId.set(id, listener);
    else if (there instanceof Set) there.add(listener);
    else this.#byId.set(id, new Set([there, listener]));
    return () => this.#leaveRow(id, listener);
  }

  onRows(follow: RowsListener): () => void {
    const listener: RowsListener = (ids) => follow(ids);
    this.#ofRows.add(listener);
    return () => this.#ofRows.delete(listener);
  }

  onNotice(follow: NoticeListener): () => void {
    const listener: NoticeListener = (notice, changes) => follow(notice, changes);
    this.#ofNotices.add(listener);
    return () => this.#ofNotices.delete(listener);
  }

  tellNotices(notices: Notices): void {
    for (const [notice, changes] of notices) {
      for (const listener of this.#ofNotices) this.#call(() => listener(notice, changes));
    }
  }

  tellRows({ changes, reset, touched }: Publication): void {
    if (!this.areAny) return;
    if (reset || touched === undefined) {
      for (const listeners of Array.from(this.#byId.values())) this.#callAll(listeners);
      for (const listener of this.#ofRows) this.#call(() => listener(undefined));
      return;
    }
    const ids = idsOf(changes, touched);
    for (const id of ids) this.#callOf(id);
    if (this.#ofRows.size === 0) return;
    const told = ids.length > MAX_TOLD_IDS ? undefined : ids;
    for (const listener of this.#ofRows) this.#call(() => listener(told));
  }

  /** Nobody is told anything any more. */
  clear(): void {
    this.#byId.clear();
    this.#ofRows.clear();
    this.#ofNotices.clear();
  }

  #leaveRow(id: string, listener: RowListener): void {
    const there = this.#byId.get(id);
    if (there === listener) this.#byId.delete(id);
    if (!(there instanceof Set)) return;
    there.delete(listener);
    if (there.size === 0) this.#byId.delete(id);
  }

  #callOf(id: string): void {
    const listeners = this.#byId.get(id);
    if (listeners !== undefined) this.#callAll(listeners);
  }

  #callAll(listeners: RowListener | Set<RowListener>): void {
    if (!(listeners instanceof Set)) return this.#call(listeners);
    for (const listener of listeners) this.#call(listener);
  }

  #call(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#logger.error("listener failed", { reason: messageOf(error) });
    }
  }
}

/** Each once. */
function idsOf(changes: readonly RowChange[], touched: readonly string[]): readonly string[] {
  const changed = changes.map(({ id }) => id);
  return touched.length === 0 ? changed : [...new Set([...touched, ...changed])];
}
