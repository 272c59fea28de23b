import { expect, test } from "vitest";
import { type RowsInput, toEntries } from "./rows-input.ts";

interface Product {
  readonly id: string;
}

async function read(rows: RowsInput<Product>): Promise<string[]> {
  const ids: string[] = [];
  for await (const batch of toEntries(rows, (row) => row.id, "products")) {
    for (const [id, row] of batch) ids.push(`${id}${row.id}`);
  }
  return ids;
}

async function* later<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

test("D7 rows come as a map, as pairs or alone, now or later", async () => {
  const [a, b] = [{ id: "a" }, { id: "b" }];
  for (const rows of [
    new Map([
      ["a", a],
      ["b", b],
    ]),
    [
      ["a", a],
      ["b", b],
    ] as const,
    [a, b],
    new Set([a, b]).values(),
    later([a, b]),
    later(
      new Map([
        ["a", a],
        ["b", b],
      ]),
    ),
  ]) {
    expect(await read(rows as RowsInput<Product>)).toEqual(["aa", "bb"]);
  }
  expect(await read([])).toEqual([]);
});

test("D7 many come in batches", async () => {
  const rows = Array.from({ length: 2_500 }, (_, index) => ({ id: String(index) }));
  const sizes: number[] = [];
  for await (const batch of toEntries(rows, (row) => row.id, "products")) sizes.push(batch.length);
  expect(sizes).toEqual([1_000, 1_000, 500]);
});

test("D7 what is no row, and where it stood, is told", async () => {
  const refusal = async (rows: unknown): Promise<string> => {
    const error: unknown = await read(rows as RowsInput<Product>).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "invalid" });
    return String(error);
  };
  for (const rows of [undefined, null, 5, "abc", {}, () => []])
    expect(await refusal(rows)).toContain("products");
  const good = { id: "a" };
  expect(await refusal([good, 5])).toContain("item 2 of the rows is no row but a number");
  expect(await refusal(later([good, good, null]))).toContain("item 3 of the rows is no row but null");
  for (const pair of [
    [],
    ["a"],
    ["a", 5],
    [1, good],
    ["a", good, good],
    [
      ["a", good],
      ["b", good],
    ],
  ]) {
    expect(await refusal([pair])).toContain("item 1 of the rows is a list that is no [id, row] pair");
  }
});

test("D7 an input that fails, fails with its own error and is closed", async () => {
  let closed = 0;
  async function* broken(): AsyncGenerator<Product> {
    try {
      yield { id: "a" };
      throw new Error("the file is gone");
    } finally {
      closed += 1;
    }
  }
  await expect(read(broken())).rejects.toThrow("the file is gone");
  const bad = later([{ id: "a" }, 5]) as unknown as AsyncGenerator<Product>;
  await expect(read(bad)).rejects.toMatchObject({ code: "invalid" });
  expect([closed, (await bad.next()).done]).toEqual([1, true]);
});
