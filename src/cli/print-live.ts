import type { Row } from "../record/index.ts";
import { nothingFound, usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";
import { ageText, tookText } from "./time-text.ts";
import { LIVE_PAGE_ROWS, type LiveSession } from "./live-session.ts";
import { printFacts } from "./print-facts.ts";
import { printRows } from "./print-rows.ts";

export interface ListOptions {
  readonly page?: number;
  readonly limit?: number;
}

/** A page through the cache. In memory it is read twice: the cache ends with the command. */
export async function printLivePage(
  frame: Frame,
  session: LiveSession,
  { page = 1, limit = LIVE_PAGE_ROWS }: ListOptions,
): Promise<void> {
  if (!Number.isSafeInteger(page * limit)) throw usageError("--page is further than anybody can count");
  const read = () =>
    session.read(`page ${page} of ${limit}`, (table) =>
      table.fetchPage(page, limit, { signal: frame.signal }),
    );
  const first = await read();
  const { rows, total } = first.answer;
  const columns = session.vista.schema.columns.map(({ name }) => name);
  await printRows(frame, {
    rows: rows.values(),
    columns: session.vista.schema.open ? undefined : columns,
    format: frame.json ? "json" : "table",
  });
  if (frame.terminal.isOutTerminal && !frame.json)
    frame.note(frame.noteStyles.dim(placeText({ page, limit }, rows.size, total)));
  session.tell(first);
  if (session.cache.kind === "mem") session.tell(await read());
}

/** One row through the cache, or the end with "nothing found". */
export async function printLiveRow(frame: Frame, session: LiveSession, id: string): Promise<void> {
  if (id === "") throw usageError("ID is empty");
  const read = () => session.read(`get ${id}`, (table) => table.get(id, { signal: frame.signal }));
  const first = await read();
  const { answer } = first;
  if (answer !== undefined) await printFacts(frame, answer);
  session.tell(first);
  if (session.cache.kind === "mem") session.tell(await read());
  if (answer !== undefined) return;
  const { name } = session.vista;
  throw nothingFound(`${name} has no row ${JSON.stringify(id)}`, { vista: name, id });
}

/** What a table is made of, and what of it is cached. `facts` come first. */
export async function printLiveInfo(frame: Frame, session: LiveSession, facts: Row): Promise<void> {
  const { table, cache } = session;
  const { columns } = table.schema;
  const wiring: Row = {
    ...facts,
    columns: columns.map(({ name, type }) => `${name} ${type}`).join(", "),
    cache: cache.shown,
    "cache key": table.cacheKey,
    "page size": table.pageSize,
    "can do": claimed(table.capabilities),
  };
  const cached = await cachedEntries(frame, session);
  if (frame.json) return printFacts(frame, { ...wiring, cached });
  await printFacts(frame, {
    ...wiring,
    cached: cached.length === 0 ? "nothing that a command here asked for" : cached.length,
  });
  if (cached.length === 0) return;
  await frame.print("");
  await printRows(frame, {
    format: "table",
    rows: cached.map(({ key, rows, ageMs, missMs }) => ({
      key,
      rows,
      age: ageText(ageMs),
      "its miss took": missMs === null ? null : tookText(missMs),
    })),
  });
}

/** A type of its own and no interface, so that it is a row. */
type CachedEntry = {
  readonly key: string;
  readonly rows: number;
  readonly ageMs: number;
  /** Of a question that this entry alone answers. */
  readonly missMs: number | null;
};

async function cachedEntries(frame: Frame, { cache, times }: LiveSession): Promise<CachedEntry[]> {
  const found: CachedEntry[] = [];
  for (const [key, missMs] of times.keys) {
    const entry = await cache.cache.get(key);
    if (entry === undefined) continue;
    const ageMs = Math.max(0, frame.clock.now() - entry.fetchedAt);
    found.push({ key, rows: entry.rows.size, ageMs, missMs });
  }
  return found;
}

function claimed(capabilities: object): string {
  const names = Object.entries(capabilities).flatMap(([name, can]) =>
    can === true ? [name.replace(/^can/, "")] : [],
  );
  return names.join(", ");
}

function placeText({ page, limit }: Required<ListOptions>, shown: number, total: number | undefined): string {
  const first = (page - 1) * limit + 1;
  const rows = shown === 0 ? "no rows" : `rows ${first}–${first + shown - 1}`;
  const isMore = shown > 0 && (total === undefined || first + shown - 1 < total);
  return `${rows}${total === undefined ? "" : ` of ${total}`}${isMore ? "; --page shows more" : ""}`;
}
