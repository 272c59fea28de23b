import { type Dio, Lens } from "vantage-diorama";
import { rest, type RestOptions } from "vantage-diorama/sources/rest";
import { createManualClock, type ManualClock } from "vantage-diorama/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "./api-resource.ts";
import type { ApiServer, ApiServerOptions } from "./api-server.ts";
import { startServer } from "./open-client.ts";

const rows: readonly JsonObject[] = Array.from({ length: 250 }, (_, n) => ({
  id: `r${1_000 + n}`,
  n,
  kind: n % 2 === 0 ? "even" : "odd",
}));
const columns = { id: "text", n: { type: "integer", flags: ["mandatory"] }, kind: "text" } as const;
const paging = { kind: "page", page: "page", size: "size" } as const;
const api: ApiServerOptions = {
  paging,
  total: { header: "X-Total-Count" },
  filter: "equal",
  order: { kind: "signed", sort: "sort" },
};
const options: RestOptions = {
  columns,
  paging,
  total: { header: "X-Total-Count" },
  filter: "any",
  order: { parameter: "sort", several: "," },
  writes: { insert: "POST", replace: true, patch: true, delete: true },
};

interface Stage {
  readonly server: ApiServer;
  readonly dio: Dio;
  readonly clock: ManualClock;
}

async function open(more: RestOptions = {}): Promise<Stage> {
  const server = await startServer({ ...api, resources: { things: rows } });
  const clock = createManualClock();
  const lens = await Lens.builder().clock(clock).build();
  onTestFinished(() => lens.close({ drain: 0 }));
  const dio = await lens.makeDio(rest(server.url("things"), { ...options, ...more }));
  return { server, dio, clock };
}

/** Lets time pass until it is so: what comes over the wire takes time of its own. */
async function until(clock: ManualClock, isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const writesOf = ({ log }: ApiServer): readonly string[] =>
  log.filter(({ method }) => method !== "GET").map(({ method, url }) => `${method} ${url.pathname}`);

describe("a Dio over an API", () => {
  test("REST39 asks the API what it can answer, and answers the rest from what it read", async () => {
    const { server, dio } = await open();
    const large = await dio.vista().where("n", ">", 245).orderBy("n", "desc").list();
    expect([...large.values()].map(({ n }) => n)).toEqual([249, 248, 247, 246]);
    expect(dio.cache.complete).toBe(true);
    server.clearLog();
    expect(await dio.vista().where("kind", "odd").count()).toBe(125);
    expect((await dio.vista().fetchPage(3, 100)).rows.size).toBe(50);
    expect(server.log).toEqual([]);
  });

  test("REST39 a write whose answer is lost is sent again under its key, and there once", async () => {
    const { server, dio, clock } = await open();
    await dio.vista().list();
    server.clearLog();
    server.next({ cutAfterBytes: 3 }, { status: 503 });
    await dio.vista().insert("new", { n: 7, kind: "odd" });
    await until(clock, () => dio.writes.pending().length === 0);
    expect(dio.writes.failed()).toEqual([]);
    expect(writesOf(server)).toEqual(["POST /things", "POST /things", "POST /things"]);
    expect(new Set(server.log.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(server.resource("things").rows.get("new")).toMatchObject({ n: 7, kind: "odd" });
    expect(await dio.vista().get("new")).toEqual({ id: "new", n: 7, kind: "odd" });
  });

  test("REST39 without keys a conflict after a lost answer is a success where the row is equal", async () => {
    const { server, dio, clock } = await open({ idempotencyHeader: false });
    await dio.vista().list();
    server.next({ cutAfterBytes: 3 });
    await dio.vista().insert("same", { n: 7, kind: "odd" });
    await until(clock, () => dio.writes.pending().length === 0);
    expect(dio.writes.failed()).toEqual([]);
    expect(await dio.vista().get("same")).toEqual({ id: "same", n: 7, kind: "odd" });

    // Somebody else was there first: that is a conflict, and the row is theirs.
    server.resource("things").put({ id: "theirs", n: 1, kind: "odd" });
    await dio.vista().insert("theirs", { n: 2, kind: "even" });
    await until(clock, () => dio.writes.pending().length === 0);
    expect(dio.writes.failed().map(({ op, error }) => [op.id, error.code])).toEqual([["theirs", "conflict"]]);
  });

  test("REST39 a delete whose answer is lost is done, and one of a missing row is not", async () => {
    const { server, dio, clock } = await open({ idempotencyHeader: false });
    await dio.vista().list();
    server.clearLog();
    server.resource("things").delete("r1001");
    await dio.vista().delete("r1001");
    await until(clock, () => dio.writes.pending().length === 0);
    expect(dio.writes.failed().map(({ error }) => error.code)).toEqual(["notFound"]);
    await dio.writes.discard(dio.writes.failed()[0]?.op.opId ?? "");
    // It is done, and then the connection ends without a word.
    let isFirst = true;
    server.script(({ method }) => {
      if (method !== "DELETE" || !isFirst) return undefined;
      isFirst = false;
      server.resource("things").delete("r1000");
      return { drop: true };
    });
    await dio.vista().delete("r1000");
    await until(clock, () => dio.writes.pending().length === 0);
    expect(writesOf(server)).toEqual([
      "DELETE /things/r1001",
      "DELETE /things/r1000",
      "DELETE /things/r1000",
    ]);
    expect(dio.writes.failed()).toEqual([]);
  });

  test("REST39 a refused patch is taken back, and told", async () => {
    const { server, dio, clock } = await open();
    await dio.vista().list();
    server.next({ status: 422, body: { message: "no" } });
    await dio.vista().patch("r1000", { n: 99 });
    expect((await dio.vista().get("r1000"))?.["n"]).toBe(99);
    await until(clock, () => dio.writes.pending().length === 0);
    expect(dio.writes.failed().map(({ error }) => error.code)).toEqual(["invalid"]);
    expect((await dio.vista().get("r1000"))?.["n"]).toBe(0);
  });
});

test("REST39 a paged Scenery shows the API's pages, and asks for no others", async () => {
  const server = await startServer({ ...api, resources: { things: rows } });
  const source = rest(server.url("things"), options);
  const lens = await Lens.builder()
    .pageSize(20)
    .viewportDebounce(0)
    .totalProvider(() => source.count())
    .onLoadChunk(async (_dio, { start, end }, sink) => {
      const { rows: found } = await source.fetchWindow(start, end - start);
      let at = start;
      for (const [id, row] of found) sink.push(at++, id, row);
    })
    .build();
  onTestFinished(() => lens.close({ drain: 0 }));
  const dio = await lens.makeDio(source);
  const table = await dio.tableScenery({ pageSize: 20 }).open();
  onTestFinished(() => table.close());
  expect(table.total).toEqual({ value: 250, kind: "stated" });
  await new Promise<void>((resolve) => {
    table.subscribe(() => {
      if (table.row(249) !== undefined) resolve();
    });
    table.setViewport(240, 250);
  });
  expect(table.rows(240, 250).map((shown) => shown?.row["n"])).toEqual(
    Array.from({ length: 10 }, (_, at) => 240 + at),
  );
  expect(table.row(120)).toBeUndefined();
  expect(server.log.length).toBeLessThan(8);
});
