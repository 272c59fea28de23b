import type { Product } from "vantage-diorama/testing";
import { median } from "../measure.ts";
import type { Workload } from "../workload.ts";
import { type Peer, type PeerStore, turn, WINDOW, type WantedRows } from "./peer.ts";

/** Milliseconds, by contestant; absent: it has no such view. */
export type Standing = Readonly<Record<string, number>>;

interface Contestant {
  readonly peer: Peer;
  readonly store: PeerStore;
}

/** A view that every contestant has open, as far as it can. */
export interface Opened {
  /** How long opening it took, to its first screen. */
  readonly standing: Standing;
  readonly views: readonly OpenView[];
}

interface OpenView {
  readonly contestant: Contestant;
  visible(): readonly Pick<Product, "price">[];
  close(): void;
}

/** Short turns, many of them: what interrupts a turn stays out of the median. */
const MOST_CHANGES = 20;
const ROUNDS = 25;
const ROUNDS_AT_ONCE = 7;
const WARM_UPS = 2;

/** Several stores with the same rows, to which the same happens in turns. */
export class Contest {
  readonly #workload: Workload;
  readonly #contestants: readonly Contestant[];
  readonly #turnMs: number;
  /** So long the changes of one work may take, all contestants together. */
  readonly #budgetMs: number;

  static async open(peers: readonly Peer[], workload: Workload, budgetMs: number): Promise<Contest> {
    const contestants: Contestant[] = [];
    for (const peer of peers) contestants.push({ peer, store: await peer.load(workload.products) });
    return new Contest({ workload, contestants, turnMs: await turnCostMs(), budgetMs });
  }

  private constructor({ workload, contestants, turnMs, budgetMs }: Parts) {
    this.#workload = workload;
    this.#contestants = contestants;
    this.#turnMs = turnMs;
    this.#budgetMs = budgetMs;
  }

  async openRows(wanted: WantedRows): Promise<Opened> {
    const opened = await this.#open(
      ({ store }) => store.openRows(wanted),
      ({ isAskedAgain }) => isAskedAgain === undefined || wanted.window !== undefined,
    );
    this.check(opened, wanted);
    return opened;
  }

  async openRecords(ids: readonly string[]): Promise<Opened> {
    return this.#open(async ({ store }) => store.openRecords?.(ids));
  }

  /** The sums of all categories are read as prices. */
  async openTotals(): Promise<Opened> {
    const { category = "" } = this.#workload.products[0] ?? {};
    return this.#open(async ({ store }) => {
      const totals = await store.openTotals?.();
      if (totals === undefined) return undefined;
      const visible = (): { readonly price: number }[] => [
        { price: Math.round(totals.of(category)?.sum ?? 0) },
      ];
      return { visible, close: () => totals.close() };
    });
  }

  /** A wrong answer has no speed. Rows of one price may stand in another order. */
  check({ views }: Opened, { category, window }: WantedRows): void {
    const start = window?.offset ?? 0;
    const expected = pricesOf(this.#workload.sorted(category).slice(start, start + WINDOW));
    for (const { contestant, visible } of views)
      if (pricesOf(visible()) !== expected) throw new Error(`${contestant.peer.name} shows other rows`);
  }

  /** One change at a time, each followed by a look at what is visible. */
  async changes({ views }: Opened, next: (count: number) => Product[]): Promise<Standing> {
    // Some to warm up, and to learn how long they take: the slowest decides how many come in a turn.
    const start = performance.now();
    for (let n = 0; n < WARM_UPS; n++) await this.#round(views, next(1));
    const oneMs = (performance.now() - start) / WARM_UPS;
    const count = Math.max(1, Math.min(MOST_CHANGES, Math.floor(this.#budgetMs / ROUNDS / oneMs)));
    const rounds = Math.max(1, Math.min(ROUNDS, Math.floor(this.#budgetMs / (count * oneMs))));
    const times = new Map<string, number[]>(views.map(({ contestant }) => [contestant.peer.name, []]));
    for (let round = 0; round < rounds; round++)
      for (const [name, ms] of await this.#round(views, next(count))) times.get(name)?.push(ms / count);
    return toStanding(times);
  }

  /** Many changes at once, then one look. */
  async atOnce({ views }: Opened, next: () => Product[]): Promise<Standing> {
    const times = new Map<string, number[]>();
    const start = performance.now();
    for (
      let round = 0;
      round < ROUNDS_AT_ONCE && (round === 0 || performance.now() - start < this.#budgetMs);
      round++
    ) {
      const changed = next();
      for (const view of views) {
        const { peer, store } = view.contestant;
        const from = performance.now();
        await store.writeAll(changed);
        if (!peer.isSettled) await turn();
        view.visible();
        const took = performance.now() - from - (peer.isSettled ? 0 : this.#turnMs);
        times.set(peer.name, [...(times.get(peer.name) ?? []), took]);
      }
    }
    return toStanding(times);
  }

  async close(): Promise<void> {
    for (const { store } of this.#contestants) await store.close?.();
  }

  async #open(
    open: (contestant: Contestant) => Promise<Omit<OpenView, "contestant"> | undefined>,
    isTimed: (peer: Peer) => boolean = () => true,
  ): Promise<Opened> {
    const times = new Map<string, number[]>();
    const views: OpenView[] = [];
    for (const contestant of this.#contestants) {
      const start = performance.now();
      const view = await open(contestant);
      view?.visible();
      if (view === undefined) continue;
      if (isTimed(contestant.peer)) times.set(contestant.peer.name, [performance.now() - start]);
      views.push({ ...view, contestant });
    }
    return { standing: toStanding(times), views };
  }

  async #round(views: readonly OpenView[], changed: readonly Product[]): Promise<Map<string, number>> {
    const times = new Map<string, number>();
    for (const view of views) {
      const { peer, store } = view.contestant;
      const start = performance.now();
      for (const product of changed) {
        const written = store.write(product);
        if (written !== undefined) await written;
        // What a write hides in microtasks or in the next turn is a cost of it; the empty turn is none.
        if (!peer.isSettled) await turn();
        view.visible();
      }
      const emptyMs = peer.isSettled ? 0 : this.#turnMs * changed.length;
      times.set(peer.name, Math.max(0, performance.now() - start - emptyMs));
    }
    return times;
  }
}

interface Parts {
  readonly workload: Workload;
  readonly contestants: readonly Contestant[];
  readonly turnMs: number;
  readonly budgetMs: number;
}

const pricesOf = (rows: readonly Pick<Product, "price">[]): string => rows.map(({ price }) => price).join();

const toStanding = (times: ReadonlyMap<string, readonly number[]>): Standing =>
  Object.fromEntries([...times].map(([name, all]) => [name, median(all)]));

/** What an empty turn of the loop takes. */
async function turnCostMs(): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 20; round++) {
    const start = performance.now();
    for (let n = 0; n < 100; n++) await turn();
    times.push((performance.now() - start) / 100);
  }
  return median(times);
}
