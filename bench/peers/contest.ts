import type { Product } from "vantage-diorama/testing";
import { median } from "../measure.ts";
import type { Workload } from "../workload.ts";
import {
  type Peer,
  type PeerStore,
  priceOf,
  turn,
  type VisibleRow,
  WINDOW,
  type WantedRows,
} from "./peer.ts";

export interface Standing {
  /** By contestant; absent: it has no such view. */
  readonly ms: Readonly<Record<string, number>>;
  /** How many changes came in a turn: with few of them, whoever is fast is not warm. */
  readonly turnChanges: number;
}

interface Contestant {
  readonly peer: Peer;
  readonly store: PeerStore;
}

/** A view that every contestant has open, as far as it can. */
export interface Opened {
  /** How long opening it took, to its first screen. */
  readonly standing: Standing;
  readonly views: readonly OpenView[];
  /** Every contestant has such a view: only then they are changed alike. */
  readonly isComplete: boolean;
}

interface OpenView {
  readonly contestant: Contestant;
  visible(): readonly VisibleRow[];
  close(): void;
}

/** Short turns, many of them: what interrupts a turn stays out of the median. */
const MOST_CHANGES = 50;
/** With as many changes in a turn, the first of them don't count: another contestant has had the processor's caches. */
const LEAD_CHANGES = 50;
const ROUNDS = 15;
const MOST_OPENINGS = 10;
const OPENINGS_BUDGET_MS = 20;
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
    let warmUps = 0;
    while (warmUps === 0 || (warmUps < WARM_UPS && performance.now() - start < this.#budgetMs)) {
      await this.#round(views, next(1), 0);
      warmUps += 1;
    }
    const oneMs = (performance.now() - start) / warmUps;
    const count = Math.max(1, Math.min(MOST_CHANGES, Math.floor(this.#budgetMs / ROUNDS / oneMs)));
    const rounds = Math.max(1, Math.min(ROUNDS, Math.floor(this.#budgetMs / (count * oneMs))));
    const lead = count === MOST_CHANGES ? LEAD_CHANGES : 0;
    const times = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++)
      for (const [name, ms] of await this.#round(views, next(count + lead), lead))
        push(times, name, ms / count);
    return toStanding(times, count);
  }

  /** More windows on an order that is open: each opened some times, looked at and closed. */
  async furtherWindows(windows: readonly WantedRows[]): Promise<Standing> {
    const times = new Map<string, number[]>();
    const start = performance.now();
    for (const wanted of windows) {
      for (const { peer, store } of this.#contestants)
        for (const ms of await openings(store, wanted)) push(times, peer.name, ms);
      if (performance.now() - start > this.#budgetMs) break;
    }
    return toStanding(times, 1);
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
        push(times, peer.name, took);
      }
    }
    return toStanding(times, 1);
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
      if (isTimed(contestant.peer)) push(times, contestant.peer.name, performance.now() - start);
      views.push({ ...view, contestant });
    }
    return { standing: toStanding(times, 1), views, isComplete: views.length === this.#contestants.length };
  }

  /** Milliseconds of all the changes but the first `lead`, by contestant. */
  async #round(
    views: readonly OpenView[],
    changed: readonly Product[],
    lead: number,
  ): Promise<Map<string, number>> {
    const times = new Map<string, number>();
    for (const view of views) {
      const { peer, store } = view.contestant;
      let start = performance.now();
      for (const [at, product] of changed.entries()) {
        if (at === lead) start = performance.now();
        const written = store.write(product);
        if (written !== undefined) await written;
        // What a write hides in microtasks or in the next turn is a cost of it; the empty turn is none.
        if (!peer.isSettled) await turn();
        view.visible();
      }
      const emptyMs = peer.isSettled ? 0 : this.#turnMs * (changed.length - lead);
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

const pricesOf = (rows: readonly VisibleRow[]): string => rows.map(priceOf).join();

const toStanding = (times: ReadonlyMap<string, readonly number[]>, turnChanges: number): Standing => ({
  ms: Object.fromEntries([...times].map(([name, all]) => [name, median(all)])),
  turnChanges,
});

function push(times: Map<string, number[]>, name: string, ms: number): void {
  const known = times.get(name);
  if (known === undefined) times.set(name, [ms]);
  else known.push(ms);
}

/** How long each opening took, to its first screen. */
async function openings(store: PeerStore, wanted: WantedRows): Promise<number[]> {
  const times: number[] = [];
  let left = MOST_OPENINGS;
  for (const end = performance.now() + OPENINGS_BUDGET_MS; left > 0 && performance.now() < end; left--) {
    const start = performance.now();
    const view = await store.openRows(wanted);
    view?.visible();
    times.push(performance.now() - start);
    view?.close();
  }
  return times;
}

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
