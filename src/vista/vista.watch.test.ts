import { describe, expect, test } from "vitest";
import { isDioramaError } from "../base/index.ts";
import { createCapabilities } from "./capabilities.ts";
import type { ChangeEvent } from "./change-event.ts";
import { createSchema } from "./create-schema.ts";
import { memory } from "./memory.ts";
import type { Source } from "./source.ts";
import { vista, type Vista } from "./vista.ts";

const createProducts = () =>
  memory("products", {
    id: "id",
    rows: [
      { id: "a", category: "tarts", price: 4 },
      { id: "b", category: "pies", price: 6 },
    ],
  });

describe("watch", () => {
  test("V20 it tells rows, kinds and the op that caused them, from the first next on", async () => {
    const products = createProducts();
    const changes = products.watch();
    products.source.set("early", { id: "early", category: "tarts", price: 1 });
    const first = changes.next();
    const row = { id: "x", category: "tarts", price: 1 };
    await products.insert("x", row, { opId: "1" });
    await products.patch("x", { price: 2 });
    await products.delete("x", { opId: "3" });
    products.source.emit({ type: "invalidated", position: "17" });
    expect((await first).value).toEqual({ type: "inserted", id: "x", row, opId: "1" });
    expect((await changes.next()).value).toEqual({ type: "updated", id: "x", row: { ...row, price: 2 } });
    expect((await changes.next()).value).toEqual({ type: "deleted", id: "x", opId: "3" });
    expect((await changes.next()).value).toEqual({ type: "invalidated", position: "17" });
  });

  test("V20 a row outside of the narrowing arrives as deleted", async () => {
    const products = createProducts();
    const changes = products.where("category", "tarts").watch();
    const first = changes.next();
    await products.patch("a", { price: 5 });
    await products.patch("a", { category: "pies" }, { opId: "2" });
    products.source.emit({ type: "updated", id: "b", position: "9" });
    expect((await first).value).toMatchObject({ type: "updated", id: "a", row: { price: 5 } });
    expect((await changes.next()).value).toEqual({ type: "deleted", id: "a", opId: "2" });
    expect((await changes.next()).value).toEqual({ type: "updated", id: "b", position: "9" });
  });

  test("V20 it ends when its signal fires, even while waiting, and lets the source go", async () => {
    const products = createProducts();
    const control = new AbortController();
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const change of products.watch({ signal: control.signal })) seen.push(change);
    })();
    await Promise.resolve();
    expect(products.source.watcherCount).toBe(1);
    products.source.remove("a");
    await new Promise((resolve) => setTimeout(resolve));
    control.abort();
    await reading;
    expect(seen).toEqual([{ type: "deleted", id: "a" }]);
    expect(products.source.watcherCount).toBe(0);
    expect(await products.watch({ signal: control.signal }).next()).toEqual({ done: true, value: undefined });
  });

  test("V20 it ends when its reader returns, even while waiting on a source that hangs", async () => {
    let returned = 0;
    const hanging: Source = {
      name: "hanging",
      schema: createSchema({}),
      capabilities: createCapabilities({ canSubscribe: true }),
      fingerprint: () => "",
      async *read() {},
      watch: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => undefined),
          return: () => {
            returned += 1;
            return new Promise(() => undefined);
          },
        }),
      }),
    };
    const changes = vista(hanging).watch();
    const [first, second] = [changes.next(), changes.next()];
    await changes.return?.();
    expect(await first).toEqual({ done: true, value: undefined });
    expect(await second).toEqual({ done: true, value: undefined });
    expect(await changes.next()).toEqual({ done: true, value: undefined });
    expect(returned).toBe(1);
  });

  test("V20 a lost feed throws, once, and then has ended", async () => {
    const losing: Source = {
      name: "losing",
      schema: createSchema({}),
      capabilities: createCapabilities({ canSubscribe: true }),
      fingerprint: () => "",
      async *read() {},
      async *watch(): AsyncGenerator<ChangeEvent> {
        yield { type: "invalidated" };
        await Promise.reject("the line is dead");
      },
    };
    const changes = vista(losing).watch();
    expect((await changes.next()).value).toEqual({ type: "invalidated" });
    await expect(changes.next()).rejects.toMatchObject({ cause: "the line is dead" });
    expect(await changes.next()).toEqual({ done: true, value: undefined });
  });
});

describe("references", () => {
  const createShop = () => {
    const clients: Vista<{ id: string; name: string }> = memory("clients", {
      id: "id",
      columns: { name: "text" },
      rows: [
        { id: "1", name: "Ann" },
        { id: "2", name: "Bo" },
      ],
      references: { orders: { column: "id", target: () => orders, targetColumn: "client" } },
    });
    const orders: Vista<{ id: string; client: string | null }> = memory("orders", {
      id: "id",
      columns: { client: "text" },
      rows: [
        { id: "x", client: "1" },
        { id: "y", client: "1" },
        { id: "z", client: null },
      ],
      references: {
        client: { column: "client", target: () => clients },
        source: { column: "client", target: () => clients.source },
        nowhere: { column: "client", target: () => ({ name: "nowhere", schema: clients.schema }) },
      },
    });
    return { clients, orders };
  };

  test("V21 related leads to the rows of the reference, by a column or by id", async () => {
    const { clients, orders } = createShop();
    const ofAnn = clients.related("orders", { id: "1", name: "Ann" });
    expect([ofAnn.name, ...(await ofAnn.list()).keys()]).toEqual(["orders", "x", "y"]);
    expect(await clients.related("orders", { id: "2", name: "Bo" }).count()).toBe(0);
    const back = orders.related<{ id: string; name: string }>("client", { id: "x", client: "1" });
    expect((await back.first())?.[1].name).toBe("Ann");
    expect(await orders.related("source", { id: "x", client: "1" }).count()).toBe(1);
  });

  test("V21 an empty cell leads to no rows", async () => {
    const { clients, orders } = createShop();
    expect(await orders.related("client", { id: "z", client: null }).count()).toBe(0);
    expect(await clients.related("orders", {} as { id: string; name: string }).count()).toBe(0);
  });

  test("V21 an unknown reference is invalid and names the known ones", () => {
    const { clients, orders } = createShop();
    const codeOf = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        return isDioramaError(error) ? `${error.code}: ${error.message}` : "another error";
      }
      return "none";
    };
    expect(codeOf(() => clients.related("order", { id: "1", name: "" }))).toMatch(/^invalid: .*orders/);
    expect(codeOf(() => orders.related("nowhere", { id: "1", client: "" }))).toMatch(/^invalid: /);
  });
});
