import { assert } from "../base/index.ts";
import { everything, hasId, searching, type Query } from "../query/index.ts";
import type { Entry, Row } from "../record/index.ts";
import type { Capabilities, Source } from "../vista/index.ts";
import { fails, same } from "./contract-check.ts";
import type { Random } from "./random.ts";
import { narrowedBy, randomCondition, randomMatch, randomOrder } from "./source-contract-data.ts";
import { expectedFor, sameAnswer, type Proven, type ProveSource } from "./source-subject.ts";

/** Random queries of each kind. */
const QUERY_COUNT = 40;

const searches = ["apple", "APPLE", "ÄPFEL", "0 %", "_", "'", "😀", "no such text"];

export function proveQueries(prove: ProveSource): void {
  proveParts(prove);
  provePaging(prove);
}

function proveParts(prove: ProveSource): void {
  prove("T15 equality on columns of every type, several together, and ids", async (proven, random) => {
    if (!proven.source.capabilities.canMatch) return;
    const ids = [...proven.data.rows.keys()];
    await answers(proven, narrowedBy(hasId(ids[3] ?? "", "nobody", ids[7] ?? "")));
    await answers(proven, narrowedBy(hasId()));
    for (let query = 0; query < QUERY_COUNT; query++) {
      const conditions = Array.from({ length: random.integer(1, 2) }, () => randomMatch(random, proven.data));
      await answers(proven, narrowedBy(...conditions));
      await answers(proven, narrowedBy(...conditions, hasId(...ids.slice(0, 20))));
    }
  });

  prove("T15 every operator and every group, on columns of every type", async (proven, random) => {
    if (!proven.source.capabilities.canFilter || !proven.source.capabilities.canMatch) return;
    for (let query = 0; query < QUERY_COUNT; query++) {
      const conditions = Array.from({ length: random.integer(1, 3) }, () =>
        randomCondition(random, proven.data),
      );
      await answers(proven, narrowedBy(...conditions));
    }
  });

  prove("T16 orders of one and more columns, ties by id, nulls at either end", async (proven, random) => {
    if (!proven.source.capabilities.canOrder) return;
    for (let query = 0; query < QUERY_COUNT; query++) await answers(proven, randomOrder(random, proven.data));
  });

  prove("T17 search, whatever the case", async (proven) => {
    if (!proven.source.capabilities.canSearch) return;
    for (const text of searches) await answers(proven, searching(everything, text));
  });

  prove("T15 T16 T17 all parts that are claimed, together", async (proven, random) => {
    for (let query = 0; query < QUERY_COUNT; query++) await answers(proven, randomQuery(proven, random));
  });
}

function provePaging(prove: ProveSource): void {
  prove("T18 count is the number of narrowed rows", async (proven, random) => {
    if (!proven.source.capabilities.canCount) return;
    same(await proven.vista.count(), proven.data.rows.size, "count of everything");
    for (let turn = 0; turn < QUERY_COUNT; turn++) {
      const query = randomQuery(proven, random);
      same(
        await proven.vista.narrowedBy(query).count(),
        expectedFor(proven, query).length,
        "count of a query",
      );
    }
  });

  prove("T19 pages are slices of the whole answer", async (proven, random) => {
    if (!proven.source.capabilities.canFetchPage) return;
    await eachQuery(proven, random, async (query, expected) => {
      const size = random.integer(1, 25);
      for (let number = 1; (number - 1) * size <= expected.length; number++) {
        const page = await proven.vista.narrowedBy(query).fetchPage(number, size);
        sameSlice(page.rows, expected.slice((number - 1) * size, number * size), `page ${number} of ${size}`);
        sameTotal(page.total, expected);
      }
    });
  });

  prove("T19 windows are slices of the whole answer", async (proven, random) => {
    if (!proven.source.capabilities.canFetchWindow) return;
    await eachQuery(proven, random, async (query, expected) => {
      for (const offset of [0, 1, random.integer(0, 70), expected.length, 1_000]) {
        const limit = random.integer(1, 25);
        const page = await proven.vista.narrowedBy(query).fetchWindow(offset, limit);
        sameSlice(page.rows, expected.slice(offset, offset + limit), `${limit} rows from ${offset}`);
        sameTotal(page.total, expected);
      }
    });
  });

  prove("T19 a walk is the whole answer, and foreign tokens are invalid", async (proven, random) => {
    if (!proven.source.capabilities.canFetchNext) return;
    await eachQuery(proven, random, async (query, expected) => {
      const size = random.integer(1, 25);
      const met: Entry[] = [];
      let token: string | undefined;
      do {
        const page = await proven.vista.narrowedBy(query).fetchNext(token, size);
        assert(page.rows.size <= size, `a step has at most ${size} rows`);
        met.push(...page.rows);
        assert(page.token === undefined || page.token !== token, "a walk goes on");
        token = page.token;
      } while (token !== undefined);
      sameSlice(new Map(met), expected, `walk by ${size}`);
      same(met.length, expected.length, "rows met");
    });
    await fails(proven.vista.fetchNext("no token of anybody's"), "invalid");
  });
}

async function answers(proven: Proven, query: Query): Promise<void> {
  const found = await proven.vista.narrowedBy(query).list();
  sameAnswer(found, expectedFor(proven, query), query);
}

/** A query of the parts that are claimed, each of them now and then. */
function randomQuery({ source, data }: Proven, random: Random): Query {
  const { canMatch, canFilter, canOrder, canSearch }: Capabilities = source.capabilities;
  const conditions = [
    ...(canMatch && random.chance(0.4) ? [randomMatch(random, data)] : []),
    ...(canMatch && canFilter && random.chance(0.5) ? [randomCondition(random, data)] : []),
  ];
  const { order } = canOrder && random.chance(0.7) ? randomOrder(random, data) : everything;
  const search = canSearch && random.chance(0.3) ? random.pick(searches) : undefined;
  return { conditions: narrowedBy(...conditions).conditions, order, search };
}

/** The whole answer in its order: without one of the query's, that of the source, which `read` shows. */
async function eachQuery(
  proven: Proven,
  random: Random,
  check: (query: Query, expected: readonly Entry[]) => Promise<void>,
): Promise<void> {
  for (const query of [everything, ...Array.from({ length: 8 }, () => randomQuery(proven, random))]) {
    await check(query, await readInOrder(proven.source, query));
  }
}

async function readInOrder(source: Source, query: Query): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for await (const batch of source.read(query, {})) all.push(...batch);
  return all;
}

function sameSlice(found: ReadonlyMap<string, Row>, expected: readonly Entry[], what: string): void {
  same([...found.keys()].join(" "), expected.map(([id]) => id).join(" "), what);
}

function sameTotal(total: number | undefined, expected: readonly Entry[]): void {
  if (total !== undefined) same(total, expected.length, "total");
}
