import {
  Lens,
  type LensBuilder,
  memory,
  type MemoryOptions,
  type MemoryVista,
  type DioEvent,
  type Dio,
} from "vantage-diorama";
import {
  createFaultySource,
  createManualClock,
  type FaultySource,
  type ManualClock,
} from "vantage-diorama/testing";
import { onTestFinished } from "vitest";

export { settle } from "./turns.ts";
export { wholeOnly } from "./whole-only.ts";

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly price: number;
  readonly category: string;
}

export const pastries: readonly Product[] = [
  { id: "a", name: "Apple tart", price: 300, category: "tarts" },
  { id: "b", name: "Bun", price: 120, category: "buns" },
  { id: "c", name: "Cherry tart", price: 350, category: "tarts" },
  { id: "d", name: "Danish", price: 250, category: "pastry" },
];

export interface Stage {
  /** The backend, to be changed from outside. */
  readonly backend: MemoryVista<Product>;
  /** What the Dio is made of: the backend with call counts and faults. */
  readonly source: FaultySource<Product>;
  readonly clock: ManualClock;
  readonly builder: LensBuilder<Lens>;
}

/** A backend, a clock that stands still, and a Lens to be configured; all closed at the end of the test. */
export function createStage(
  options: Omit<MemoryOptions<Product>, "rows"> & { readonly rows?: Iterable<Product> } = {},
): Stage {
  const clock = createManualClock();
  const backend = memory<Product>("products", { id: "id", rows: pastries, ...options });
  const source = createFaultySource(backend.source, { clock });
  return { backend, source, clock, builder: Lens.builder().clock(clock) };
}

/** The Lens, closed when the test ends. */
export async function openLens({ builder, clock }: Pick<Stage, "builder" | "clock">): Promise<Lens> {
  const lens = await builder.build();
  onTestFinished(async () => {
    const closed = lens.close({ drain: 0 }).catch(() => undefined);
    // A route that never answers is given up after a while, and this clock moves only when told to.
    await clock.advance(60_000);
    await closed;
  });
  return lens;
}

/** Every event from now on, as it comes. */
export function recordEvents<R extends object>(dio: Dio<R>): DioEvent[] {
  const events: DioEvent[] = [];
  const subscription = dio.subscribeEvents();
  void (async () => {
    for await (const event of subscription) events.push(event);
  })();
  return events;
}

export function ids(rows: ReadonlyMap<string, unknown>): string[] {
  return [...rows.keys()];
}
