import { setTimeout as sleep } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { type Dio, Lens, memory } from "vantage-diorama";
import type { TableScenery } from "vantage-diorama";
import { generateProducts, type Product, productColumns } from "vantage-diorama/testing";
import { TourError } from "../failure.ts";
import { count } from "../format.ts";
import { LiveFeed } from "../live-feed.ts";
import type { LiveViews } from "../live-views.ts";
import { drawLive } from "../render-live.ts";
import type { LiveReport, Skipped } from "../report.ts";
import { spread, timed } from "../stopwatch.ts";
import type { Tour } from "../tour.ts";

/** A generated row, its place in the cache, two orders and the garbage of making them, generously. */
const BYTES_A_ROW = 1_000;
/** Of the heap's limit, what is for young objects alone (three half spaces of 64 MiB); no row can stay there. */
const YOUNG_BYTES = 192 * 1_024 ** 2;
const SHOWN_ROWS = 50;
const SECONDS = 4;
const CHANGES_A_SECOND = 1_000;
const FRAME_MS = 100;
const TICK_MS = 10;
const JUMPS = 1_000;
const SEARCH = "lemon";

/** A large table, ordered and searched, while a thousand changes a second arrive from upstream. */
export async function showLiveTable(tour: Tour): Promise<LiveReport | Skipped> {
  const wanted = tour.options.liveRows;
  if (wanted === 0) return { skipped: "--rows 0 asks for none" };
  const room = Math.floor(objectRoomBytes() / 2 / BYTES_A_ROW);
  const rows = Math.min(wanted, room);
  const lens = await Lens.builder().build();
  try {
    const { answer: dio, ms: seedMs } = await timed(() => fill(lens, rows, tour));
    return { wanted, rows, seedMs, ...(await watch(dio, tour)) };
  } finally {
    await lens.close();
  }
}

function objectRoomBytes(): number {
  const limit = getHeapStatistics().heap_size_limit;
  return Math.max(limit / 4, limit - YOUNG_BYTES);
}

function fill(lens: Lens, rows: number, { terminal, signal }: Tour): Promise<Dio<Product>> {
  const source = memory<Product>("products", { id: "id", columns: productColumns, rows: [] });
  return lens.makeDio(source, {
    onStart: async (dio) => {
      await dio.cache.insertAll(reportedEvery(50_000, rows));
      return { complete: true };
    },
  });

  function* reportedEvery(step: number, total: number): Generator<Product> {
    let made = 0;
    for (const product of generateProducts(total)) {
      if (made++ % step === 0) {
        signal.throwIfAborted();
        terminal.status(`making a table: ${count(made - 1)} of ${count(total)} rows`);
      }
      yield product;
    }
  }
}

async function watch(dio: Dio<Product>, tour: Tour): Promise<Omit<LiveReport, "wanted" | "rows" | "seedMs">> {
  const byPrice = { orderBy: [["price", "desc"]] } as const;
  tour.terminal.status("opening its views");
  const { answer: all, ms: openMs } = await timed(() => dio.tableScenery(byPrice).open());
  const { answer: found, ms: searchMs } = await timed(() =>
    dio.tableScenery({ ...byPrice, search: SEARCH }).open(),
  );
  all.setViewport(0, SHOWN_ROWS);
  found.setViewport(0, SHOWN_ROWS);
  const values = dio.valueScenery();
  const stock = values.sum("stock");
  const byCategory = dio.valueScenery({ groupBy: "category" }).count();
  const views: LiveViews = { all, found, stock, byCategory };
  const feed = await runFeed(dio, views, tour);
  const jumps = jumpAround(all);
  expectExact(all, await dio.vista().orderBy("price", "desc").fetchWindow(0, SHOWN_ROWS));
  const { heapUsed, external } = process.memoryUsage();
  const report = {
    openMs,
    search: SEARCH,
    searchMs,
    matches: found.rowCount,
    ...feed,
    jumpMs: spread(jumps),
    memoryBytes: heapUsed + external,
  };
  for (const view of [all, found, stock, byCategory]) view.close();
  return report;
}

type FeedReport = Pick<LiveReport, "seconds" | "changes" | "repaints" | "changeMs">;

/** Lets the changes in as they fall due; each is timed from its arrival to the rows on show. */
async function runFeed(dio: Dio<Product>, views: LiveViews, tour: Tour): Promise<FeedReport> {
  const feed = new LiveFeed(views.all);
  const times: number[] = [];
  let repaints = 0;
  views.all.subscribe(() => (repaints += 1));
  const startedAt = performance.now();
  let drawnAt = -Infinity;
  for (let elapsedMs = 0; elapsedMs < SECONDS * 1_000; elapsedMs = performance.now() - startedAt) {
    tour.signal.throwIfAborted();
    const due = Math.floor((elapsedMs / 1_000) * CHANGES_A_SECOND);
    while (times.length < due) times.push(await timeOne(dio, views.all, feed));
    if (elapsedMs - drawnAt >= FRAME_MS) {
      drawnAt = elapsedMs;
      tour.terminal.frame((width) => drawLive(views, { elapsedMs, changes: times.length }, width));
    }
    await sleep(TICK_MS);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  tour.terminal.endFrame();
  return { seconds, changes: times.length, repaints, changeMs: spread(times) };
}

async function timeOne(dio: Dio<Product>, table: TableScenery<Product>, feed: LiveFeed): Promise<number> {
  const change = feed.next();
  const startedAt = performance.now();
  await dio.handleEvent(change);
  table.rows(0, SHOWN_ROWS);
  return performance.now() - startedAt;
}

/** Anywhere at once: the rows there are read before the call returns. */
function jumpAround(table: TableScenery<Product>): number[] {
  return Array.from({ length: JUMPS }, () => {
    const start = Math.floor(Math.random() * Math.max(1, table.rowCount - SHOWN_ROWS));
    const startedAt = performance.now();
    table.setViewport(start, start + SHOWN_ROWS);
    table.rows(start, start + SHOWN_ROWS);
    return performance.now() - startedAt;
  });
}

function expectExact(
  table: TableScenery<Product>,
  { rows }: { readonly rows: ReadonlyMap<string, object> },
): void {
  const shown = table.rows(0, SHOWN_ROWS).map((row) => row?.id);
  if ([...rows.keys()].join() !== shown.join())
    throw new TourError("the live table and the facade don't show the same first rows");
}
