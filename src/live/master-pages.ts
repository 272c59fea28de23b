import type { Row } from "../record/index.ts";
import type { Vista } from "../vista/index.ts";
import type { Answer, Wanted } from "./cached-reads.ts";
import type { LiveSteps } from "./live-steps.ts";
import { waitFor } from "./seats.ts";
import type { Shelf } from "./shelf.ts";
import { COUNT, FIRST, pageKey, recordKey } from "./sub-keys.ts";
import type { WholeReads } from "./whole-reads.ts";

type Call = Parameters<Wanted["ask"]>[0];

const noRows: ReadonlyMap<string, Row> = new Map();

export interface MasterPagesHost {
  readonly master: Vista;
  readonly pageSize: number;
  readonly shelf: Shelf;
  readonly steps: LiveSteps;
  readonly wholes: WholeReads;
  now(): number;
}

/** How a master is asked for each kind of entry, by what it can do. */
export class MasterPages {
  readonly #host: MasterPagesHost;
  /** It has said how many rows it has in all, though it can't count. */
  #statesTotals = false;

  constructor(host: MasterPagesHost) {
    this.#host = host;
  }

  get canCount(): boolean {
    return this.#host.master.capabilities.canCount || this.#statesTotals;
  }

  page(number: number): Wanted {
    return { subKey: pageKey(number), page: number, ask: (call) => this.#askPage(number, call) };
  }

  record(id: string): Wanted {
    const ask = async ({ signal }: Call): Promise<Answer> => {
      const row = await this.#host.master.get(id, { signal });
      return { rows: row === undefined ? noRows : new Map([[id, row]]) };
    };
    return { subKey: recordKey(id), id, ask };
  }

  /** The first row alone, where page 1 is not held. */
  first(): Wanted {
    return { subKey: FIRST, ask: (call) => this.#askFirst(call) };
  }

  /** The total is the answer. */
  count(): Wanted {
    return { subKey: COUNT, ask: async (call) => ({ rows: noRows, total: await this.#askCount(call) }) };
  }

  async #askPage(number: number, call: Call): Promise<Answer> {
    const { master, pageSize } = this.#host;
    const { capabilities } = master;
    if (capabilities.canFetchPage) {
      return this.#noted(await master.fetchPage(number, pageSize, { signal: call.signal }));
    }
    if (capabilities.canFetchWindow) {
      const offset = (number - 1) * pageSize;
      return this.#noted(await master.fetchWindow(offset, pageSize, { signal: call.signal }));
    }
    return capabilities.canFetchNext ? this.#walkTo(number, call) : this.#askWhole(number, call);
  }

  async #askFirst({ signal }: Call): Promise<Answer> {
    const { master } = this.#host;
    const { canFetchPage, canFetchWindow, canFetchNext } = master.capabilities;
    if (canFetchWindow) return this.#noted(await master.fetchWindow(0, 1, { signal }));
    if (canFetchPage) return this.#noted(await master.fetchPage(1, 1, { signal }));
    if (canFetchNext) return { rows: (await master.fetchNext(undefined, 1, { signal })).rows };
    const entry = await master.first({ signal });
    return { rows: entry === undefined ? noRows : new Map([entry]) };
  }

  /** Its own count; else the total that it states with a page; else as many rows as there are. */
  async #askCount(call: Call): Promise<number> {
    const { master } = this.#host;
    if (master.capabilities.canCount) return master.count({ signal: call.signal });
    const { total } = await this.#askPage(1, call);
    return total ?? (await this.#askAll(call)).reduce((sum, page) => sum + page.size, 0);
  }

  #walkTo(number: number, call: Call): Promise<Answer> {
    const { master, pageSize, shelf, steps } = this.#host;
    const { walk } = shelf;
    const fetchedAt = this.#host.now();
    return walk.inTurn(async () => {
      call.signal.throwIfAborted();
      const rows = await walk.page(number, {
        pageSize,
        name: master.name,
        signal: call.signal,
        step: (token, size) => master.fetchNext(token, size, { signal: call.signal }),
        pass: (passed, rows) => {
          if (call.isCurrent) shelf.put(pageKey(passed), { rows, fetchedAt }, steps);
        },
      });
      return { rows };
    });
  }

  /** The read of everything keeps all pages; one behind the end is kept for itself. */
  async #askWhole(number: number, call: Call): Promise<Answer> {
    const pages = await this.#askAll(call);
    const total = pages.reduce((sum, page) => sum + page.size, 0);
    const rows = pages[number - 1];
    return rows === undefined ? { rows: noRows, total } : { rows, total, isHeld: true };
  }

  async #askAll({ signal }: Call): Promise<readonly ReadonlyMap<string, Row>[]> {
    const { seat, growing } = this.#host.wholes.board();
    await waitFor(seat, signal);
    return growing.pages;
  }

  #noted(answer: Answer): Answer {
    if (answer.total !== undefined) this.#statesTotals = true;
    return answer;
  }
}
