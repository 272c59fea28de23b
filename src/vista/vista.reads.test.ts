import { describe, expect, test } from "vitest";
import { DioramaError, isDioramaError } from "../base/index.ts";
import { and, everything, narrow, or, type Query } from "../query/index.ts";
import type { Entry, Row } from "../record/index.ts";
import { allCapabilityNames, createCapabilities, type CapabilityName } from "./capabilities.ts";
import { createSchema } from "./create-schema.ts";
import { memory } from "./memory.ts";
import type { CallOptions, Source } from "./source.ts";
import { vista, type Vista } from "./vista.ts";

const rows = [
  { id: "a", category: "tarts", price: 4 },
  { id: "b", category: "pies", price: 6 },
  { id: "c", category: "tarts", price: 5 },
];
const products = memory("products", { id: "id", rows });
const columns = { id: "text", category: "text", price: "number" } as const;

/** A small real source over fixed batches that can do nothing, unless told more. */
function createSource(batches: readonly unknown[], more: Partial<Source> = {}): Source {
  return {
    name: "stock",
    schema: createSchema({ id: "id", columns }),
    capabilities: createCapabilities({}),
    fingerprint: () => "fixed",
    async *read() {
      for (const batch of batches) yield batch as readonly Entry[];
    },
    ...more,
  };
}

const failure = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => error,
  );

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await failure(work);
  return isDioramaError(error) ? error.code : `no DioramaError: ${String(error)}`;
};

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe("capabilities", () => {
  const doing: Record<CapabilityName, (of: Vista) => unknown> = {
    canCount: (of) => of.count(),
    canInsert: (of) => of.insert("x", { id: "x" }),
    canUpdate: (of) => of.patch("a", { price: 1 }),
    canDelete: (of) => of.delete("a"),
    canSubscribe: (of) => of.watch(),
    canOrder: (of) => of.orderBy("price").list(),
    canSearch: (of) => of.search("tart").list(),
    canMatch: (of) => of.where("price", 1).list(),
    canFilter: (of) => of.where("price", "<", 1).list(),
    canFetchPage: (of) => of.fetchPage(1, 10),
    canFetchNext: (of) => of.fetchNext(),
    canFetchWindow: (of) => of.fetchWindow(0, 10),
    canTraverse: (of) => of.related("none", { id: "a" }),
  };

  test.each(allCapabilityNames)(
    "V4 without %s the call is unsupported and the source is not asked",
    async (name) => {
      let asked = 0;
      const count = (): never => {
        asked += 1;
        throw new Error("asked");
      };
      const all = createCapabilities(
        Object.fromEntries(allCapabilityNames.map((each) => [each, each !== name])),
      );
      const methods = {
        read: count,
        get: count,
        count,
        page: count,
        window: count,
        next: count,
        watch: count,
      };
      const source = createSource([], {
        ...methods,
        insert: count,
        patch: count,
        delete: count,
        capabilities: all,
      });
      const error = await failure((async () => doing[name](vista(source)))());
      expect(error).toMatchObject({ code: "unsupported" });
      expect(String(error)).toContain("stock");
      expect(String(error)).toContain(name);
      expect(asked).toBe(0);
    },
  );

  test("V4 a query is never answered in part, by whatever method it is asked", async () => {
    const half = memory<Row>("half", { id: "id", columns, capabilities: { canSearch: false } });
    const narrowed = half.where("price", 1).search("x");
    for (const ask of [
      () => narrowed.list(),
      () => collect(narrowed),
      () => narrowed.first(),
      () => narrowed.count(),
      () => narrowed.fetchPage(1, 1),
      () => narrowed.fetchWindow(0, 1),
      () => narrowed.fetchNext(),
      () => narrowed.deleteAll(),
    ]) {
      expect(await codeOf(ask())).toBe("unsupported");
    }
  });

  test("V5 a claim without its method is unimplemented", async () => {
    const claims = Object.fromEntries(allCapabilityNames.map((name) => [name, true]));
    const of = vista(createSource([], { capabilities: createCapabilities(claims) }));
    for (const ask of [
      () => of.count(),
      () => of.fetchPage(1, 1),
      () => of.fetchWindow(0, 1),
      () => of.fetchNext(),
      () => of.insert("x", {}),
      () => of.add({}),
      () => of.replace("x", {}),
      () => of.patch("x", {}),
      () => of.delete("x"),
      () => of.deleteAll(),
      async () => of.watch(),
    ]) {
      expect(await codeOf(ask())).toBe("unimplemented");
    }
  });
});

describe("reads", () => {
  test("V6 list, iteration, batches and first give the same rows in the query's order", async () => {
    const dear = products.orderBy("price", "desc");
    const expected = [
      ["b", rows[1]],
      ["c", rows[2]],
      ["a", rows[0]],
    ];
    expect([...(await dear.list())]).toEqual(expected);
    expect(await collect(dear)).toEqual(expected);
    expect((await collect(dear.batches())).flat()).toEqual(expected);
    expect(await dear.first()).toEqual(expected[0]);
    expect(await products.where("price", 99).first()).toBeUndefined();
  });

  test("V6 first works without windows too, and reads no further", async () => {
    let batchesRead = 0;
    const source = createSource([], {
      async *read() {
        for (const id of ["a", "b", "c"]) {
          batchesRead += 1;
          yield [[id, { id }]];
        }
      },
    });
    expect(await vista(source).first()).toEqual(["a", { id: "a" }]);
    expect(batchesRead).toBe(1);
    expect(await vista(createSource([[], []])).first()).toBeUndefined();
  });

  test("V7 get is exact under every narrowing, also on a source that can't match", async () => {
    expect(await products.get("a")).toEqual(rows[0]);
    expect(await products.get("zz")).toBeUndefined();
    expect(await products.where("category", "pies").get("a")).toBeUndefined();
    expect(await products.where("category", "tarts").search("TART").get("a")).toEqual(rows[0]);
    expect(await products.search("pie").get("a")).toBeUndefined();
    expect(await products.withId("b").get("a")).toBeUndefined();
    const bare = vista(createSource([[["a", { id: "a", price: 4 }]]]));
    expect(await bare.where("price", "<", 5).get("a")).toEqual({ id: "a", price: 4 });
    expect(await bare.where("price", ">", 5).get("a")).toBeUndefined();
    expect(await codeOf(bare.get(""))).toBe("invalid");
    expect(await codeOf(products.get(5 as unknown as string))).toBe("invalid");
  });

  test("V7 a source without get is read until the row is found, and asked for the id where it can match", async () => {
    const asked: Query[] = [];
    let batchesRead = 0;
    let closed = false;
    const more: Partial<Source> = {
      async *read(query: Query) {
        asked.push(query);
        try {
          for (const id of ["a", "b", "c"]) {
            batchesRead += 1;
            yield [[id, { id }]];
          }
        } finally {
          closed = true;
        }
      },
    };
    expect(await vista(createSource([], more)).get("b")).toEqual({ id: "b" });
    expect([batchesRead, closed]).toEqual([2, true]);
    const matching = createSource([], { ...more, capabilities: createCapabilities({ canMatch: true }) });
    await vista(matching).get("b");
    expect(asked.map((query) => query.conditions)).toEqual([[], [{ kind: "id", ids: ["b"] }]]);
  });

  test("V8 a plain get is the source's own promise", () => {
    const answer = Promise.resolve({ id: "a" });
    const source = createSource([], { get: () => answer });
    expect(vista(source).get("a")).toBe(answer);
    expect(vista(source).orderBy("price").get("a")).toBe(answer);
  });

  test("V9 pages count from 1 and windows from 0", async () => {
    const ordered = products.orderBy("price");
    expect([...(await ordered.fetchPage(2, 2)).rows.keys()]).toEqual(["b"]);
    expect(await ordered.fetchPage(9, 2)).toEqual({ rows: new Map(), total: 3 });
    expect([...(await ordered.fetchWindow(1, 9)).rows.keys()]).toEqual(["c", "b"]);
    expect((await ordered.where("category", "tarts").fetchWindow(0, 1)).total).toBe(2);
    for (const bad of [
      products.fetchPage(0, 10),
      products.fetchPage(1, 0),
      products.fetchPage(1.5, 10),
      products.fetchPage(Number.NaN, 10),
      products.fetchPage(1, Number.POSITIVE_INFINITY),
      products.fetchWindow(-1, 10),
      products.fetchWindow(0, "10" as unknown as number),
      products.fetchNext(undefined, 0),
      products.fetchNext(7 as unknown as string),
    ]) {
      expect(await codeOf(bad)).toBe("invalid");
    }
  });

  test("V10 a walk meets every row once, also when rows come and go behind it", async () => {
    const walked = memory("walked", {
      id: "id",
      rows: Array.from({ length: 7 }, (_, at) => ({ id: `r${at}` })),
    });
    const met: string[] = [];
    let token: string | undefined;
    do {
      const page = await walked.fetchNext(token, 3);
      met.push(...page.rows.keys());
      token = page.token;
      walked.source.remove("r0");
    } while (token !== undefined);
    expect(met).toEqual(["r0", "r1", "r2", "r3", "r4", "r5", "r6"]);
  });

  test("V10 a token of another query, or of nobody, is invalid", async () => {
    const { token = "" } = await products.fetchNext(undefined, 1);
    expect(token).not.toBe("");
    expect(await codeOf(products.orderBy("price").fetchNext(token))).toBe("invalid");
    expect(await codeOf(products.where("price", 4).fetchNext(token))).toBe("invalid");
    for (const bad of ["", "x", "[]", "{}", "null", '["",0]', `${token}x`]) {
      expect(await codeOf(products.fetchNext(bad))).toBe("invalid");
    }
  });

  test("V11 count counts the narrowed rows and needs no order", async () => {
    const unordered = memory("unordered", { id: "id", rows, capabilities: { canOrder: false } });
    expect(await unordered.count()).toBe(3);
    expect(await unordered.orderBy("price").where("category", "tarts").count()).toBe(2);
  });
});

describe("a source at fault", () => {
  test("V12 a wrong answer is rejected, and the next call works", async () => {
    const wrong: readonly unknown[] = [
      [
        ["a", { id: "a" }],
        ["a", { id: "a" }],
      ],
      [["", { id: "" }]],
      [[5, { id: "5" }]],
      [["a", null]],
      [["a", ["list"]]],
      [["a"]],
      ["a"],
      [null],
      "text",
      undefined,
    ];
    for (const batch of wrong) {
      let isFirst = true;
      const source = createSource([], {
        async *read() {
          if (isFirst) {
            isFirst = false;
            yield batch as readonly Entry[];
          } else yield [["b", { id: "b" }]];
        },
      });
      expect(await codeOf(vista(source).list())).toBe("rejected");
      expect([...(await vista(source).list()).keys()]).toEqual(["b"]);
    }
  });

  test("V12 an id twice is named, across the batches of a list too", async () => {
    const twice = vista(createSource([[["a", { id: "a" }]], [["b", {}]], [["a", { id: "a" }]]]));
    const error = await failure(twice.list());
    expect(error).toMatchObject({ code: "rejected", place: { vista: "stock", id: "a" } });
    expect(String(error)).toContain('"a"');
  });

  test("V12 counts, totals, tokens and too many rows are checked", async () => {
    const capabilities = createCapabilities({
      canCount: true,
      canFetchPage: true,
      canFetchWindow: true,
      canFetchNext: true,
    });
    const two: readonly Entry[] = [
      ["a", {}],
      ["b", {}],
    ];
    for (const bad of [Number.NaN, -1, 0.5, "3", null, Infinity]) {
      const total = bad as number;
      const count = async (): Promise<number> => total;
      const source = createSource([], { capabilities, count, page: async () => ({ rows: two, total }) });
      expect(await codeOf(vista(source).count())).toBe("rejected");
      expect(await codeOf(vista(source).fetchPage(1, 5))).toBe("rejected");
    }
    const generous = createSource([], {
      capabilities,
      window: async () => ({ rows: two }),
      next: async () => ({ rows: two, token: 5 as unknown as string }),
    });
    expect(await codeOf(vista(generous).fetchWindow(0, 1))).toBe("rejected");
    expect(await codeOf(vista(generous).fetchNext(undefined, 1))).toBe("rejected");
    expect(await codeOf(vista(generous).fetchNext(undefined, 2))).toBe("rejected");
    expect([...(await vista(generous).fetchWindow(0, 2)).rows.keys()]).toEqual(["a", "b"]);
  });

  test("V13 its errors arrive as they are, anything else as the cause of one", async () => {
    const capabilities = createCapabilities({ canCount: true });
    for (const thrown of [new TypeError("a bug"), new DioramaError("unavailable", "down")]) {
      const throwing = (): never => {
        throw thrown;
      };
      const source = createSource([], { capabilities, count: throwing, get: throwing, read: throwing });
      expect(await failure(vista(source).count())).toBe(thrown);
      expect(await failure(vista(source).get("a"))).toBe(thrown);
      expect(await failure(vista(source).list())).toBe(thrown);
    }
    for (const thrown of ["text", 503, undefined, null, { status: 500 }]) {
      const rejecting = (): Promise<never> => Promise.reject(thrown);
      const source = createSource([], { capabilities, count: rejecting });
      const error = await failure(vista(source).count());
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({ cause: thrown });
      expect(String(error)).toContain("stock, count");
    }
  });

  test("V14 an aborted call ends with its reason at once, and the source is told to stop", async () => {
    let stopped = 0;
    const hang = new Promise<never>(() => undefined);
    const source = createSource([], {
      capabilities: createCapabilities({ canCount: true }),
      count: () => hang,
      get: () => hang,
      read: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => hang,
          return: () => {
            stopped += 1;
            return hang;
          },
        }),
      }),
    });
    const of = vista(source);
    for (const ask of [
      (call: CallOptions) => of.count(call),
      (call: CallOptions) => of.get("a", call),
      (call: CallOptions) => of.list(call),
      (call: CallOptions) => collect(of.batches(call)),
      (call: CallOptions) => of.first(call),
    ]) {
      const control = new AbortController();
      const reason = new Error("not wanted any more");
      const asked = failure(ask({ signal: control.signal }));
      control.abort(reason);
      expect(await asked).toBe(reason);
      expect(await failure(ask({ signal: control.signal }))).toBe(reason);
    }
    expect(stopped).toBe(3);
  });

  test("V14 a source that goes on after an abort is no longer read", async () => {
    const control = new AbortController();
    let yielded = 0;
    let ended = false;
    const source = createSource([], {
      async *read() {
        try {
          for (;;) {
            yielded += 1;
            if (yielded === 3) control.abort();
            yield [[`r${yielded}`, {}]];
          }
        } finally {
          ended = true;
        }
      },
    });
    expect(await failure(vista(source).list({ signal: control.signal }))).toBe(control.signal.reason);
    await Promise.resolve();
    expect([yielded, ended]).toEqual([3, true]);
  });
});

describe("explain and fingerprint", () => {
  test("V22 explain sends nothing and shows no values", () => {
    const source = createSource([], { read: () => expect.unreachable("nothing is sent") });
    const told = vista(source)
      .where("price", ">", 41)
      .where("category", "secret")
      .search("hush")
      .orderBy("price");
    expect(told.explain()).toBe(
      "stock: read where price > ? and category = ? search ? order by price asc nulls last; refused: the source has no canFilter",
    );
    const groups = narrow(everything, { kind: "not", condition: { kind: "id", ids: ["a", "b"] } });
    expect(products.narrowedBy(groups).explain()).toBe("products: read where not id in (2 ids)");
    expect(products.where([["price", "in", [1, 2]]]).explain()).toBe(
      "products: read where price in (2 values)",
    );
    const either = products.where([
      or(["category", "is null"], and(["price", "=", 1], ["id", "starts with", "a"])),
    ]);
    expect(either.explain()).toBe(
      "products: read where (category is null or (price = ? and id starts with ?))",
    );
    expect(products.withId("a").explain()).toBe("products: read where id = ?");
    const explaining = createSource([], { explain: () => "SELECT 1" });
    expect(vista(explaining).explain()).toBe("stock: SELECT 1");
  });

  test("V22 a fingerprint tells narrowings apart and not orders", () => {
    const own = products.fingerprint();
    expect(own).toBe(products.source.fingerprint());
    expect(products.orderBy("price").fingerprint()).toBe(own);
    const cheap = products.where("price", 4).fingerprint();
    expect(cheap).not.toBe(own);
    expect(products.where("price", 5).fingerprint()).not.toBe(cheap);
    expect(products.search("4").fingerprint()).not.toBe(own);
    expect(products.where("price", 4).orderBy("id").fingerprint()).toBe(cheap);
  });
});
