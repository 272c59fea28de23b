import { resolve } from "node:path";
import { abortable } from "../base/index.ts";
import { type LiveEvent, ManualLiveStream } from "../live/index.ts";
import { jsonText } from "./json-text.ts";
import { usageError } from "./cli-error.ts";
import { openDemoMaster, seedDemoMaster, type DemoMaster } from "./demo-master.ts";
import { createDistantSource } from "./distant-source.ts";
import type { Frame } from "./frame.ts";
import { toLiveKey } from "./live-key.ts";
import {
  keysText,
  type LiveOptions,
  LiveSession,
  type LiveSessionInput,
  LIVE_PAGE_ROWS,
  type TimedAnswer,
} from "./live-session.ts";
import { printFacts } from "./print-facts.ts";
import { type ListOptions, printLiveInfo, printLivePage, printLiveRow } from "./print-live.ts";
import { safeText } from "./safe-text.ts";

export interface LiveLocalOptions extends LiveOptions {
  readonly master?: string;
  /** Milliseconds. */
  readonly latency?: number;
}

export interface SeedOptions extends LiveLocalOptions {
  readonly rows?: number;
  readonly seed?: number;
}

const USUAL_MASTER = "./demo-master.db";
const USUAL_ROWS = 10_000;
const MOST_ROWS = 1_000_000;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;

/** `diorama live local seed`. */
export async function runSeed(
  frame: Frame,
  { master, rows = USUAL_ROWS, seed = 1 }: SeedOptions,
): Promise<void> {
  if (rows > MOST_ROWS) throw usageError(`--rows: at most ${MOST_ROWS.toLocaleString("en")}`);
  const path = pathOf(frame, master);
  const count = seedDemoMaster(path, { rows, seed });
  if (frame.json) await printFacts(frame, { master: path, rows: count, seed });
  else await frame.print(`${count.toLocaleString("en")} products in ${safeText(path)}`);
}

/** `diorama live local list`. */
export async function runLocalList(frame: Frame, options: LiveLocalOptions & ListOptions): Promise<void> {
  const { session } = await open(frame, options);
  await printLivePage(frame, session, options);
}

/** `diorama live local get`. */
export async function runLocalGet(frame: Frame, id: string, options: LiveLocalOptions): Promise<void> {
  const { session } = await open(frame, options);
  await printLiveRow(frame, session, id);
}

/** `diorama live local add`. */
export async function runLocalAdd(
  frame: Frame,
  [id, name, price]: readonly [string, string, string],
  options: LiveLocalOptions,
): Promise<void> {
  if (id === "") throw usageError("ID is empty");
  if (!NUMBER.test(price)) throw usageError(`PRICE is a number such as 12.50, not ${JSON.stringify(price)}`);
  const { session } = await open(frame, options);
  const dropped = await session.dropping(async (table) => {
    const stored = await table.insert(id, { name, price: Number(price) }, { signal: frame.signal });
    await printFacts(frame, stored);
  });
  tellDropped(frame, dropped);
}

/** `diorama live local delete`. */
export async function runLocalDelete(frame: Frame, id: string, options: LiveLocalOptions): Promise<void> {
  if (id === "") throw usageError("ID is empty");
  const { session } = await open(frame, options);
  const dropped = await session.dropping((table) => table.delete(id, { signal: frame.signal }));
  await frame.print(frame.json ? JSON.stringify({ deleted: id }) : `deleted ${safeText(id)}`);
  tellDropped(frame, dropped);
}

/** `diorama live local event-then-list`: the change is made up, the row stays as it is. */
export async function runEventThenList(
  frame: Frame,
  id: string | undefined,
  options: LiveLocalOptions,
): Promise<void> {
  if (id === "") throw usageError("ID is empty; without one, the event says that something has changed");
  const stream = new ManualLiveStream();
  const { session } = await open(frame, options, { stream });
  const list = () =>
    session.read(`page 1 of ${LIVE_PAGE_ROWS}`, (table) =>
      table.fetchPage(1, LIVE_PAGE_ROWS, { signal: frame.signal }),
    );
  await printListStep(frame, session, await list());
  const event: LiveEvent = id === undefined ? { type: "changed" } : { type: "updated", id };
  const dropped = await session.dropping(() => emitted(frame, session, () => stream.emit(event)));
  if (frame.json) await frame.print(JSON.stringify({ event, invalidated: dropped }));
  else
    await frame.print(
      `event  ${event.type}${id === undefined ? "" : ` ${safeText(id)}`}: invalidated ${keysText(dropped)}`,
    );
  await printListStep(frame, session, await list());
}

/** `diorama live local info`. */
export async function runLocalInfo(frame: Frame, options: LiveLocalOptions): Promise<void> {
  const { session, master } = await open(frame, options, { make: false });
  await printLiveInfo(frame, session, {
    master: master.path,
    products: await master.count(),
    latency: `${options.latency ?? 0} ms (--latency)`,
  });
}

async function open(
  frame: Frame,
  options: LiveLocalOptions,
  more: Pick<LiveSessionInput, "stream" | "make"> = {},
): Promise<{ session: LiveSession; master: DemoMaster }> {
  const master = openDemoMaster(pathOf(frame, options.master));
  frame.defer(() => master.close());
  const { latency = 0 } = options;
  const far = latency === 0 ? master : createDistantSource(master, latency, frame.clock);
  const cacheKey = toLiveKey("products", master.path);
  return { master, session: await LiveSession.open(frame, { ...options, ...more, master: far, cacheKey }) };
}

function pathOf(frame: Frame, master: string = USUAL_MASTER): string {
  if (master === "") throw usageError("--master is empty; give the path of a demo master");
  return resolve(frame.terminal.folder, master);
}

/** Resolves when the LiveTable has dropped what the event touches. */
async function emitted(frame: Frame, { table }: LiveSession, emit: () => void): Promise<void> {
  const { promise, resolve: done } = Promise.withResolvers<void>();
  const stop = table.onStep((step) => {
    if (step.kind === "invalidated" && step.cause === "event") done();
  });
  try {
    emit();
    await abortable(promise, frame.signal);
  } finally {
    stop();
  }
}

async function printListStep(
  frame: Frame,
  session: LiveSession,
  timed: TimedAnswer<{ readonly rows: ReadonlyMap<string, unknown> }>,
): Promise<void> {
  const [word, text] = session.outcomeText(timed);
  const rows = timed.answer.rows.size;
  await frame.print(
    frame.json
      ? jsonText({ list: word, rows, tookMs: timed.tookMs })
      : `list   ${timed.isHit ? frame.styles.green(word) : frame.styles.yellow(word)}: ${rows} rows ${text}`,
  );
}

function tellDropped(frame: Frame, dropped: readonly string[]): void {
  frame.note(`invalidated ${keysText(dropped)}: the next list asks the master`);
}
