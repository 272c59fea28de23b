import { DioramaError, isDioramaError } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import type { RowTokenPage } from "../vista/index.ts";

/** Steps without a row, one after the other, after which a walk is given up: it leads nowhere. */
const MAX_EMPTY_STEPS = 1_000;

export interface WalkHost {
  readonly pageSize: number;
  readonly name: string;
  readonly signal: AbortSignal;
  step(token: string | undefined, size: number): Promise<RowTokenPage>;
  /** A page that the walk met on its way. */
  pass(number: number, rows: ReadonlyMap<string, Row>): void;
}

/**
 * Pages of a master that can only be walked. Where each page begins is remembered, so that no walk begins again at
 * the start; one walk goes at a time, and the next one begins where it ended.
 */
export class TokenWalk {
  /** Of the page that begins there; the first needs none. */
  readonly #tokens = new Map<number, string>();
  #last: Promise<unknown> = Promise.resolve();

  /** Work that walks, after what walks already. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** The rows of that page; none behind the end. To be called in turn. */
  async page(number: number, host: WalkHost): Promise<ReadonlyMap<string, Row>> {
    const start = this.#startFor(number);
    try {
      return await this.#walk(start, number, host);
    } catch (error) {
      // A token may not live as long as we remember it.
      if (start === 1 || !isDioramaError(error, "invalid")) throw error;
      this.#tokens.clear();
      return this.#walk(1, number, host);
    }
  }

  /** The last page on the way there of which it is known where it begins. */
  #startFor(number: number): number {
    let start = number;
    while (start > 1 && !this.#tokens.has(start)) start = Math.min(start - 1, this.#tokens.size + 1);
    return start;
  }

  async #walk(start: number, number: number, host: WalkHost): Promise<ReadonlyMap<string, Row>> {
    for (let at = start; ; at++) {
      const { rows, token } = await this.#fill(this.#tokens.get(at), host);
      if (token !== undefined) this.#tokens.set(at + 1, token);
      else this.#endAt(at);
      if (at === number) return rows;
      host.pass(at, rows);
      if (token === undefined) return new Map();
    }
  }

  /** One page, of as many steps as it takes: a step may be short and not the last. */
  async #fill(from: string | undefined, host: WalkHost): Promise<RowTokenPage> {
    const rows = new Map<string, Row>();
    let token = from;
    let emptySteps = 0;
    do {
      host.signal.throwIfAborted();
      const step = await host.step(token, host.pageSize - rows.size);
      const before = rows.size;
      for (const [id, row] of step.rows) {
        if (rows.has(id)) throw this.#isWrong(host, `the id ${JSON.stringify(id)} came twice on one page`);
        rows.set(id, row);
      }
      token = step.token;
      emptySteps = rows.size === before ? emptySteps + 1 : 0;
      if (emptySteps > MAX_EMPTY_STEPS) throw this.#isWrong(host, "its walk goes on without rows");
    } while (token !== undefined && rows.size < host.pageSize);
    return token === undefined ? { rows } : { rows, token };
  }

  #endAt(number: number): void {
    for (const at of Array.from(this.#tokens.keys())) if (at > number) this.#tokens.delete(at);
  }

  #isWrong(host: WalkHost, what: string): DioramaError {
    return new DioramaError("rejected", `${host.name}: the source answered wrongly: ${what}`);
  }
}
