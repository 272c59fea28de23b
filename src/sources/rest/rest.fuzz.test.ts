import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../../test/properties/runs.ts";
import type { ApiTurn } from "../../../test/rest/api-server.ts";
import { openApiServer } from "../../../test/rest/api-server.ts";
import { DioramaError } from "../../base/index.ts";
import type { RestOptions, RestPaging } from "./rest-options.ts";
import { rest } from "./rest.ts";

const columns = { id: "integer", name: "text", price: "number" } as const;
const pagings: readonly RestPaging[] = [
  { kind: "none" },
  { kind: "page", page: "page", size: "size" },
  { kind: "page", page: "page", size: "size", clamps: true },
  { kind: "offset", offset: "skip", limit: "size" },
  { kind: "cursor", cursor: "after", next: "next", size: "size" },
  { kind: "link", size: "size" },
];

interface Told {
  readonly items: readonly unknown[];
  readonly text: string;
  readonly turn: ApiTurn;
}

/** What an answer may hold: rows that are right, rows that lie, and anything else that JSON can say. */
const item: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      id: fc.integer({ min: 0, max: 9 }),
      name: fc.constantFrom("a", "b"),
      price: fc.double({ noNaN: true, noDefaultInfinity: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ id: fc.jsonValue(), name: fc.jsonValue(), price: fc.jsonValue() }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);

const answer: fc.Arbitrary<Told> = fc
  .record({
    items: fc.array(item, { maxLength: 5 }),
    shape: fc.constantFrom("right", "right", "right", "bare", "lost"),
    next: fc.oneof(fc.constantFrom(null, 1, "x", "y"), fc.jsonValue()),
    total: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.jsonValue()),
    link: fc.constantFrom(
      "<?page=2>; rel=next",
      "<http://elsewhere.test/>; rel=next",
      "<",
      "",
      '</x>; rel="prev next"',
    ),
    cut: fc.option(fc.integer({ min: 0, max: 200 }), { freq: 8 }),
    type: fc.option(fc.constantFrom("text/html", "application/problem+json", "nonsense"), { freq: 12 }),
    status: fc.option(fc.constantFrom(204, 206, 301, 403, 404, 429, 500), { freq: 12 }),
  })
  .map(({ items, shape, next, total, link, cut, type, status }) => {
    const body = shape === "right" ? { items, next, total } : shape === "bare" ? items : { data: items };
    const text = JSON.stringify(body);
    const turn: ApiTurn = {
      raw: cut === null ? text : text.slice(0, cut),
      headers: { Link: link },
      status: status ?? 200,
      ...(type !== null && { type }),
    };
    return { items, text, turn };
  });

describe("answers of every kind", () => {
  test("REST37 end as a coded error or as right rows, within a second", { timeout: 120_000 }, async () => {
    const server = await openApiServer({ resources: { things: [] } });
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...pagings),
          fc.array(answer, { minLength: 1, maxLength: 4 }),
          fc.boolean(),
          async (paging, answers, narrowed) => {
            const options: RestOptions = {
              columns,
              paging,
              rows: "items",
              total: { field: "total" },
              pageSize: 4,
              filter: "any",
              retries: 0,
              revalidate: false,
              maxRetryAfter: 10,
            };
            const things = rest(server.url("things"), options);
            server.clearLog();
            server.script(() => answers[(server.log.length - 1) % answers.length]?.turn);
            const startMs = performance.now();
            const found = narrowed ? things.where("name", "a") : things;
            const outcome: unknown = await found.list().catch((error: unknown) => error);
            expect(performance.now() - startMs).toBeLessThan(1_000);
            if (outcome instanceof DioramaError) return;
            expect(outcome).toBeInstanceOf(Map);
            if (!(outcome instanceof Map)) return;
            // Every row is one that an answer held, of the types declared, and none that wasn't asked for.
            const told = new Set(answers.flatMap(({ items }) => items.map((held) => JSON.stringify(held))));
            for (const [id, row] of outcome) {
              expect(told).toContain(JSON.stringify(row));
              expect(String(row.id)).toBe(id);
              for (const [column, type] of [
                ["name", "string"],
                ["price", "number"],
              ] as const) {
                if (row[column] !== null && row[column] !== undefined) expect(typeof row[column]).toBe(type);
              }
              if (narrowed) expect(row.name).toBe("a");
            }
          },
        ),
        runs(150),
      );
    } finally {
      await server.close();
    }
  });

  test("REST37 a server that ends the connection in the middle of any page", async () => {
    const rows = Array.from({ length: 7 }, (_, id) => ({ id, name: "a" }));
    const paging = { kind: "page", page: "page", size: "size" } as const;
    const server = await openApiServer({ resources: { things: rows }, paging });
    const things = rest(server.url("things"), { paging, pageSize: 2, retries: 0, revalidate: false });
    for (let page = 1; page <= 4; page++) {
      for (const turn of [{ cutAfterBytes: 9 }, { drop: true }] as const) {
        server.clearLog();
        server.script(() => (server.log.length === page ? turn : undefined));
        const error = await things.list().catch((reason: unknown) => reason);
        expect(error instanceof DioramaError && error.code).toBe("unavailable");
      }
    }
    server.script(undefined);
    expect((await things.list()).size).toBe(7);
    await server.close();
  });
});
